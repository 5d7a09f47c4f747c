import { figure, percent } from '../../../bench/format.ts';
import type { Peak } from '../../../bench/roofline.ts';
import type { Text } from '../text/text.ts';
import { type Axis, place, powersAround, spread, ticks } from './axes.ts';
import { boundAt, markOf } from './bound.ts';
import { type Ladder, rowName } from './ladders.ts';
import type { Run } from './runs.ts';
import { choiceText, rungText } from './words.ts';

/** A rung as it is drawn. */
export interface Dot {
  readonly key: string;
  readonly ladder: Ladder;
  readonly x: number;
  readonly y: number;
  /** Where its label begins, or ends; null where it has none. */
  readonly label: { readonly x: number; readonly y: number; readonly side: 'start' | 'end' } | null;
  /** Of a run before the newest. */
  readonly isOld: boolean;
  readonly rung: string;
  readonly rate: string;
  /** All of it in a sentence. */
  readonly sentence: string;
}

/** A piece of roof, with its name at its end. */
export interface Roof {
  readonly kind: 'floats' | 'integers';
  readonly path: string;
  readonly name: string;
  readonly y: number;
}

export interface Picture {
  readonly x: Axis;
  readonly y: Axis;
  readonly xTicks: readonly { readonly at: number; readonly text: string }[];
  readonly yTicks: readonly { readonly at: number; readonly text: string }[];
  readonly roofs: readonly Roof[];
  readonly memory: { readonly x: number; readonly y: number; readonly angle: number; readonly name: string };
  readonly dots: readonly Dot[];
}

const LABEL = 15;
/** Pixels between marks and the column of their labels, the gap before a label included. */
const BESIDE = 26 + 4;
/** About as many pixels as the words take at the size of the plot's letters; those of Chinese are twice as wide. */
const wide = (words: string): number => [...words].reduce((sum, letter) => sum + (letter > '\u2e80' ? 12 : 7), 0);
const plain = (value: number): string => (value >= 1 ? String(Math.round(value)) : `1/${Math.round(1 / value)}`);
const decimal = (value: number): string => String(Number(value.toPrecision(1)));

/** The roofline with the rungs of all runs; those of the newest are labelled. */
export function pictureOf(
  words: Text['kernels'],
  peak: Peak,
  runs: readonly Run[],
  width: number,
  height: number,
): Picture {
  const newest = runs.at(-1);
  const marks = runs.flatMap((run) =>
    run.result.variants.map((variant) => ({ run, variant, mark: markOf(run.choice, variant, peak) })),
  );
  const flat = Math.max(peak.gflops ?? 0, peak.integers ?? 0);
  const intensities = marks.map(({ mark }) => mark.intensity);
  const ridge = flat === 0 ? 4 : flat / peak.bandwidth;
  const [xLow, xHigh] = powersAround([0.5, ...intensities, 2 * ridge], 2, 6);
  const [yLow, yHigh] = powersAround([1, ...marks.map(({ mark }) => mark.rate), 1.2 * Math.max(flat, 10)], 10, 2);
  const x: Axis = { low: xLow, high: xHigh, from: 44, to: width - 12 };
  const y: Axis = { low: yLow, high: yHigh, from: height - 40, to: 14 };
  const labels = labelsOf(
    marks
      .filter(({ run }) => run === newest)
      .map(({ variant, mark }) => ({
        ...{ name: variant.name, wide: wide(rungText(words, variant.who, variant.how)) },
        ...{ x: place(x, mark.intensity), y: place(y, mark.rate) },
      })),
    x,
    y,
  );
  const dots = marks.map(({ run, variant, mark }): Dot => {
    const { name, who, how } = variant;
    const rung = rungText(words, who, how);
    const rate = figure(mark.rate);
    const share = mark.share === null ? '' : percent(mark.share);
    return {
      key: `${rowName(run.choice)} ${name}`,
      ladder: run.choice.ladder,
      x: place(x, mark.intensity),
      y: place(y, mark.rate),
      label: run === newest ? (labels.get(name) ?? null) : null,
      isOld: run !== newest,
      rung,
      rate,
      sentence: words.mark(choiceText(words, run.choice), rung, rate, figure(mark.intensity), share),
    };
  });
  const [left, right] = [place(x, 2 * xLow), place(y, peak.bandwidth * 2 * xLow)];
  const slope = (y.to - y.from) / Math.log(yHigh / yLow) / ((x.to - x.from) / Math.log(xHigh / xLow));
  return {
    x,
    y,
    xTicks: ticks(xLow, xHigh, 2)
      .filter((_, i, all) => all.length < 9 || width > 560 || i % 2 === 0)
      .map((value) => ({ at: place(x, value), text: plain(value) })),
    yTicks: ticks(yLow, yHigh, 10).map((value) => ({ at: place(y, value), text: decimal(value) })),
    roofs: roofsOf(words, peak, x, y),
    memory: {
      x: left,
      y: right,
      angle: (Math.atan(slope) * 180) / Math.PI,
      name: words.memoryRoof(figure(peak.bandwidth)),
    },
    dots,
  };
}

/** A mark that may be labelled, and how wide its label is. */
interface Labelled {
  readonly name: string;
  readonly wide: number;
  readonly x: number;
  readonly y: number;
}

/**
 * Labels in a column beside their marks, on the side with more room; of the highest and the lowest alone where it is narrow. One
 * that would not end within the picture is left out: a mark tells its name to who points at it, and the table has all.
 */
function labelsOf(marks: readonly Labelled[], x: Axis, y: Axis): Map<string, NonNullable<Dot['label']>> {
  const byHeight = [...marks].sort((a, b) => a.y - b.y);
  const left = Math.min(...marks.map((mark) => mark.x));
  const right = Math.max(...marks.map((mark) => mark.x));
  const side = x.to - right > left - x.from ? 'start' : 'end';
  const room = (side === 'start' ? x.to - right : left) - BESIDE;
  const isNarrow = x.to - x.from < 440;
  const shown = byHeight.filter((mark, i) => mark.wide <= room && (!isNarrow || i === 0 || i === byHeight.length - 1));
  const column = side === 'start' ? right + 26 : left - 26;
  const heights = spread(
    shown.map((mark) => mark.y),
    LABEL,
    y.to + 8,
    y.from - 8,
  );
  return new Map(shown.map(({ name }, i) => [name, { x: column, y: heights[i]!, side }]));
}

function roofsOf(words: Text['kernels'], peak: Peak, x: Axis, y: Axis): Roof[] {
  const kinds = [
    ['floats', peak.gflops, words.floatRoof],
    ['integers', peak.integers, words.integerRoof],
  ] as const;
  const roofs = kinds.flatMap(([kind, flat, say]): Roof[] => {
    if (flat === null) return [];
    const corner = Math.min(Math.max(flat / peak.bandwidth, x.low), x.high);
    // The slope begins where it enters the picture, which may be above its left edge.
    const start = Math.max(x.low, y.low / peak.bandwidth);
    const points = [start, corner, x.high].map((at) => `${place(x, at)},${place(y, boundAt(peak, kind, at)!)}`);
    return [{ kind, path: `M${points.join('L')}`, name: say(figure(flat)), y: place(y, flat) }];
  });
  // Names stand above their roofs; where another roof is just there, below.
  const apart = roofs.map((roof) => {
    const isUnder = roofs.some((other) => other.y < roof.y && roof.y - other.y < 2 * LABEL);
    return { ...roof, y: isUnder ? roof.y + LABEL : roof.y - 6 };
  });
  if (apart.length > 0) return apart;
  // Without WebAssembly there is the slope of memory alone.
  const [start, end] = [Math.max(x.low, y.low / peak.bandwidth), Math.min(x.high, y.high / peak.bandwidth)];
  const path = `M${[start, end].map((at) => `${place(x, at)},${place(y, at * peak.bandwidth)}`).join('L')}`;
  return [{ kind: 'floats', path, name: '', y: 0 }];
}
