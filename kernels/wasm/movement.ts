import type { TypedArray } from '../arrays.ts';
import type { MovementKernels } from '../interface/movement.ts';
import { type AddFunction, advance, countDown, forRange, when } from './assembler.ts';
import type { Engine } from './engine.ts';
import * as f32 from './instructions/f32.ts';
import * as f32x4 from './instructions/f32x4.ts';
import * as i32 from './instructions/i32.ts';
import * as memory from './instructions/memory.ts';
import * as v128 from './instructions/v128.ts';
import { along, areWords, copyRow, type Row, stridedCopyOf } from './strided-copy.ts';

/**
 * Moving numbers of four bytes within the heap. Arrays elsewhere are moved in TypeScript: copying them in first would cost
 * as much, and a gather may read little of a large array.
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

/** Adds (n, depth, labels, y). */
function addOneHot(func: AddFunction): void {
  func('iiii', ([n, depth, labels, y], locals) => {
    const [label] = locals('i');
    return [
      memory.fill(y, 0, i32.shl(i32.mul(n, depth), 2)),
      countDown(n, 1, 1, [
        label.set(i32.load(labels)),
        when(i32.ltU(label, depth), f32.store(i32.add(y, i32.shl(label, 2)), f32.constant(1))),
        advance(labels, 4),
        advance(y, i32.shl(depth, 2)),
      ]),
    ];
  });
}

export function movement(engine: Engine): Partial<MovementKernels> {
  const { args, heap } = engine;
  const gather = engine.kernel((func) => addIndexed(func, 'x', copyRow));
  const scatterAdd = engine.kernel((func) => addIndexed(func, 'y', addRow));
  const oneHot = engine.kernel(addOneHot);
  const isMovable = (x: TypedArray, y: TypedArray): boolean => areWords(x, y) && heap.has(x) && heap.has(y);
  return {
    stridedCopy: stridedCopyOf(engine),
    gather: (outer, length, inner, count, x, indices, y) => {
      if (isMovable(x, y)) {
        const xAt = args.read(x, 0);
        const at = args.read(indices, count);
        const yAt = args.write(y, 0);
        args.done(gather.fn(outer, count, xAt, at, yAt, 4 * inner, 4 * length * inner));
      } else engine.orElse.gather(outer, length, inner, count, x, indices, y);
    },
    scatterAdd: (outer, length, inner, count, x, indices, y) => {
      if (isMovable(x, y)) {
        const xAt = args.read(x, 0);
        const at = args.read(indices, count);
        const yAt = args.update(y, 0);
        args.done(scatterAdd.fn(outer, count, xAt, at, yAt, 4 * inner, 4 * length * inner));
      } else engine.orElse.scatterAdd(outer, length, inner, count, x, indices, y);
    },
    oneHot: (n, depth, labels, y) => {
      if (y instanceof Float32Array && heap.has(y)) {
        args.done(oneHot.fn(n, depth, args.read(labels, n), args.write(y, 0)));
      } else engine.orElse.oneHot(n, depth, labels, y);
    },
  };
}
