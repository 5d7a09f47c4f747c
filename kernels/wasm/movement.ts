import type { TypedArray } from '../arrays.ts';
import { LimitError } from '../errors.ts';
import type { MovementKernels } from '../interface/movement.ts';
import { LONG_ROW, rowsAtOnce } from '../walk.ts';
import { type AddFunction, advance, countDown, doWhile, forRange, min, when } from './assembler.ts';
import type { Code } from './code.ts';
import { convertOf } from './convert.ts';
import type { Engine } from './engine.ts';
import * as f32 from './instructions/f32.ts';
import * as f32x4 from './instructions/f32x4.ts';
import * as i32 from './instructions/i32.ts';
import * as memory from './instructions/memory.ts';
import * as v128 from './instructions/v128.ts';
import { along, areWords, copyRow, type Row, STAGED_FROM, stridedCopyOf } from './strided-copy.ts';

/**
 * Moving numbers of four bytes within the heap. Arrays elsewhere are moved in TypeScript unless there are many numbers of them to
 * be moved: copying them in first would cost as much, and a gather may read little of a large array.
 */

const addRow: Row = along((x, y) => f32x4.add(v128.load(y), v128.load(x)));

/**
 * Adds (outer, count, x, indices, y, row, block), which moves rows of `row` bytes: for each of `outer` blocks and of `count`
 * indices from one end of them, `indexed`, to the other. The indexed blocks are `block` bytes apart, the other rows lie one
 * after the other.
 */
function addIndexed(func: AddFunction, indexed: 'x' | 'y', move: Row): void {
  func('iiiiiii', ([outer, count, x, indices, y, row, block], locals) => {
    const [o, j, at, left] = locals('iiii');
    const array = indexed === 'x' ? x : y;
    const oneRow = [
      at.set(i32.add(array, i32.mul(i32.load(i32.add(indices, i32.shl(j, 2))), row))),
      left.set(row),
      indexed === 'x' ? move(left, at, y) : move(left, x, at),
    ];
    return forRange(o, 0, outer, 1, forRange(j, 0, count, 1, oneRow), advance(array, block));
  });
}

/** Adds (outer, count, x, indices, y, block), which gathers rows of one number: four in a turn. */
function addGatherNumbers(func: AddFunction): void {
  func('iiiiii', ([outer, count, x, indices, y, block], locals) => {
    const [o, left, at] = locals('iii');
    const take = (n: number): Code => [
      Array.from({ length: n }, (_, i) => i32.store(y, i32.load(i32.add(x, i32.shl(i32.load(at, 4 * i), 2))), 4 * i)),
      advance(at, 4 * n),
      advance(y, 4 * n),
    ];
    const all = [at.set(indices), left.set(count), countDown(left, 4, 4, take(4)), countDown(left, 1, 1, take(1))];
    return forRange(o, 0, outer, 1, all, advance(x, block));
  });
}

/** Adds (n, depth, labels, y, rows), which zeroes so many rows at once and then sets their ones. */
function addOneHot(func: AddFunction): void {
  func('iiiii', ([n, depth, labels, y, rows], locals) => {
    const [label, left, bytes] = locals('iii');
    return [
      bytes.set(i32.shl(depth, 2)),
      when(
        i32.gtS(n, 0),
        doWhile(
          i32.gtS(n, 0),
          left.set(min(n, rows)),
          memory.fill(y, 0, i32.mul(left, bytes)),
          n.set(i32.sub(n, left)),
          countDown(left, 1, 1, [
            label.set(i32.load(labels)),
            when(i32.ltU(label, depth), f32.store(i32.add(y, i32.shl(label, 2)), f32.constant(1))),
            advance(labels, 4),
            advance(y, bytes),
          ]),
        ),
      ),
    ];
  });
}

export function movement(engine: Engine): Partial<MovementKernels> {
  const { args, heap } = engine;
  const gather = engine.kernel((func) => addIndexed(func, 'x', copyRow));
  const scatterAdd = engine.kernel((func) => addIndexed(func, 'y', addRow));
  const gatherNumbers = engine.kernel(addGatherNumbers);
  const oneHot = engine.kernel(addOneHot);
  /** Gathers rows of numbers of four bytes within the heap, or of arrays that are copied there and back. */
  const gatherRows: MovementKernels['gather'] = (outer, length, inner, count, x, indices, y) => {
    const xAt = args.read(x, outer * length * inner);
    const yAt = args.write(y, outer * count * inner); // before indices, for which the heap may grow
    const at = args.read(indices, count);
    if (inner === 1) gatherNumbers.fn(outer, count, xAt, at, yAt, 4 * length);
    else gather.fn(outer, count, xAt, at, yAt, 4 * inner, 4 * length * inner);
    args.done();
  };
  const isMovable = (x: TypedArray, y: TypedArray): boolean => areWords(x, y) && heap.has(x) && heap.has(y);
  /** Whether rows of arrays from elsewhere were gathered here: many, and most of x. It copies all of x. */
  const isGatheredStaged: (...of: Parameters<MovementKernels['gather']>) => boolean = (...of) => {
    const [outer, length, inner, count, x, , y] = of;
    const taken = outer * count * inner;
    if (heap.isHeld || !areWords(x, y) || heap.has(x) || heap.has(y)) return false;
    if (taken < STAGED_FROM || inner >= LONG_ROW || outer * length * inner > 2 * taken) return false;
    try {
      gatherRows(...of);
      return true;
    } catch (error) {
      if (error instanceof LimitError) return false;
      throw error;
    }
  };
  return {
    stridedCopy: stridedCopyOf(engine),
    convert: convertOf(engine),
    gather: (outer, length, inner, count, x, indices, y) => {
      if (isMovable(x, y)) gatherRows(outer, length, inner, count, x, indices, y);
      else if (!isGatheredStaged(outer, length, inner, count, x, indices, y))
        engine.orElse.gather(outer, length, inner, count, x, indices, y);
    },
    scatterAdd: (outer, length, inner, count, x, indices, y) => {
      if (isMovable(x, y)) {
        const xAt = args.read(x, 0);
        const yAt = args.update(y, 0);
        args.done(scatterAdd.fn(outer, count, xAt, args.read(indices, count), yAt, 4 * inner, 4 * length * inner));
      } else engine.orElse.scatterAdd(outer, length, inner, count, x, indices, y);
    },
    oneHot: (n, depth, labels, y) => {
      if (y instanceof Float32Array && heap.has(y)) {
        const yAt = args.write(y, 0);
        args.done(oneHot.fn(n, depth, args.read(labels, n), yAt, rowsAtOnce(depth)));
      } else engine.orElse.oneHot(n, depth, labels, y);
    },
  };
}
