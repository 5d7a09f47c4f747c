import { gather, stridedCopy } from '../cpu/movement.ts';
import type { Kernels, TypedArray } from '../kernels.ts';
import { movement as reference } from '../reference/movement.ts';
import { type Assembler, doWhile, type Frame, forRange, type Local, sequence, when } from './assembler.ts';
import type { Code, Value } from './code.ts';
import type { Engine } from './engine.ts';
import { f32, i32, memoryCopy, memoryFill } from './scalars.ts';
import { f32x4, v128 } from './vectors.ts';

/**
 * Moving numbers of four bytes within the heap. Arrays elsewhere are moved in TypeScript: to copy them in first would
 * cost as much, and a gather reads little of an array that may be large. Strides and lengths here are in bytes.
 */

/** From so many bytes on, the engine's copy is faster than a loop of our own. */
const LONG = 256;

const advance = (at: Local, bytes: Value): Code => at.set(i32.add(at, bytes));

/** `wide` on 16 bytes at a time and then `narrow` on 4, going on in both x and y. Spends `left`. */
const along = (left: Local, x: Local, y: Local, wide: Code, narrow: Code): Code =>
  sequence(
    ...[16, 4].map((bytes) =>
      when(
        i32.geS(left, bytes),
        doWhile(
          i32.geS(left.tee(i32.sub(left, bytes)), bytes),
          bytes === 16 ? wide : narrow,
          advance(x, bytes),
          advance(y, bytes),
        ),
      ),
    ),
  );

/** Copies `bytes` bytes and goes on by as many in both. */
function copyRow(frame: Frame, bytes: Value, x: Local, y: Local): Code {
  const left = frame.local('i32');
  const long = sequence(memoryCopy(y, x, left), advance(x, left), advance(y, left));
  const short = along(left, x, y, v128.store(y, v128.load(x)), i32.store(y, i32.load(x)));
  return sequence(left.set(bytes), when(i32.geS(left, LONG), long, short));
}

const ROWS = ['outer', 'count', 'x', 'indices', 'y', 'row', 'block'] as const;

/**
 * Runs `body` for each index of each of `outer` blocks, `block` bytes apart in `indexed`, with the address `at` of its
 * row of `row` bytes.
 */
function overIndices(
  assembler: Assembler,
  name: string,
  indexed: 'x' | 'y',
  body: (frame: Frame, at: Local, row: Local, other: Local) => Code,
): void {
  assembler.func(name, ROWS, (p, frame) => {
    const [o, j, at] = frame.locals('i32', 3) as [Local, Local, Local];
    return forRange(
      o,
      0,
      p.outer,
      1,
      forRange(
        j,
        0,
        i32.shl(p.count, 2),
        4,
        at.set(i32.add(p[indexed], i32.mul(i32.load(i32.add(p.indices, j)), p.row))),
        body(frame, at, p.row, indexed === 'x' ? p.y : p.x),
      ),
      advance(p[indexed], p.block),
    );
  });
}

function addRow(frame: Frame, y: Local, row: Local, x: Local): Code {
  const left = frame.local('i32');
  return sequence(
    left.set(row),
    along(
      left,
      x,
      y,
      v128.store(y, f32x4.add(v128.load(y), v128.load(x))),
      f32.store(y, f32.add(f32.load(y), f32.load(x))),
    ),
  );
}

const GRID = ['rows', 'cols', 'x', 'xRow', 'xCol', 'y', 'yRow', 'yCol'] as const;

/** Copies a matrix, with strides on both sides. */
function writeCopy(assembler: Assembler): void {
  const grid = (write: (p: Readonly<Record<(typeof GRID)[number], Local>>, frame: Frame) => Code, name: string): void => {
    assembler.func(name, GRID, write);
  };
  grid(({ rows, cols, x, xRow, y, yRow }, frame) => {
    const [i, from, to] = frame.locals('i32', 3) as [Local, Local, Local];
    return forRange(
      i,
      0,
      rows,
      1,
      from.set(x),
      to.set(y),
      copyRow(frame, i32.shl(cols, 2), from, to),
      advance(x, xRow),
      advance(y, yRow),
    );
  }, 'rows');
  const single = (p: Readonly<Record<(typeof GRID)[number], Local>>, frame: Frame, rows: Value, cols: Value): Code => {
    const [i, j, from, to] = frame.locals('i32', 4) as [Local, Local, Local, Local];
    return forRange(
      i,
      0,
      rows,
      1,
      from.set(p.x),
      to.set(p.y),
      forRange(j, 0, cols, 1, i32.store(to, i32.load(from)), advance(from, p.xCol), advance(to, p.yCol)),
      advance(p.x, p.xRow),
      advance(p.y, p.yRow),
    );
  };
  grid((p, frame) => single(p, frame, p.rows, p.cols), 'any');
}
