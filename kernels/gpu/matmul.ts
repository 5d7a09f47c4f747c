/**
 * C = activation(op(A)·op(B) + bias) on a device, one idea a rung. Sums are float32 and their order is ours, but a device
 * may fuse, and flush what is subnormal: results are within k·2⁻²⁴·|A||B| of the exact ones, and not equal to the bit.
 *
 * | rung     | what changes                                     | why it is faster, or not                                |
 * | -------- | ------------------------------------------------ | ------------------------------------------------------- |
 * | naive    | one cell a thread, one sum                       | -                                                       |
 * | fourSums | four terms a step of the loop, each its own sum  | chains of additions do not wait for each other; the error is smaller too |
 * | packed   | A and B packed four numbers to a texel, four cells a thread | a fetch brings four numbers, and what it brings is used four times. WebGL only |
 *
 * GPU.js gives no memory that threads share, which tiles of hand-written shaders use.
 */
import { activationText, type GpuActivationSpec, LINEAR } from './activations.ts';
import { type Extent, repeat, type Shader } from './shader.ts';

/**
 * Terms of a sum of int8 products that is exact in float32, in any order: each is at most 2¹⁴, and up to 2²⁴ every integer
 * is a float32 number.
 */
export const EXACT_INT8_TERMS = 1024;

/** A matrix product: sizes, how the operands lie, and what happens to a finished cell. */
export interface DeviceProduct {
  readonly batch: number;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  /** Whether there is a last input, the number of the first term: a long sum can be computed in parts of k terms. */
  readonly isPart: boolean;
  /** A is [k, m] instead of [m, k]; B [n, k] instead of [k, n]. */
  readonly transA: boolean;
  readonly transB: boolean;
  /** Whether there is an A, or a B, for each matrix of the result, or one for all. */
  readonly batchA: boolean;
  readonly batchB: boolean;
  /** Whether there is a third input, a row of n numbers to add. */
  readonly bias: boolean;
  readonly activation: GpuActivationSpec;
}

/** A product without transposes, bias and activation. */
export const plainProduct = (m: number, k: number, n: number): DeviceProduct => ({
  ...{ batch: 1, m, n, k, isPart: false, transA: false, transB: false, batchA: false, batchB: false },
  ...{ bias: false, activation: LINEAR },
});

const cell = (name: string, isBatched: boolean, row: string, col: string): string =>
  `${name}${isBatched ? '[z]' : ''}[${row}][${col}]`;

/** Elements (y, k) of op(A) and (k, x) of op(B). */
const left = ({ transA, batchA }: DeviceProduct, y: string, k: string): string =>
  transA ? cell('a', batchA, k, y) : cell('a', batchA, y, k);
const right = ({ transB, batchB }: DeviceProduct, k: string, x: string): string =>
  transB ? cell('b', batchB, x, k) : cell('b', batchB, k, x);

/** What to add to the number of a term. */
const offset = ({ isPart }: DeviceProduct): string => (isPart ? ' + from' : '');

const inputsOf = ({ bias, isPart }: DeviceProduct): string[] => [
  ...['a', 'b'],
  ...(bias ? ['bias'] : []),
  ...(isPart ? ['from'] : []),
];
const extentOf = ({ batch, m, n }: DeviceProduct): Extent => [batch, m, n];

const finish = ({ bias, activation }: DeviceProduct, sum: string): string => `
  const v = ${sum}${bias ? ' + bias[0][x]' : ''};
  ${activationText(activation, 'v', 'r')}
  return r;`;

/** One thread a cell, one sum over k in order. */
export function naiveMatmul(p: DeviceProduct): Shader {
  const body = `
    let sum = 0.0;
    for (let k = 0; k < ${p.k}; k++) {
      sum += ${left(p, 'y', `k${offset(p)}`)} * ${right(p, `k${offset(p)}`, 'x')};
    }
    ${finish(p, 'sum')}`;
  return { name: 'matmul naive', inputs: inputsOf(p), body, extent: extentOf(p) };
}

/** Four sums a cell: term k goes to sum k mod 4. */
export function fourSumsMatmul(p: DeviceProduct): Shader {
  const whole = Math.floor(p.k / 4);
  const term = (i: number, k: string): string => `s${i} += ${left(p, 'y', k)} * ${right(p, k, 'x')};`;
  const body = `
    ${repeat(4, (i) => `let s${i} = 0.0;`)}
    for (let q = 0; q < ${whole}; q++) {
      const p = q * 4${offset(p)};
      ${repeat(4, (i) => term(i, i === 0 ? 'p' : `p + ${i}`))}
    }
    ${repeat(p.k - 4 * whole, (i) => term(i, `${4 * whole + i}${offset(p)}`))}
    ${finish(p, '((s0 + s1) + (s2 + s3))')}`;
  return { name: 'matmul fourSums', inputs: inputsOf(p), body, extent: extentOf(p) };
}

/** What packing makes of op(A) [m, k]: four neighbours along k in a texel, zeros past the end. */
export function packLeft(p: DeviceProduct): Shader {
  return pack(p, 'a', [p.batchA ? p.batch : 1, p.m, p.k], (row, col) => left(p, row, `${col}${offset(p)}`));
}

/** And of op(B) [k, n]: four neighbours along n. */
export function packRight(p: DeviceProduct): Shader {
  return pack(p, 'b', [p.batchB ? p.batch : 1, p.k, p.n], (row, col) => right(p, `${row}${offset(p)}`, col));
}

function pack(
  { isPart }: DeviceProduct,
  name: string,
  [batch, rows, cols]: Extent,
  at: (row: string, col: string) => string,
): Shader {
  const texels = Math.ceil(cols / 4);
  const spare = 4 * texels - cols;
  // Past the end the last column is read and not used: a texture has no cell there.
  const body = `
    const p = x * 4;
    ${repeat(4, (i) =>
      i === 0 || i < 4 - spare
        ? `const v${i} = ${at('y', i === 0 ? 'p' : `p + ${i}`)};`
        : `let v${i} = 0.0;
           if (x < ${texels - 1}) { v${i} = ${at('y', `p + ${i}`)}; }`,
    )}
    return [v0, v1, v2, v3];`;
  return {
    name: 'pack',
    inputs: isPart ? [name, 'from'] : [name],
    body,
    extent: [batch, rows, texels],
    isPacked: true,
  };
}

/** Four cells of a row a thread, from packed operands: five fetches for sixteen products. The result is packed too. Packing has chosen the terms: `isPart` is false. */
export function packedMatmul(p: DeviceProduct): Shader {
  const whole = Math.floor(p.k / 4);
  const rest = p.k - 4 * whole;
  /** Adds `terms` rows of B, `u` before the names, times the numbers of a texel of A. */
  const add = (u: string, texel: string, terms: number, row: (j: number) => string): string => `
      const ${u} = ${cell('a', p.batchA, 'y', texel)};
      ${repeat(terms, (j) => `const ${u}${j} = ${cell('b', p.batchB, row(j), 'x')};`)}
      ${repeat(4, (i) => `s${i} += ${repeat(terms, (j) => `${u}[${j}] * ${u}${j}[${i}]`, ' + ')};`)}`;
  const cells = repeat(4, (i) => {
    const bias = p.bias ? ` + bias[0][${i === 0 ? 'p' : `p + ${i}`}]` : '';
    return `const v${i} = s${i}${bias};\n${activationText(p.activation, `v${i}`, `r${i}`)}`;
  });
  // Columns past the end add a bias that is not there: the row of biases is read at most three cells too far, which a
  // texture answers with some number, and unpacking drops those cells.
  const body = `
    ${repeat(4, (i) => `let s${i} = 0.0;`)}
    for (let q = 0; q < ${whole}; q++) {
      const k = q * 4;
      ${add('u', 'q', 4, (j) => (j === 0 ? 'k' : `k + ${j}`))}
    }
    ${rest === 0 ? '' : add('w', String(whole), rest, (j) => String(4 * whole + j))}
    const p = x * 4;
    ${cells}
    return [r0, r1, r2, r3];`;
  const texels = Math.ceil(p.n / 4);
  return { name: 'matmul packed', inputs: inputsOf(p), body, extent: [p.batch, p.m, texels], isPacked: true };
}

/** A packed result one number to a cell again. */
export function unpack(batch: number, rows: number, cols: number): Shader {
  const body = `
    const q = Math.floor(x / 4);
    const v = ${cell('c', batch > 1, 'y', 'q')};
    const i = x - 4 * q;
    let r = v[0];
    if (i > 0.5) { r = v[1]; }
    if (i > 1.5) { r = v[2]; }
    if (i > 2.5) { r = v[3]; }
    return r;`;
  return { name: 'unpack', inputs: ['c'], body, extent: [batch, rows, cols] };
}
