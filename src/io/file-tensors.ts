import { FormatError, listed } from '../base/errors.ts';
import { type Shape, sameShape, size } from '../base/shape.ts';
import type { SafeArray, SafeDType, SafeTensor } from './safetensors.ts';
import { countBits, gatherLive, nonZeroBits, packBits, scatterLive, unpackBits, type Weights } from './sparse-code.ts';

/** What one more tensor and the shape of a coded one cost in the header, about: coding must save more than that. */
const ENTRY_BYTES = 140;
const SHAPE_BYTES = 30;

export function dtypeOf(data: SafeArray): SafeDType {
  if (data instanceof Float32Array) return 'F32';
  if (data instanceof Float64Array) return 'F64';
  if (data instanceof Int8Array) return 'I8';
  return data instanceof Int32Array ? 'I32' : 'U8';
}

/** Names of the tensors that numbers are stored in: all of them, or coded as a bitmask and the values that it keeps. */
export interface Parts {
  readonly plain: string;
  readonly bitmask: string;
  readonly values: string;
}

/** Stores numbers, coded if that is smaller, and their mask; returns whether they are coded. */
export function putNumbers(
  numbers: Weights,
  mask: Uint8Array | null,
  shape: Shape,
  parts: Parts,
  put: (name: string, shape: Shape, data: SafeArray) => void,
): boolean {
  const nonZero = nonZeroBits(numbers);
  const bits = mask ?? nonZero;
  const dead = numbers.length - countBits(bits);
  // A pruned weight that is not +0 would be lost in the code.
  const lossless = mask === null || nonZero.every((bit, i) => bit <= mask[i]!);
  const price = mask === null ? Math.ceil(numbers.length / 8) + ENTRY_BYTES : SHAPE_BYTES;
  const coded = lossless && dead * numbers.BYTES_PER_ELEMENT > price;
  if (coded || mask !== null) put(parts.bitmask, [Math.ceil(bits.length / 8)], packBits(bits));
  if (coded) {
    const values = gatherLive(numbers, bits);
    put(parts.values, [values.length], values);
  } else put(parts.plain, shape, numbers);
  return coded;
}

/** The tensors of a file, each taken once and checked. */
export class FileTensors {
  private readonly format: string;
  private readonly tensors: Map<string, SafeTensor>;

  constructor(format: string, tensors: Map<string, SafeTensor>) {
    this.format = format;
    this.tensors = tensors;
  }

  /** The type of a tensor that was not taken yet; undefined if there is none. */
  dtypeOf(name: string): SafeDType | undefined {
    return this.tensors.get(name)?.dtype;
  }

  /** The shape of a tensor that is there and was not taken yet. */
  shapeOf(name: string): Shape {
    const tensor = this.tensors.get(name);
    if (tensor === undefined) throw new FormatError(this.format, name, 'the tensor is missing');
    return tensor.shape;
  }

  /** Any length where the shape is null. */
  take(name: string, dtype: SafeDType, shape: Shape | null): SafeArray {
    const tensor = this.tensors.get(name);
    const fail = (problem: string): never => {
      throw new FormatError(this.format, name, problem);
    };
    if (tensor === undefined) return fail('the tensor is missing');
    if (tensor.dtype !== dtype) return fail(`must be ${dtype}, got ${tensor.dtype}`);
    if (shape === null ? tensor.shape.length !== 1 : !sameShape(shape, tensor.shape))
      return fail(`must have shape ${shape === null ? 'one axis' : listed(shape)}, got ${listed(tensor.shape)}`);
    this.tensors.delete(name);
    return tensor.data;
  }

  /** What `putNumbers` stored, and the mask if there is one. */
  takeNumbers(
    { plain, bitmask, values }: Parts,
    dtype: SafeDType,
    shape: Shape,
    { coded, masked }: { readonly coded: boolean; readonly masked: boolean },
  ): { readonly numbers: Weights; readonly mask: Uint8Array | null } {
    if (!coded && !masked) return { numbers: this.take(plain, dtype, shape) as Weights, mask: null };
    // The length is checked against the file before `n` bytes are allocated.
    const n = size(this.format, shape);
    const packed = this.take(bitmask, 'U8', [Math.ceil(n / 8)]) as Uint8Array;
    if (n % 8 !== 0 && packed.at(-1)! >> (n % 8) !== 0)
      throw new FormatError(this.format, bitmask, 'has bits after its end');
    const bits = unpackBits(packed, n);
    const mask = masked ? bits : null;
    if (!coded) return { numbers: this.take(plain, dtype, shape) as Weights, mask };
    const kept = this.take(values, dtype, null) as Weights;
    const live = countBits(bits);
    if (kept.length !== live)
      throw new FormatError(this.format, values, `the bitmask has ${live} bits, got ${kept.length}`);
    return { numbers: scatterLive(kept, bits), mask };
  }
}
