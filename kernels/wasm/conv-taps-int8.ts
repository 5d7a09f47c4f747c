import { type AddFunction, advance, type Callee, countDown, forRange, type Local, when } from './assembler.ts';
import type { Code } from './code.ts';
import { WRITTEN_OPERANDS } from './conv-int8.ts';
import { eachImage, moveTo, named } from './frames.ts';
import * as i32 from './instructions/i32.ts';
import * as i32x4 from './instructions/i32x4.ts';
import * as v128 from './instructions/v128.ts';
import { codesOf, findSmall } from './requantized.ts';
import { tileOf } from './tile.ts';
import { addPairRows, addWidenRows } from './widened.ts';

/**
 * The int8 convolution of few numbers for each result, written out as that of floats (conv-taps-f32.ts). Where runs are odd,
 * two rows of taps are taken together: the numbers that a tap meets in both are a pair, and no half of one is lost.
 */

/** Pairs for each result up to which they are written out. */
export const MOST_PAIRS = 20;
const COLS = 8;
/** Bytes of a pair of rows of widened weights. */
const PAIR = 4 * COLS;

export interface Shape {
  readonly tapsY: number;
  /** Runs in a row of taps, and the numbers of a run. */
  readonly runs: number;
  readonly run: number;
  /** Numbers between runs, and between positions. */
  readonly runStep: number;
  readonly stride: number;
  /** Units modulo 8. */
  readonly tail: number;
  readonly isRequantized: boolean;
}

/** Rows of taps that are taken together, two or one, from row `ky` on: pairs by their place in a row, with rows of the kernel. */
interface Rows {
  readonly count: 1 | 2;
  readonly pairs: readonly { readonly place: number; readonly first: number; readonly second: number }[];
}

export const isPaired = ({ tapsY, run }: Pick<Shape, 'tapsY' | 'run'>): boolean => run % 2 === 1 && tapsY > 1;

/** Rows of the packed kernel that make up pairs; those of zeros behind odd runs are among them. */
function rowsOf(shape: Shape): Rows[] {
  const { tapsY, runs, run, runStep } = shape;
  const padded = run + (run % 2);
  const rows: Rows[] = [];
  for (let ky = 0; ky < tapsY; ky += rows.at(-1)!.count) {
    const isDouble = isPaired(shape) && ky + 1 < tapsY;
    const pairs = Array.from({ length: runs }, (_, r) => {
      const first = (ky * runs + r) * padded;
      return isDouble
        ? Array.from({ length: run }, (_, i) => ({
            place: r * runStep + i,
            first: first + i,
            second: first + runs * padded + i,
          }))
        : Array.from({ length: padded / 2 }, (_, i) => ({
            place: r * runStep + 2 * i,
            first: first + 2 * i,
            second: first + 2 * i + 1,
          }));
    });
    rows.push({ count: isDouble ? 2 : 1, pairs: pairs.flat() });
  }
  return rows;
}

const pairsOf = (shape: Shape): number => rowsOf(shape).reduce((sum, { pairs }) => sum + pairs.length, 0);
/** Bytes of the widened weights. */
export const weightBytes = (units: number): number => Math.ceil(units / COLS) * MOST_PAIRS * PAIR;

/** Adds (to, from), which widens the weights of eight units. */
function addWiden(func: AddFunction, shape: Shape): Callee {
  return func('ii', ([to, from], locals) => {
    const [x, y] = locals('vv');
    const all = rowsOf(shape).flatMap(({ pairs }) => pairs);
    /** The row's numbers in the lower, or the upper half of lanes. */
    const half = (row: number, v: number, isUpper: boolean): Code => {
      const load = v128.load8x8S(from, (row >> 1) * 32 + 8 * v);
      const isOdd = row % 2 === 1;
      if (isUpper) return isOdd ? i32x4.shl(i32x4.shrU(load, 16), 16) : i32x4.shl(load, 16);
      return i32x4.shrU(isOdd ? load : i32x4.shl(load, 16), 16);
    };
    return all.flatMap(({ first, second }, i) =>
      [0, 1].map((v) => [
        x.set(half(first, v, false)),
        y.set(half(second, v, true)),
        v128.store(to, v128.or(x, y), PAIR * i + 16 * v),
      ]),
    );
  });
}

/**
 * Adds (a, paired, step, rowStep, rows, cols, tapRow, w, y, yStep, bias, scales, to, low, high, isSmall): all positions of an
 * image, `width` units.
 */
function addStrip(func: AddFunction, shape: Shape, width: number): Callee {
  return func('i'.repeat(16), (params, locals) => {
    const [a, paired, step, rowStep, rows, cols, tapRow, w, y, yStep, bias, scales, to, low, high, isSmall] = params;
    const [left] = locals('i');
    const codes = shape.isRequantized ? codesOf(locals, to, low, high, isSmall) : null;
    return [
      codes === null ? [] : codes.prepare,
      countDown(rows, 1, 1, [
        left.set(cols),
        [4, 2, 1].map((positions) =>
          countDown(
            left,
            positions,
            positions,
            tileCode(positions),
            advance(a, i32.mul(step, positions)),
            isPaired(shape) ? advance(paired, i32.mul(step, 2 * positions)) : [],
            advance(y, i32.mul(yStep, positions)),
          ),
        ),
        advance(a, i32.sub(rowStep, step)),
        isPaired(shape) ? advance(paired, i32.shl(i32.sub(rowStep, step), 1)) : [],
      ]),
    ];

    function tileCode(positions: number): Code {
      const tile = tileOf(locals, positions, width, y, yStep);
      const { place, each, separator } = tile;
      const [row] = locals('i');
      // Neighbouring positions meet the same numbers a few places apart, if few enough are between to stay in registers.
      const isShared = shape.stride === 1;
      let pair = 0;
      const steps = rowsOf(shape).map(({ count, pairs }, group) => {
        const shared: Local[] = [];
        const numbersAt = (number: number): Code => {
          const load = v128.load32Splat(row, 2 * count * number);
          if (!isShared) return load;
          if (shared[number] !== undefined) return shared[number]!;
          [shared[number]] = locals('v');
          return shared[number]!.tee(load);
        };
        const isAfterPaired = count === 1 && isPaired(shape);
        return [
          group === 0 ? row.set(count === 2 ? paired : a) : [],
          group > 0 && isAfterPaired ? row.set(i32.add(a, i32.mul(tapRow, shape.tapsY - 1))) : [],
          group > 0 && !isAfterPaired ? advance(row, count === 2 ? i32.shl(tapRow, 2) : tapRow) : [],
          pairs.map(({ place }) => {
            const at = PAIR * pair++;
            return [
              tile.step(
                (_, p) => numbersAt(p * shape.stride + place),
                (v) => v128.load(w, at + 16 * v),
                (sum, x, weights) => i32x4.add(sum, i32x4.dotI16x8S(x, weights)),
              ),
              separator(left),
            ];
          }),
        ];
      });
      return [
        place,
        codes === null ? each((sum) => sum.set(i32x4.splat(0))) : codes.begin(tile, bias),
        steps,
        codes === null ? tile.store : codes.store(tile, width, scales),
      ];
    }
  });
}

/** The convolution for a shape, of one group. */
export function writeFewTaps(func: AddFunction, shape: Shape): void {
  const { tail, isRequantized } = shape;
  const widen = addWiden(func, shape);
  const wide = addStrip(func, shape, COLS);
  const narrow = tail === 0 ? null : addStrip(func, shape, tail);
  const widenRows = addWidenRows(func);
  const pairRows = isPaired(shape) ? addPairRows(func) : null;
  const stripBytes = PAIR * pairsOf(shape);
  func('i'.repeat(WRITTEN_OPERANDS.length), (params, locals) => {
    const o = named(WRITTEN_OPERANDS, params);
    const [at, j, to, from, place, biasAt, scalesAt, paired, isSmall] = locals('iiiiiiiii');
    const panelBytes = 32 * ((shape.tapsY * shape.runs * (shape.run + (shape.run % 2))) / 2);
    const widenAll = [
      to.set(o.weights),
      from.set(o.w),
      forRange(j, 0, o.units, COLS, [
        widen(to, from),
        advance(to, stripBytes),
        // The other half of a panel of sixteen, or the next panel.
        when(i32.and(j, 8), advance(from, panelBytes - 16), advance(from, 16)),
      ]),
    ];
    const operands = [
      at,
      paired,
      o.step,
      o.rowStep,
      o.rows,
      o.cols,
      o.tapRow,
      from,
      place,
      o.yStep,
      biasAt,
      scalesAt,
      o.to,
      o.low,
      o.high,
      isSmall,
    ];
    const next = [
      advance(from, stripBytes),
      advance(place, (isRequantized ? 1 : 4) * COLS),
      advance(biasAt, 4 * COLS),
      advance(scalesAt, 4 * COLS),
    ];
    return [
      widenAll,
      moveTo(o, o.from, o.weights),
      isRequantized ? findSmall(locals, isSmall, o.units, o.bias, o.scales, 65280 * pairsOf(shape)) : [],
      eachImage(o, at, (...given) => widenRows(...given, o.zeroPoint), [
        pairRows === null
          ? []
          : [
              paired.set(i32.add(o.frame, o.frameBytes)),
              pairRows(paired, o.frame, i32.add(o.frame, o.tapRow), i32.sub(o.frameBytes, o.tapRow)),
            ],
        place.set(o.y),
        from.set(o.weights),
        biasAt.set(o.bias),
        scalesAt.set(o.scales),
        forRange(j, 0, i32.and(o.units, -COLS), COLS, wide(...operands), next),
        narrow === null ? [] : narrow(...operands),
        advance(o.y, o.yImage),
      ]),
    ];
  });
}
