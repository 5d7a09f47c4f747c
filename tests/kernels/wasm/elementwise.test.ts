import { expect, test } from 'vitest';
import { reference } from '../../../kernels/reference/reference.ts';
import { wasm } from '../../../kernels/wasm/wasm.ts';
import { firstDifference } from '../cases.ts';
import { Draw } from '../draw.ts';

const table = wasm();
const { heap } = table;

const functions = [
  ...(['exp', 'expm1', 'log', 'log1p', 'erf', 'tanh', 'sigmoid', 'softplus', 'silu', 'gelu', 'geluTanh'] as const),
  ...(['rsqrt', 'hardSwish', 'sign', 'reciprocal', 'sqrt', 'round', 'floor', 'ceil', 'sin', 'cos'] as const),
];

/** Every 9,973rd of all bit patterns, and as many numbers where the functions are neither 0 nor 1 nor straight lines. */
const half = Math.floor(2 ** 32 / 9973);
const numbers = new Float32Array(2 * half);
new Uint32Array(numbers.buffer).set(Uint32Array.from({ length: half }, (_, i) => i * 9973));
for (let i = 0; i < half; i++) numbers[half + i] = (18 * i) / half - 9;

test.each(functions)('%s has the bits of reference from one end of float32 to the other', (name) => {
  const x = heap.allocate('float32', numbers.length);
  x.set(numbers);
  const expected = new Float32Array(numbers.length);
  reference[name](numbers.length, numbers, expected);
  table[name](numbers.length, x, x);
  expect(firstDifference(x, expected)).toBe(-1);
  heap.release(x);
});

test.each([0, 1, 3, 4, 5, 7, 8, 15, 16, 17, 35])('elementwise kernels may write over an input: %s numbers', (n) => {
  const d = new Draw(n);
  const [a, b] = [d.floats(n), d.floats(n)];
  const check = (kernel: (k: typeof reference, x: Float32Array, y: Float32Array) => void): void => {
    const [x, y] = [heap.allocate('float32', a.length), heap.allocate('float32', b.length)];
    const [p, q] = [a.slice(), b.slice()];
    x.set(a);
    y.set(b);
    kernel(table, x, y);
    kernel(reference, p, q);
    expect([firstDifference(x, p), firstDifference(y, q)]).toEqual([-1, -1]);
    heap.release(x);
    heap.release(y);
  };
  check((k, x) => k.relu(n, x, x));
  check((k, x) => k.tanh(n, x, x));
  check((k, x) => k.clip(n, x, 0, 1, x));
  check((k, x, y) => k.add(n, 1, x, 1, 1, y, 1, 1, x));
  check((k, x, y) => k.sub(n, 1, x, 1, 1, y, 1, 1, y));
  check((k, x, y) => k.tanhGrad(n, x, y, y));
  check((k, x) => k.mul(1, n, x, 0, 1, x, 0, 1, x));
});
