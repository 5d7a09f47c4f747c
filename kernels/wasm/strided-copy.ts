import type { TypedArray } from '../arrays.ts';
import { LimitError } from '../errors.ts';
import type { MovementKernels } from '../interface/movement.ts';
import { hasLongRows, type Walk, walkOf } from '../walk.ts';
import { type AddFunction, advance, countDown, forRange, type Local, type Locals, when } from './assembler.ts';
import type { Code, Load, Store, StoreLane, Value } from './code.ts';
import type { Engine, Slot, WasmFunction } from './engine.ts';
import * as i32 from './instructions/i32.ts';
import * as memory from './instructions/memory.ts';
import * as v128 from './instructions/v128.ts';
import { type AddCopy, addFilled, addTransposedBytes, BLOCK } from './strided-bytes.ts';
import { transposed } from './transposed.ts';

/**
 * Copies of numbers of four bytes, or of one, with any strides: the last two loops of a walk are a matrix, which is copied row by row,
 * transposed or singly; the others stand around it in the same compiled function. In compiled code strides are in bytes.
 *
 * Large copies between arrays of elsewhere are staged: TypeScript takes several times as long, but for long rows.
 */

/** Bytes from which on the engine's copy is faster than a loop of our own. */
const LONG = 256;

/** Numbers from which on a copy between arrays of elsewhere is faster here, all of them copied in and out (Node 20). */
export const STAGED_FROM = 4096;
/** And numbers of a part: what is copied in for it is in the level-2 cache while it is wanted. */
const STAGED_AT_ONCE = 16384;

/** The part of an array that a walk touches: its first element, from where the walk begins, and its length. */
interface Extent {
  readonly first: number;
  readonly length: number;
}

function extentOf(sizes: readonly number[], steps: readonly number[]): Extent {
  const ends = sizes.map((size, axis) => (size - 1) * steps[axis]!);
  const first = ends.reduce((sum, end) => sum + Math.min(0, end), 0);
  return { first, length: ends.reduce((sum, end) => sum + Math.abs(end), 1) };
}

const partOf = (array: TypedArray, offset: number, { first, length }: Extent): TypedArray =>
  array.subarray(offset + first, offset + first + length);

/** Moves `left` bytes from x to y and goes on in both; spends `left`. */
export type Row = (left: Local, x: Local, y: Local) => Code;

/** Rows of which `four` gives four numbers; it may read past the end. */
export const along =
  (four: (x: Local, y: Local) => Code): Row =>
  (left, x, y) => {
    const step = (bytes: number, store: Code): Code => [store, advance(x, bytes), advance(y, bytes)];
    return [
      countDown(left, 16, 16, step(16, v128.store(y, four(x, y)))),
      when(i32.and(left, 8), step(8, v128.store64Lane(0, y, four(x, y)))),
      when(i32.and(left, 4), step(4, v128.store32Lane(0, y, four(x, y)))),
    ];
  };

const copyWith =
  (rest: Row): Row =>
  (left, x, y) => {
    const long = [memory.copy(y, x, left), advance(x, left), advance(y, left)];
    return when(i32.geS(left, LONG), long, [along((from) => v128.load(from))(left, x, y), rest(left, x, y)]);
  };

export const copyRow: Row = copyWith(() => []);

/** The same of bytes that need not be a multiple of four. */
export const copyBytes: Row = copyWith((left, x, y) => {
  const step = (bytes: number, store: StoreLane): Code =>
    when(i32.and(left, bytes), [store(0, y, v128.load(x)), advance(x, bytes), advance(y, bytes)]);
  return [step(2, v128.store16Lane), step(1, v128.store8Lane)];
});

/** One number at a time. */
const addSingly =
  (load: Load, store: Store): AddCopy =>
  (func) =>
    func('iiiiiiii', ([rows, cols, x, xRow, xCol, y, yRow, yCol], locals) => {
      const [j, from, to] = locals('iii');
      const one = [store(to, load(from)), advance(from, xCol), advance(to, yCol)];
      const row = [from.set(x), to.set(y), forRange(j, 0, cols, 1, one)];
      return countDown(rows, 1, 1, row, advance(x, xRow), advance(y, yRow));
    });
const addWordsSingly = addSingly(i32.load, i32.store);
const addBytesSingly = addSingly(i32.load8U, i32.store8);

/** Where rows lie in one piece, of `bytes` each. The last part of a row may lie over the one before. */
const addInRows: AddCopy = (func) =>
  func('iiiiiiii', ([rows, bytes, x, xRow, , y, yRow], locals) => {
    const [at, end] = locals('ii');
    const each = (row: Code): Code => countDown(rows, 1, 1, row, advance(x, xRow), advance(y, yRow));
    const sixteen = v128.store(i32.add(y, at), v128.load(i32.add(x, at)));
    const inVectors = [forRange(at, 0, end, 16, sixteen), v128.store(i32.add(y, end), v128.load(i32.add(x, end)))];
    const upTo = (size: number, row: Code): Code => [end.set(i32.sub(bytes, size)), each(row)];
    /** The first and the last of a row, which has fewer than three. */
    const atEnds = (size: number, copy: (to: Value, from: Value) => Code): Code =>
      upTo(
        size,
        [0, end].map((place) => copy(i32.add(y, place), i32.add(x, place))),
      );
    const eights = atEnds(8, (to, from) => v128.store64Lane(0, to, v128.load64Zero(from)));
    const fours = atEnds(4, (to, from) => i32.store(to, i32.load(from)));
    const few = when(
      i32.geS(bytes, 2),
      atEnds(2, (to, from) => i32.store16(to, i32.load16U(from))),
      each(i32.store8(y, i32.load8U(x))),
    );
    const short = when(i32.geS(bytes, 8), eights, when(i32.geS(bytes, 4), fours, few));
    const long = each(memory.copy(y, x, bytes));
    return when(i32.geS(bytes, LONG), long, when(i32.geS(bytes, 16), upTo(16, inVectors), short));
  });

/** Where rows of y lie in one piece and those of x too, from their end to their start: four numbers at a time. */
const addReversed: AddCopy = (func) => {
  const singly = addWordsSingly(func);
  return func('iiiiiiii', ([rows, cols, x, xRow, xCol, y, yRow, yCol], locals) => {
    const [left, from, to, end] = locals('iiii');
    const four = (x: Value, y: Value): Code => v128.store(y, v128.shuffle32([3, 2, 1, 0], v128.load(x), v128.load(x)));
    const row = [
      from.set(i32.sub(x, 12)), // four numbers, the first of which is the last of y's
      to.set(y),
      left.set(i32.sub(cols, 4)),
      countDown(left, 4, 1, four(from, to), advance(from, -16), advance(to, 16)),
      // The last four may lie over those before
      four(i32.sub(x, i32.shl(i32.sub(cols, 1), 2)), i32.add(y, end)),
    ];
    return [
      end.set(i32.shl(i32.sub(cols, 4), 2)),
      when(
        i32.geS(cols, 4),
        countDown(rows, 1, 1, row, advance(x, xRow), advance(y, yRow)),
        singly(rows, cols, x, xRow, xCol, y, yRow, yCol),
      ),
    ];
  });
};

/** Where columns of x and rows of y lie in one piece: four by four numbers at a time, or so many as are left of either. */
export const addTransposed: AddCopy = (func) => {
  const singly = addWordsSingly(func);
  return func('iiiiiiii', ([rows, cols, x, , xCol, y, yRow], locals) => {
    const [j, from, to] = locals('iii');
    const block = locals('vvvv');
    const [first, second] = block;
    const { prepare, columns } = transposed(locals, block);
    const rowAt = (i: number): Code => i32.add(to, i32.mul(yRow, i));
    const begin = [from.set(x), to.set(y)];
    const read = (column: Local): Code => [column.set(v128.load(from)), advance(from, xCol)];
    /** Moves four columns of as many rows as `store` stores. */
    const four = (store: (i: number) => Code): Code =>
      forRange(
        j,
        0,
        i32.and(cols, -4),
        4,
        block.map(read),
        prepare,
        columns.map((_, i) => store(i)),
        advance(to, 16),
      );
    const put = (i: number): Code => v128.store(rowAt(i), columns[i]!);
    const twoColumns = [
      [read(first), read(second)],
      [0, 2].map((i) => {
        const pairs = v128.shuffle32([i, i + 4, i + 1, i + 5], first, second);
        return [block[2]!.set(pairs), [0, 1].map((lane) => v128.store64Lane(lane, rowAt(i + lane), block[2]!))];
      }),
      advance(to, 8),
    ];
    const oneColumn = [first.set(v128.load(from)), [0, 1, 2, 3].map((i) => v128.store32Lane(i, rowAt(i), first))];
    const fourRows = [
      begin,
      four(put),
      when(i32.and(cols, 2), twoColumns),
      when(i32.and(cols, 1), oneColumn),
      advance(x, 16),
      advance(y, i32.mul(yRow, 4)),
    ];
    const rest = [
      begin,
      four((i) => (i === 0 ? put(0) : when(i32.gtS(rows, i), put(i)))),
      singly(rows, i32.and(cols, 3), from, 4, xCol, to, yRow, 4),
    ];
    return [countDown(rows, 4, 4, fourRows), when(rows, rest)];
  });
};

/**
 * Adds (size ..., bytes of x ..., bytes of y ..., and the operands of a matrix): `loops` loops around the copy of a matrix,
 * and for each how often it runs and how far it goes on.
 */
function addLoops(func: AddFunction, loops: number, addCopy: AddCopy): void {
  const copy = addCopy(func);
  if (loops === 0) return;
  func('i'.repeat(3 * loops + 8), (params, locals) => {
    const all: readonly Local[] = params;
    const [rows, cols, x, xRow, xCol, y, yRow, yCol] = all.slice(3 * loops) as Locals;
    const from = (loop: number, xAt: Local, yAt: Local): Code => {
      if (loop === loops) return copy(rows, cols, xAt, xRow, xCol, yAt, yRow, yCol);
      const [i, xNext, yNext] = locals('iii');
      return [
        xNext.set(xAt),
        yNext.set(yAt),
        forRange(
          i,
          0,
          all[loop]!,
          1,
          from(loop + 1, xNext, yNext),
          advance(xNext, all[loops + loop]!),
          advance(yNext, all[2 * loops + loop]!),
        ),
      ];
    };
    return from(0, x, y);
  });
}

/** Whether both hold numbers of four bytes, of one type. */
export const areWords = (x: TypedArray, y: TypedArray): boolean =>
  x.BYTES_PER_ELEMENT === 4 && x.constructor === y.constructor;

/** The same, or of one byte. */
const isMovable = (x: TypedArray, y: TypedArray): boolean =>
  areWords(x, y) || (x.BYTES_PER_ELEMENT === 1 && x.constructor === y.constructor);

/** The kernel. */
export function stridedCopyOf(engine: Engine): MovementKernels['stridedCopy'] {
  const { args, heap } = engine;
  /** Slots by the number of loops around a matrix, as many as there are ranks of tensors in use. */
  const copies = (addCopy: AddCopy): ((loops: number) => WasmFunction) => {
    const slots: Slot[] = [];
    return (loops) => {
      slots[loops] ??= engine.kernel((func) => addLoops(func, loops, addCopy));
      return slots[loops].fn;
    };
  };
  const inRows = copies(addInRows);
  const words = { singly: copies(addWordsSingly), transposing: copies(addTransposed), reversing: copies(addReversed) };
  const bytes = { singly: copies(addBytesSingly), filling: copies(addFilled) };
  const transposing = Array.from({ length: BLOCK + 1 }, (_, width) => copies(addTransposedBytes(width)));

  /** The matrix of a copy and the loops around it, `around`: all steps in bytes, `one` of which a number has. */
  function copyMatrix(
    one: number,
    around: readonly number[],
    rows: number,
    cols: number,
    x: number,
    xRow: number,
    xCol: number,
    y: number,
    yRow: number,
    yCol: number,
  ): void {
    const loops = around.length / 3;
    const { singly } = one === 4 ? words : bytes;
    const transposed = (columns: number): WasmFunction =>
      (one === 4 ? words.transposing : transposing[Math.min(columns, BLOCK)]!)(loops);
    if (xCol === one && yCol === one) inRows(loops)(...around, rows, one * cols, x, xRow, xCol, y, yRow, yCol);
    else if (xRow === one && yCol === one) transposed(cols)(...around, rows, cols, x, xRow, xCol, y, yRow, yCol);
    else if (xCol === one && yRow === one) transposed(rows)(...around, cols, rows, x, xCol, xRow, y, yCol, yRow);
    else if (one === 4 && xCol === -4 && yCol === 4)
      words.reversing(loops)(...around, rows, cols, x, xRow, xCol, y, yRow, yCol);
    else if (one === 1 && xCol === 0 && yCol === 1)
      bytes.filling(loops)(...around, rows, cols, x, xRow, xCol, y, yRow, yCol);
    else singly(loops)(...around, rows, cols, x, xRow, xCol, y, yRow, yCol);
  }

  function copyWalk({ sizes, xSteps, ySteps }: Walk, one: number, x: number, y: number): void {
    if (sizes.includes(0)) return;
    const inner = sizes.length - 2;
    const xBytes = xSteps.map((step) => one * step);
    const yBytes = ySteps.map((step) => one * step);
    if (inner < 0) copyMatrix(one, [], 1, sizes[0] ?? 1, x, 0, xBytes[0] ?? one, y, 0, yBytes[0] ?? one);
    else {
      const around = [...sizes.slice(0, inner), ...xBytes.slice(0, inner), ...yBytes.slice(0, inner)];
      const [rows, cols] = sizes.slice(inner) as [number, number];
      const [xRow, xCol] = xBytes.slice(inner) as [number, number];
      const [yRow, yCol] = yBytes.slice(inner) as [number, number];
      copyMatrix(one, around, rows, cols, x, xRow, xCol, y, yRow, yCol);
    }
  }

  /**
   * Copies where an array is of elsewhere, part by part while parts of x lie together. False if too little of x is wanted, or
   * where y has gaps: all of y's part is written back.
   */
  function copyStaged(walk: Walk, x: TypedArray, xOffset: number, y: TypedArray, yOffset: number): boolean {
    const { sizes, xSteps, ySteps } = walk;
    const count = sizes.reduce((product, size) => product * size, 1);
    const from = extentOf(sizes, xSteps);
    const to = extentOf(sizes, ySteps);
    if (ySteps.includes(0) || from.length > 2 * count || to.length > count) return false;
    if (count > STAGED_AT_ONCE) {
      const size = sizes[0]!;
      const most = Math.floor((STAGED_AT_ONCE * size) / count);
      const inner = { sizes: sizes.slice(1), xSteps: xSteps.slice(1), ySteps: ySteps.slice(1) };
      for (let i = 0; i < size; i += Math.max(1, most)) {
        const part = most < 2 ? inner : { ...walk, sizes: [Math.min(most, size - i), ...inner.sizes] };
        if (!copyStaged(part, x, xOffset + i * xSteps[0]!, y, yOffset + i * ySteps[0]!)) break;
        if (i + Math.max(1, most) >= size) return true;
      }
    }
    const write = (): number => args.write(partOf(y, yOffset, to), to.length);
    // To stage x may make the heap grow, which detaches an array of the heap but leaves its address.
    const known = heap.has(y) ? write() : 0;
    const xAt = args.read(partOf(x, xOffset, from), from.length);
    const yAt = known === 0 ? write() : known;
    const one = x.BYTES_PER_ELEMENT;
    copyWalk(walk, one, xAt - one * from.first, yAt - one * to.first);
    args.done();
    return true;
  }

  /** Whether a strided copy was made so: of much, while no step holds the heap, which may have to grow. */
  function isCopiedStaged(walk: Walk, x: TypedArray, xOffset: number, y: TypedArray, yOffset: number): boolean {
    if (heap.isHeld || !isMovable(x, y) || hasLongRows(walk)) return false;
    if (walk.sizes.reduce((product, size) => product * size, 1) < STAGED_FROM) return false;
    try {
      return copyStaged(walk, x, xOffset, y, yOffset);
    } catch (error) {
      if (error instanceof LimitError) return false;
      throw error;
    }
  }

  return (shape, x, xOffset, xStrides, y, yOffset, yStrides) => {
    const walk = walkOf(shape, xStrides, yStrides);
    if (isMovable(x, y) && heap.has(x) && heap.has(y)) {
      const one = x.BYTES_PER_ELEMENT;
      copyWalk(walk, one, args.read(x, 0) + one * xOffset, args.write(y, 0) + one * yOffset);
    } else if (!isCopiedStaged(walk, x, xOffset, y, yOffset)) {
      engine.orElse.stridedCopy(shape, x, xOffset, xStrides, y, yOffset, yStrides);
    }
  };
}
