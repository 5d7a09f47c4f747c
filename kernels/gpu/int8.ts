/**
 * Products of int8 matrices in float32 arithmetic, exact: a product of two is at most 2¹⁴, and a sum of up to 1,024 of
 * them at most 2²⁴, up to where float32 holds every integer. Longer sums are computed in parts.
 */
import { repeat, type Shader } from './shader.ts';

/** Terms of a sum that is exact in float32. */
export const EXACT_TERMS = 1024;

/** Σ over from ≤ k < to of a[y][k]·b[k][x]: A is [m, k], B [k, n]. */
export function int8Matmul(m: number, n: number, from: number, to: number): Shader {
  const whole = Math.floor((to - from) / 4);
  const term = (k: string): string => `a[y][${k}] * b[${k}][x]`;
  const body = `
    let sum = 0.0;
    for (let q = 0; q < ${whole}; q++) {
      const k = q * 4 + ${from};
      sum += ${repeat(4, (i) => term(i === 0 ? 'k' : `k + ${i}`), ' + ')};
    }
    ${repeat((to - from) % 4, (i) => `sum += ${term(String(from + 4 * whole + i))};`)}
    return sum;`;
  return { name: 'int8 matmul', inputs: ['a', 'b'], body, extent: [1, m, n] };
}

/**
 * B [k, n] with three numbers of a column in one, q = (b₀ + 128) + 256·(b₁ + 128) + 65536·(b₂ + 128), below 2²⁴ and so
 * exact: a third of the memory and of the fetches. Past the end of k stand zeros.
 */
export function packInt8(k: number, n: number): Shader {
  const rows = Math.ceil(k / 3);
  const spare = 3 * rows - k;
  const value = (i: number): string =>
    i > 0 && i >= 3 - spare
      ? `let v${i} = 128.0;
         if (y < ${rows - 1}) { v${i} = b[p + ${i}][x] + 128.0; }`
      : `const v${i} = b[p + ${i}][x] + 128.0;`;
  const body = `
    const p = y * 3;
    ${repeat(3, value)}
    return v0 + 256.0 * v1 + 65536.0 * v2;`;
  return { name: 'int8 pack', inputs: ['b'], body, extent: [1, rows, n] };
}

/** The same sums with B packed by `packInt8`; `from` is a multiple of three. */
export function packedInt8Matmul(m: number, n: number, from: number, to: number): Shader {
  const whole = Math.floor((to - from) / 3);
  const rest = (to - from) % 3;
  const numbers = (q: string, name: string): string => `
      const ${name} = b[${q}][x];
      const ${name}2 = Math.floor(${name} / 65536.0);
      const ${name}r = ${name} - 65536.0 * ${name}2;
      const ${name}1 = Math.floor(${name}r / 256.0);
      const ${name}0 = ${name}r - 256.0 * ${name}1;`;
  const terms = (count: number, k: string, name: string): string =>
    repeat(count, (i) => `a[y][${k}${i === 0 ? '' : ` + ${i}`}] * (${name}${i} - 128.0)`, ' + ');
  const body = `
    let sum = 0.0;
    for (let q = 0; q < ${whole}; q++) {
      const k = q * 3 + ${from};
      const r = q + ${from / 3};
      ${numbers('r', 'u')}
      sum += ${terms(3, 'k', 'u')};
    }
    ${rest === 0 ? '' : `${numbers(String(from / 3 + whole), 'w')}\nsum += ${terms(rest, String(from + 3 * whole), 'w')};`}
    return sum;`;
  return { name: 'int8 matmul packed', inputs: ['a', 'b'], body, extent: [1, m, n] };
}
