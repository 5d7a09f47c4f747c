import { FormatError, show, ValueError } from '../../base/errors.ts';
import { elementsOf, type Shape } from '../../base/shape.ts';
import type { Encoding, Stored } from '../../graph/encoding.ts';
import { fromFloat16 } from '../../graph/halves.ts';
import { permuted } from '../arrange.ts';
import { DATA_TYPES, type TensorMessage } from './messages.ts';

export type DataType = keyof typeof DATA_TYPES;

/** Numbers as they are computed with: 64-bit integers are doubles. */
export type Numbers = Float32Array | Float64Array | Int8Array | Uint8Array | Uint16Array | Int16Array | Int32Array;

/** What real numbers are made of, number by number: halves by their bits, or integers times the scale of an index of an axis. */
export type Held = Half<'float16'> | Half<'bfloat16'> | Whole<'int8', Int8Array> | Whole<'int32', Int32Array>;
interface Half<T> {
  readonly type: T;
  readonly values: Uint16Array;
}
interface Whole<T, A> {
  readonly type: T;
  readonly values: A;
  /** One for all, or one for each index of `axis`. */
  readonly scales: Float32Array;
  readonly axis: number;
}

/** A tensor whose numbers are known. */
export interface Constant {
  readonly kind: 'constant';
  readonly name: string;
  /** What it was called in the file before anything was made of it. */
  readonly key: string;
  readonly shape: Shape;
  readonly dtype: DataType;
  readonly data: Numbers;
  readonly held: Held | null;
}

type Lists = 'floatData' | 'doubleData' | 'int32Data' | 'int64Data' | 'uint64Data';
interface TypeRow {
  readonly bytes: number;
  /** Where numbers lie that are not raw. */
  readonly list: Lists;
  readonly raw: (view: DataView, at: number) => number;
  readonly array: new (length: number) => Numbers;
  /** The least and the largest that a list may hold; none for floats. */
  readonly range?: readonly [least: number, largest: number];
}

const int64 = (high: (view: DataView, at: number) => number) => (view: DataView, at: number) =>
  high(view, at + 4) * 2 ** 32 + view.getUint32(at, true);
const halves = {
  bytes: 2,
  list: 'int32Data',
  raw: (view: DataView, at: number) => view.getUint16(at, true),
  array: Uint16Array,
  range: [0, 65535],
} as const;

/** One row a type of numbers. */
const TYPES: { readonly [T in Exclude<DataType, 'text'>]: TypeRow } = {
  float32: { bytes: 4, list: 'floatData', raw: (view, at) => view.getFloat32(at, true), array: Float32Array },
  float64: { bytes: 8, list: 'doubleData', raw: (view, at) => view.getFloat64(at, true), array: Float64Array },
  float16: halves,
  bfloat16: halves,
  int8: { bytes: 1, list: 'int32Data', raw: (view, at) => view.getInt8(at), array: Int8Array, range: [-128, 127] },
  uint8: { bytes: 1, list: 'int32Data', raw: (view, at) => view.getUint8(at), array: Uint8Array, range: [0, 255] },
  bool: { bytes: 1, list: 'int32Data', raw: (view, at) => view.getUint8(at), array: Uint8Array, range: [0, 1] },
  int16: {
    bytes: 2,
    list: 'int32Data',
    raw: (view, at) => view.getInt16(at, true),
    array: Int16Array,
    range: [-32768, 32767],
  },
  uint16: halves,
  int32: {
    bytes: 4,
    list: 'int32Data',
    raw: (view, at) => view.getInt32(at, true),
    array: Int32Array,
    range: [-(2 ** 31), 2 ** 31 - 1],
  },
  uint32: {
    bytes: 4,
    list: 'uint64Data',
    raw: (view, at) => view.getUint32(at, true),
    array: Float64Array,
    range: [0, 2 ** 32 - 1],
  },
  int64: {
    bytes: 8,
    list: 'int64Data',
    raw: int64((view, at) => view.getInt32(at, true)),
    array: Float64Array,
    range: [-(2 ** 63), 2 ** 63],
  },
  uint64: {
    bytes: 8,
    list: 'uint64Data',
    raw: int64((view, at) => view.getUint32(at, true)),
    array: Float64Array,
    range: [-(2 ** 63), 2 ** 64],
  },
};

const NAMES: ReadonlyMap<number, DataType> = new Map(
  Object.entries(DATA_TYPES).map(([name, n]) => [n, name as DataType]),
);

/** The name of a type; undefined for one that is not known here. */
export const dataTypeOf = (n: number | undefined): DataType | undefined => NAMES.get(n ?? 0);

/** What messages call a type: its name, or its number where it has none here. */
export const typeText = (n: number | undefined): string => NAMES.get(n ?? 0) ?? `type ${n ?? 0}`;

/** ONNX tensors of more axes than this are refused: each axis is looked at again and again. */
export const MAX_AXES = 16;

const fail = (at: string, problem: string): never => {
  throw new FormatError('onnx', at, problem);
};

/** The number of elements of what says to have such a shape. */
function countOf(dims: readonly number[], at: string): number {
  if (dims.length > MAX_AXES) fail(at, `has ${dims.length} axes, and ${MAX_AXES} are the most`);
  let n = 1;
  for (const size of dims) {
    if (!Number.isSafeInteger(size) || size < 0) fail(at, `has an axis of size ${size}`);
    n *= size;
  }
  return n;
}

/** Halves of any kind as real numbers. */
const widened = (type: 'float16' | 'bfloat16', values: Uint16Array): Float32Array =>
  type === 'float16'
    ? Float32Array.from(values, fromFloat16)
    : new Float32Array(Uint32Array.from(values, (bits) => bits << 16).buffer);

/** A constant of numbers in their own type. */
export function constantOf(name: string, shape: Shape, dtype: DataType, data: Numbers): Constant {
  const own = { kind: 'constant', name, key: name, shape, dtype } as const;
  if ((dtype !== 'float16' && dtype !== 'bfloat16') || !(data instanceof Uint16Array))
    return { ...own, data, held: null };
  return { ...own, data: widened(dtype, data), held: { type: dtype, values: data } as Held };
}

/**
 * The numbers of a tensor in a file. `at` says where it is. Throws FormatError for a size that its bytes do not have, before
 * anything of it is allocated, and for numbers that lie in another file.
 */
export function decodeTensor(tensor: TensorMessage, name: string, at: string): Constant {
  const { dims, rawData, externalData, dataLocation } = tensor;
  if (externalData.length > 0 || (dataLocation ?? 0) !== 0)
    fail(at, 'has its numbers in another file, which is not read: save the model with its data in one file');
  const dtype = dataTypeOf(tensor.dataType);
  if (dtype === undefined || dtype === 'text')
    return fail(at, `is of ${typeText(tensor.dataType)}, which networks here do not have`);
  const { bytes, list, raw, array: NumberArray, range } = TYPES[dtype];
  const n = countOf(dims, at);
  const given = tensor[list];
  const held = rawData === undefined ? given.length : rawData.length / bytes;
  if (held !== n) fail(at, `has ${held} numbers for the shape [${dims.join(', ')}]`);
  const data = new NumberArray(n);
  if (rawData === undefined) {
    const wrong = range === undefined ? undefined : given.find((x) => x < range[0] || x > range[1]);
    if (wrong !== undefined) fail(at, `has the number ${wrong}, which is no ${dtype}`);
    data.set(given);
  } else {
    const view = new DataView(rawData.buffer, rawData.byteOffset, rawData.byteLength);
    for (let i = 0; i < n; i++) data[i] = raw(view, i * bytes);
  }
  return constantOf(name, dims, dtype, data);
}

interface Given {
  readonly shape: Shape;
  readonly data: ArrayLike<number>;
}

/** Numbers that a caller gives for a tensor of this type. */
export function givenConstant(name: string, dtype: DataType, given: Given): Constant {
  const { shape, data } = given ?? {};
  const isList = Array.isArray(data) || (ArrayBuffer.isView(data) && 'length' in data);
  if (!Array.isArray(shape) || !isList || Array.prototype.some.call(data, (x) => typeof x !== 'number'))
    throw new ValueError(
      'fromOnnx',
      `constant ${show(name)}`,
      '{ shape, data }, a list of sizes and of numbers',
      given,
    );
  const at = `constant ${show(name)}`;
  if (dtype === 'text') return fail(at, 'is a text in the file');
  const n = countOf(shape, at);
  if (n !== data.length) fail(at, `has ${data.length} numbers for the shape [${shape.join(', ')}]`);
  const isHalf = dtype === 'float16' || dtype === 'bfloat16';
  const values = new (isHalf ? Float32Array : TYPES[dtype].array)(n);
  values.set(data);
  return { kind: 'constant', name, key: name, shape, dtype, data: values, held: null };
}

/** The numbers at these places. */
export function picked<T extends Numbers>(values: T, places: Int32Array): T {
  const result = new (values.constructor as new (length: number) => T)(places.length);
  for (let i = 0; i < places.length; i++) result[i] = values[places[i]!]!;
  return result;
}

/** Where each number of a tensor with its axes in another order is in the tensor. */
export function placesOf(shape: Shape, order: readonly number[]): Int32Array {
  const places = new Int32Array(elementsOf(shape)).map((_, i) => i);
  return permuted(places, shape, order);
}

/** The same numbers elsewhere. `axisOf` says where an axis with scales of its own is now; undefined where it is none any more. */
export function replaced(
  constant: Constant,
  shape: Shape,
  places: Int32Array | null,
  axisOf: (axis: number) => number | undefined,
): Constant {
  const pick = <T extends Numbers>(values: T): T => (places === null ? values : picked(values, places));
  return { ...constant, shape, data: pick(constant.data), held: heldElsewhere(constant.held, pick, axisOf) };
}

function heldElsewhere(
  held: Held | null,
  pick: <T extends Numbers>(values: T) => T,
  axisOf: (axis: number) => number | undefined,
): Held | null {
  if (held === null) return null;
  if (held.type === 'float16' || held.type === 'bfloat16') return { ...held, values: pick(held.values) };
  const axis = held.scales.length === 1 ? 0 : axisOf(held.axis);
  if (axis === undefined) return null;
  return held.type === 'int8'
    ? { ...held, values: pick(held.values), axis }
    : { ...held, values: pick(held.values), axis };
}

export function transposed(constant: Constant, order: readonly number[]): Constant {
  const isSame = order.every((axis, i) => axis === i);
  if (isSame) return constant;
  const shape = order.map((axis) => constant.shape[axis]!);
  return replaced(constant, shape, placesOf(constant.shape, order), (axis) => order.indexOf(axis));
}

/** The same numbers in another shape. Scales of their own stay where their axis is there as before. */
export function reshaped(constant: Constant, shape: Shape): Constant {
  const outer = (sizes: Shape, axis: number): number => sizes.slice(0, axis).reduce((n, size) => n * size, 1);
  return replaced(constant, shape, null, (axis) => {
    const now = shape.findIndex(
      (size, i) => size === constant.shape[axis] && outer(shape, i) === outer(constant.shape, axis),
    );
    return now < 0 ? undefined : now;
  });
}

/** A constant as a weight of a network, in float32 where its integers have no scale for each index of the last axis. */
export function storedOf({ shape, data, held }: Constant): Stored {
  return { shape, encoding: encodingOf(shape, data, held), mask: null };
}

function encodingOf(shape: Shape, data: Numbers, held: Held | null): Encoding {
  if (held?.type === 'float16' || held?.type === 'bfloat16') return held;
  const isByUnit = held?.type === 'int8' && (held.scales.length === 1 || held.axis === shape.length - 1);
  if (held?.type === 'int8' && isByUnit && shape.length > 0) {
    const units = shape.at(-1)!;
    const scales = held.scales.length === 1 ? new Float32Array(units).fill(held.scales[0]!) : held.scales;
    return { type: 'int8', values: held.values, scales };
  }
  return { type: 'float32', values: data instanceof Float32Array ? data : Float32Array.from(data) };
}
