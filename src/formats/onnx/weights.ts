import type { Pending } from './building.ts';
import { pendingOf } from './building.ts';
import type { Site } from './site.ts';
import { type Constant, replaced, reshaped } from './tensors.ts';

const never = (): undefined => undefined;

/** The places by which an order of positions is undone: `order` says where each goes, this from where each comes. */
export function undone(order: Int32Array): Int32Array {
  const places = new Int32Array(order.length);
  for (let i = 0; i < order.length; i++) places[order[i]!] = i;
  return places;
}

/** A constant times a factor, in float32; itself times 1. */
export function scaled(constant: Constant, factor: number): Constant {
  if (factor === 1) return constant;
  return { ...constant, dtype: 'float32', data: Float32Array.from(constant.data, (x) => x * factor), held: null };
}

/** The rows of a matrix where the numbers are that they are multiplied with. */
export function withRows(matrix: Constant, order: Int32Array | null): Constant {
  if (order === null) return matrix;
  const units = matrix.shape[1]!;
  const from = undone(order);
  const places = new Int32Array(from.length * units);
  for (let i = 0; i < places.length; i++) places[i] = from[Math.floor(i / units)]! * units + (i % units);
  return replaced(matrix, matrix.shape, places, (axis) => (axis === 1 ? 1 : undefined));
}

/** A number for each position of a last axis: those of a constant in its order, or one for all. */
export function vectorOf(constant: Constant, size: number, order: Int32Array | null): Constant {
  if (constant.data.length === size) {
    const flat = reshaped(constant, [size]);
    return order === null ? flat : replaced(flat, [size], undone(order), never);
  }
  return {
    ...constant,
    shape: [size],
    dtype: 'float32',
    data: new Float32Array(size).fill(constant.data[0]!),
    held: null,
  };
}

const isFloat = ({ dtype }: Constant): boolean => dtype === 'float32' || dtype === 'float16' || dtype === 'bfloat16';

/** Throws unless a constant is of real numbers, which float32 has as they are. */
export function checkReal(site: Site, constant: Constant): Constant {
  if (isFloat(constant)) return constant;
  return site.fail(
    `reads "${constant.name}" in ${constant.dtype}, and networks here compute in float32: cast it before`,
  );
}

/** A weight with a number for each unit: a constant of so many numbers, or of one. */
export function pendingVector(
  site: Site,
  constant: Constant,
  size: number,
  { order = null, factor = 1 }: { order?: Int32Array | null; factor?: number } = {},
): Pending {
  const n = constant.data.length;
  if (n !== size && n !== 1) site.fail(`needs ${size} numbers of "${constant.name}", and has ${n}`);
  checkReal(site, constant);
  const how = `vector ${size} ${factor} ${order === null ? '' : site.name}`;
  return pendingOf(constant, how, () => scaled(vectorOf(constant, size, order), factor));
}
