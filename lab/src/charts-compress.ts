import * as Plot from '@observablehq/plot';
import { bestOf, effortText, frontOf, scoreText, settingText } from './findings-compress.ts';
import { decimals, exact, size, whole } from './format.ts';
import { CHART, draw, logAxis, short, type Tip } from './plot.ts';
import type { CompressReport, PointResult } from './types-compress.ts';

/** Which samples a picture is of. */
type Part = 'validation' | 'test';

/** A dot of a picture. */
interface Dot {
  readonly bytes: number;
  readonly score: number;
  readonly low: number;
  readonly high: number;
  readonly standing: Standing;
  readonly isBaseline: boolean;
  /** Whether it was trained with a part of the epochs. */
  readonly isEarly: boolean;
  readonly tip: string;
}

/** What a point is among the others. */
type Standing = 'model' | 'front' | 'dominated';

/** So far below the model a picture reaches, or four times as far as the limit. */
const DEPTH = 0.08;

/** This share of the points is shown, however poor they are. */
const SHOWN = 0.75;

/** The lowest score that is shown. */
function floorOf({ original, options, points }: CompressReport, part: Part): number {
  const usual = original[part].score - Math.max(DEPTH, (4 * options.maxDamage) / 100);
  const scores = points.map((p) => p[part].score).sort((p, q) => q - p);
  return Math.min(usual, scores[Math.ceil(SHOWN * scores.length) - 1] ?? usual);
}

/** Points whose score lies below the picture. */
export const belowIn = (report: CompressReport, part: Part): readonly PointResult[] =>
  report.points.filter((p) => p[part].score < floorOf(report, part));

/** Score against bytes of all points, with their intervals, the front, the model and the limits. */
export function sizeScores(report: CompressReport, part: Part): string {
  const { original, scoreName, points, options } = report;
  const below = belowIn(report, part);
  const dots: readonly Dot[] = [
    ...points.filter((p) => !below.includes(p)).map((p) => dotOf(report, p, part)),
    {
      ...{ bytes: original.bytes.file, ...original[part], standing: 'model', isBaseline: false, isEarly: false },
      tip: `the model: ${whole(original.bytes.file)} bytes, ${scoreName} ${scoreText(original[part], exact)}`,
    },
  ];
  const limit = part === 'validation' ? original[part].score - options.maxDamage / 100 : null;
  const sizes = [...dots.map(({ bytes }) => bytes), ...(options.budget === null ? [] : [options.budget])];
  const domain = [Math.min(...sizes) / 1.4, Math.max(...sizes) * 1.4] as const;
  const scores = [...dots.map(({ score }) => score), ...(limit === null ? [] : [limit])];
  const low = Math.min(...scores);
  const high = Math.max(...scores, ...dots.filter(isOnFront).map((dot) => dot.high));
  const pad = Math.max(0.004, (high - low) * 0.1);
  const floor = low - pad;
  const ceiling = high + pad / 2;
  const within = (score: number): number => Math.max(floor, Math.min(ceiling, score));
  const sides = { width: CHART, marginLeft: 44, marginRight: 12 };
  const front = frontOf(report).filter((p) => !below.includes(p));
  const best = bestOf(report);
  return draw(
    `${scoreName} on the ${part} samples against bytes: the model ${decimals(original[part].score)} in ${size(original.bytes.file)}; ${front
      .map(
        (p) => `${p.number} ${decimals(p[part].score)} in ${size(p.bytes.file)}${effortText(p).replace(',', ' with')}`,
      )
      .join(', ')}; and ${points.length - front.length} that are dominated or lie below`,
    {
      ...sides,
      ...{ height: 320, marginTop: 22, marginBottom: 36 },
      x: { type: 'log', domain: [...domain], axis: null },
      y: { domain: [floor, ceiling], ticks: 6, label: scoreName, labelArrow: 'none', grid: true },
      marks: [
        ...logAxis(domain, sides, (b) => short(size(b)), { label: 'bytes of the file' }),
        ...limitMarks(options.budget, limit),
        // The front is one of the validation samples: on others its points go up and down
        ...(part === 'validation'
          ? [Plot.line(front, { ...placeOf(part), curve: 'step-after', stroke: 'var(--train)', strokeWidth: 1.5 })]
          : []),
        ...(['dominated', 'front', 'model'] as const).map((standing) =>
          Plot.ruleX(
            dots.filter((dot) => dot.standing === standing),
            {
              ...{ x: 'bytes', y1: (dot: Dot) => within(dot.low), y2: (dot: Dot) => within(dot.high) },
              ...{ stroke: COLOURS[standing], strokeOpacity: standing === 'dominated' ? 0.25 : 0.8 },
            },
          ),
        ),
        ...dotMarks(dots),
        ...(best === undefined || below.includes(best)
          ? []
          : [Plot.dot([best], { ...placeOf(part), r: 9, stroke: 'currentColor', strokeWidth: 1.5 })]),
      ],
    },
    (chart) =>
      dots.map(({ bytes, score, tip }): Tip => [chart.scale('x')!.apply(bytes), chart.scale('y')!.apply(score), tip]),
  );
}

const isOnFront = ({ standing }: Dot): boolean => standing !== 'dominated';

const placeOf = (part: Part) => ({ x: (p: PointResult) => p.bytes.file, y: (p: PointResult) => p[part].score });

const COLOURS: { readonly [S in Standing]: string } = {
  model: 'currentColor',
  front: 'var(--train)',
  dominated: 'var(--gap)',
};

function dotOf(report: CompressReport, p: PointResult, part: Part): Dot {
  const standing = p.isDominated ? 'dominated' : 'front';
  const { score, low, high } = p[part];
  const best = p.number === report.best ? ', the best' : '';
  const limits = p.meets ? '' : ', beyond a limit';
  return {
    ...{ bytes: p.bytes.file, score, low, high, standing, isBaseline: p.isBaseline, isEarly: p.effort < 1 },
    tip: `${p.number}: ${p.name}${settingText(p, report)}: ${whole(p.bytes.file)} bytes, ${report.scoreName} ${scoreText(p[part], exact)}; ${standing === 'front' ? 'on the front' : 'dominated'}${limits}${best}`,
  };
}

/**
 * Filled on the front, hollow where dominated; networks from scratch are of another colour and diamonds, those with a part of the
 * epochs triangles, and the model is a square.
 */
function dotMarks(dots: readonly Dot[]): Plot.Markish[] {
  const place = { x: 'bytes', y: 'score' } as const;
  const kinds = (['dominated', 'front'] as const).flatMap((standing) =>
    [false, true].flatMap((isBaseline) =>
      [false, true].map((isEarly) => {
        const isFront = standing === 'front';
        const shape = shapeOf(isBaseline, isEarly);
        const colour = isBaseline ? 'var(--test)' : COLOURS[standing];
        const own = dots.filter(
          (dot) => dot.standing === standing && dot.isBaseline === isBaseline && dot.isEarly === isEarly,
        );
        const r = (isFront ? RADII : HOLLOW_RADII)[shape];
        const look = isFront ? { fill: colour } : { fill: 'var(--paper)', stroke: colour, strokeWidth: 1.4 };
        return Plot.dot(own, { ...place, symbol: shape, r, ...look });
      }),
    ),
  );
  const model = dots.filter(({ standing }) => standing === 'model');
  return [...kinds, Plot.dot(model, { ...place, symbol: 'square', r: 5, fill: 'currentColor' })];
}

/** Those on the front stand out. */
const RADII = { circle: 4.5, diamond: 5, triangle: 4.5 };
const HOLLOW_RADII = { circle: 3, diamond: 5, triangle: 3 };

const shapeOf = (isBaseline: boolean, isEarly: boolean): 'triangle' | 'diamond' | 'circle' =>
  isEarly ? 'triangle' : isBaseline ? 'diamond' : 'circle';

/** Lines of the most bytes and of the lowest score. */
function limitMarks(budget: number | null, limit: number | null): Plot.Markish[] {
  const look = { stroke: 'var(--test)', strokeWidth: 1.2, strokeDasharray: '5 3' } as const;
  return [
    ...(budget === null ? [] : [Plot.ruleX([budget], look)]),
    ...(limit === null ? [] : [Plot.ruleY([limit], look)]),
  ];
}
