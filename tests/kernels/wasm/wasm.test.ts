import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ElementType } from '../../../kernels/arrays.ts';
import { cpu } from '../../../kernels/cpu/cpu.ts';
import type { Kernels } from '../../../kernels/kernels.ts';
import { panelsLength } from '../../../kernels/packing.ts';
import { reference } from '../../../kernels/reference/reference.ts';
import { wasm } from '../../../kernels/wasm/wasm.ts';
import { cases, copyOf, firstDifference, isArray } from '../cases.ts';
import { Draw } from '../draw.ts';

type Kernel = (...args: readonly unknown[]) => void;
type AnyArray = Parameters<typeof heap.release>[0];
const table = wasm();
const { heap } = table;
const kernelOf = (kernels: Kernels, name: string): Kernel => kernels[name as keyof Kernels] as Kernel;
const names = Object.keys(reference);
const replaced = names.filter((name) => kernelOf(table, name) !== kernelOf(cpu, name));

/** In bytes, on both sides of every array. */
const GUARD = 64;
const PATTERN = 0xa5;

const typeOf = (array: AnyArray): ElementType =>
  array.constructor.name.replace('Array', '').toLowerCase() as ElementType;

/** A copy in the heap between guard bytes, and a look at the guards. */
function place(array: AnyArray): { array: AnyArray; isIntact: () => boolean; release: () => void } {
  const bytes = array.byteLength;
  const block = heap.allocate('uint8', bytes + 2 * GUARD).fill(PATTERN);
  const copy = heap.view(typeOf(array), block.byteOffset + GUARD, array.length);
  (copy as Float32Array).set(array as Float32Array);
  const guards = [block.subarray(0, GUARD), block.subarray(GUARD + bytes)];
  return {
    array: copy,
    isIntact: () => guards.every((guard) => guard.every((byte) => byte === PATTERN)),
    release: () => heap.release(block),
  };
}

/** Runs one case and says what is wrong, or ''. Bit i of `inHeap` says where argument i lies. */
function wrongIn(name: string, seed: number, inHeap: number): string {
  const call = cases[name]!(new Draw(seed));
  const expected = copyOf(call.args);
  kernelOf(reference, name)(...expected);
  const placed = call.args.map((x, i) => (((inHeap >> i) & 1) === 1 && isArray(x) ? place(x) : null));
  const actual = copyOf(call.args).map((x, i) => placed[i]?.array ?? x);
  kernelOf(table, name)(...actual);
  const sizes = `${name}(${actual.map((x) => (isArray(x) ? '[]' : x)).join(' ')})`;
  let wrong = '';
  call.args.forEach((before, i) => {
    const after = actual[i];
    const wanted = call.written.includes(i) ? expected[i] : before;
    if (!isArray(after) || !isArray(wanted)) return;
    const at = firstDifference(after, wanted);
    if (at !== -1) wrong = `${sizes}: argument ${i} at ${at} is ${after[at]}, not ${wanted[at]}`;
    if (placed[i]?.isIntact() === false) wrong = `${sizes}: wrote beyond argument ${i}`;
  });
  for (const array of placed) array?.release();
  return wrong;
}

test('every kernel that wasm replaces has a row in the equality table', () => {
  expect(replaced.filter((name) => cases[name] === undefined)).toEqual([]);
});

test('wasm has exactly the kernels of reference, and a heap', () => {
  expect(Object.keys(table).sort()).toEqual([...names, 'heap', 'link', 'join'].sort());
});

describe.each([
  ['in the heap, between guard bytes', 300, () => -1],
  ['staged', 60, () => 0],
  ['here and there', 40, (seed: number) => Math.imul(seed + 1, 0x9e3779b1) >> 8],
])(
  'wasm equals reference bit for bit, writes nothing beyond its output and leaves its inputs alone: arrays %s',
  (_, numRuns, inHeap) => {
    test.each(replaced)('%s', (name) => {
      fc.assert(
        fc.property(fc.nat(), (seed) => {
          expect(wrongIn(name, seed, inHeap(seed))).toBe('');
        }),
        { numRuns },
      );
    });
  },
);

/** Numbers that sums of thousands stay finite with: one infinity makes all of a column NaN, whatever a kernel does. */
const moderate = (d: Draw, n: number): Float32Array => d.floats(n).map((x) => (Math.abs(x) < 100 ? x : 0.3));

describe('products large enough for packing and for several blocks equal the ones of cpu', () => {
  const shapes = [
    [128, 64, 40],
    [130, 257, 70],
    [64, 256, 300],
    [513, 17, 260],
    [515, 33, 3],
    [65, 1050, 20],
    [2, 2100, 9],
    [1, 1031, 515],
  ] as const;
  test.each(shapes)('%i x %i, depth %i', (m, n, k) => {
    const d = new Draw(m + n + k);
    for (const transA of [false, true]) {
      for (const transB of [false, true]) {
        for (const accumulate of [false, true]) {
          const [a, b, bias, c] = [moderate(d, m * k), moderate(d, k * n), moderate(d, n), moderate(d, m * n)];
          const expected = c.slice();
          cpu.gemm(m, n, k, a, transA, b, transB, bias, 'relu', expected, accumulate);
          const placed = [a, b, bias, c].map(place);
          const [pa, pb, pBias, pc] = placed.map(({ array }) => array as Float32Array) as [
            Float32Array,
            Float32Array,
            Float32Array,
            Float32Array,
          ];
          table.gemm(m, n, k, pa, transA, pb, transB, pBias, 'relu', pc, accumulate);
          expect(firstDifference(pc, expected)).toBe(-1);
          expect(placed.every(({ isIntact }) => isIntact())).toBe(true);
          for (const { release } of placed) release();
        }
      }
    }
  });
});

describe('products of packed columns, larger than a block of anything, are the bits of gemm on both tables', () => {
  test.each([
    [1, 1031, 515],
    [1, 16, 4099],
    [1, 128, 8193], // eight streams, and one row of B more
    [1, 501, 2103], // and panels that are left, the last of them in part
    [1, 127, 8300], // too few columns for eight
    [2, 2100, 9],
    [7, 65, 600],
    [70, 1050, 300],
    [131, 33, 257],
  ] as const)('%i x %i, depth %i', (m, n, k) => {
    const d = new Draw(m + n + k);
    const [a, b, bias, c] = [moderate(d, m * k), moderate(d, k * n), moderate(d, n), d.floats(m * n)];
    const expected = c.slice();
    cpu.gemm(m, n, k, a, false, b, false, bias, 'relu', expected);
    expect(expected.subarray(0, m * n).every(Number.isFinite)).toBe(true);
    for (const { packPanels, gemmPanels } of [cpu, table]) {
      const packed = d.floats(panelsLength(k, n));
      packPanels(k, n, b, packed);
      const placed = [a, packed, bias, c].map(place);
      const [pa, pb, pBias, pc] = placed.map(({ array }) => array as Float32Array);
      gemmPanels(m, n, k, pa!, pb!, pBias!, 'relu', pc!);
      expect(firstDifference(pc!, expected)).toBe(-1);
      expect(placed.every(({ isIntact }) => isIntact())).toBe(true);
      for (const { release } of placed) release();
    }
  });
});

test('nothing stays in the heap', () => {
  const before = heap.counters();
  for (const name of replaced) for (let seed = 0; seed < 20; seed++) wrongIn(name, seed, seed % 2 === 0 ? -1 : 0);
  const { used, blocks } = heap.counters();
  expect([used, blocks]).toEqual([before.used, before.blocks]);
});

test('a kernel call on arrays of the heap is a list of numbers, several are one function', () => {
  const [a, b, c] = [heap.allocate('float32', 64), heap.allocate('float32', 64), heap.allocate('float32', 64)];
  const args = (y: Float32Array) => [8, 8, 8, a, false, b, false, null, 'linear', y] as const;
  a.fill(2);
  b.fill(3);
  table.gemm(...args(c));
  const linked = table.link(table.gemm, args(c))!;
  expect(linked).toHaveLength(1);
  a.fill(1);
  linked[0]!.fn(...linked[0]!.operands);
  expect([...c]).toEqual(Array(64).fill(24));
  const scaled = table.link(table.mul, [8, 8, c, 8, 1, b, 8, 1, a]);
  expect(scaled).toHaveLength(1);
  a.fill(2);
  c.fill(0);
  table.join([...linked, ...scaled!, ...linked])();
  expect([...a]).toEqual(Array(64).fill(48 * 3));
  expect([...c]).toEqual(Array(64).fill(8 * 144 * 3));
  expect(table.link(table.gemm, args(new Float32Array(64)))).toBeNull();
  expect(table.link(table.prod, [])).toBeNull();
  for (const array of [a, b, c]) heap.release(array);
});
