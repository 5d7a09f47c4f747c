import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ArrayOf, ElementType } from '../../../kernels/arrays.ts';
import { cpu } from '../../../kernels/cpu/cpu.ts';
import type { AnyKernel, Kernels } from '../../../kernels/kernels.ts';
import { reference } from '../../../kernels/reference/reference.ts';
import { wasm } from '../../../kernels/wasm/wasm.ts';
import { cases, copyOf, firstDifference, isArray } from '../cases.ts';
import { Draw } from '../draw.ts';

type Kernel = (...args: readonly unknown[]) => void;
type AnyArray = ArrayOf[ElementType];

const table = wasm();
const { heap } = table;
const kernelOf = (kernels: Kernels, name: string): Kernel => kernels[name as keyof Kernels] as Kernel;
const names = Object.keys(reference);

function inHeap(array: AnyArray): AnyArray {
  const type = array.constructor.name.replace('Array', '').toLowerCase() as ElementType;
  const copy = heap.allocate(type, array.length);
  (copy as Float32Array).set(array as Float32Array);
  return copy;
}

/** Where the arrays of a call lie. */
const PLACES: Readonly<Record<string, (d: Draw) => boolean>> = {
  'all in the heap': () => true,
  'some in the heap': (d) => d.bool(),
  'none in the heap': () => false,
};

/** What a call with these arguments does when it is linked and joined instead of made, or ''. */
function wrongIn(name: string, seed: number, isInHeap: (d: Draw) => boolean): string {
  const row = cases[name];
  if (row === undefined) return table.link(kernelOf(table, name) as AnyKernel, []) === null ? '' : 'is linked untested';
  const d = new Draw(seed);
  const { args: given } = row(d);
  const args = given.map((x) => (isArray(x) && isInHeap(d) ? inHeap(x) : x));
  const before = copyOf(args);
  const { staged } = heap.counters();
  const calls = table.link(kernelOf(table, name) as AnyKernel, args);
  const differs = (wanted: readonly unknown[]): number =>
    args.findIndex((x, i) => {
      const other = wanted[i];
      return isArray(x) && isArray(other) && firstDifference(x, other) !== -1;
    });
  let wrong = differs(before) === -1 ? '' : `argument ${differs(before)} was written though the call was not made`;
  if (heap.counters().staged !== staged) wrong = 'an array was staged though the call was not made';
  if (calls !== null) {
    const expected = copyOf(before);
    kernelOf(reference, name)(...expected);
    table.join(calls)();
    if (differs(expected) !== -1) wrong = `argument ${differs(expected)} is not what the kernel makes of it`;
  }
  for (const x of args) if (isArray(x)) heap.release(x);
  return wrong;
}

describe.each(Object.keys(PLACES))(
  'linking a call does nothing, and what it gives does what the call does: arrays %s',
  (place) => {
    test.each(names)('%s', (name) => {
      fc.assert(
        fc.property(fc.nat(), (seed) => {
          expect(wrongIn(name, seed, PLACES[place]!)).toBe('');
        }),
        { numRuns: 12 },
      );
    });
  },
);

test('every kernel that is not TypeScript can be linked', () => {
  const compiled = names.filter((name) => kernelOf(table, name) !== kernelOf(cpu, name));
  const never = compiled.filter((name) => {
    for (let seed = 0; seed < 40; seed++) {
      const args = cases[name]!(new Draw(seed)).args.map((x) => (isArray(x) ? inHeap(x) : x));
      const isLinked = table.link(kernelOf(table, name) as AnyKernel, args) !== null;
      for (const x of args) if (isArray(x)) heap.release(x);
      if (isLinked) return false;
    }
    return true;
  });
  expect(never).toEqual([]);
});
