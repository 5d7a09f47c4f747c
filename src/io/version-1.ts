import { show } from '../base/errors.ts';
import { floatsOf } from '../graph/check.ts';
import type { Stored } from '../graph/encoding.ts';
import { sameFormat } from '../graph/fact.ts';
import type { Graph, Node, QuantizationParams } from '../graph/graph.ts';
import { Names, nodeOf } from '../graph/rewrite.ts';
import { type Fields, takeAttributes, takeParams } from './fields.ts';
import type { FileTensors } from './file-tensors.ts';
import { takeStored } from './take-weight.ts';

const OPS = ['dense', 'activation', 'flatten', 'dropout'] as const;

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
  let format = null as QuantizationParams | null;

  const put = (node: Node): void => {
    nodes.push(node);
    last = node.name;
    format = node.format;
  };
  /** The last value in a format, or as real numbers, for what is named so. */
  const convert = (wanted: QuantizationParams | null, name: string): void => {
    const op = wanted === null ? 'dequantize' : 'quantize';
    if (!sameFormat(format, wanted)) put(nodeOf(op, names.take(`${name}/${op}`), [last], {}, { format: wanted }));
  };
  for (const { name, fields } of layers) {
    const type = fields.text('type');
    const isInteger = type === 'quantizedDense';
    const isDense = isInteger || type === 'dense';
    const op = OPS.find((known) => known === (isInteger ? 'dense' : type));
    if (op === undefined) return fields.fail('type', `this reader knows no layer of type ${show(type)}`);
    const keys: Record<string, string> = {};
    let wanted = isDense || type === 'activation' ? null : format;
    let own = wanted;
    if (isDense) {
      const units = [fields.count('units')];
      const shape = [fields.count('inputs'), ...units];
      const coded = fields.flag('coded');
      const mask = !isInteger && fields.flag('mask') ? 'bitmask' : null;
      if (isInteger) {
        wanted = takeParams(fields.inner('input'));
        own = fields.isNull('output') ? null : takeParams(fields.inner('output'));
      }
      keys.kernel = `${name}/kernel`;
      weights.set(keys.kernel, takeStored(tensors, name, { shape, coded, mask }, `${name}.weights`));
      if (isInteger || fields.flag('bias')) {
        keys.bias = `${name}/bias`;
        weights.set(keys.bias, takeStored(tensors, `${name}.bias`, { shape: units }));
      }
    }
    const attrs = takeAttributes(op, fields);
    convert(wanted, name);
    put(nodeOf(op, name, [last], attrs, { weights: keys, format: own }));
  }
  convert(null, input);
  const dtype = floatsOf({ inputs: [], weights });
  return { inputs: [{ name: input, shape, dtype }], nodes, outputs: [last], weights };
}
