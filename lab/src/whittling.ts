import {
  Adam,
  cloneModel,
  compare,
  distill,
  type Model,
  type Network,
  networkCost,
  prune,
  QuantizedNetwork,
  quantize,
  StateError,
} from 'whittle-ml';
import { percent } from './format.ts';
import { figuresOf, type Measured, measured } from './measuring.ts';
import { kernelsOf, planOf, type Training } from './plans.ts';
import type { FormName, FormResult, JobReport, ModelKind, Progress } from './types.ts';
import type { Workbench } from './workbench.ts';

/** Share of the neurons or channels of every layer that are taken out. */
const NEURONS = 0.5;
/** See plans.ts for how these were chosen. */
const TEMPERATURE = 3;
const ALPHA = 0.7;

const FOLDED =
  'its BatchNorms, and those of all other forms, are folded into the convolutions, as quantize does, before anything is counted, saved or timed';

/** A network in one of its forms, with one seed. */
export interface Form extends Measured, Pick<FormResult, 'name' | 'description' | 'notes'> {}

export interface Whittled {
  readonly forms: readonly Form[];
  readonly agreement: number | null;
}

/** Trains a teacher of this kind and makes all other forms from it. */
export function whittle(bench: Workbench, stage: string, progress: Progress, kind: ModelKind = 'mlp'): Whittled {
  const { data } = bench;
  const [x, y] = data.train;
  const plan = planOf(bench, kind);
  const { teacher, sparsity, combinedSparsity, epochs, rate, named, unit } = plan;
  const once = epochs('teacher') + epochs('pruned') + epochs('neurons pruned') + epochs('combined');
  progress.stage(stage, once + 2 * epochs('student'));

  const fit = (name: FormName, training: Training, model: Model): void =>
    void bench.fit(name, model, data.train, { epochs: epochs(training), learningRate: rate(training) });
  fit('teacher', 'teacher', teacher);

  const prunedTo = (name: 'pruned' | 'combined', model: Model, share: number): Model => {
    const pruned = prune(model, { sparsity: share });
    fit(name, name, pruned);
    checkMasks(pruned);
    return pruned;
  };
  const pruned = prunedTo('pruned', teacher, sparsity);
  const narrow = plan.narrowed(NEURONS);
  fit('neurons pruned', 'neurons pruned', narrow);
  const sparse = prunedTo('combined', narrow, combinedSparsity);

  const student = plan.student();
  const labelsOnly = cloneModel(student);
  fit('student (labels only)', 'student', labelsOnly);
  const distilled = bench.timed(() =>
    distill({
      teacher,
      student,
      x,
      y,
      temperature: TEMPERATURE,
      alpha: ALPHA,
      optimizer: new Adam({ learningRate: rate('student') }),
      epochs: epochs('student'),
      batchSize: bench.batchSize(y.shape[0]!),
      callbacks: [bench.ticks('student (distilled)', epochs('student'))],
    }),
  );
  const hidden = unit === 'neurons' ? 'hidden neurons' : unit;
  const int8 = (model: Model): Network => quantize(model, { calibration: x });
  const teacherInt8 = int8(teacher);
  const isFolded = networkCost(teacherInt8).parameters < teacher.parameterCount;

  const form = (name: FormName, subject: Model | Network, description: string, notes: readonly string[]): Form => ({
    ...measured(subject, data.test),
    name,
    description,
    notes: [...notes, ...(subject instanceof QuantizedNetwork ? subject.notes : [])],
  });
  const forms = [
    form('teacher', teacher, `${named(teacher)}, ${epochs('teacher')} epochs, float32`, [
      'the network that all other forms are made from or learn from',
      plan.scaling,
      ...(isFolded ? [FOLDED] : []),
    ]),
    form('pruned', pruned, `${percent(sparsity)} of the weights, the smallest, are zero; ${tuned(epochs('pruned'))}`, [
      'every masked weight is still zero after fine-tuning',
      'the file is smaller because it codes the zeros',
      'the network has as many parameters and multiply-adds as before: the dense kernel multiplies by the zeros',
    ]),
    form(
      'neurons pruned',
      narrow,
      `${named(narrow)}: ${percent(NEURONS)} of the ${hidden} are gone; ${tuned(epochs('neurons pruned'))}`,
      ['parameters, multiply-adds and file shrink together: it is an ordinary, smaller network'],
    ),
    form('int8', teacherInt8, 'the teacher in 8-bit integers, ranges calibrated on the training samples', [
      'each weight takes one byte instead of four; no training was needed',
      'parameters and multiply-adds do not change in number',
    ]),
    form('student (labels only)', labelsOnly, `${named(labelsOnly)} trained on the labels alone`, [
      'a small network without any help, for comparison',
    ]),
    form('student (distilled)', distilled.model, `${named(distilled.model)} trained on labels and teacher`, [
      'same size, seed and epochs as the student on labels alone; only the loss differs',
    ]),
    form(
      'combined',
      int8(sparse),
      `${percent(NEURONS)} of the ${unit} gone, then ${percent(combinedSparsity)} of the weights zero, then int8`,
      [`fewer ${unit}, a file that codes zeros, one byte a weight: the savings multiply`],
    ),
  ];
  const { agreement = null } = compare(teacher, distilled.model, { samples: data.test, latency: false });
  return { forms, agreement };
}

const tuned = (epochs: number): string => `fine-tuned for ${epochs} ${epochs === 1 ? 'epoch' : 'epochs'}`;

/** Throws StateError if training has brought a pruned weight back. */
function checkMasks(model: Model): void {
  for (const { name, mask, value } of kernelsOf(model)) {
    if (mask === null || !value.data.every((weight, i) => mask.data[i] === 1 || weight === 0))
      throw new StateError('prune', `a pruned weight of ${name} is not zero`);
  }
}

/** Sums up the forms of all seeds and times them, all forms of a seed in turns. Calls `tick` after each seed. */
export function formResults(seeds: readonly Whittled[], tick: () => void): FormResult[] {
  const figures = figuresOf(
    seeds.map(({ forms }) => forms),
    tick,
  );
  return seeds[0]!.forms.map(({ name, description, notes }, i) => ({ name, description, notes, ...figures[i]! }));
}

/** Digests by seed and form. */
export function digests(seeds: readonly number[], whittled: readonly Whittled[]): JobReport['digests'] {
  return whittled.flatMap(({ forms }, i) =>
    forms.map(({ name, sha256 }) => ({ seed: seeds[i]!, model: name, sha256 })),
  );
}
