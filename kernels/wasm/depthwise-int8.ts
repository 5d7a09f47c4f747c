import type { Convolution } from '../interface/convolution.ts';
import type { IntegerImageKernels } from '../interface/integer-images.ts';
import { packedLength } from '../packing.ts';
import { phaseOf } from '../phases.ts';
import { type AddFunction, advance, type Callee, countDown, forRange, type Local, when } from './assembler.ts';
import type { Code } from './code.ts';
import { MOST_TAPS, sweepOf } from './depthwise.ts';
import { SWEEP } from './depthwise-f32.ts';
import { type Engine, needsBlockBreaks } from './engine.ts';
import { eachImage, named, type Operands, pitchOf, wholeFrameOf } from './frames.ts';
import * as i32 from './instructions/i32.ts';
import * as i32x4 from './instructions/i32x4.ts';
import * as v128 from './instructions/v128.ts';
import { slotsByShape } from './products.ts';
import { codesOf } from './requantized.ts';
import { growingScratch } from './scratch.ts';
import { storeLanes } from './stores.ts';
import { addWidenRows } from './widened.ts';

/**
 * Int8 convolutions of each channel by itself, on images widened to 16 bits. A vector is eight channels, and a step takes two
 * taps: their channels in turn meet the weights of both, packed alike, by `dot`. Sums of two neighbouring positions stay in
 * registers, from the bias to the codes that are stored. A module for each shape.
 */

const LANES = 8;
/** Bytes of a vector's numbers in an image, and of its weights for two taps, beside which those of another vector lie. */
const VECTOR = 2 * LANES;
const PAIR = 2 * VECTOR;
const PANEL = 2 * PAIR;

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
const TILES = [2, 1];

/** Operands of a row of positions. */
// biome-ignore format: many to a line
const ROW = [
  'x', 'tapRow', 'pairs', 'across', 'weights', 'positions', 'y', 'bias', 'scales', 'to', 'low', 'high',
] as const;

/** Adds a row of positions, tile by tile, and for each all vectors of channels. */
function addRow(func: AddFunction, shape: Shape): Callee {
  const { channels, down, across, stride, dilation, isRequantized } = shape;
  const pixel = 2 * channels;
  const size = isRequantized ? 1 : 4;
  return func('i'.repeat(ROW.length), (params, locals) => {
    const p = named(ROW, params);
    const [place, row, w, at, left, pairs, biasAt, scalesAt] = locals('iiiiiiii');
    const to = locals('ii').slice(0, TILES[0]);
    const sums = to.map(() => locals('vv').slice(0, 2));
    const weights = locals('vv').slice(0, 2);
    const [mixed] = locals('v');
    const codes = codesOf(locals, p.to, p.low, p.high);
    const columns = new Map<string, Local>();
    const column = (name: string): Local => {
      const known = columns.get(name) ?? locals('v')[0];
      columns.set(name, known);
      return known;
    };
    const breakBlock = needsBlockBreaks
      ? when(
          i32.ltS(p.tapRow, 0),
          sums.flat().map((sum) => sum.set(v128.load(p.x))),
        )
      : [];
    const tile = (count: number): Code => {
      const used = sums.slice(0, count);
      /** Adds two taps, of which each position has its numbers in the locals given. */
      const addPair = (offset: number, taps: (position: number) => readonly [Local, Local]): Code => [
        weights.map((weight, half) => weight.set(v128.load(w, offset + VECTOR * half))),
        used.map((halves, i) =>
          halves.map((sum, half) => {
            const first = 4 * half;
            const lanes = [0, 1, 2, 3].flatMap((lane) => [first + lane, LANES + first + lane]);
            return [
              mixed.set(v128.shuffle16(lanes, ...taps(i))),
              sum.set(i32x4.add(sum, i32x4.dotI16x8S(mixed, weights[half]!))),
            ];
          }),
        ),
      ];
      const writtenOut = (): Code => {
        const loaded = new Set<string>();
        const nameOf = (tap: number, i: number): string =>
          `${Math.floor(tap / across) & 1} ${i * stride + (tap % across) * dilation}`;
        /** Loads what a tap meets at all positions, unless a tap before it met it. */
        const load = (tap: number): Code => {
          const isNewRow = tap % across === 0;
          if (isNewRow) for (const name of loaded) if (name.startsWith(nameOf(tap, 0).slice(0, 2))) loaded.delete(name);
          return [
            isNewRow && tap > 0 ? advance(row, p.tapRow) : [],
            used.map((_, i) => {
              const name = nameOf(tap, i);
              if (loaded.has(name)) return [];
              loaded.add(name);
              return column(name).set(v128.load(row, pixel * (i * stride + (tap % across) * dilation)));
            }),
          ];
        };
        const taps = down * across;
        return Array.from({ length: Math.ceil(taps / 2) }, (_, pair) => {
          const tap = 2 * pair;
          const next = Math.min(tap + 1, taps - 1); // without one, any numbers do: their weights are 0
          return [
            pair === 0 ? [] : breakBlock,
            load(tap),
            next === tap ? [] : load(next),
            addPair(PANEL * pair, (i) => [column(nameOf(tap, i)), column(nameOf(next, i))]),
          ];
        });
      };
      const goOn = [
        advance(at, pixel * dilation),
        advance(left, -1),
        when(i32.eqz(left), [left.set(p.across), advance(row, p.tapRow), at.set(row)]),
      ];
      const loops = (): Code => {
        const numbers = used.map((_, i) => [column(`a${i}`), column(`b${i}`)] as const);
        const load = (from: Local, which: 0 | 1): Code =>
          numbers.map((each, i) => each[which].set(v128.load(from, pixel * i * stride)));
        return [
          at.set(row),
          left.set(p.across),
          pairs.set(p.pairs),
          countDown(
            pairs,
            1,
            1,
            [load(at, 0), goOn, load(at, 1), goOn],
            addPair(0, (i) => numbers[i]!),
            advance(w, PANEL),
          ),
        ];
      };
      const vector = (lanes: number): Code => [
        row.set(i32.add(p.x, place)),
        w.set(
          i32.add(
            i32.add(p.weights, i32.mul(i32.shrU(place, 5), i32.mul(p.pairs, PANEL))),
            i32.shl(i32.and(place, VECTOR), 1),
          ),
        ),
        isRequantized
          ? [biasAt.set(i32.add(p.bias, i32.shl(place, 1))), scalesAt.set(i32.add(p.scales, i32.shl(place, 1)))]
          : [],
        used.map((halves) =>
          halves.map((sum, half) => sum.set(isRequantized ? v128.load(biasAt, 16 * half) : i32x4.splat(0))),
        ),
        down > 0 ? writtenOut() : loops(),
        isRequantized
          ? codes.store({ sums: used, cRows: to }, lanes, scalesAt)
          : used.map((halves, i) =>
              halves.map((sum, half) => (lanes > 4 * half ? storeLanes(lanes - 4 * half, to[i]!, sum, 16 * half) : [])),
            ),
        to.slice(0, count).map((each) => advance(each, size * LANES)),
      ];
      const whole = channels & -LANES;
      return countDown(p.positions, count, count, [
        to.slice(0, count).map((each) => [each.set(p.y), advance(p.y, size * channels)]),
        forRange(place, 0, 2 * whole, VECTOR, vector(LANES)),
        whole === channels ? [] : [place.set(2 * whole), vector(channels - whole)],
        advance(p.x, pixel * stride * count),
      ]);
    };
    return [codes.prepare, TILES.map(tile)];
  });
}

// biome-ignore format: many to a line
const OWN = [
  'zeroPoint', 'pairs', 'packed', 'packedBytes', 'weights', 'y', 'yRow', 'bias', 'scales', 'to', 'low', 'high',
] as const;
const WINDOWS: readonly [...typeof SWEEP, ...typeof OWN] = [...SWEEP, ...OWN];

function writeWindows(func: AddFunction, shape: Shape): void {
  const widen = addWidenRows(func);
  const oneRow = addRow(func, shape);
  func('i'.repeat(WINDOWS.length), (params, locals) => {
    const p = named(WINDOWS, params);
    const [image, x, oy] = locals('iii');
    const operands = { ...p, x };
    return [
      widen(p.weights, 0, p.packed, 0, 1, p.packedBytes, 0),
      eachImage(
        p,
        image,
        (...given) => widen(...given, p.zeroPoint),
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

/** What becomes of sums. */
interface Requantization {
  readonly bias: Int32Array;
  readonly scales: Float32Array;
  readonly to: number;
  readonly low: number;
  readonly high: number;
}

/** The kernels for convolutions that are `isDepthwise`. */
export function depthwiseInt8(engine: Engine): Pick<IntegerImageKernels, 'conv2dInt8' | 'conv2dRequantized'> {
  const { args } = engine;
  const scratch = growingScratch(engine);
  const windows = slotsByShape(engine, writeWindows);

  /** False where there is no room or nothing to do. */
  function convolve(
    s: Convolution,
    x: Int8Array,
    zeroPoint: number,
    packed: Int8Array,
    codes: Requantization | null,
    y: Int8Array | Int32Array,
  ): boolean {
    const taps = s.kernelHeight * s.kernelWidth;
    const results = s.batch * s.outHeight * s.outWidth * s.channels;
    if (results * taps * s.height * s.width === 0) return false;
    const phase = phaseOf(s);
    const frameBytes = wholeFrameOf(phase, 2 * s.channels);
    const packedBytes = packedLength(s);
    // In loops an odd tap's partner is read from behind the frame.
    const behind = s.dilationY * pitchOf(phase, 2 * s.channels, frameBytes);
    const weights = scratch(2 * packedBytes + frameBytes + behind);
    if (weights === 0) return false;
    const isWritten = taps <= MOST_TAPS;
    const size = codes === null ? 4 : 1;
    const slot = windows({
      channels: s.channels,
      down: isWritten ? s.kernelHeight : 0,
      across: isWritten ? s.kernelWidth : 0,
      stride: s.strideX,
      dilation: s.dilationX,
      isRequantized: codes !== null,
    });
    const xAt = args.read(x, s.batch * s.height * s.width * s.channels);
    const operands: Operands<typeof WINDOWS> = [
      ...sweepOf(phase, s.batch, xAt, s.channels, weights + 2 * packedBytes, frameBytes, 2),
      zeroPoint,
      Math.ceil(taps / 2), // pairs
      args.read(packed, packedBytes),
      packedBytes,
      weights,
      args.write(y, results),
      size * s.outWidth * s.channels, // yRow
      codes === null ? 0 : args.read(codes.bias, s.channels),
      codes === null ? 0 : args.read(codes.scales, s.channels),
      codes?.to ?? 0,
      codes?.low ?? 0,
      codes?.high ?? 0,
    ];
    args.done(slot.fn(...operands));
    return true;
  }

  return {
    conv2dInt8: (s, x, zeroPoint, packed, sums) => {
      if (!convolve(s, x, zeroPoint, packed, null, sums)) engine.orElse.conv2dInt8(s, x, zeroPoint, packed, sums);
    },
    conv2dRequantized: (s, x, zeroPoint, packed, bias, scales, to, low, high, y) => {
      if (!convolve(s, x, zeroPoint, packed, { bias, scales, to, low, high }, y))
        engine.orElse.conv2dRequantized(s, x, zeroPoint, packed, bias, scales, to, low, high, y);
    },
  };
}
