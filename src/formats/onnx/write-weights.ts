import { decodeWeight, densified } from '../../graph/decode.ts';
import type { Stored } from '../../graph/encoding.ts';
import { integersOf } from '../../graph/encodings.ts';
import type { Graph } from '../../graph/graph.ts';
import { permuted } from '../arrange.ts';
import { type GraphWriter, int, type Operation, type TensorArray, type TensorType } from './graph-writer.ts';
import { DATA_TYPES } from './messages.ts';

/** A weight as a file holds it. */
interface Held {
  readonly type: TensorType;
  readonly values: Exclude<TensorArray, BigInt64Array>;
  /** What 1 is, for each index of an axis or for all alike; none for numbers that stand for themselves. */
  readonly scales?: Float32Array;
}

/**
 * Weights of a network as constants, each once however many nodes read it. Integers and halves stay what they are, and an
 * operation makes real numbers of them; what has an integer form becomes int8; all else is decoded.
 */
export class WeightWriter {
  private readonly writer: GraphWriter;
  private readonly weights: Graph<Stored>['weights'];
  private readonly made = new Map<string, string>();

  constructor(writer: GraphWriter, weights: Graph<Stored>['weights']) {
    this.writer = writer;
    this.weights = weights;
  }

  /**
   * The tensor of a weight as real numbers. `order` says which of its axes each axis is, by default the same; `units` what 1 is
   * in each number of a bias of integers.
   */
  real(key: string, order?: readonly number[], units?: Float64Array): string {
    const weight = this.weights.get(key)!;
    const axes = order ?? weight.shape.map((_, axis) => axis);
    const held = heldAs(weight, units);
    const values = this.once(['values', key, axes], () =>
      this.writer.initializer(
        key,
        held.type,
        axes.map((axis) => weight.shape[axis]!),
        order === undefined ? held.values : permuted(held.values, weight.shape, order),
      ),
    );
    const reading = this.readingOf(held, values, axes.indexOf(weight.shape.length - 1));
    if (reading === null) return values;
    return this.once(['real', key, axes, ...reading.inputs], () => {
      const name = this.writer.names.take(`${key}/real`);
      this.writer.put(reading, name);
      return name;
    });
  }

  /** What makes real numbers of a constant; null for one that has them. */
  private readingOf({ type, scales }: Held, values: string, axis: number): Operation | null {
    if (type === 'float16' || type === 'bfloat16')
      return { opType: 'Cast', inputs: [values], attributes: { to: int(DATA_TYPES.float32) } };
    if (scales === undefined) return null;
    const isOne = scales.every((scale) => scale === scales[0]);
    const scale = this.writer.constant('float32', isOne ? [] : [scales.length], isOne ? scales.slice(0, 1) : scales);
    return {
      opType: 'DequantizeLinear',
      inputs: [values, scale],
      ...(!isOne && { attributes: { axis: int(axis) } }),
    };
  }

  private once(content: readonly unknown[], make: () => string): string {
    const id = JSON.stringify(content);
    const name = this.made.get(id) ?? make();
    this.made.set(id, name);
    return name;
  }
}

/** What a file holds of a weight; `units` are those of a bias of integers. */
function heldAs(weight: Stored, units: Float64Array | undefined): Held {
  const { encoding, shape } = densified(weight);
  if (encoding.type === 'int32') return { type: 'int32', values: encoding.values, scales: Float32Array.from(units!) };
  if (encoding.type === 'float16' || encoding.type === 'bfloat16') return encoding;
  const whole = integersOf(encoding, shape);
  if (whole !== null) return { type: 'int8', values: whole.values, scales: whole.scales };
  return { type: 'float32', values: decodeWeight({ encoding, shape, mask: null })! };
}
