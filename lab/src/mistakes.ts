import { classesOf, type Network, predictNetwork, type Samples, type Tensor } from 'whittle-ml';
import type { RawTable, TableEncoder } from 'whittle-ml/data';
import { imagesOf } from './pictures.ts';
import type { Mistakes, Pictures, Predictions } from './types-answers.ts';
import type { FormName } from './types-forms.ts';

/** What is looked at: networks in all their forms, the teacher first, and the test part of one seed. */
export interface Tested {
  readonly forms: readonly { readonly name: FormName; readonly network: Network }[];
  readonly test: Samples;
  /** Rows of the table, from 0, that the samples of `test` are. */
  readonly rows: ArrayLike<number>;
}

/** The table as it was, for images. */
type Original = Pick<RawTable, 'names' | 'column' | 'line'>;

/** More classes make a matrix that nobody reads. */
const MOST_CLASSES = 20;
const MOST_PAIRS = 20;
const MOST_PICTURES = 24;
/** Enough for a picture of how predictions scatter. */
const MOST_POINTS = 300;

/** Counts what every form gets right, and what the teacher takes for what, over the test parts of all seeds. */
export function mistakesOf(seeds: readonly Tested[], classes: number, table: Original): Mistakes {
  const zeros = (): number[] => Array<number>(classes).fill(0);
  const samples = zeros();
  /** By truth · classes + said; a whole matrix of thousands of classes would not fit in memory. */
  const answers = new Map<number, number>();
  const right = seeds[0]!.forms.map(({ name }) => ({ form: name, counts: zeros() }));
  for (const { forms, test } of seeds) {
    const [x, { data: truth }] = test;
    for (let i = 0; i < truth.length; i++) samples[truth[i]!]!++;
    forms.forEach(({ name, network }, f) => {
      const said = classesOf(predictNetwork(network, x), { scale: 'probabilities' });
      said.forEach((label, i) => {
        const t = truth[i]!;
        if (label === t) right[f]!.counts[t]!++;
        const key = t * classes + label;
        if (name === 'teacher' && label >= 0) answers.set(key, (answers.get(key) ?? 0) + 1);
      });
    });
  }
  const confused = [...answers]
    .map(([key, count]) => ({ truth: Math.floor(key / classes), said: key % classes, count }))
    .filter(({ truth, said }) => truth !== said)
    .sort((a, b) => b.count - a.count || a.truth - b.truth || a.said - b.said)
    .slice(0, MOST_PAIRS);
  const matrix = (): number[][] => zeros().map((_, t) => zeros().map((__, s) => answers.get(t * classes + s) ?? 0));
  const confusion = classes <= MOST_CLASSES ? matrix() : null;
  return { samples, right, confusion, confused, pictures: picturesOf(seeds[0]!, classes, table) };
}

/** The images that the teacher gets wrong, those of which it is surest first. */
function picturesOf({ forms, test: [x, y], rows }: Tested, classes: number, table: Original): Pictures | null {
  const images = imagesOf(table, rows);
  if (images === null) return null;
  const outputs = predictNetwork(forms.find(({ name }) => name === 'teacher')!.network, x);
  const answers = classesOf(outputs, { scale: 'probabilities' });
  const wrong = Array.from(answers, (said, i) => {
    return { i, truth: y.data[i]!, said, probability: outputs.data[i * classes + said]! };
  }).filter(({ truth, said }) => said !== truth && said >= 0);
  wrong.sort((a, b) => b.probability - a.probability || rows[a.i]! - rows[b.i]!);
  const shown = wrong.slice(0, MOST_PICTURES).map(({ i, ...answer }) => {
    return { line: table.line(rows[i]!), ...answer, pixels: images.pixels(i) };
  });
  return { side: images.side, count: wrong.length, wrong: shown };
}

/** True and predicted numbers of some test samples of one seed, by the encoder that made its targets. */
export function predictionsOf({ forms, test: [x, y] }: Tested, encoder: Pick<TableEncoder, 'decode'>): Predictions {
  const stride = Math.ceil(y.shape[0]! / MOST_POINTS);
  const some = (outputs: Tensor): number[] => [...encoder.decode(outputs).numbers!].filter((_, i) => i % stride === 0);
  return {
    truth: some(y),
    forms: forms.map(({ name, network }) => ({ form: name, values: some(predictNetwork(network, x)) })),
  };
}
