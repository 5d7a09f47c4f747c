import {
  cloneModel,
  compare,
  digest,
  distill,
  encodeNetwork,
  l2,
  latencies,
  type Model,
  measure,
  type Network,
  type Parameter,
  prune,
  pruneNeurons,
  QuantizedNetwork,
  quantize,
  type Samples,
  StateError,
  toNetwork,
} from 'whittle-ml';
import { sha256 } from 'whittle-ml/io';
import { figure } from './figures.ts';
import { percent } from './format.ts';
import { CUT_OFF } from './prepare.ts';
import type { FormName, FormResult, JobReport, Progress } from './types.ts';
import type { Workbench } from './workbench.ts';

/**
 * Settings were compared by the accuracy on the validation part of the digits alone, as means of seeds 0 to 4 (teachers
 * and students: 0 to 9). A first teacher, 25 epochs without penalty or cut-off, had 0.968 on the test parts of seeds 0
 * to 4, which was the reason to look for a better one.
 * - Teacher of 192-96 neurons, before features were cut off: 25 epochs 0.973; L2 0.001, 40 epochs 0.975; L2 0.003 0.972;
 *   dropout 0.3, 50 epochs 0.974; dropout 0.2 and L2 0.0003 0.976; 256-128 neurons 0.973. With features cut off, L2
 *   0.001 gives 0.976 after 30 and 0.977 after 40 epochs.
 * - Of seeds 0 to 4, where the teacher has 0.978: 80 % of the weights pruned and 8 epochs 0.977 (by a schedule 0.976),
 *   12 epochs 0.976; half of the neurons pruned and 8 epochs 0.977, 60 % 0.971, 70 % 0.968; int8 0.978.
 * - Students of 10 neurons after 120 epochs: labels alone 0.951; distilled at temperature 2, 3, 4 and 6 with alpha 0.9
 *   0.957, 0.956, 0.955 and 0.954, at temperature 3 with alpha 0.7 0.958 (better in 7 seeds, worse in 2). Distilling
 *   gains 0.008 with 8 neurons, 0.004 with 12, 0.005 with 16; with only 40 epochs it gained nothing.
 */
const TEACHER_L2 = 0.001;
const SPARSITY = 0.8;
const NEURONS = 0.5;
const COMBINED_SPARSITY = 0.5;
const STUDENT = 10;
const TEMPERATURE = 3;
const ALPHA = 0.7;
/** Epochs with `REFERENCE` training samples, as many as the digits have. */
const EPOCHS = { teacher: 40, pruned: 8, 'neurons pruned': 8, student: 120, combined: 8 } as const;
const REFERENCE = 1077;

/** A network in one of its forms, with one seed. */
export interface Form extends Pick<FormResult, 'name' | 'description' | 'notes'> {
  readonly network: Network;
  readonly sha256: string;
  readonly measurement: ReturnType<typeof measure>;
}

export interface Whittled {
  readonly forms: readonly Form[];
  readonly agreement: number | null;
}

/** Trains the teacher and makes all other forms from it. */
export function whittle(bench: Workbench, stage: string, progress: Progress): Whittled {
  const { data } = bench;
  const [x, y] = data.train;
  const n = y.shape[0]!;
  const epochs = (name: keyof typeof EPOCHS): number => bench.epochs(EPOCHS[name], n, REFERENCE);
  const once = epochs('teacher') + epochs('pruned') + epochs('neurons pruned') + epochs('combined');
  progress.stage(stage, once + 2 * epochs('student'));

  const half = Math.min(96, Math.max(64, Math.ceil((3 * data.inputs) / 2)));
  const teacher = bench.network([2 * half, half], { kernelRegularizer: l2(TEACHER_L2) });
  bench.fit('teacher', teacher, data.train, { epochs: epochs('teacher') });

  const prunedTo = (name: 'pruned' | 'combined', model: Model, sparsity: number): Model => {
    const pruned = prune(model, { sparsity });
    bench.fit(name, pruned, data.train, { epochs: epochs(name), learningRate: 0.001 });
    checkMasks(pruned);
    return pruned;
  };
  const pruned = prunedTo('pruned', teacher, SPARSITY);
  const hidden = teacher.layers.filter(({ weights }) => weights.length > 0).slice(0, -1);
  const narrow = hidden.reduce((model, { name }) => pruneNeurons(model, { layer: name, amount: NEURONS }), teacher);
  bench.fit('neurons pruned', narrow, data.train, { epochs: epochs('neurons pruned'), learningRate: 0.001 });
  const sparse = prunedTo('combined', narrow, COMBINED_SPARSITY);

  const student = bench.network([studentSize(bench, teacher.parameterCount)]);
  const labelsOnly = cloneModel(student);
  bench.fit('student (labels only)', labelsOnly, data.train, { epochs: epochs('student') });
  const distilled = bench.timed(() =>
    distill({
      teacher,
      student,
      x,
      y,
      temperature: TEMPERATURE,
      alpha: ALPHA,
      epochs: epochs('student'),
      batchSize: bench.batchSize(n),
      callbacks: [bench.ticks('student (distilled)', epochs('student'))],
    }),
  );
  const int8 = (model: Model): Network => quantize(model, { calibration: x });

  const form = (name: FormName, subject: Model | Network, description: string, notes: readonly string[]): Form => ({
    ...formOf(subject, data.test),
    name,
    description,
    notes: [...notes, ...(subject instanceof QuantizedNetwork ? subject.notes : [])],
  });
  const forms = [
    form('teacher', teacher, `${sizeOf(teacher)}, ${epochs('teacher')} epochs, float32`, [
      'the network that all other forms are made from or learn from',
      `features are standardised by the training part and cut off at ±${CUT_OFF}`,
    ]),
    form('pruned', pruned, `${percent(SPARSITY)} of the weights, the smallest, are zero; ${tuned(epochs('pruned'))}`, [
      'every masked weight is still zero after fine-tuning',
      'the file is smaller because it codes the zeros',
      'the network has as many parameters and multiply-adds as before: the dense kernel multiplies by the zeros',
    ]),
    form(
      'neurons pruned',
      narrow,
      `${sizeOf(narrow)}: ${percent(NEURONS)} of the hidden neurons are gone; ${tuned(epochs('neurons pruned'))}`,
      ['parameters, multiply-adds and file shrink together: it is an ordinary, smaller network'],
    ),
    form('int8', int8(teacher), 'the teacher in 8-bit integers, ranges calibrated on the training samples', [
      'each weight takes one byte instead of four; no training was needed',
      'parameters and multiply-adds do not change in number',
    ]),
    form('student (labels only)', labelsOnly, `${sizeOf(labelsOnly)} trained on the labels alone`, [
      'a small network without any help, for comparison',
    ]),
    form('student (distilled)', distilled.model, `${sizeOf(distilled.model)} trained on labels and teacher`, [
      'same size, seed and epochs as the student on labels alone; only the loss differs',
    ]),
    form(
      'combined',
      int8(sparse),
      `${percent(NEURONS)} of the neurons gone, then ${percent(COMBINED_SPARSITY)} of the weights zero, then int8`,
      ['fewer neurons, a file that codes zeros, one byte a weight: the savings multiply'],
    ),
  ];
  const { agreement = null } = compare(teacher, distilled.model, { samples: data.test, latency: false });
  return { forms, agreement };
}

const tuned = (epochs: number): string => `fine-tuned for ${epochs} ${epochs === 1 ? 'epoch' : 'epochs'}`;

const sizeOf = (model: Model): string =>
  [...model.inputShape, ...kernelsOf(model).map(({ shape }) => shape.at(-1)!)].join('-');

const kernelsOf = ({ weights }: Model): Parameter[] => weights.filter(({ name }) => name.endsWith('/kernel'));

/** Neurons of a student with one hidden layer and at most an eighth of the teacher's parameters. */
function studentSize({ data: { inputs, outputs } }: Workbench, teacher: number): number {
  const most = Math.floor((teacher / 8 - outputs) / (inputs + 1 + outputs));
  return Math.max(1, Math.min(STUDENT, most));
}

/** Throws StateError if training has brought a pruned weight back. */
function checkMasks(model: Model): void {
  for (const { name, mask, value } of kernelsOf(model)) {
    if (mask === null || !value.data.every((weight, i) => mask.data[i] === 1 || weight === 0))
      throw new StateError('prune', `a pruned weight of ${name} is not zero`);
  }
}

/** A float model is digested by its weights, an integer network by its file. */
function formOf(subject: Model | Network, samples: Samples): Pick<Form, 'network' | 'sha256' | 'measurement'> {
  const isModel = 'compile' in subject;
  const network = isModel ? toNetwork(subject) : subject;
  return {
    network,
    sha256: isModel ? digest(subject) : sha256(encodeNetwork(network)),
    measurement: measure(network, { samples, latency: false }),
  };
}

/** Sums up the forms of all seeds and times them, all forms of a seed in turns. Calls `tick` after each seed. */
export function formResults(seeds: readonly Whittled[], tick: () => void): FormResult[] {
  const times = seeds.map(({ forms }) => {
    const networks = forms.map(({ network }) => network);
    const [one, many] = [1, 64].map((batchSize) => latencies(networks, { batchSize, rounds: 61 }));
    tick();
    return { one: one!, many: many! };
  });
  return seeds[0]!.forms.map(({ name, description, notes }, i) => {
    const over = (f: (m: Form['measurement']) => number): FormResult['bytes'] =>
      figure(seeds.map(({ forms }) => f(forms[i]!.measurement)));
    return {
      name,
      description,
      notes,
      score: over(({ score }) => score ?? Number.NaN),
      bytes: over(({ bytes }) => bytes),
      parameters: over(({ parameters }) => parameters),
      nonZeroParameters: over(({ nonZeroParameters }) => nonZeroParameters),
      macs: over(({ macs }) => macs),
      latency1: figure(times.map(({ one }) => one[i]!)),
      latency64: figure(times.map(({ many }) => many[i]!)),
    };
  });
}

/** Digests by seed and form. */
export function digests(seeds: readonly number[], whittled: readonly Whittled[]): JobReport['digests'] {
  return whittled.flatMap(({ forms }, i) =>
    forms.map(({ name, sha256 }) => ({ seed: seeds[i]!, model: name, sha256 })),
  );
}
