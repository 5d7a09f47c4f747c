import type { Shape } from '../base/shape.ts';
import type { ActivationSpec } from '../graph/activation.ts';
import { activation as activationAttribute } from '../graph/attributes.ts';
import type { Encoding, Stored } from '../graph/encoding.ts';
import { sameFormat } from '../graph/fact.ts';
import type { Graph, Node, QuantizationParams } from '../graph/graph.ts';
import { Names, nodeOf } from '../graph/rewrite.ts';
import { type Fields, takeParams } from './fields.ts';
import type { FileTensors, Parts } from './file-tensors.ts';
import type { JsonValue } from './json.ts';

/**
 * Network files of version 1: a list of layers, each reading the one before. Layer `x` had tensors `x.weights`, `x.bias`
 * and `x.scales`; a `quantizedDense` said in which format it wanted its input.
 */
export function readVersion1(root: Fields, tensors: FileTensors): Graph<Stored> {
  const inputShape = root.numbers('inputShape');
  const layers = root.objects('layers');
  root.done();
  return new Chain(inputShape, tensors).read(layers);
}

class Chain {
  private readonly inputShape: Shape;
  private readonly tensors: FileTensors;
  private readonly nodes: Node[] = [];
  private readonly weights = new Map<string, Stored>();
  private names = new Names();
  /** The last value and its format. */
  private last = '';
  private format: QuantizationParams | null = null;

  constructor(inputShape: Shape, tensors: FileTensors) {
    this.inputShape = inputShape;
    this.tensors = tensors;
  }

  read(layers: readonly Fields[]): Graph<Stored> {
    const named = layers.map((fields): [string, Fields] => [fields.text('name'), fields]);
    this.names = new Names(named.map(([name]) => name));
    const input = this.names.take('input');
    this.last = input;
    for (const [name, fields] of named) this.layer(name, fields);
    this.toReal(input);
    const double = [...this.weights.values()].some(({ encoding }) => encoding.type === 'float64');
    const dtype = double ? 'float64' : 'float32';
    const inputs = [{ name: input, shape: this.inputShape, dtype } as const];
    return { inputs, nodes: this.nodes, outputs: [this.last], weights: this.weights };
  }

  private layer(name: string, fields: Fields): void {
    const type = fields.text('type');
    switch (type) {
      case 'dense':
        this.dense(name, fields);
        break;
      case 'quantizedDense':
        this.quantizedDense(name, fields);
        break;
      case 'activation': {
        const activation = takeActivation(fields);
        this.toReal(name);
        this.put(nodeOf('activation', name, [this.last], { activation }));
        break;
      }
      case 'flatten':
        this.put(nodeOf('flatten', name, [this.last], {}, { format: this.format }));
        break;
      case 'dropout': {
        const rate = fields.number('rate');
        this.put(nodeOf('dropout', name, [this.last], { rate, training: false }, { format: this.format }));
        break;
      }
      default:
        fields.fail('type', `this reader knows no layer of type ${JSON.stringify(type.slice(0, 60))}`);
    }
    fields.done();
  }

  private dense(name: string, fields: Fields): void {
    const shape = [fields.count('inputs'), fields.count('units')] as const;
    const coding = { coded: fields.flag('coded'), masked: fields.flag('mask'), code: 'bitmask' } as const;
    const hasBias = fields.flag('bias');
    const activation = takeActivation(fields);
    fields.done();
    const dtype = this.tensors.dtypeOf(`${name}.${coding.coded ? 'values' : 'weights'}`) === 'F64' ? 'F64' : 'F32';
    const { values: numbers, mask } = this.tensors.takeNumbers(partsOf(name), dtype, shape, coding);
    const encodingOf = (values: unknown): Encoding =>
      ({ type: dtype === 'F64' ? 'float64' : 'float32', values }) as Encoding;
    const weights = { kernel: `${name}/kernel`, ...(hasBias && { bias: `${name}/bias` }) };
    this.weights.set(weights.kernel, { shape, encoding: encodingOf(numbers), mask });
    if (hasBias) {
      const [, units] = shape;
      const values = this.tensors.take(`${name}.bias`, dtype, [units]);
      this.weights.set(`${name}/bias`, { shape: [units], encoding: encodingOf(values), mask: null });
    }
    this.toReal(name);
    this.put(nodeOf('dense', name, [this.last], { activation }, { weights }));
  }

  private quantizedDense(name: string, fields: Fields): void {
    const shape = [fields.count('inputs'), fields.count('units')] as const;
    const coding = { coded: fields.flag('coded'), masked: false, code: 'bitmask' } as const;
    const input = takeParams(fields.inner('input'));
    const output = fields.isNull('output') ? null : takeParams(fields.inner('output'));
    const activation = takeActivation(fields);
    fields.done();
    const [, units] = shape;
    const { values: numbers } = this.tensors.takeNumbers(partsOf(name), 'I8', shape, coding);
    const scales = this.tensors.take(`${name}.scales`, 'F32', [units]);
    const bias = this.tensors.take(`${name}.bias`, 'I32', [units]);
    const weights = { kernel: `${name}/kernel`, bias: `${name}/bias` };
    const kernel = { type: 'int8', values: numbers, scales } as Encoding;
    this.weights.set(weights.kernel, { shape, encoding: kernel, mask: null });
    this.weights.set(weights.bias, {
      shape: [units],
      encoding: { type: 'int32', values: bias } as Encoding,
      mask: null,
    });
    if (!sameFormat(this.format, input))
      this.put(nodeOf('quantize', this.names.take(`${name}/quantize`), [this.last], {}, { format: input }));
    this.put(nodeOf('dense', name, [this.last], { activation }, { weights, format: output }));
  }

  /** Real numbers from here on, for what is named so. */
  private toReal(name: string): void {
    if (this.format !== null) this.put(nodeOf('dequantize', this.names.take(`${name}/dequantize`), [this.last], {}));
  }

  private put(node: Node): void {
    this.nodes.push(node);
    this.last = node.name;
    this.format = node.format;
  }
}

const partsOf = (name: string): Parts => ({
  plain: `${name}.weights`,
  places: name,
  values: `${name}.values`,
});

function takeActivation(fields: Fields): ActivationSpec {
  const value: JsonValue = fields.take('activation');
  return activationAttribute.read(value) ?? fields.fail('activation', `must be ${activationAttribute.wanted}`);
}
