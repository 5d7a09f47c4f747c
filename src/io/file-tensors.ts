import { FormatError, listed } from '../base/errors.ts';
import { type Shape, sameShape, size } from '../base/shape.ts';
import { spread } from '../graph/sparse.ts';
import type { SafeArray, SafeDType, SafeTensor } from './safetensors.ts';
import {
  decodePlaces,
  encodePlaces,
  nonZeroBits,
  type PlaceCode,
  type Places,
  placesOf,
  type Weights,
} from './sparse-code.ts';

/** What one more tensor and the shape of a coded one cost in the header, about: coding must save more than that. */
const ENTRY_BYTES = 140;
const SHAPE_BYTES = 30;

export function dtypeOf(data: SafeArray): SafeDType {
  if (data instanceof Float32Array) return 'F32';
  if (data instanceof Float64Array) return 'F64';
  if (data instanceof Int8Array) return 'I8';
  if (data instanceof Uint16Array) return 'U16';
  return data instanceof Int32Array ? 'I32' : 'U8';
}

/** Names of the tensors that numbers are stored in: all of them, or those that are not zero and, as `<places>.<code>`, where. */
export interface Parts {
  readonly plain: string;
  readonly places: string;
  readonly values: string;
}

export type Put = (name: string, shape: Shape, data: SafeArray) => void;

/** Stores places in their smallest code, and says which. */
export function putPlaces(name: string, places: Places, put: Put): PlaceCode {
  const { code, data } = encodePlaces(places);
  put(`${name}.${code}`, [data.length], data);
  return code;
}

/** How numbers were stored: whether coded, and the code of the places of a coded one and of a mask. */
export interface Coding {
  readonly coded: boolean;
  readonly code: PlaceCode | null;
}

/** Stores numbers, coded if that is smaller, and their mask. */
export function putNumbers(numbers: Weights, mask: Uint8Array | null, shape: Shape, parts: Parts, put: Put): Coding {
  const nonZero = nonZeroBits(numbers);
  const places = placesOf(mask ?? nonZero);
  const saved = (numbers.length - places.list.length) * numbers.BYTES_PER_ELEMENT;
  const { code, data } = encodePlaces(places);
  // A pruned weight that is not +0 would be lost in the code.
  const lossless = mask === null || nonZero.every((bit, i) => bit <= mask[i]!);
  const coded = lossless && saved > (mask === null ? data.length + ENTRY_BYTES : SHAPE_BYTES);
  if (coded || mask !== null) put(`${parts.places}.${code}`, [data.length], data);
  if (coded) {
    const values = numbers.filter((_, i) => (mask ?? nonZero)[i] === 1);
    put(parts.values, [values.length], values);
  } else put(parts.plain, shape, numbers);
  return { coded, code: coded || mask !== null ? code : null };
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

  /** What `putPlaces` stored. The length of the code is checked against `n` before anything is allocated. */
  takePlaces(name: string, code: PlaceCode, n: number, line: number = Infinity): Int32Array {
    const data = this.take(`${name}.${code}`, code === 'rows' ? 'U16' : 'U8', null) as Uint8Array;
    const places = decodePlaces(code, data, n, line);
    if (typeof places === 'string') throw new FormatError(this.format, `${name}.${code}`, places);
    return places;
  }

  /** As many numbers as places. */
  takeHeld(name: string, dtype: SafeDType, count: number): Weights {
    const held = this.take(name, dtype, null) as Weights;
    if (held.length !== count)
      throw new FormatError(this.format, name, `must be ${count} numbers, one for each place, got ${held.length}`);
    return held;
  }

  /** What `putNumbers` stored, and the mask if there is one. */
  takeNumbers(
    parts: Parts,
    dtype: SafeDType,
    shape: Shape,
    { coded, masked, code }: { readonly coded: boolean; readonly masked: boolean; readonly code: PlaceCode },
  ): { readonly values: Weights; readonly mask: Uint8Array | null } {
    const plain = (): Weights => this.take(parts.plain, dtype, shape) as Weights;
    if (!coded && !masked) return { values: plain(), mask: null };
    const n = size(this.format, shape);
    const places = this.takePlaces(parts.places, code, n);
    const held = coded ? this.takeHeld(parts.values, dtype, places.length) : null;
    const mask = masked ? spread(new Uint8Array(places.length).fill(1), places, n) : null;
    return { values: held === null ? plain() : spread(held, places, n), mask };
  }
}
