import {
  cloneModel,
  compare,
  type Explanation,
  explain,
  type Model,
  type Network,
  networkCost,
  type PruneOptions,
  prune,
  QuantizedNetwork,
  quantize,
  StateError,
  toSparse,
} from 'whittle-ml';
import { percent, whole } from './format.ts';
import { asUsed, type Figures, figuresOf, type Measured, measured } from './measuring.ts';
import { kernelsOf, planOf, type Training } from './plans.ts';
import { distilledBy } from './teaching.ts';
import type { JobReport } from './types.ts';
import type { ModelKind, Progress } from './types-base.ts';
import type { FormName, FormResult } from './types-forms.ts';
import type { Workbench } from './workbench.ts';

/** Share of the neurons or channels of every layer that are taken out. */
const NEURONS = 0.5;

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
  const [x] = data.train;
  const plan = planOf(bench, kind);
  const { teacher, sparsity, panelSparsity, combinedSparsity, epochs, rate, named, unit } = plan;
  const once = (['teacher', 'pruned', 'sparse panels', 'neurons pruned', 'combined'] as const).map(epochs);
  progress.stage(
    stage,
    once.reduce((sum, n) => sum + n, 2 * epochs('student')),
  );

  const fit = (name: FormName, training: Training, model: Model): void =>
    void bench.fit(name, model, data.train, { epochs: epochs(training), learningRate: rate(training) });
  fit('teacher', 'teacher', teacher);

  const prunedTo = (
    name: Training & FormName,
    model: Model,
    sparsity: number,
    how: Partial<PruneOptions> = {},
  ): Model => {
    const pruned = prune(model, { sparsity, ...how });
    fit(name, name, pruned);
    checkMasks(pruned);
    return pruned;
  };
  const pruned = prunedTo('pruned', teacher, sparsity);
  const panels = prunedTo('sparse panels', teacher, panelSparsity, { pattern: 'panels' });
  const narrow = plan.narrowed(NEURONS);
  fit('neurons pruned', 'neurons pruned', narrow);
  const sparse = prunedTo('combined', narrow, combinedSparsity);

  const student = plan.student();
  const labelsOnly = cloneModel(student);
  fit('student (labels only)', 'student', labelsOnly);
  const distilled = distilledBy({ teacher, student }, bench, plan);
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
      'sparse panels',
      toSparse(asUsed(panels), { pattern: 'panels' }),
      `${percent(panelSparsity)} of the weights are zero, in panels of 16 side by side, and left out; ${tuned(epochs('sparse panels'))}`,
      [
        'the weights of a panel live or go together, which costs more of the score than to choose them one by one',
        'a kernel can step over such panels; zeros that lie anywhere, as in `pruned`, make no dense kernel faster',
      ],
    ),
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
    form('student (distilled)', distilled, `${named(distilled)} trained on labels and teacher`, [
      'same size, seed and epochs as the student on labels alone; only the loss differs',
    ]),
    form(
      'combined',
      int8(sparse),
      `${percent(NEURONS)} of the ${unit} gone, then ${percent(combinedSparsity)} of the weights zero, then int8`,
      [`fewer ${unit}, a file that codes zeros, one byte a weight: the savings multiply`],
    ),
  ];
  const { agreement = null } = compare(teacher, distilled, { samples: data.test, latency: false });
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

/**
 * Sums up the forms of all seeds and times them, all forms of a seed in turns; of panels it also says which kernels run
 * here. Calls `tick` after each seed.
 */
export function formResults(seeds: readonly Whittled[], tick: () => void): FormResult[] {
  const figures = figuresOf(
    seeds.map(({ forms }) => forms),
    tick,
  );
  return seeds[0]!.forms.map(({ name, description, notes, network }, i) => ({
    ...{ name, description, ...figures[i]! },
    notes:
      name === 'sparse panels'
        ? [...notes, held(figures[i]!), ...[64, 1].map((batchSize) => panelsTaken(explain(network, { batchSize })))]
        : notes,
  }));
}

const held = ({ heldParameters, parameters }: Figures): string =>
  `${whole(heldParameters.mean)} of ${whole(parameters.mean)} numbers are held; multiply-adds are counted as of whole matrices`;

/** How many kernels run in panels here, since they measured faster so. */
export function panelsTaken({ batchSize, layers }: Pick<Explanation, 'batchSize' | 'layers'>): string {
  const inPanels = layers.filter(({ pattern }) => pattern !== null);
  const taken = inPanels.filter(({ taken }) => taken === 'sparse').length;
  const samples = batchSize === 1 ? 'one sample' : `${batchSize} samples`;
  const verdict =
    taken === 0
      ? 'none of its kernels ran faster in panels: they are multiplied as whole matrices, and the zeros save bytes alone'
      : `${taken} of its ${layers.length} kernels ran faster in panels, and so they are multiplied`;
  const others = layers.length - inPanels.length;
  return `measured here with ${samples}, ${verdict}${others === 0 ? '' : `; ${others} would be no smaller in panels, or no kernel multiplies theirs`}`;
}

/** Digests by seed and form. */
export function digests(seeds: readonly number[], whittled: readonly Whittled[]): JobReport['digests'] {
  return whittled.flatMap(({ forms }, i) =>
    forms.map(({ name, sha256 }) => ({ seed: seeds[i]!, model: name, sha256 })),
  );
}
