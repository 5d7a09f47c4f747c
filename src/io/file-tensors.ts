import { FormatError, listed } from '../base/errors.ts';
import { type Shape, sameShape } from '../base/shape.ts';
import type { SafeArray, SafeDType, SafeTensor } from './safetensors.ts';
import { decodePlaces, type PlaceCode, Walk, type Weights } from './sparse-code.ts';

/** The type of an array whose numbers are what they are: not of the bits of halves. */
export function dtypeOf(data: SafeArray): SafeDType {
  if (data instanceof Float32Array) return 'F32';
  if (data instanceof Float64Array) return 'F64';
  if (data instanceof Int8Array) return 'I8';
  if (data instanceof Int16Array) return 'I16';
  return data instanceof Int32Array ? 'I32' : 'U8';
}

/** The tensors of a file, each taken once and checked. */
export class FileTensors {
  readonly format: string;
  private readonly tensors: Map<string, SafeTensor>;
  private readonly walk = new Walk();

  constructor(format: string, tensors: Map<string, SafeTensor>) {
    this.format = format;
    this.tensors = tensors;
  }

  /** Whether there is one that was not taken yet. */
  has(name: string): boolean {
    return this.tensors.has(name);
  }

  /** One that is there and was not taken yet. */
  get(name: string): SafeTensor {
    return this.tensors.get(name) ?? this.fail(name, 'the tensor is missing');
  }

  fail(name: string, problem: string): never {
    throw new FormatError(this.format, name, problem);
  }

  /** Any length where the shape is null. */
  take(name: string, wanted: SafeDType, wantedShape: Shape | null): SafeArray {
    const { dtype, shape, data } = this.get(name);
    if (dtype !== wanted) this.fail(name, `must be ${wanted}, got ${dtype}`);
    const axes = wantedShape ?? [data.length];
    if (!sameShape(axes, shape)) this.fail(name, `must have shape ${listed(axes)}, got ${listed(shape)}`);
    this.tensors.delete(name);
    return data;
  }

  /** Whether there is room for so many numbers that no bytes stand for, which are then counted. */
  takesWalk(n: number): boolean {
    return this.walk.takes(n);
  }

  /** Places below `n`, each of so many numbers. What they claim is checked before more is allocated than their own list. */
  takePlaces(name: string, code: PlaceCode, n: number, width = 1): Int32Array {
    const own = `${name}.${code}`;
    if (code === 'deltas' && !this.walk.takes(n * width))
      this.fail(own, `deltas of one file walk over ${Walk.MOST} numbers at most`);
    const places = decodePlaces(code, this.take(own, 'U8', null) as Uint8Array, n);
    return typeof places === 'string' ? this.fail(own, places) : places;
  }

  /** As many numbers as places. */
  takeHeld(name: string, dtype: SafeDType, count: number): Weights {
    const held = this.take(name, dtype, null) as Weights;
    return held.length === count
      ? held
      : this.fail(name, `must be ${count} numbers, one for each place, got ${held.length}`);
  }
}
