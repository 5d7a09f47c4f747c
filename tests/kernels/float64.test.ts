import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ArrayOf, ElementType } from '../../kernels/arrays.ts';
import { cpu64, reference64, wasm, wasm64 } from '../../kernels/index.ts';
import type { AnyKernel, Kernels64 } from '../../kernels/kernels.ts';
import { type Call, cases, copyOf, firstDifference, isArray } from './cases.ts';
import { Draw } from './draw.ts';

type Kernel = (...args: readonly unknown[]) => void;
const kernelOf = (table: Kernels64, name: string): Kernel => table[name as keyof Kernels64] as Kernel;
const replacedBy = (table: Kernels64): readonly string[] =>
  Object.keys(table).filter((name) => kernelOf(table, name) !== kernelOf(reference64, name));

/** Beyond what float32 holds, towards both ends of float64. */
const SCALES = [1, 1, 1, 2 ** 900, 2 ** -1000];

/** A case with doubles in the place of floats; their lowest bits are not all 0. */
function widened(name: string, seed: number): Call {
  const d = new Draw(seed);
  const { args, written } = cases[name]!(d);
  const scale = d.pick(SCALES) * (1 + 2 ** -52 * d.below(2 ** 30));
  return { args: args.map((x) => (x instanceof Float32Array ? Float64Array.from(x, (v) => v * scale) : x)), written };
}

/** Where a call differs from what the definition makes of it, or ''. `place` says where each array of the call lies. */
function wrongIn(table: Kernels64, name: string, seed: number, place: (x: unknown) => unknown = (x) => x): string {
  const call = widened(name, seed);
  const expected = copyOf(call.args);
  const actual = copyOf(call.args).map(place);
  kernelOf(reference64, name)(...expected);
  kernelOf(table, name)(...actual);
  const wrong = call.args.findIndex((before, i) => {
    const after = actual[i];
    const wanted = call.written.includes(i) ? expected[i] : before;
    return isArray(after) && isArray(wanted) && firstDifference(after, wanted) !== -1;
  });
  const sizes = call.args.map((x) => (isArray(x) ? '[]' : JSON.stringify(x)));
  return wrong === -1 ? '' : `argument ${wrong} of ${name}(${sizes.join(' ')})`;
}

const check = (body: (seed: number) => string, numRuns: number): void => {
  fc.assert(
    fc.property(fc.nat(), (seed) => {
      expect(body(seed)).toBe('');
    }),
    { numRuns },
  );
};

test('the tables for float64 have the same kernels, and those of their own a row in the equality table', () => {
  for (const table of [cpu64, wasm64()]) {
    expect(Object.keys(table).sort()).toEqual(Object.keys(reference64).sort());
    expect(replacedBy(table).filter((name) => cases[name] === undefined)).toEqual([]);
  }
});

describe('cpu64 equals reference64 bit for bit, writes nothing beyond its output and leaves its inputs alone', () => {
  test.each(replacedBy(cpu64))('%s', (name) => check((seed) => wrongIn(cpu64, name, seed), 100));
});

describe('wasm64 equals reference64 bit for bit, wherever arrays lie', () => {
  const { heap } = wasm();

  /** Copies in the heap, between guard elements: those behind an array are the case's own. */
  const inHeap = (chosen: (x: unknown) => boolean) => {
    const given: ArrayOf[ElementType][] = [];
    const place = (x: unknown): unknown => {
      if (!isArray(x) || !chosen(x)) return x;
      const type = x.constructor.name.replace('Array', '').toLowerCase() as ElementType;
      const copy = heap.allocate(type, x.length);
      (copy as Float64Array).set(x as Float64Array);
      given.push(copy);
      return copy;
    };
    const release = (): void => {
      for (const x of given) heap.release(x);
    };
    return { place, release };
  };
  const wrongWith = (name: string, seed: number, chosen: (x: unknown) => boolean): string => {
    const { place, release } = inHeap(chosen);
    const wrong = wrongIn(wasm64(), name, seed, place);
    release();
    return wrong;
  };

  test.each(replacedBy(wasm64()))('%s', (name) => {
    check((seed) => wrongWith(name, seed, () => true), 100);
    check((seed) => wrongWith(name, seed, (x) => (x as Float64Array).length % 2 === 0), 20);
    check((seed) => wrongWith(name, seed, () => false), 20);
  });

  const linked = replacedBy(wasm64()).filter((name) => kernelOf(wasm64(), name) !== kernelOf(cpu64, name));
  test.each(linked)('%s is linked to the same', (name) => {
    let count = 0;
    check((seed) => {
      const { place, release } = inHeap((x) => seed % 4 > 0 || (x as Float64Array).length % 2 === 0);
      const linking: Kernel = (...args) => {
        const before = copyOf(args);
        const calls = wasm().link(kernelOf(wasm64(), name) as AnyKernel, args);
        expect(args.findIndex((x, i) => isArray(x) && firstDifference(x, before[i] as never) !== -1)).toBe(-1);
        if (calls === null) kernelOf(reference64, name)(...args);
        else wasm().join(calls)();
        if (calls !== null) count++;
      };
      const wrong = wrongIn({ ...reference64, [name]: linking }, name, seed, place);
      release();
      return wrong;
    }, 12);
    const moves = ['stridedCopy', 'gather', 'scatterAdd', 'oneHot'].includes(name);
    expect(moves || count > 0).toBe(true);
  });

  test('large products, of packed operands and several blocks', () => {
    const d = new Draw(4);
    const moderate = (n: number): Float64Array =>
      Float64Array.from({ length: n }, () => d.below(2 ** 31) / 2 ** 30 - 1);
    const shapes = [
      [130, 70, 257],
      [64, 40, 600],
      [3, 520, 33],
      [129, 9, 64],
      [300, 1, 128],
    ] as const;
    for (const [m, n, k] of shapes) {
      for (const [transA, transB] of [0, 1, 2, 3].map((bits) => [bits % 2 === 1, bits > 1] as const)) {
        const args = [m, n, k, moderate(m * k), transA, moderate(k * n), transB, moderate(n), 'relu'] as const;
        const [expected, fast, compiled] = [0, 1, 2].map(() => new Float64Array(m * n));
        reference64.gemm(...args, expected!);
        cpu64.gemm(...args, fast!);
        wasm64().gemm(...args, compiled!);
        expect([firstDifference(fast!, expected!), firstDifference(compiled!, expected!)]).toEqual([-1, -1]);
      }
    }
  });
});
