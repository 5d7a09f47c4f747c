import { fromData, fromNetwork, type Network, noGrad, predictNetwork, softmax, type Tensor } from 'whittle-ml';
import { type RawTable, type TableEncoder, takeRows } from 'whittle-ml/data';
import { softFinding } from './findings-taught.ts';
import type { Tested } from './mistakes.ts';
import { imagesOf } from './pictures.ts';
import { ALPHA, TEMPERATURE } from './teaching.ts';
import type { AnswererName, Sample, SoftAnswer, SoftTargets } from './types-taught.ts';

/** Beside the temperature of the distillation: what the answers look like when they are softer still. */
const HIGHER = 10;
/** Classes that have a bar of their own. */
const MOST_CLASSES = 10;
const MOST_CELLS = 8;
/** Test samples that are looked through. */
const MOST_SAMPLES = 2000;
/** Rows that are computed at once: of a network for images all of them might not fit in memory. */
const ROWS = 256;
/** The teacher is as sure of the sample that is shown, where there is one such. */
const SURE = 0.75;

const ANSWERERS: readonly AnswererName[] = ['teacher', 'student (labels only)', 'student (distilled)'];

/** What is needed of a table to show one of its rows. */
type Original = Pick<RawTable, 'names' | 'column' | 'line' | 'cells'>;

/** The sample whose soft targets say most, of the test part of one seed, and what students answer to it. */
export function softTargetsOf(
  seed: Tested,
  classNames: readonly string[] | undefined,
  encoder: Pick<TableEncoder, 'decode' | 'columns'>,
  table: Original,
): SoftTargets {
  return classNames === undefined ? ofNumbers(seed, encoder, table) : ofClasses(seed, classNames, encoder, table);
}

const networkOf = ({ forms }: Tested, name: AnswererName): Network => forms.find((form) => form.name === name)!.network;

/** What is in front of the last activation, a row for each sample. */
function logitsOf(network: Network, x: Tensor): Tensor[] {
  const model = fromNetwork(network);
  const n = x.shape[0]!;
  const parts = Array.from({ length: Math.ceil(n / ROWS) }, (_, part) =>
    Array.from({ length: Math.min(ROWS, n - part * ROWS) }, (__, i) => part * ROWS + i),
  );
  return parts.map((rows) => noGrad(() => model.forward(takeRows(x, rows), { logits: true })));
}

/** Softmax of logits divided by a temperature, in float64: the library's, which has the same bits on every engine. */
export function softened(logits: ArrayLike<number>, temperature: number): number[] {
  const largest = Math.max(...Array.from(logits));
  const parts = Float64Array.from(logits, (z) => (z - largest) / temperature);
  return [...softmax(fromData(parts, [1, parts.length])).data];
}

/** By how much the second class stands out from the third. */
function second(probabilities: readonly number[]): number {
  const [, b = 0, c = 0] = [...probabilities].sort((p, q) => q - p);
  return b - c;
}

/**
 * The sample whose second class stands out most at the temperature of the distillation: of those that the teacher gets right
 * and is fairly sure of at temperature 1; where there is none of those that it gets right, and of all where that is none either.
 */
export function telling(logits: readonly ArrayLike<number>[], truth: ArrayLike<number>): number {
  const samples = logits.map((z, i) => {
    const p = softened(z, 1);
    const most = Math.max(...p);
    const isRight = p.indexOf(most) === truth[i];
    return { i, rank: isRight ? (most >= SURE ? 2 : 1) : 0, gap: second(softened(z, TEMPERATURE)) };
  });
  return samples.reduce((best, one) =>
    one.rank > best.rank || (one.rank === best.rank && one.gap > best.gap) ? one : best,
  ).i;
}

function ofClasses(
  seed: Tested,
  classNames: readonly string[],
  encoder: Pick<TableEncoder, 'columns'>,
  table: Original,
): SoftTargets {
  const classes = classNames.length;
  const [x, y] = seed.test;
  const first = Array.from({ length: Math.min(MOST_SAMPLES, x.shape[0]!) }, (_, i) => i);
  const rowsOf = (parts: readonly Tensor[]): ArrayLike<number>[] =>
    parts.flatMap(({ data }) =>
      Array.from({ length: data.length / classes }, (_, i) => data.slice(i * classes, (i + 1) * classes)),
    );
  const answers = rowsOf(logitsOf(networkOf(seed, 'teacher'), takeRows(x, first)));
  const at = telling(answers, y.data);
  const truth = y.data[at]!;
  const own = ANSWERERS.map((name) =>
    name === 'teacher' ? answers[at]! : rowsOf(logitsOf(networkOf(seed, name), takeRows(x, [at])))[0]!,
  );
  const soft = softened(own[0]!, TEMPERATURE);
  const order = soft.map((_, i) => i).sort((a, b) => soft[b]! - soft[a]! || a - b);
  const shown = order.slice(0, classes > MOST_CLASSES ? MOST_CLASSES - 1 : MOST_CLASSES);
  if (!shown.includes(truth)) shown[shown.length - 1] = truth;
  const temperatures = [1, TEMPERATURE, HIGHER] as const;
  const found = {
    kind: 'classes' as const,
    sample: sampleOf(seed, at, encoder, table),
    truth,
    temperatures,
    classes: shown,
    others: classes - shown.length,
    answers: temperatures.flatMap((temperature) =>
      ANSWERERS.map((by, i): SoftAnswer => {
        const all = softened(own[i]!, temperature);
        const rest = all.reduce((sum, p, c) => (shown.includes(c) ? sum : sum + p), 0);
        return { by, temperature, probabilities: shown.map((c) => all[c]!), others: rest };
      }),
    ),
  };
  return { ...found, finding: softFinding(found, classNames) };
}

/** Numbers have no soft targets: the sample of which the teacher says most otherwise than the table. */
function ofNumbers(seed: Tested, encoder: Pick<TableEncoder, 'decode' | 'columns'>, table: Original): SoftTargets {
  const [x, y] = seed.test;
  const answers = predictNetwork(networkOf(seed, 'teacher'), x).data;
  const away = Array.from(y.data, (truth, i) => Math.abs(truth - answers[i]!));
  const at = away.indexOf(Math.max(...away));
  const numbers = (values: readonly number[]): number[] => [
    ...encoder.decode(fromData(Float32Array.from(values), [values.length, 1])).numbers!,
  ];
  const students = ANSWERERS.slice(1).map((name) => predictNetwork(networkOf(seed, name), takeRows(x, [at])).data[0]!);
  const [truth, teacher, alone, distilled] = numbers([y.data[at]!, answers[at]!, ...students]);
  const found = {
    kind: 'numbers' as const,
    sample: sampleOf(seed, at, encoder, table),
    ...{ truth: truth!, teacher: teacher!, alone: alone!, distilled: distilled! },
    target: (1 - ALPHA) * truth! + ALPHA * teacher!,
    alpha: ALPHA,
  };
  return { ...found, finding: softFinding(found, []) };
}

function sampleOf({ rows }: Tested, at: number, { columns }: Pick<TableEncoder, 'columns'>, table: Original): Sample {
  const row = rows[at]!;
  const images = imagesOf(table, rows);
  const cells = images === null ? table.cells(row) : [];
  const read = images === null ? columns.map(({ name }) => name) : [];
  return {
    line: table.line(row),
    image: images === null ? null : { side: images.side, pixels: images.pixels(at) },
    cells: read.slice(0, MOST_CELLS).map((name) => ({ name, text: cells[table.names.indexOf(name)] ?? '' })),
    more: Math.max(0, read.length - MOST_CELLS),
  };
}
