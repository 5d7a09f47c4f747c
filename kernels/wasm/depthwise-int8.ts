import type { Convolution } from '../interface/convolution.ts';
import { phaseOf } from '../phases.ts';
import { type AddFunction, advance, type Callee, countDown, forRange, type Local, when } from './assembler.ts';
import type { Code } from './code.ts';
import { MOST_TAPS, sweepOf } from './depthwise.ts';
import { SWEEP } from './depthwise-f32.ts';
import { type Engine, needsBlockBreaks } from './engine.ts';
import { addCopyRows, eachImage, frameBytesOf, moveTo, named } from './frames.ts';
import * as i16x8 from './instructions/i16x8.ts';
import * as i32 from './instructions/i32.ts';
import * as i32x4 from './instructions/i32x4.ts';
import * as v128 from './instructions/v128.ts';
import { slotsByShape } from './products.ts';
import type { Plan } from './remembered.ts';
import { codesOf } from './requantized.ts';
import { storeLanes } from './stores.ts';
import { copyBytes } from './strided-copy.ts';

/**
 * Int8 convolutions of each channel by itself. A vector is eight channels, widened to 16 bits as they are loaded; what is
 * outside of an image is its zero point, and what zero points add to a sum is taken off where it begins, at the bias. A step takes
 * two taps, whose channels in turn meet the weights of both by `dot`: two of a column, so that neighbouring positions share the
 * turn, or of a last row two side by side. Sums of up to four positions stay in registers, from the bias to the codes that are stored.
 */

const LANES = 8;
/** Bytes of four channels' sums, or of their weights for two taps. */
const HALF = 16;
const HALVES = [0, 1] as const;

/** What is written into the code. */
interface Shape {
  readonly channels: number;
  /** Taps down and across that are written out, or 0: loops. */
  readonly down: number;
  readonly across: number;
  /** Pixels from position to position, and from tap to tap, across. */
  readonly stride: number;
  readonly dilation: number;
  readonly isRequantized: boolean;
}

/** Positions of a tile, and of what is left of a row. */
const TILES = [4, 2, 1];

/** Taps that are taken together, in the order of steps: of two rows those of a column, of a last row neighbours. */
function pairsOf(down: number, across: number): (readonly [tap: number, other: number | null])[] {
  const even = down & -2;
  const inColumns = Array.from({ length: (even / 2) * across }, (_, i) => {
    const tap = i + Math.floor(i / across) * across;
    return [tap, tap + across] as const;
  });
  const inRow = Array.from({ length: even < down ? Math.ceil(across / 2) : 0 }, (_, i) => {
    const tap = even * across + 2 * i;
    return [tap, 2 * i + 1 < across ? tap + 1 : null] as const;
  });
  return [...inColumns, ...inRow];
}

/** Operands of a row of positions. */
const ROW = ['x', 'tapRow', 'taps', 'across', 'weights', 'positions', 'y', 'scales', 'to', 'low', 'high'] as const;

/** Adds a row of positions, tile by tile, and for each all vectors of channels. */
function addRow(func: AddFunction, shape: Shape): Callee {
  const { channels, down, across, stride, dilation, isRequantized } = shape;
  const size = isRequantized ? 1 : 4;
  return func('i'.repeat(ROW.length), (params, locals) => {
    const p = named(ROW, params);
    const [place, row, next, w, at, left, taps, scalesAt] = locals('iiiiiiii');
    const to = locals('iiii').slice(0, TILES[0]);
    const sums = to.map(() => locals('vv').slice(0, 2));
    const turns = locals('vv').slice(0, 2);
    const codes = codesOf(locals, p.to, p.low, p.high);
    const known = new Map<string, Local>();
    const local = (name: string): Local => {
      const found = known.get(name) ?? locals('v')[0];
      known.set(name, found);
      return found;
    };
    const breakBlock = needsBlockBreaks
      ? when(
          i32.ltS(p.tapRow, 0),
          sums.flat().map((sum) => sum.set(v128.load(p.x))),
        )
      : [];
    /** The channels of two taps in turn. */
    const takeTurns = (x: Local, y: Local): Code =>
      turns.map((turn, half) => {
        const lanes = [0, 1, 2, 3].flatMap((lane) => [4 * half + lane, LANES + 4 * half + lane]);
        return turn.set(v128.shuffle16(lanes, x, y));
      });
    const addTo = (sum: readonly Local[], weights: readonly Local[]): Code =>
      HALVES.map((half) => sum[half]!.set(i32x4.add(sum[half]!, i32x4.dotI16x8S(turns[half]!, weights[half]!))));
    const weightsOf = (step: number): readonly Local[] => HALVES.map((half) => local(`w${step} ${half}`));
    const loadWeights = (step: number, name = step): Code =>
      weightsOf(name).map((weight, half) => weight.set(v128.load(w, HALF * (2 * (step + 1) + half))));
    const x = local('x');
    const y = local('y');

    const tile = (count: number): Code => {
      const used = sums.slice(0, count);
      const load = (from: Local, pixels: number): Code => v128.load8x8S(from, channels * pixels);
      /** Columns that a row of taps meets, from left to right. */
      const columns = [
        ...new Set(used.flatMap((_, i) => Array.from({ length: across }, (_, kx) => i * stride + kx * dilation))),
      ];
      columns.sort((p, q) => p - q);
      const twoRows = (first: number): Code => [
        next.set(i32.add(row, p.tapRow)),
        Array.from({ length: across }, (_, kx) => loadWeights(first + kx, kx)),
        columns.map((pixels) => [
          breakBlock,
          x.set(load(row, pixels)),
          y.set(load(next, pixels)),
          takeTurns(x, y),
          used.map((sum, i) => {
            const kx = (pixels - i * stride) / dilation;
            return Number.isInteger(kx) && kx >= 0 && kx < across ? addTo(sum, weightsOf(kx)) : [];
          }),
        ]),
        row.set(i32.add(next, p.tapRow)),
      ];
      const lastRow = (first: number): Code => {
        const loaded = new Set<number>();
        const column = (pixels: number): Local => local(`column ${pixels}`);
        const loadTap = (kx: number): Code =>
          used.map((_, i) => {
            const pixels = i * stride + kx * dilation;
            if (loaded.has(pixels) || kx >= across) return [];
            loaded.add(pixels);
            return column(pixels).set(load(row, pixels));
          });
        return Array.from({ length: Math.ceil(across / 2) }, (_, step) => {
          const kx = 2 * step;
          const other = Math.min(kx + 1, across - 1); // without a second, its weights are 0
          return [
            breakBlock,
            loadWeights(first + step, step),
            loadTap(kx),
            loadTap(other),
            used.map((sum, i) => [
              takeTurns(column(i * stride + kx * dilation), column(i * stride + other * dilation)),
              addTo(sum, weightsOf(step)),
            ]),
          ];
        });
      };
      const goOn = [
        advance(at, channels * dilation),
        advance(left, -1),
        when(i32.eqz(left), [left.set(p.across), advance(row, p.tapRow), at.set(row)]),
      ];
      const numbers = (which: string): Code => used.map((_, i) => local(`${which}${i}`).set(load(at, i * stride)));
      const loops = (): Code => [
        at.set(row),
        left.set(p.across),
        taps.set(p.taps),
        countDown(
          taps,
          2,
          1,
          loadWeights(0),
          numbers('x'),
          when(i32.geS(taps, 0), goOn), // behind the last of an odd number of taps there may be no memory
          numbers('y'),
          when(taps, goOn),
          used.map((sum, i) => [takeTurns(local(`x${i}`), local(`y${i}`)), addTo(sum, weightsOf(0))]),
          advance(w, 2 * HALF),
        ),
        advance(w, 2 * HALF),
      ];
      const written = (): Code => [
        Array.from({ length: down >> 1 }, (_, i) => twoRows(i * across)),
        (down & 1) === 1 ? lastRow((down >> 1) * across) : [],
        advance(w, 2 * HALF * (1 + pairsOf(down, across).length)),
      ];
      const vector = (lanes: number): Code => [
        row.set(i32.add(p.x, place)),
        used.map((sum) => HALVES.map((half) => sum[half]!.set(v128.load(w, HALF * half)))),
        down > 0 ? written() : loops(),
        isRequantized
          ? [
              scalesAt.set(i32.add(p.scales, i32.shl(place, 2))),
              codes.store({ sums: used, cRows: to }, lanes, scalesAt),
            ]
          : used.map((sum, i) =>
              HALVES.map((half) =>
                lanes > 4 * half ? storeLanes(lanes - 4 * half, to[i]!, sum[half]!, HALF * half) : [],
              ),
            ),
        to.slice(0, count).map((each) => advance(each, size * LANES)),
      ];
      const whole = channels & -LANES;
      return countDown(p.positions, count, count, [
        w.set(p.weights),
        to.slice(0, count).map((each) => [each.set(p.y), advance(p.y, size * channels)]),
        forRange(place, 0, whole, LANES, vector(LANES)),
        whole === channels ? [] : [place.set(whole), vector(channels - whole)],
        advance(p.x, channels * stride * count),
      ]);
    };
    return [codes.prepare, TILES.map(tile)];
  });
}

/**
 * Adds (to, packed, bias, channels, taps, zeroPoint): for each vector of channels where its sums begin, then its weights for two
 * taps at a time, widened. Without a bias its address is 0.
 */
function addPack(func: AddFunction, { down, across }: Shape): Callee {
  return func('iiiiii', ([to, packed, bias, channels, taps, zeroPoint], locals) => {
    const [from, pair, pairs, first] = locals('iiii');
    const [less, ones, half] = locals('vvv');
    const begin = locals('vv').slice(0, 2);
    const put = (weights: (half: number) => Code): Code => [
      HALVES.map((i) => [
        half.set(weights(i)),
        v128.store(to, half, HALF * i),
        begin[i]!.set(i32x4.add(begin[i]!, i32x4.dotI16x8S(half, less))),
      ]),
      advance(to, 2 * HALF),
    ];
    const together = (tap: number, i: number): Code => v128.load8x8S(from, 2 * HALF * (tap >> 1) + 8 * i);
    /** A tap's weights in the lower 16 bits of each lane, above which there is 0, or in the upper. */
    const lower = (tap: number, i: number): Code =>
      (tap & 1) === 1 ? i32x4.shrU(together(tap, i), 16) : v128.and(together(tap, i), ones);
    const upper = (tap: number, i: number): Code =>
      (tap & 1) === 1 ? v128.andnot(together(tap, i), ones) : i32x4.shl(together(tap, i), 16);
    const chosen = pairsOf(down, across).map(([tap, other]) =>
      put((i) => (other === null ? lower(tap, i) : v128.or(lower(tap, i), upper(other, i)))),
    );
    const all = forRange(
      pair,
      0,
      pairs,
      1,
      put((i) => v128.load8x8S(from, 8 * i)),
      advance(from, 2 * HALF),
    );
    const vector = [
      first.set(to),
      advance(to, 2 * HALF),
      begin.map((sum, i) => when(bias, sum.set(v128.load(bias, HALF * i)), sum.set(i32x4.splat(0)))),
      down > 0 ? chosen : all,
      begin.map((sum, i) => v128.store(first, sum, HALF * i)),
      when(bias, advance(bias, 2 * HALF)),
    ];
    return [
      less.set(i16x8.splat(i32.sub(0, zeroPoint))),
      ones.set(i32x4.splat(0xffff)),
      pairs.set(i32.shrU(i32.add(taps, 1), 1)),
      countDown(channels, LANES, 1, [
        from.set(packed),
        vector,
        // The other half of a panel lies beside it.
        when(i32.gtS(channels, 0), [from.set(i32.add(packed, 16)), vector]),
        advance(packed, i32.mul(pairs, 2 * HALF)),
        advance(channels, -LANES),
      ]),
    ];
  });
}

// biome-ignore format: many to a line
const CALL = ['from', 'zeroPoint', 'packed', 'weights', 'y', 'bias', 'scales', 'to', 'low', 'high'] as const;
/** Operands: those of a call, and what follows from sizes, in which addresses count from the first image and `weights`. */
const WINDOWS = [...CALL, ...SWEEP, 'taps', 'yRow'] as const;

function writeWindows(func: AddFunction, shape: Shape): void {
  const pack = addPack(func, shape);
  const copy = addCopyRows(func, copyBytes);
  const oneRow = addRow(func, shape);
  func('i'.repeat(WINDOWS.length), (params, locals) => {
    const p = named(WINDOWS, params);
    const [image, x, oy] = locals('iii');
    const operands = { ...p, x };
    return [
      moveTo(p, p.from, p.weights),
      pack(p.weights, p.packed, p.bias, shape.channels, p.taps, p.zeroPoint),
      eachImage(
        { ...p, outside: p.zeroPoint },
        image,
        copy,
        x.set(image),
        forRange(oy, 0, p.rows, 1, [
          oneRow(...ROW.map((name) => operands[name])),
          advance(x, p.rowStep),
          advance(p.y, p.yRow),
        ]),
      ),
    ];
  });
}

/** Plans of convolutions that are `isDepthwise`. */
export function depthwisePlans(engine: Engine): (s: Convolution, isRequantized: boolean) => Plan {
  const windows = slotsByShape(engine, writeWindows);
  return (s, isRequantized) => {
    const { channels, strideX: stride, dilationX: dilation } = s;
    const taps = s.kernelHeight * s.kernelWidth;
    const phase = phaseOf(s);
    const frameBytes = frameBytesOf(phase, channels);
    // For each vector where its sums begin, and its weights for two taps at a time.
    const weightBytes = 2 * HALF * Math.ceil(channels / LANES) * (1 + Math.ceil(taps / 2));
    const [down, across] = taps <= MOST_TAPS ? [s.kernelHeight, s.kernelWidth] : [0, 0];
    return {
      slot: windows({ channels, down, across, stride, dilation, isRequantized }),
      scratchBytes: weightBytes + frameBytes,
      operands: [
        ...sweepOf(phase, s.batch, 0, channels, weightBytes, frameBytes),
        taps,
        (isRequantized ? 1 : 4) * s.outWidth * channels, // yRow
      ],
    };
  };
}
