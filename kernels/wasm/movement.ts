import { cpu } from '../cpu/cpu.ts';
import type { Kernels, TypedArray } from '../kernels.ts';
import { type Assembler, type Callee, doWhile, type Frame, forRange, type Local, sequence, when } from './assembler.ts';
import type { Code, Value } from './code.ts';
import type { Engine } from './engine.ts';
import { f32, i32, memoryCopy, memoryFill } from './scalars.ts';
import { f32x4, v128 } from './vectors.ts';

/**
 * Moving numbers of four bytes within the heap. Arrays elsewhere are moved in TypeScript: copying them in first would
 * cost as much, and a gather may read little of a large array. In compiled code strides are in bytes.
 */

/** Bytes from which on the engine's copy is faster than a loop of our own. */
const LONG = 256;

const advance = (at: Local, bytes: Value): Code => at.set(i32.add(at, bytes));

/** Moves `left` bytes from x to y and goes on in both; spends `left`. */
type Row = (left: Local, x: Local, y: Local) => Code;

/** Rows of which `four` gives four numbers; it may read past the end. */
const along =
  (four: (x: Local, y: Local) => Code): Row =>
  (left, x, y) => {
    const step = (bytes: number, store: Code): Code => sequence(store, advance(x, bytes), advance(y, bytes));
    return sequence(
      when(i32.geS(left, 16), doWhile(i32.geS(left.tee(i32.sub(left, 16)), 16), step(16, v128.store(y, four(x, y))))),
      when(i32.and(left, 8), step(8, v128.store64Lane(0, y, four(x, y)))),
      when(i32.and(left, 4), step(4, v128.store32Lane(0, y, four(x, y)))),
    );
  };

const addRow: Row = along((x, y) => f32x4.add(v128.load(y), v128.load(x)));

const copyRow: Row = (left, x, y) => {
  const long = sequence(memoryCopy(y, x, left), advance(x, left), advance(y, left));
  return when(i32.geS(left, LONG), long, along((from) => v128.load(from))(left, x, y));
};

/**
 * Adds a function that moves rows of `row` bytes: for each of `outer` blocks and of `count` indices from one end of
 * them, `indexed`, to the other. The indexed blocks are `block` bytes apart, the other rows lie one after the other.
 */
function addIndexed(assembler: Assembler, name: string, indexed: 'x' | 'y', move: Row): void {
  const params = ['outer', 'count', 'x', 'indices', 'y', 'row', 'block'] as const;
  assembler.func(name, params, (p, frame) => {
    const [o, j, at, left] = frame.locals('i32', 4) as [Local, Local, Local, Local];
    return forRange(
      o,
      0,
      p.outer,
      1,
      forRange(
        j,
        0,
        p.count,
        1,
        at.set(i32.add(p[indexed], i32.mul(i32.load(i32.add(p.indices, i32.shl(j, 2))), p.row))),
        left.set(p.row),
        indexed === 'x' ? move(left, at, p.y) : move(left, p.x, at),
      ),
      advance(p[indexed], p.block),
    );
  });
}

const GRID = ['rows', 'cols', 'x', 'xRow', 'xCol', 'y', 'yRow', 'yCol'] as const;
type Grid = Readonly<Record<(typeof GRID)[number], Local>>;

function copySingly({ rows, cols, x, xRow, xCol, y, yRow, yCol }: Grid, frame: Frame): Code {
  const [i, j, from, to] = frame.locals('i32', 4) as [Local, Local, Local, Local];
  return forRange(
    i,
    0,
    rows,
    1,
    from.set(x),
    to.set(y),
    forRange(j, 0, cols, 1, i32.store(to, i32.load(from)), advance(from, xCol), advance(to, yCol)),
    advance(x, xRow),
    advance(y, yRow),
  );
}

function copyRows({ rows, cols, x, xRow, y, yRow }: Grid, frame: Frame): Code {
  const [i, left, from, to] = frame.locals('i32', 4) as [Local, Local, Local, Local];
  const row = sequence(from.set(x), to.set(y), left.set(i32.shl(cols, 2)), copyRow(left, from, to));
  return forRange(i, 0, rows, 1, row, advance(x, xRow), advance(y, yRow));
}

/** Where columns of x and rows of y lie in one piece: four by four numbers at a time. */
function transpose({ rows, cols, x, xCol, y, yRow }: Grid, frame: Frame, singly: Callee): Code {
  const [i, j, from, to] = frame.locals('i32', 4) as [Local, Local, Local, Local];
  const [a, b, c, d] = frame.locals('v128', 4) as [Local, Local, Local, Local];
  const [ab, cd, AB, CD] = frame.locals('v128', 4) as [Local, Local, Local, Local];
  const block = sequence(
    ...[a, b, c, d].map((column) => sequence(column.set(v128.load(from)), advance(from, xCol))),
    ab.set(v128.shuffle32([0, 4, 1, 5], a, b)),
    cd.set(v128.shuffle32([0, 4, 1, 5], c, d)),
    AB.set(v128.shuffle32([2, 6, 3, 7], a, b)),
    CD.set(v128.shuffle32([2, 6, 3, 7], c, d)),
    v128.store(to, v128.shuffle32([0, 1, 4, 5], ab, cd)),
    v128.store(i32.add(to, yRow), v128.shuffle32([2, 3, 6, 7], ab, cd)),
    v128.store(i32.add(to, i32.mul(yRow, 2)), v128.shuffle32([0, 1, 4, 5], AB, CD)),
    v128.store(i32.add(to, i32.mul(yRow, 3)), v128.shuffle32([2, 3, 6, 7], AB, CD)),
    advance(to, 16),
  );
  return sequence(
    forRange(
      i,
      0,
      i32.and(rows, -4),
      4,
      from.set(x),
      to.set(y),
      forRange(j, 0, i32.and(cols, -4), 4, block),
      singly(4, i32.and(cols, 3), from, 4, xCol, to, yRow, 4),
      advance(x, 16),
      advance(y, i32.mul(yRow, 4)),
    ),
    singly(i32.and(rows, 3), cols, x, 4, xCol, y, yRow, 4),
  );
}

function writeMovement(assembler: Assembler): void {
  addIndexed(assembler, 'gather', 'x', copyRow);
  addIndexed(assembler, 'scatterAdd', 'y', addRow);
  const singly = assembler.func('singly', GRID, copySingly);
  assembler.func('rows', GRID, copyRows);
  assembler.func('transpose', GRID, (grid, frame) => transpose(grid, frame, singly));
  assembler.func('oneHot', ['n', 'depth', 'labels', 'y'], ({ n, depth, labels, y }, frame) => {
    const [i, label] = frame.locals('i32', 2) as [Local, Local];
    return sequence(
      memoryFill(y, 0, i32.shl(i32.mul(n, depth), 2)),
      forRange(
        i,
        0,
        n,
        1,
        label.set(i32.load(i32.add(labels, i32.shl(i, 2)))),
        when(i32.ltU(label, depth), f32.store(i32.add(y, i32.shl(label, 2)), f32.const(1))),
        advance(y, i32.shl(depth, 2)),
      ),
    );
  });
}

const FUNCTIONS = ['gather', 'scatterAdd', 'singly', 'rows', 'transpose', 'oneHot'] as const;

export function movement(engine: Engine): Pick<Kernels, 'stridedCopy' | 'gather' | 'scatterAdd' | 'oneHot'> {
  const { heap } = engine;
  const slots = engine.module(FUNCTIONS, writeMovement);
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
    if (xCol === 1 && yCol === 1) slots.rows.fn(rows, cols, x, 4 * xRow, 4, y, 4 * yRow, 4);
    else if (xRow === 1 && yCol === 1) slots.transpose.fn(rows, cols, x, 4, 4 * xCol, y, 4 * yRow, 4);
    else if (xCol === 1 && yRow === 1) slots.transpose.fn(cols, rows, x, 4, 4 * xRow, y, 4 * yCol, 4);
    else slots.singly.fn(rows, cols, x, 4 * xRow, 4 * xCol, y, 4 * yRow, 4 * yCol);
  }

  /** The axes before `end` one by one, and those from there on as a matrix, or as a row if they lie in one piece. */
  function copyAxes(
    shape: readonly number[],
    axis: number,
    x: number,
    xStrides: readonly number[],
    y: number,
    yStrides: readonly number[],
  ): void {
    const last = shape.length - 1;
    if (axis < last - 1) {
      const [xStep, yStep] = [4 * xStrides[axis]!, 4 * yStrides[axis]!];
      for (let i = 0; i < shape[axis]!; i++)
        copyAxes(shape, axis + 1, x + i * xStep, xStrides, y + i * yStep, yStrides);
      return;
    }
    const cols = shape[last] ?? 1;
    const rows = axis < last ? shape[axis]! : 1;
    const [xRow, yRow] = axis < last ? [xStrides[axis]!, yStrides[axis]!] : [0, 0];
    const [xCol, yCol] = [xStrides[last] ?? 1, yStrides[last] ?? 1];
    if (xRow === cols * xCol && yRow === cols * yCol) copyGrid(1, rows * cols, x, 0, xCol, y, 0, yCol);
    else copyGrid(rows, cols, x, xRow, xCol, y, yRow, yCol);
  }

  return {
    stridedCopy: (shape, x, xOffset, xStrides, y, yOffset, yStrides) => {
      if (isMovable(x, y)) {
        copyAxes(shape, 0, heap.read(x, 0) + 4 * xOffset, xStrides, heap.write(y, 0) + 4 * yOffset, yStrides);
      } else if (!engine.refusesTypeScript()) cpu.stridedCopy(shape, x, xOffset, xStrides, y, yOffset, yStrides);
    },
    gather: (outer, length, inner, count, x, indices, y) => {
      if (isMovable(x, y)) {
        const [xAt, at, yAt] = [heap.read(x, 0), heap.read(indices, count), heap.write(y, 0)];
        slots.gather.fn(outer, count, xAt, at, yAt, 4 * inner, 4 * length * inner);
        heap.done();
      } else if (!engine.refusesTypeScript()) cpu.gather(outer, length, inner, count, x, indices, y);
    },
    scatterAdd: (outer, length, inner, count, x, indices, y) => {
      if (isMovable(x, y) && x instanceof Float32Array) {
        const [xAt, at, yAt] = [heap.read(x, 0), heap.read(indices, count), heap.update(y, 0)];
        slots.scatterAdd.fn(outer, count, xAt, at, yAt, 4 * inner, 4 * length * inner);
        heap.done();
      } else if (!engine.refusesTypeScript()) cpu.scatterAdd(outer, length, inner, count, x, indices, y);
    },
    oneHot: (n, depth, labels, y) => {
      if (y instanceof Float32Array && heap.has(y)) {
        slots.oneHot.fn(n, depth, heap.read(labels, n), heap.write(y, 0));
        heap.done();
      } else if (!engine.refusesTypeScript()) cpu.oneHot(n, depth, labels, y);
    },
  };
}
