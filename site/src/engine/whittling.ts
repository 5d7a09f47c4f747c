import {
  type Callback,
  ConstantSparsity,
  cloneModel,
  convert,
  cosineDecay,
  distill,
  foldBatchNorm,
  type Model,
  Network,
  prepareQAT,
  prune,
  pruneNeurons,
  QuantizedNetwork,
  quantize,
  shareWeights,
  toNetwork,
  toSparse,
} from 'whittle-ml';
import { RANGES } from '../state/ranges.ts';
import type { CompressSettings } from '../state/settings.ts';
import { CompressRefusal } from './compress-refusal.ts';
import { type Kept, keptUnits } from './kernels.ts';
import type { CompressStep } from './messages.ts';
import { Refusal } from './refusal.ts';
import type { Trained } from './trained.ts';
import { folded } from './weighing.ts';
import type { Work } from './work.ts';

/** A network that was made smaller, and what it is compared with. */
export interface Whittled {
  readonly network: Network;
  /** The same before its numbers were rounded to fewer bits. */
  readonly exact: Network;
  /** The trained network, or the student as it was taught. */
  readonly from: Network;
  /** Of each layer with a kernel, by its name, the units of `from` that are left; without an entry all. */
  readonly kept: Kept;
  readonly steps: readonly CompressStep[];
  readonly notes: readonly string[];
}

/** Of soft targets, as the lab has them. */
const TEACHING = { temperature: 3, alpha: 0.7 };
/** A student hears its teacher as long as the network itself may be trained, up to this. */
const MOST_TEACHING = 1000;
/** Epochs of a lesson: the optimizer begins anew with each. */
const LESSON = 5;

const teachingEpochs = ({ student }: CompressSettings, { training }: Trained): number =>
  student < 1 ? Math.min(MOST_TEACHING, training.epochs) : 0;

/** Epochs of all trainings. */
export function epochsOf(settings: CompressSettings, trained: Trained): number {
  const { sparsity, shared, trained: isTrained, epochs } = settings;
  return teachingEpochs(settings, trained) + epochs * [sparsity > 0, shared > 0, isTrained].filter(Boolean).length;
}

/** Throws Refusal for settings that cannot be followed together. */
export function checkSettings(settings: CompressSettings, trained: Trained): void {
  const { sparsity, pattern, bits, shared, trained: isTrained, student, epochs } = settings;
  const within = (name: string, x: number, { min, max }: { readonly min: number; readonly max: number }): void => {
    if (!(x >= min && x <= max))
      throw new Refusal({ kind: 'bad setting', name, value: x, wanted: `from ${min} to ${max}` });
  };
  within('sparsity', sparsity, RANGES.sparsity);
  within('shared', shared, { ...RANGES.shared, min: shared === 0 ? 0 : 2 });
  within('student', student, RANGES.student);
  within('epochs', epochs, RANGES.fineTuning);
  const hasHidden = trained.network.layers.length > 0;
  if (isTrained && bits > 8) throw new CompressRefusal({ kind: 'rounding of many bits', bits });
  if (hasHidden) return;
  if (sparsity > 0 && pattern === 'neurons') throw new CompressRefusal({ kind: 'no hidden layer', of: 'neurons' });
  if (student < 1) throw new CompressRefusal({ kind: 'no hidden layer', of: 'student' });
}

/** Teaches, prunes, shares and rounds, in this order, with training behind each. The given network is unchanged. */
export async function whittle(trained: Trained, settings: CompressSettings, work: Work): Promise<Whittled> {
  const { sparsity, pattern, bits, shared, trained: isTrained, epochs } = settings;
  const steps: CompressStep[] = [];
  const tune = async (model: Model, after: 'pruned' | 'narrowed' | 'shared' | 'prepared'): Promise<void> => {
    if (epochs === 0) return;
    await train(model, trained, epochs, work);
    steps.push({ kind: 'tuned', after, epochs });
  };
  let model: Model = trained.model;
  if (settings.student < 1) {
    model = await taught(trained, settings, work);
    steps.push({ kind: 'taught', parameters: model.parameterCount, epochs: teachingEpochs(settings, trained) });
  }
  const from = folded(model);
  let kept: Kept = new Map();
  if (sparsity > 0 && pattern === 'neurons') {
    const before = toNetwork(model);
    model = narrowed(model, sparsity);
    kept = keptUnits(before, toNetwork(model));
    steps.push({ kind: 'narrowed', units: unitsOf(model), before: unitsOf(before) });
    await tune(model, 'narrowed');
  } else if (sparsity > 0 && pattern !== 'neurons') {
    model = await pruned(model, trained, { ...settings, pattern }, work);
    steps.push({ kind: 'pruned', pattern, ...zerosOf(model) });
    if (epochs > 0) steps.push({ kind: 'tuned', after: 'pruned', epochs });
  }
  if (shared > 0) {
    model = shareWeights(model, { clusters: shared });
    steps.push({ kind: 'shared', numbers: shared });
    await work.advance();
    await tune(model, 'shared');
  }
  let exact = folded(model);
  let network: Network = exact;
  const notes: string[] = [];
  if (isTrained) {
    const prepared = prepareQAT(model, { calibration: trained.train.x, bits, learnedStep: bits < 8 });
    steps.push({ kind: 'prepared', bits });
    await tune(prepared, 'prepared');
    exact = foldBatchNorm(withoutFakes(toNetwork(prepared)));
    network = convert(prepared);
  } else if (bits === 16) network = quantize(exact, { format: 'float16' });
  else if (bits < 32) {
    const format = bits === 8 ? ('static' as const) : ({ weights: INT4, values: 'static' } as const);
    network = quantize(exact, { format, calibration: trained.train.x });
  }
  if (network instanceof QuantizedNetwork) notes.push(...network.notes);
  if (bits < 32)
    steps.push({ kind: 'rounded', format: bits === 16 ? 'float16' : bits === 8 ? 'int8' : 'int4', isTrained });
  await work.advance();
  if (sparsity > 0 && pattern === 'panels') network = withPanels(network, steps);
  return { network, exact, from, kept, steps, notes };
}

/** Products of integers want one scale a unit, which is what training with rounding has as well. */
const INT4 = { type: 'int4', group: 'column' } as const;

/**
 * How one trains while weights are pruned away: their share grows in the first part of the epochs, and steps are as large as
 * the lab's optimizers of moments allow until what is left has settled. Of 8 spirals with 80 % of the weights and int8 none
 * lost more than 1 point in 300 epochs; with the rate of the settings, that falls from the first epoch on, some lost 8.
 */
const PRUNING = { share: 0.6, held: 0.7, faster: 4, mostRate: 0.02 };

function pruningRate({ optimizer, learningRate }: Trained['training']): number {
  // Steps of SGD grow with the gradients: a larger rate may be too large
  if (optimizer === 'sgd' || optimizer === 'momentum') return learningRate;
  return Math.max(learningRate, Math.min(PRUNING.faster * learningRate, PRUNING.mostRate));
}

/** A rate that stays for a share of the steps, and then falls to 0 along half a cosine. */
function heldRate(rate: number, steps: number, held: number): (step: number) => number {
  const until = Math.round(held * steps);
  const falling = cosineDecay(rate, Math.max(1, steps - until));
  return (step) => (step < until ? rate : falling(step - until));
}

/** Compiles a model, and gives what trains it for some epochs; by itself with a rate that falls from the first step on. */
function trainer(
  model: Model,
  { train, training, newOptimizer, loss }: Trained,
  epochs: number,
  held = 0,
  rate?: number,
) {
  const samples = train.x.shape[0]!;
  const batchSize = Math.min(training.batchSize, samples);
  const optimizer = newOptimizer();
  optimizer.learningRate = heldRate(rate ?? optimizer.learningRate, epochs * Math.ceil(samples / batchSize), held);
  model.compile({ optimizer, loss });
  return (count: number, callbacks: readonly Callback[] = []): void =>
    void model.fit(train.x, train.y, { epochs: count, batchSize, callbacks });
}

/** Trains a model as the settings say. Masks and shared numbers stay. */
async function train(model: Model, trained: Trained, epochs: number, work: Work): Promise<void> {
  const fit = trainer(model, trained, epochs);
  await work.inSlices(epochs, null, (count) => fit(count));
}

type Pruning = Pick<CompressSettings, 'sparsity' | 'epochs'> & { readonly pattern: 'weights' | 'panels' };

/**
 * With this share of weights at 0: at once where nothing is trained, else more with each epoch of the first part, along a cubic
 * (Zhu & Gupta 2017), so that training makes up for some before others go.
 */
async function pruned(
  given: Model,
  trained: Trained,
  { sparsity, pattern, epochs }: Pruning,
  work: Work,
): Promise<Model> {
  const gradual = Math.ceil(PRUNING.share * epochs);
  if (gradual === 0) {
    await work.advance();
    return prune(given, { sparsity, pattern });
  }
  const model = cloneModel(given);
  const fit = trainer(model, trained, epochs, PRUNING.held, pruningRate(trained.training));
  await work.inSlices(gradual, 1, (count, done) => {
    const share = sparsity * (1 - (1 - (done + 1) / gradual) ** 3);
    fit(count, [new ConstantSparsity({ sparsity: share, pattern, frequency: 1, end: 0 })]);
  });
  await work.inSlices(epochs - gradual, null, (count) => fit(count));
  return model;
}

/** A narrower network of the same kind that has learned from the trained one. */
async function taught(trained: Trained, settings: CompressSettings, work: Work): Promise<Model> {
  const { model: teacher, train, training } = trained;
  const all = teachingEpochs(settings, trained);
  const batchSize = Math.min(training.batchSize, train.x.shape[0]!);
  let student: Model = trained.newModel(settings.student);
  await work.inSlices(all, LESSON, (epochs, done) => {
    const optimizer = trained.newOptimizer();
    optimizer.learningRate *= 0.5 * (1 + Math.cos((Math.PI * done) / all));
    const lesson = { teacher, student, x: train.x, y: train.y, ...TEACHING };
    student = distill({ ...lesson, epochs, batchSize, optimizer }).model;
  });
  return student;
}

/** Without this share of the neurons of each hidden layer, of which one stays at least. */
function narrowed(given: Model, share: number): Model {
  const kernels = kernelsIn(toNetwork(given)).slice(0, -1);
  return kernels.reduce<Model>((model, { name, shape }) => {
    const units = shape.at(-1)!;
    const amount = Math.min(units - 1, Math.round(share * units));
    return amount === 0 ? model : pruneNeurons(model, { layer: name, amount });
  }, given);
}

interface Kernel {
  readonly name: string;
  readonly shape: readonly number[];
}

const kernelsIn = ({ nodes, weights }: Network): Kernel[] =>
  nodes.flatMap((node) => {
    const key = (node.weights as { readonly kernel?: string }).kernel;
    return key === undefined ? [] : [{ name: node.name, shape: weights.get(key)!.shape }];
  });

const unitsOf = (subject: Model | Network): number[] =>
  kernelsIn('nodes' in subject ? subject : toNetwork(subject))
    .slice(0, -1)
    .map(({ shape }) => shape.at(-1)!);

function zerosOf(model: Model): { readonly zeros: number; readonly of: number } {
  const kernels = model.weights.filter(({ name }) => name.endsWith('/kernel'));
  const zeros = kernels.reduce(
    (sum, { mask }) => sum + (mask?.data.filter((alive: number) => alive === 0).length ?? 0),
    0,
  );
  return { zeros, of: kernels.reduce((sum, { value }) => sum + value.size, 0) };
}

/** The network with kernels held in panels, where that is smaller. */
function withPanels(network: Network, steps: CompressStep[]): Network {
  const sparse = toSparse(network, { pattern: 'panels' });
  const held = kernelsIn(sparse).map(({ name }) => encodingOf(sparse, name).startsWith('sparse'));
  steps.push({ kind: 'sparse', kernels: held.filter(Boolean).length, of: held.length });
  return sparse;
}

function encodingOf({ nodes, weights }: Network, name: string): string {
  const node = nodes.find((each) => each.name === name)!;
  return weights.get((node.weights as { readonly kernel: string }).kernel)!.encoding.type;
}

/** A prepared network as it would be without rounding. */
function withoutFakes(network: Network): Network {
  const made = new Map(
    network.nodes.flatMap((node) => (node.op === 'fakeQuantize' ? [[node.name, node.inputs[0]!]] : [])),
  );
  const behind = (name: string): string => {
    let value = name;
    for (let next = made.get(value); next !== undefined; next = made.get(value)) value = next;
    return value;
  };
  const nodes = network.nodes
    .filter(({ name }) => !made.has(name))
    .map((node) => {
      const { kernelBits: _, ...attrs } = node.attrs as { readonly kernelBits?: number };
      const weights = Object.fromEntries(Object.entries(node.weights).filter(([role]) => role !== 'steps'));
      return { ...node, inputs: node.inputs.map(behind), attrs, weights } as typeof node;
    });
  const used = new Set(nodes.flatMap(({ weights }) => Object.values(weights)));
  const weights = new Map([...network.weights].filter(([key]) => used.has(key)));
  return new Network({ inputs: network.inputs, nodes, outputs: network.outputs.map(behind), weights });
}
