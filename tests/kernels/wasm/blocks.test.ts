import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Arguments } from '../../../kernels/wasm/arguments.ts';
import { Heap } from '../../../kernels/wasm/heap.ts';

const MB = 1024 * 1024;
const PAGE = 65536;
const LINE = 64;

/** Of a fresh heap: what may still be given away lies in one piece, up to the last line of the memory. */
function roomOf(heap: Heap): { at: number; bytes: number } {
  const at = heap.allocateBytes(1);
  heap.releaseBytes(at);
  return { at, bytes: heap.counters().bytes - LINE - at };
}

/** A heap of whose memory all but its last `lines` lines is taken, and the address of the first of these. */
function small(lines: number): { heap: Heap; start: number } {
  const heap = new Heap();
  const { at, bytes } = roomOf(heap);
  heap.allocateBytes(bytes - lines * LINE);
  return { heap, start: at + bytes - lines * LINE };
}

/** The first of `wanted` lines in a row that nobody has; -1 if there are none. */
function firstFit(taken: readonly boolean[], wanted: number): number {
  let run = 0;
  for (let i = 0; i < taken.length; i++) {
    run = taken[i] ? 0 : run + 1;
    if (run === wanted) return i + 1 - wanted;
  }
  return -1;
}

test('every block is zero and begins where the first one fits, and what is given back is one piece with its neighbours', () => {
  const LINES = 48;
  const action = fc.record({ lines: fc.integer({ min: 1, max: 12 }), spare: fc.nat(63), frees: fc.boolean() });
  const { heap, start } = small(LINES);
  const before = heap.counters();
  fc.assert(
    fc.property(fc.array(action, { minLength: 20, maxLength: 120 }), (actions) => {
      for (let at = 0; at < LINES; at++) heap.releaseBytes(start + LINE * at); // what a failed run left
      const taken = Array<boolean>(LINES).fill(false);
      const blocks: { at: number; lines: number }[] = [];
      const mark = (at: number, lines: number, value: boolean): void => void taken.fill(value, at, at + lines);
      actions.forEach(({ lines, spare, frees }, i) => {
        if (frees && blocks.length > 0) {
          const [block] = blocks.splice((i * 7) % blocks.length, 1);
          heap.releaseBytes(start + LINE * block!.at);
          mark(block!.at, block!.lines, false);
          heap.releaseBytes(start + LINE * block!.at); // once more: it is nobody's
        } else {
          const at = firstFit(taken, lines);
          expect(heap.tryAllocateBytes(lines * LINE - spare)).toBe(at < 0 ? 0 : start + LINE * at);
          if (at >= 0) {
            const bytes = heap.view('uint8', start + LINE * at, lines * LINE - spare);
            expect(bytes.every((byte) => byte === 0)).toBe(true);
            bytes.fill(255);
            blocks.push({ at, lines });
            mark(at, lines, true);
          }
        }
        const used = before.used + LINE * taken.filter((isTaken) => isTaken).length;
        expect(heap.counters()).toEqual({ ...before, used, blocks: before.blocks + blocks.length });
      });
      for (const { at } of blocks) heap.releaseBytes(start + LINE * at);
      expect(heap.tryAllocateBytes(LINES * LINE)).toBe(start);
    }),
    { numRuns: 30 },
  );
});

test.each([
  ['left', [1, 0]],
  ['right', [0, 1]],
  ['both', [0, 2, 1]],
])('a piece given back joins the free neighbour: %s', (_, order) => {
  const { heap, start } = small(order.length);
  const blocks = order.map(() => heap.tryAllocateBytes(LINE));
  for (const i of order) heap.releaseBytes(blocks[i]!);
  expect(heap.tryAllocateBytes(order.length * LINE)).toBe(start);
});

test('a block takes room that is exactly as large, and none is left', () => {
  const { heap, start } = small(5);
  expect(heap.tryAllocateBytes(5 * LINE)).toBe(start);
  expect(heap.tryAllocateBytes(1)).toBe(0);
  heap.releaseBytes(start);
  expect(heap.tryAllocateBytes(5 * LINE + 1)).toBe(0);
  expect(heap.tryAllocateBytes(5 * LINE)).toBe(start);
});

describe('a growth', () => {
  test('joins the free end of the memory with what is new, up to the last line', () => {
    const heap = new Heap();
    const { at } = roomOf(heap);
    expect(heap.allocateBytes(40 * MB)).toBe(at);
    heap.releaseBytes(at);
    const { bytes } = roomOf(heap);
    expect(bytes).toBeGreaterThan(60 * MB); // more than the growth alone: the end of the first memory is part of it
    expect(heap.tryAllocateBytes(bytes + 1)).toBe(0);
    expect(heap.tryAllocateBytes(bytes)).toBe(at);
    expect(heap.counters().growths).toBe(1);
  });

  test('of a memory that is full gives room from what was its last line on', () => {
    const { heap, start } = small(0);
    const { bytes } = heap.counters();
    expect(start).toBe(bytes - LINE);
    expect(heap.allocateBytes(PAGE)).toBe(start);
  });

  test('doubles the memory, or more for a block that is larger, and stays within the limit if it can', () => {
    const doubled = small(0).heap;
    const first = doubled.counters().bytes;
    doubled.allocateBytes(1);
    expect(doubled.counters().bytes).toBe(2 * first);

    const larger = new Heap();
    larger.allocateBytes(3 * first);
    expect(larger.counters().bytes).toBe(4 * first + PAGE); // what there was, the block, and a page for the last line

    const limited = small(0).heap;
    limited.limit = first + 3.5 * PAGE;
    limited.allocateBytes(1);
    expect(limited.counters().bytes).toBe(first + 3 * PAGE);
    expect(limited.tryAllocateBytes(3 * PAGE)).toBe(0); // a line is taken
    expect(limited.tryAllocateBytes(3 * PAGE - LINE)).toBeGreaterThan(0);
  });

  test('comes at the next hold, for all that a step did not get, and once', () => {
    const heap = new Heap();
    heap.hold();
    expect(heap.tryAllocateBytes(40 * MB)).toBe(0);
    expect(heap.tryAllocateBytes(50 * MB)).toBe(0);
    heap.hold(); // a step within the step
    heap.letGo();
    expect(heap.counters().growths).toBe(0);
    heap.letGo();
    heap.hold();
    expect(heap.counters().growths).toBe(1);
    const blocks = [heap.tryAllocateBytes(40 * MB), heap.tryAllocateBytes(50 * MB)];
    expect(blocks).not.toContain(0);
    heap.letGo();
    heap.hold();
    expect(heap.counters().growths).toBe(1);
    heap.letGo();
  });

  test('does not come where the limit or the room that was made meanwhile makes it needless', () => {
    const heap = new Heap();
    const { bytes } = heap.counters();
    heap.limit = bytes + MB;
    heap.hold();
    const large = heap.tryAllocateBytes(20 * MB);
    expect(heap.tryAllocateBytes(12.5 * MB)).toBe(0);
    heap.letGo();
    heap.hold(); // the limit forbids it
    expect(heap.counters().growths).toBe(0);
    heap.limit = 100 * MB;
    heap.letGo();
    heap.hold(); // what was wanted is forgotten
    expect(heap.counters().growths).toBe(0);
    expect(heap.tryAllocateBytes(12.5 * MB)).toBe(0);
    heap.releaseBytes(large);
    heap.letGo();
    heap.hold(); // there is room
    expect(heap.counters().growths).toBe(0);
    expect(heap.tryAllocateBytes(12.5 * MB)).toBe(large);
  });
});

describe('what is staged for a call is given back', () => {
  const LARGE = 100_000; // floats: more than the staging area holds

  test('after the call: small and large arrays, to all of several results', () => {
    const heap = new Heap();
    const args = new Arguments(heap);
    const before = heap.counters();
    const first = args.read(new Float32Array(4), 4);
    args.done();
    for (const n of [3, LARGE]) {
      const [x, y, z] = [1, 2, 3].map((value) => new Float32Array(n).fill(value)) as [
        Float32Array,
        Float32Array,
        Float32Array,
      ];
      const [xAt, yAt, zAt] = [args.read(x, n), args.write(y, n), args.update(z, n)];
      expect(heap.view('float32', zAt, n).every((value) => value === 3)).toBe(true);
      heap.view('float32', xAt, n).fill(7);
      heap.view('float32', yAt, n).fill(8);
      heap.view('float32', zAt, n).fill(9);
      args.done();
      expect([x, y, z].map((array) => [array[0], array[n - 1]])).toEqual([
        [1, 1],
        [8, 8],
        [9, 9],
      ]);
      expect(heap.counters()).toEqual({ ...before, staged: heap.counters().staged });
    }
    expect(args.read(new Float32Array(4), 4)).toBe(first);
  });

  test('once: a later call leaves the results of an earlier one alone', () => {
    const heap = new Heap();
    const args = new Arguments(heap);
    const [y, z] = [new Float32Array(2), new Float32Array(2)];
    heap.view('float32', args.write(y, 2), 2).fill(1);
    args.done();
    y.fill(5);
    heap.view('float32', args.write(z, 2), 2).fill(2);
    args.done();
    expect([...y, ...z]).toEqual([5, 5, 2, 2]);
  });

  test('after a call in which the memory grew', () => {
    const heap = new Heap();
    const args = new Arguments(heap);
    const { used, blocks } = heap.counters();
    const [y, z] = [new Float32Array(LARGE).fill(1), new Float32Array(2)];
    const [yAt, zAt] = [args.update(y, LARGE), args.write(z, 2)];
    args.read(new Uint8Array(40 * MB), 40 * MB);
    expect(heap.counters().growths).toBe(1);
    const inside = heap.view('float32', yAt, LARGE);
    expect(inside.every((value) => value === 1)).toBe(true);
    inside.fill(2);
    heap.view('float32', zAt, 2).fill(3);
    args.done();
    expect([y[0], y[LARGE - 1], ...z]).toEqual([2, 2, 3, 3]);
    expect(heap.counters()).toMatchObject({ used, blocks });
  });

  test('after a call for which there was no room', () => {
    const heap = new Heap();
    const args = new Arguments(heap);
    const first = args.read(new Float32Array(4), 4);
    args.done();
    const before = heap.counters();
    heap.limit = before.used + 8 * LARGE;
    const [y, z] = [new Float32Array(LARGE).fill(3), new Float32Array(2).fill(4)];
    args.write(z, 2);
    args.write(y, LARGE);
    expect(() => args.read(new Float32Array(2 * LARGE), 2 * LARGE)).toThrow('the limit is');
    expect(heap.counters()).toMatchObject({ used: before.used, blocks: before.blocks });
    expect([y[0], y[LARGE - 1], ...z]).toEqual([3, 3, 4, 4]);
    y.fill(5);
    z.fill(6);
    expect(args.read(new Float32Array(4), 4)).toBe(first);
    args.done();
    expect([y[0], y[LARGE - 1], ...z]).toEqual([5, 5, 6, 6]);
  });
});
