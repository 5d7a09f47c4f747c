import { smallestFindings } from '../../lab/src/findings-smallest.ts';
import { softFinding, taughtFindings } from '../../lab/src/findings-taught.ts';
import type { Figure } from '../../lab/src/types-base.ts';
import type { Gain } from '../../lab/src/types-layers.ts';
import type { FileStage, FileSubject, LayerBytes, PartBytes, Smallest } from '../../lab/src/types-smallest.ts';
import type { AnswererName, SoftTargets, Taught, TaughtFigure, TaughtName } from '../../lab/src/types-taught.ts';

const figure = (values: readonly number[]): Figure => ({
  mean: values.reduce((sum, x) => sum + x, 0) / values.length,
  min: Math.min(...values),
  max: Math.max(...values),
  values,
});

const ANSWERERS: readonly AnswererName[] = ['teacher', 'student (labels only)', 'student (distilled)'];

/** Soft targets of an 8 that is much like a 9; of many classes nine are shown. */
export function softTargets(names: readonly string[]): Extract<SoftTargets, { kind: 'classes' }> {
  const n = names.length;
  const truth = Math.min(8, n - 1);
  const order = [truth, ...names.map((_, i) => n - 1 - i).filter((i) => i !== truth)];
  const shown = order.slice(0, n > 10 ? 9 : 10);
  const temperatures = [1, 3, 10] as const;
  const answers = temperatures.flatMap((temperature) =>
    ANSWERERS.map((by, a) => {
      const weights = order.map(
        (_, i) => Math.exp(-(i + (i > 1 ? 3 : 0)) * (a === 1 ? 4 : 2.5 + a / 10)) ** (1 / temperature),
      );
      const sum = weights.reduce((p, q) => p + q, 0);
      const all = weights.map((weight) => weight / sum);
      const probabilities = all.slice(0, shown.length);
      return { by, temperature, probabilities, others: all.slice(shown.length).reduce((p, q) => p + q, 0) };
    }),
  );
  const sample = { line: 812, image: { side: 4, pixels: '00ff80000000ff000000ff00000000ff' }, cells: [], more: 0 };
  const found = {
    ...{ kind: 'classes' as const, sample, truth, temperatures, classes: shown, others: n - shown.length, answers },
  };
  return { ...found, finding: softFinding(found, names) };
}

function taughtOf(
  soft: SoftTargets,
  seeds: number,
  all: readonly (readonly [TaughtName, number, number, Gain])[],
): Taught {
  const runs = Array.from({ length: Math.max(5, seeds) }, (_, i) =>
    seeds > 1 ? { seed: i % seeds, start: (i % seeds) + 100 * Math.floor(i / seeds) } : { seed: 0, start: 100 * i },
  );
  const figures = all.map(([name, alone, distilled, gain]): TaughtFigure => {
    const of = (mean: number): Figure => figure(runs.map((_, i) => mean * (1 + 0.004 * (i - (runs.length - 1) / 2))));
    const teacher = name === 'agreement' || name === 'distance' ? null : figure([0.975]);
    return { name, teacher, alone: of(alone), distilled: of(distilled), gain };
  });
  const told = {
    ...{ temperature: 3, alpha: 0.7, epochs: 120, samples: 360, runs, bins: 15, figures },
    control: { isSame: true, largest: 0 },
  };
  return { ...told, soft, findings: taughtFindings(told) };
}

/** Students that are as right as others, agree with the teacher more often, and are worse calibrated. */
export const taught = (seeds = 1, names: readonly string[] = Array.from('0123456789')): Taught =>
  taughtOf(softTargets(names), seeds, [
    ['accuracy', 0.951, 0.958, { gain: 0.007, low: -0.004, high: 0.016 }],
    ['agreement', 0.955, 0.97, { gain: 0.015, low: 0.004, high: 0.026 }],
    ['calibration', 0.018, 0.031, { gain: 0.013, low: 0.002, high: 0.02 }],
  ]);

/** The same of numbers. */
export function taughtNumbers(): Taught {
  const sample = {
    ...{ line: 12, image: null, more: 3 },
    cells: [
      { name: 'rooms', text: '4' },
      { name: 'street', text: 'Grand Avenue' },
    ],
  };
  const found = {
    ...{ kind: 'numbers' as const, sample, truth: 40, teacher: 30, target: 33, alone: 38.5, distilled: 34, alpha: 0.7 },
  };
  return taughtOf({ ...found, finding: softFinding(found, []) }, 1, [
    ['R²', 0.81, 0.83, { gain: 0.02, low: -0.01, high: 0.05 }],
    ['distance', 4.25, 3.5, { gain: -0.75, low: -1.2, high: -0.3 }],
  ]);
}

/** Files of which the smallest is a student's, whose header is most of it; of two layers the second has no scales. */
export function smallest(seeds = 1, names: readonly string[] = ['dense', 'dense_1']): Smallest {
  const over = (mean: number, spread: number): Figure =>
    figure(Array.from({ length: Math.min(3, seeds) }, (_, i) => mean + spread * (i - (Math.min(3, seeds) - 1) / 2)));
  const layers = names.map(
    (name, i): LayerBytes => ({
      name,
      parts: [
        { part: 'values', bytes: 160 + 30 * i },
        { part: 'codebook', bytes: 64 },
        { part: 'positions', bytes: 41 },
        ...(i === 0 ? [{ part: 'scales', bytes: 8 } as const] : []),
        { part: 'biases', bytes: 40 },
      ],
      numbers: 640 - 540 * i,
      kept: 448 - 378 * i,
      float32Bytes: 2600 - 2160 * i,
    }),
  );
  const rest = [{ part: 'header', bytes: 401 }] as const;
  const parts = (total: number): PartBytes[] => [
    { part: 'values', bytes: total - 440 },
    { part: 'biases', bytes: 40 },
    { part: 'header', bytes: 400 },
  ];
  const whole = [...layers.flatMap((layer) => layer.parts), ...rest];
  const total = whole.reduce((sum, { bytes }) => sum + bytes, 0);
  const rows: readonly (readonly [FileSubject, FileStage, number, number])[] = [
    ['teacher', 'float32', 204_120, 0.975],
    ['teacher', 'pruned', 28_150, 0.972],
    ['teacher', 'shared', 11_320, 0.97],
    ['teacher', 'Huffman coded', 7700, 0.97],
    ['teacher', 'range coded', 7290, 0.97],
    ['student (distilled)', 'float32', 10_950, 0.958],
    ['student (distilled)', 'pruned', 8100, 0.957],
    ['student (distilled)', 'shared', 2480, 0.958],
    ['student (distilled)', 'Huffman coded', total + 52, 0.958],
    ['student (distilled)', 'range coded', total, 0.958],
  ];
  const found = {
    epochs: 8,
    settings: [
      { subject: 'teacher' as const, sparsity: 0.9, clusters: 16 },
      { subject: 'student (distilled)' as const, sparsity: 0.3, clusters: 16 },
    ],
    files: rows.map(([subject, stage, bytes, score]) => ({
      ...{ subject, stage, bytes: over(bytes, 20), score: over(score, 0.01) },
      parts: stage === 'pruned' || stage === 'shared' ? null : bytes === total ? whole : parts(bytes),
    })),
    lost: {
      teacher: { lost: 0.0056, low: 0.0012, high: 0.0101 },
      'student (distilled)': { lost: 0, low: -0.0084, high: 0.0084 },
    },
    samples: 360,
    ...{ subject: 'student (distilled)' as const, isSmallest: true, layers, rest },
  };
  return { ...found, findings: smallestFindings(found, 'accuracy') };
}
