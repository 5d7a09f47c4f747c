import { show } from '../base/errors.ts';
import { activation as activationAttribute } from '../graph/attributes.ts';
import type { ActivationSpec } from '../graph/activation.ts';
import { floatsOf } from '../graph/check.ts';
import type { Stored } from '../graph/encoding.ts';
import { sameFormat } from '../graph/fact.ts';
import type { Attributes, Graph, Node, Op, QuantizationParams } from '../graph/graph.ts';
import { Names, type NodeParts, nodeOf } from '../graph/rewrite.ts';
import { type Fields, takeParams } from './fields.ts';
import type { FileTensors } from './file-tensors.ts';
import { takeStored } from './weight-tensors.ts';

/**
 * Network files of version 1: a list of layers, each reading the one before. Layer `x` had tensors `x.weights`, `x.bias`
 * and `x.scales`; a `quantizedDense` said in which format it wanted its input.
 */
export function readVersion1(root: Fields, tensors: FileTensors): Graph<Stored> {
  const shape = root.numbers('inputShape');
  const layers = root.objects('layers').map((fields) => ({ fields, name: fields.text('name') }));
  root.done();
  const names = new Names(layers.map(({ name }) => name));
  const input = names.take('input');
  const nodes: Node[] = [];
  const weights = new Map<string, Stored>();
  /** The last value and its format. */
  let last = input;
  let format: QuantizationParams | null = null;

  const put = <K extends Op>(op: K, name: string, attrs: Attributes[K], parts: NodeParts): void => {
    nodes.push(nodeOf(op, name, [last], attrs, parts));
    last = name;
    format = parts.format ?? null;
  };
  /** Real numbers from here on, for what is named so. */
  const toReal = (name: string): void => {
    if (format !== null) put('dequantize', names.take(`${name}/dequantize`), {}, {});
  };
  const dense = (name: string, fields: Fields, isInteger: boolean): void => {
    const units = [fields.count('units')];
    const form = { shape: [fields.count('inputs'), ...units], coded: fields.flag('coded') };
    const mask = !isInteger && fields.flag('mask') ? 'bitmask' : null;
    const hasBias = isInteger || fields.flag('bias');
    const wanted = isInteger ? takeParams(fields.inner('input')) : null;
    const own = isInteger && !fields.isNull('output') ? takeParams(fields.inner('output')) : null;
    const activation = takeActivation(fields);
    const keys: Record<string, string> = { kernel: `${name}/kernel` };
    weights.set(keys.kernel!, takeStored(tensors, name, { ...form, mask }, `${name}.weights`));
    if (hasBias) {
      keys.bias = `${name}/bias`;
      weights.set(keys.bias, takeStored(tensors, `${name}.bias`, { shape: units }));
    }
    if (wanted === null) toReal(name);
    else if (!sameFormat(format, wanted)) put('quantize', names.take(`${name}/quantize`), {}, { format: wanted });
    put('dense', name, { activation }, { weights: keys, format: own });
  };

  for (const { name, fields } of layers) {
    const type = fields.text('type');
    if (type === 'dense' || type === 'quantizedDense') dense(name, fields, type !== 'dense');
    else if (type === 'activation') {
      const activation = takeActivation(fields);
      toReal(name);
      put('activation', name, { activation }, {});
    } else if (type === 'flatten') put('flatten', name, {}, { format });
    else if (type === 'dropout') put('dropout', name, { rate: fields.number('rate'), training: false }, { format });
    else fields.fail('type', `this reader knows no layer of type ${show(type)}`);
    fields.done();
  }
  toReal(input);
  const dtype = floatsOf({ inputs: [], weights });
  return { inputs: [{ name: input, shape, dtype }], nodes, outputs: [last], weights };
}

const takeActivation = (fields: Fields): ActivationSpec =>
  activationAttribute.read(fields.take('activation')) ??
  fields.fail('activation', `must be ${activationAttribute.wanted}`);
