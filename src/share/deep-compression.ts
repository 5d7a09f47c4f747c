import { checkCount, checkOneOf, checkRange, ShapeError, StateError, ValueError } from '../base/errors.ts';
import { checkFunction, checkOptions, defined } from '../base/options.ts';
import { layerOf } from '../base/text.ts';
import { cloneModel } from '../compress/clone.ts';
import type { WeightCriterion } from '../compress/criteria.ts';
import { isPruned } from '../compress/masks.ts';
import { checkPair } from '../compress/observe.ts';
import { prune } from '../compress/prune.ts';
import { PruningSchedule } from '../compress/schedule.ts';
import { asFloat32 } from '../graph/decode.ts';
import type { Stored } from '../graph/encoding.ts';
import { factsOf } from '../graph/facts.ts';
import { fromFloat16, toFloat16 } from '../graph/halves.ts';
import { Network } from '../graph/network.ts';
import { CODINGS } from '../io/code-weight.ts';
import type { FileCoding } from '../io/codes/code.ts';
import { fileParts } from '../io/file-parts.ts';
import { decodeNetwork, encodeNetwork } from '../io/network-file.ts';
import { checkModel } from '../nn/check-model.ts';
import type { Callback, Model } from '../nn/model.ts';
import { fromNetwork, storedGraph, toNetwork } from '../nn/network.ts';
import { choicesOf } from '../nn/objective.ts';
import type { Optimizer } from '../nn/optimizers.ts';
import { checkSamples, type Data, type SampleLists } from '../nn/samples.ts';
import type { SharedGradient } from '../nn/sharing.ts';
import type { KMeansStart } from './k-means.ts';
import { checkSharing, type ShareOptions, shareWeights } from './share-weights.ts';
import { type CompressionStage, DeepCompressed, stageOf } from './stages.ts';

/** Stages that train: while weights are pruned, afterwards, and when they are shared. */
export type TrainingStage = 'prune' | 'retrain' | 'centroids';

/** What a training of one's own is told. */
export interface StageTraining {
  readonly stage: TrainingStage;
  readonly epochs: number;
  readonly batchSize: number;
  /** To pass on, or nothing is pruned. */
  readonly callbacks: readonly Callback[];
}

export interface DeepCompressionOptions {
  /** What the model is trained on. A list for several inputs. */
  readonly x: Data;
  readonly y: Data;
  /** What each stage is judged on: [x, y]. Default none, and then nothing is judged. */
  readonly validationData?: SampleLists;
  /** Share of the kernels' weights that is zero in the end, ranked together; or that of each layer, by name. Default 0.9. */
  readonly sparsity?: number | Readonly<Record<string, number>>;
  /** Default `magnitude`. */
  readonly criterion?: WeightCriterion;
  /** As of `shareWeights`. Default 256 for convolutions, 32 for other layers: 8 and 5 bits, as the paper has it (section 3). */
  readonly clusters?: ShareOptions['clusters'];
  /** Default `linear`, which the paper finds best. */
  readonly start?: KMeansStart;
  /** How the gradients of a cluster become that of its centroid. Default `sum`. */
  readonly gradient?: SharedGradient;
  /** Default `huffman`; `range` makes smaller files. */
  readonly coding?: FileCoding;
  /** Default `float32`. `float16` halves them; the model's are rounded alike. */
  readonly biases?: 'float32' | 'float16';
  /** Of each stage that trains; or by stage, of which those left out have 10. With 0 epochs all is pruned at once. Default 10. */
  readonly epochs?: number | { readonly [S in TrainingStage]?: number };
  /** Default 32. */
  readonly batchSize?: number;
  /** Of a stage, besides those that prune. Default none. */
  readonly callbacks?: (stage: TrainingStage) => readonly Callback[];
  /** For a stage of so many steps. Default a fresh one with the options of the model's. */
  readonly optimizer?: (stage: TrainingStage, steps: number) => Optimizer;
  /**
   * Trains a stage in the place of `fit`, with another loss say, and gives the trained model: that or another with its masks and
   * ties, which is checked, as `distill({ teacher, student: model, x, y, ...training }).model` is.
   */
  readonly train?: (model: Model, training: StageTraining) => Model;
}

const OP = 'deepCompression';
const OPTIONS =
  'x y validationData sparsity criterion clusters start gradient coding biases epochs batchSize callbacks optimizer train';

/**
 * Deep Compression (Han, Mao and Dally 2016, arXiv 1510.00149): prune while training goes on, train what is left, share weights,
 * train the centroids, and code what remains. Each stage is a pass or a schedule that can be had by itself: `PruningSchedule`,
 * `fit`, `shareWeights`, `encodeNetwork`. Pruning follows a cubic course over the first stage (Zhu and Gupta 2017), where the paper
 * prunes once and trains. The result's `network` is what its `file` gives back, `model` computes the same to the bit, `parts` says
 * what each part of the file costs and `stages` what each stage did. The given model, which has to be compiled, is unchanged; the
 * same model, samples and options give the same file. Throws StateError for a model whose optimizer cannot be made anew, if
 * `optimizer` makes none.
 *
 * @example
 * const { file, stages } = deepCompression(model, { x, y, sparsity: 0.8, clusters: 8, epochs: 2 });
 * [stages[0]?.bytes, file.length]; // [ 1480, 688 ]
 * const { network } = decodeNetwork(file);
 */
export function deepCompression(model: Model, options: DeepCompressionOptions): DeepCompressed {
  const setting = checked(model, options);
  const { coding, biases, layers } = setting;
  const { validationData, criterion, start, gradient } = options;
  const stages: CompressionStage[] = [];
  const tell = (stage: CompressionStage['stage'], now: Model): void => {
    const network = toNetwork(now);
    stages.push(stageOf(stage, now, network, encodeNetwork(network), validationData));
  };
  tell('dense', model);
  let now = cloneModel(model);
  setting.compile(now, 'prune');
  if (setting.stepsOf('prune') === 0) {
    for (const { names, sparsity } of layers)
      now = prune(now, { sparsity, samples: [options.x, options.y], ...defined({ layers: names, criterion }) });
  } else now = trained(now, options, setting, 'prune', schedules(options, setting));
  tell('prune', now);
  now = trained(now, options, setting, 'retrain');
  tell('retrain', now);
  now = shareWeights(now, { clusters: setting.clusters, ...defined({ start, gradient }) });
  setting.compile(now, 'centroids');
  tell('share', now);
  now = trained(now, options, setting, 'centroids');
  if (biases === 'float16') roundBiases(now);
  tell('centroids', now);
  const whole = toNetwork(now);
  const file = encodeNetwork(biases === 'float16' ? withHalfBiases(whole) : whole, { coding });
  const { network } = decodeNetwork(file);
  const back = fromNetwork(withoutHalves(network), { seed: model.seed });
  setting.compile(back, 'centroids');
  stages.push(stageOf('code', back, network, file, validationData));
  return new DeepCompressed({ model: now, network, file, parts: fileParts(file), stages });
}

/** Options that were checked, with their defaults. */
interface Setting {
  readonly coding: FileCoding;
  readonly biases: 'float32' | 'float16';
  readonly batchSize: number;
  readonly clusters: NonNullable<ShareOptions['clusters']>;
  /** What is pruned together, and how much of it. */
  readonly layers: readonly { readonly names?: readonly string[]; readonly sparsity: number }[];
  readonly epochsOf: (stage: TrainingStage) => number;
  /** Of a stage, in all. */
  readonly stepsOf: (stage: TrainingStage) => number;
  /** For what the given model is compiled for, with an optimizer that has no moments yet. */
  readonly compile: (model: Model, stage: TrainingStage) => void;
}

function checked(model: Model, options: DeepCompressionOptions): Setting {
  checkModel(OP, 'the model', model);
  checkOptions(OP, options, OPTIONS);
  const { x, y, validationData, sparsity = 0.9, coding = 'huffman', biases = 'float32', batchSize = 32 } = options;
  const { epochs = 10, callbacks, optimizer, train } = options;
  if (!model.isCompiled) throw new StateError(OP, 'the model is not compiled: call compile({ optimizer, loss }) first');
  if (!cloneModel(model).isCompiled && optimizer === undefined)
    throw new StateError(
      OP,
      'the optimizer has a schedule or is of a class of its own: give `optimizer`, which makes one',
    );
  if (validationData !== undefined) checkPair(OP, validationData);
  checkOneOf(OP, 'coding', coding, CODINGS);
  checkOneOf(OP, 'biases', biases, ['float32', 'float16']);
  checkCount(OP, 'batchSize', batchSize);
  for (const [field, given] of Object.entries({ callbacks, optimizer, train }))
    if (given !== undefined) checkFunction(OP, field, given, 'of a stage');
  const isByStage = typeof epochs === 'object' && epochs !== null;
  const epochsOf = (stage: TrainingStage): number => (isByStage ? (epochs[stage] ?? 10) : epochs);
  if (isByStage) checkOptions(`${OP}: epochs`, epochs, 'prune retrain centroids');
  for (const stage of ['prune', 'retrain', 'centroids'] as const) checkCount(OP, 'epochs', epochsOf(stage), 0);
  const { n } = checkSamples(OP, model, x, y);
  if (n === 0) throw new ShapeError(OP, [], 'there are no samples');
  const stepsOf = (stage: TrainingStage): number => epochsOf(stage) * Math.ceil(n / batchSize);
  if (typeof sparsity !== 'number' && (typeof sparsity !== 'object' || sparsity === null))
    throw new ValueError(OP, 'sparsity', 'a share in [0, 1), or shares by names of layers', sparsity);
  if (typeof sparsity === 'number') checkRange(OP, 'sparsity', sparsity, 'in [0, 1)');
  else for (const [name, own] of Object.entries(sparsity)) checkRange(OP, `sparsity["${name}"]`, own, 'in [0, 1)');
  const clusters = options.clusters ?? usualClusters(model);
  checkSharing(OP, model.graph, { clusters, ...defined({ start: options.start, gradient: options.gradient }) }); // before what takes long
  return {
    coding,
    biases,
    batchSize,
    clusters,
    layers:
      typeof sparsity === 'number'
        ? [{ sparsity }]
        : Object.entries(sparsity).map(([name, own]) => ({ names: [name], sparsity: own })),
    epochsOf,
    stepsOf,
    compile: (own, stage) => {
      const made = optimizer?.(stage, stepsOf(stage)) ?? cloneModel(model).optimizer;
      own.compile({ optimizer: made, ...choicesOf(model.objectives), replay: model.replay });
    },
  };
}

/** Of each layer by name. */
function usualClusters(model: Model): Readonly<Record<string, number>> {
  const kernels = storedGraph(model).nodes.filter(({ weights }) => weights.kernel !== undefined);
  return Object.fromEntries(
    kernels.map((node) => [layerOf(node.weights.kernel!), factsOf(node).readsAround === true ? 256 : 32] as const),
  );
}

/** About this many prunings in the stage that prunes. */
const PRUNINGS = 50;

const schedules = ({ x, y, criterion }: DeepCompressionOptions, { layers, stepsOf }: Setting): Callback[] =>
  layers.map(({ names, sparsity }) => {
    const end = stepsOf('prune');
    const frequency = Math.max(1, Math.floor(end / PRUNINGS));
    const samples = [x, y] as const;
    return new PruningSchedule({
      finalSparsity: sparsity,
      end,
      frequency,
      ...(criterion === 'movement' && { begin: 1 }),
      ...defined({ layers: names, criterion, samples }),
    });
  });

/** The model after a stage of training. */
function trained(
  model: Model,
  { x, y, callbacks, train }: DeepCompressionOptions,
  setting: Setting,
  stage: TrainingStage,
  pruning: readonly Callback[] = [],
): Model {
  const epochs = setting.epochsOf(stage);
  if (epochs === 0) return model;
  const { batchSize } = setting;
  const own = cloneModel(model);
  setting.compile(own, stage);
  const more: unknown = callbacks?.(stage) ?? [];
  if (!Array.isArray(more)) throw new ValueError(OP, `callbacks("${stage}")`, 'a list of callbacks', more);
  const training = { epochs, batchSize, callbacks: [...pruning, ...more] };
  if (train === undefined) {
    own.fit(x, y, training);
    return own;
  }
  const result = train(own, { stage, ...training });
  checkModel(OP, 'what train gives', result);
  checkKept(stage, model, result, setting);
  setting.compile(result, stage); // what it was trained for may be something else
  return result;
}

/** Throws StateError for what a training of the user's own gave, if it lost what the stages before it made. */
function checkKept(stage: TrainingStage, before: Model, after: Model, { layers }: Setting): void {
  for (const { name, mask, sharing } of before.weights) {
    const own = after.graph.weights.get(name);
    const isRevived = (bit: number, i: number): boolean => bit === 0 && own?.mask?.data[i] !== 0;
    const isLost = Array.prototype.some.call(mask?.data ?? [], isRevived);
    const what = isLost ? 'pruned' : sharing !== null && (own?.sharing ?? null) === null ? 'shared' : null;
    if (what !== null)
      throw new StateError(
        OP,
        `in what train gives for ${stage}, ${name} is ${what} no more: train the model that it gets, or a copy by cloneModel()`,
      );
  }
  if (stage === 'prune' && layers.some(({ sparsity }) => sparsity > 0) && !isPruned(after))
    throw new StateError(OP, 'what train gives for prune is not pruned: pass the callbacks on that it gets');
}

/** Keys of biases of float32, as halves hold them. */
const isBias = (key: string, { encoding }: Pick<Stored, 'encoding'>): boolean =>
  key.endsWith('/bias') && encoding.type === 'float32';

/** Rounds biases where a model has them; what a half cannot hold stays. */
function roundBiases(model: Model): void {
  for (const { name, value } of model.weights) {
    if (!name.endsWith('/bias') || value.dtype !== 'float32') continue;
    const rounded = Float32Array.from(value.data, (x) => fromFloat16(toFloat16(x)));
    if (rounded.every(Number.isFinite)) value.storage.array.set(rounded);
  }
}

/** What the biases of a network are, as models hold them. */
function withoutHalves(network: Network): Network {
  const weights = new Map(
    [...network.weights].map(([key, weight]): [string, Stored] => {
      return [key, weight.encoding.type === 'float16' ? asFloat32(weight) : weight];
    }),
  );
  return new Network({ ...network, weights });
}

/** A network with biases in halves where those are exact. */
function withHalfBiases(network: Network): Network {
  const weights = new Map(
    [...network.weights].map(([key, weight]): [string, Stored] => {
      if (!isBias(key, weight)) return [key, weight];
      const values = weight.encoding.values as Float32Array;
      const halves = Uint16Array.from(values, toFloat16);
      const isExact = halves.every((bits, i) => fromFloat16(bits) === values[i]);
      return [key, isExact ? { ...weight, encoding: { type: 'float16', values: halves } } : weight];
    }),
  );
  return new Network({ ...network, weights });
}
