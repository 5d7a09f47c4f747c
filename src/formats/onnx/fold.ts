import type { Site } from './site.ts';
import { type Constant, constantOf, MAX_AXES, type Numbers, placesOf, reshaped } from './tensors.ts';

/** A constant with axes of 1 before its own, or where an old opset says at which axis it begins behind them too. */
export function broadcast(site: Site, constant: Constant, rank: number): Constant {
  const own = constant.shape;
  const begin =
    site.opset < 7 && site.has('axis') ? site.axis(site.int('axis', 0), Math.max(rank, 1)) : rank - own.length;
  const behind = rank - begin - own.length;
  if (begin < 0 || behind < 0) return site.fail(`has a constant of ${own.length} axes for a value of ${rank}`);
  return reshaped(constant, [...Array<number>(begin).fill(1), ...own, ...Array<number>(behind).fill(1)]);
}

const COMPUTED = {
  Add: (a: number, b: number): number => a + b,
  Sub: (a: number, b: number): number => a - b,
  Mul: (a: number, b: number): number => a * b,
  Div: (a: number, b: number): number => a / b,
};

/** Two constants as one. Sizes that are not known, of a batch, are no numbers to compute with. */
export function folded(
  site: Site,
  op: keyof typeof COMPUTED,
  a: Constant | undefined,
  b: Constant | undefined,
): Constant {
  if (a === undefined || b === undefined) return site.fail('needs two inputs');
  if (a.dtype !== b.dtype) return site.fail(`computes with ${a.dtype} and ${b.dtype}`);
  const large = a.data.length >= b.data.length ? a : b;
  const small = broadcast(site, large === a ? b : a, large.shape.length);
  const isWhole = small.shape.every((size, i) => size === 1 || size === large.shape.at(i - small.shape.length));
  if (!isWhole)
    return site.fail(`computes with constants of shapes [${a.shape.join(', ')}] and [${b.shape.join(', ')}]`);
  const isReal = a.dtype === 'float32';
  if (!isReal && a.dtype !== 'int64' && a.dtype !== 'int32') return site.fail(`computes with constants in ${a.dtype}`);
  if (!isReal && [a, b].some(({ data }) => data.includes(Number.NaN)))
    return site.fail('computes with the size of a batch, which networks here leave open');
  const n = large.data.length;
  site.building.spend(n, 'a constant');
  const same = small.data.length === n;
  const at = same ? (i: number): number => i : placesIn(small, large);
  const compute = COMPUTED[op];
  const data: Numbers = isReal ? new Float32Array(n) : new Float64Array(n);
  for (let i = 0; i < n; i++) {
    const other = small.data[at(i)]!;
    const result = large === a ? compute(a.data[i]!, other) : compute(other, b.data[i]!);
    data[i] = isReal ? result : Math.trunc(result);
  }
  return { ...constantOf(site.name, large.shape, a.dtype, data), key: large.key };
}

/** Which number of a small tensor goes with each of a large one. */
function placesIn(small: Constant, large: Constant): (i: number) => number {
  const { shape } = large;
  const own = [...Array<number>(shape.length - small.shape.length).fill(1), ...small.shape];
  return (i) => {
    let at = 0;
    let step = 1;
    let rest = i;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const size = shape[axis]!;
      if (own[axis]! > 1) {
        at += (rest % size) * step;
        step *= size;
      }
      rest = Math.floor(rest / size);
    }
    return at;
  };
}

/** Constants side by side along an axis. */
export function joined(site: Site, parts: readonly Constant[], axis: number): Constant {
  const [first] = parts as [Constant, ...Constant[]];
  const fits = parts.every(
    ({ shape, dtype }) =>
      dtype === first.dtype &&
      shape.length === first.shape.length &&
      shape.every((size, i) => i === axis || size === first.shape[i]),
  );
  if (!fits) return site.fail('joins constants that differ in other axes or types');
  const sizes = parts.map(({ data }) => data.length);
  const all = sizes.reduce((sum, n) => sum + n, 0);
  site.building.spend(all, 'a constant');
  const data = new (first.data.constructor as new (length: number) => Numbers)(all);
  // Where there is no number there may be any count of rows
  const outer = all === 0 ? 0 : first.shape.slice(0, axis).reduce((n, size) => n * size, 1);
  let at = 0;
  for (let i = 0; i < outer; i++)
    for (const part of parts) {
      const length = part.data.length / outer;
      data.set(part.data.subarray(i * length, (i + 1) * length), at);
      at += length;
    }
  const shape = first.shape.map((size, i) =>
    i === axis ? parts.reduce((sum, part) => sum + part.shape[axis]!, 0) : size,
  );
  return constantOf(site.name, shape, first.dtype, data);
}

/** Rows of a constant along an axis, in any number and order. */
export function taken(
  site: Site,
  constant: Constant,
  axis: number,
  rows: readonly number[],
  shape: readonly number[],
): Constant {
  if (shape.length > MAX_AXES) return site.fail(`gives ${shape.length} axes`);
  const own = constant.shape;
  const size = own[axis]!;
  const inner = own.slice(axis + 1).reduce((n, each) => n * each, 1);
  const outer = own.slice(0, axis).reduce((n, each) => n * each, 1);
  const n = outer * rows.length * inner;
  site.building.spend(n, 'a constant');
  const data = new (constant.data.constructor as new (length: number) => Numbers)(n);
  let at = 0;
  for (let i = 0; i < outer && n > 0; i++)
    for (const row of rows) {
      const from = row < 0 ? row + size : row;
      if (!(Number.isInteger(row) && from >= 0 && from < size)) return site.fail(`takes row ${row} of ${size}`);
      const begin = (i * size + from) * inner;
      data.set(constant.data.subarray(begin, begin + inner), at);
      at += inner;
    }
  return constantOf(site.name, shape, constant.dtype, data);
}

/** A constant with its axes in another order, as far as a file may have it. */
export function turnedConstant(site: Site, constant: Constant, order: readonly number[]): Int32Array {
  site.building.spend(constant.data.length, 'a constant');
  return placesOf(constant.shape, order);
}
