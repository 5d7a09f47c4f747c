import { cpu } from '../cpu/cpu.ts';
import type { Kernels, TypedArray } from '../kernels.ts';
import { type AddFunction, advance, type Callee, countDown, forRange, type Local, when } from './assembler.ts';
import type { Code } from './code.ts';
import type { Engine } from './engine.ts';
import * as f32 from './instructions/f32.ts';
import * as f32x4 from './instructions/f32x4.ts';
import * as i32 from './instructions/i32.ts';
import * as memory from './instructions/memory.ts';
import * as v128 from './instructions/v128.ts';
import { transposed } from './transposed.ts';

/**
 * Moving numbers of four bytes within the heap. Arrays elsewhere are moved in TypeScript: copying them in first would
 * cost as much, and a gather may read little of a large array. In compiled code strides are in bytes.
 */

/** Bytes from which on the engine's copy is faster than a loop of our own. */
const LONG = 256;

/** Moves `left` bytes from x to y and goes on in both; spends `left`. */
type Row = (left: Local, x: Local, y: Local) => Code;

/** Rows of which `four` gives four numbers; it may read past the end. */
const along =
  (four: (x: Local, y: Local) => Code): Row =>
  (left, x, y) => {
    const step = (bytes: number, store: Code): Code => [store, advance(x, bytes), advance(y, bytes)];
    return [
      countDown(left, 16, 16, step(16, v128.store(y, four(x, y)))),
      when(i32.and(left, 8), step(8, v128.store64Lane(0, y, four(x, y)))),
      when(i32.and(left, 4), step(4, v128.store32Lane(0, y, four(x, y)))),
    ];
  };

const addRow: Row = along((x, y) => f32x4.add(v128.load(y), v128.load(x)));

const copyRow: Row = (left, x, y) => {
  const long = [memory.copy(y, x, left), advance(x, left), advance(y, left)];
  return when(i32.geS(left, LONG), long, along((from) => v128.load(from))(left, x, y));
};

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

/** Adds (rows, cols, x, xRow, xCol, y, yRow, yCol): one number at a time. */
function addSingly(func: AddFunction): Callee {
  return func('iiiiiiii', ([rows, cols, x, xRow, xCol, y, yRow, yCol], locals) => {
    const [j, from, to] = locals('iii');
    const one = [i32.store(to, i32.load(from)), advance(from, xCol), advance(to, yCol)];
    const row = [from.set(x), to.set(y), forRange(j, 0, cols, 1, one)];
    return countDown(rows, 1, 1, row, advance(x, xRow), advance(y, yRow));
  });
}

/** Adds (rows, cols, x, xRow, y, yRow), where rows lie in one piece. */
function addRows(func: AddFunction): void {
  func('iiiiii', ([rows, cols, x, xRow, y, yRow], locals) => {
    const [left, from, to] = locals('iii');
    const row = [from.set(x), to.set(y), left.set(i32.shl(cols, 2)), copyRow(left, from, to)];
    return countDown(rows, 1, 1, row, advance(x, xRow), advance(y, yRow));
  });
}

/** Adds (rows, cols, x, xCol, y, yRow), where columns of x and rows of y lie in one piece: four by four numbers at a time. */
function addTranspose(func: AddFunction): void {
  const singly = addSingly(func);
  func('iiiiii', ([rows, cols, x, xCol, y, yRow], locals) => {
    const [j, from, to] = locals('iii');
    const block = locals('vvvv');
    const { prepare, columns } = transposed(locals, block);
    const move = [
      block.map((column) => [column.set(v128.load(from)), advance(from, xCol)]),
      prepare,
      columns.map((row, i) => v128.store(i32.add(to, i32.mul(yRow, i)), row)),
      advance(to, 16),
    ];
    const fourRows = [
      from.set(x),
      to.set(y),
      forRange(j, 0, i32.and(cols, -4), 4, move),
      singly(4, i32.and(cols, 3), from, 4, xCol, to, yRow, 4),
      advance(x, 16),
      advance(y, i32.mul(yRow, 4)),
    ];
    return [countDown(rows, 4, 4, fourRows), singly(rows, cols, x, 4, xCol, y, yRow, 4)];
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

export function movement(engine: Engine): Pick<Kernels, 'stridedCopy' | 'gather' | 'scatterAdd' | 'oneHot'> {
  const { heap } = engine;
  const [gather, scatterAdd] = [
    engine.kernel((func) => addIndexed(func, 'x', copyRow)),
    engine.kernel((func) => addIndexed(func, 'y', addRow)),
  ];
  const [singly, inRows, transpose] = [engine.kernel(addSingly), engine.kernel(addRows), engine.kernel(addTranspose)];
  const oneHot = engine.kernel(addOneHot);
  const isMovable = (x: TypedArray, y: TypedArray): boolean =>
    x.BYTES_PER_ELEMENT === 4 && x.constructor === y.constructor && heap.has(x) && heap.has(y);

  function copyGrid(
    rows: number,
    cols: number,
    x: number,
    xRow: number,
    xCol: number,
    y: number,
    yRow: number,
    yCol: number,
  ): void {
    if (xCol === 4 && yCol === 4) inRows.fn(rows, cols, x, xRow, y, yRow);
    else if (xRow === 4 && yCol === 4) transpose.fn(rows, cols, x, xCol, y, yRow);
    else if (xCol === 4 && yRow === 4) transpose.fn(cols, rows, x, xRow, y, yCol);
    else singly.fn(rows, cols, x, xRow, xCol, y, yRow, yCol);
  }

  /** The axes from `axis` on: one by one, but the last two as a matrix, or as a row if they lie in one piece. */
  function copyAxes(
    shape: readonly number[],
    axis: number,
    x: number,
    xStrides: readonly number[],
    y: number,
    yStrides: readonly number[],
  ): void {
    const last = shape.length - 1;
    const [rows, xRow, yRow] = axis < last ? [shape[axis]!, 4 * xStrides[axis]!, 4 * yStrides[axis]!] : [1, 0, 0];
    if (axis < last - 1) {
      for (let i = 0; i < rows; i++) copyAxes(shape, axis + 1, x + i * xRow, xStrides, y + i * yRow, yStrides);
      return;
    }
    const [cols, xCol, yCol] = [shape[last] ?? 1, 4 * (xStrides[last] ?? 1), 4 * (yStrides[last] ?? 1)];
    if (xRow === cols * xCol && yRow === cols * yCol) copyGrid(1, rows * cols, x, 0, xCol, y, 0, yCol);
    else copyGrid(rows, cols, x, xRow, xCol, y, yRow, yCol);
  }

  return {
    stridedCopy: (shape, x, xOffset, xStrides, y, yOffset, yStrides) => {
      if (isMovable(x, y)) {
        copyAxes(shape, 0, heap.read(x, 0) + 4 * xOffset, xStrides, heap.write(y, 0) + 4 * yOffset, yStrides);
      } else if (!heap.refuses()) cpu.stridedCopy(shape, x, xOffset, xStrides, y, yOffset, yStrides);
    },
    gather: (outer, length, inner, count, x, indices, y) => {
      if (isMovable(x, y)) {
        const [xAt, at, yAt] = [heap.read(x, 0), heap.read(indices, count), heap.write(y, 0)];
        heap.done(gather.fn(outer, count, xAt, at, yAt, 4 * inner, 4 * length * inner));
      } else if (!heap.refuses()) cpu.gather(outer, length, inner, count, x, indices, y);
    },
    scatterAdd: (outer, length, inner, count, x, indices, y) => {
      if (isMovable(x, y) && x instanceof Float32Array) {
        const [xAt, at, yAt] = [heap.read(x, 0), heap.read(indices, count), heap.update(y, 0)];
        heap.done(scatterAdd.fn(outer, count, xAt, at, yAt, 4 * inner, 4 * length * inner));
      } else if (!heap.refuses()) cpu.scatterAdd(outer, length, inner, count, x, indices, y);
    },
    oneHot: (n, depth, labels, y) => {
      if (y instanceof Float32Array && heap.has(y)) {
        heap.done(oneHot.fn(n, depth, heap.read(labels, n), heap.write(y, 0)));
      } else if (!heap.refuses()) cpu.oneHot(n, depth, labels, y);
    },
  };
}
