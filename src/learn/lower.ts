import { log } from '../autograd/elementwise.ts';
import { StateError, ValueError } from '../base/errors.ts';
import type { TableEncoder } from '../data/encoder.ts';
import { MinMaxScaler, StandardScaler } from '../data/scale.ts';
import type { ActivationName } from '../graph/activation.ts';
import { float32Stored } from '../graph/encoding.ts';
import { Network } from '../graph/network.ts';
import { zeros } from '../tensor/create.ts';
import { Tensor } from '../tensor/tensor.ts';
import { DummyClassifier } from './dummy-classifier.ts';
import { DummyRegressor } from './dummy-regressor.ts';
import type { Estimator, Label, Predictor, Transformer } from './estimator.ts';
import { Pipeline, type Step, type Steps } from './pipeline.ts';
import { TablePipeline } from './table-pipeline.ts';

/** An estimator as a network, and what no network is. */
export interface Lowered {
  /** From float32 [samples, features] to numbers [samples, outputs], or to probabilities: of all classes, or of the second of two. */
  readonly network: Network;
  /**
   * Makes the features that the network reads of those that the estimator was given, in float64:
   * `predictNetwork(network, cast(before.transform(x), 'float32'))`. Null if it reads these.
   */
  readonly before: Pipeline<Transformer> | null;
  /** Of a TablePipeline: makes features of a table. `decode` says what outputs mean. */
  readonly encoder: TableEncoder | null;
  /** In the order of the outputs; null for numbers. */
  readonly classes: readonly Label[] | null;
}

/** What linear and logistic models have in common: x·coefficientsᵀ + intercept. */
interface Linear {
  /** Float64, [features] or [outputs, features]. */
  readonly coefficients: Tensor;
  /** One an output. */
  readonly intercept: number | ArrayLike<number>;
}

/** w·x + b in float64. */
interface Affine {
  /** [outputs][features] */
  readonly w: readonly Float64Array[];
  readonly b: Float64Array;
}

const OP = 'networkOf';

/**
 * A fitted linear or logistic model as a network, which passes prune, quantize and measure like any other: one dense layer, with a
 * softmax behind it for classes, or a sigmoid for one output that tells two. A dummy that draws nothing is one whose weights are 0
 * and whose biases are its numbers, or the logarithms of its shares. Scalers right before the model become part of its
 * weights, in float64, which are rounded once; other steps are `before`. A function and no method, so that programs that only fit do
 * not load graphs.
 *
 * Rounding: a network computes x·w in float32. Features that are large beside their spread, such as years, lose digits in it
 * that the scaler kept.
 *
 * Throws ValueError for an estimator of another kind, and for weights past float32; StateError for one that is not fitted.
 *
 * @example
 * const line = new Pipeline([['scale', new MinMaxScaler()], ['line', new LinearRegression()]]).fit([[0], [4]], [1, 9]);
 * const { network, before } = networkOf(line);
 * predictNetwork(network, tensor([[10]])); // [[21.]]
 * before; // null
 */
export function networkOf(estimator: Predictor | TablePipeline): Lowered {
  const encoder = estimator instanceof TablePipeline ? estimator.encoder : null;
  const steps = stepsOf(estimator instanceof TablePipeline ? estimator.predictor : estimator);
  const model = steps.pop()![1];
  const isConstant = !isLinear(model) && (model instanceof DummyClassifier || model instanceof DummyRegressor);
  if (!isConstant && !isLinear(model))
    throw new ValueError(OP, 'the estimator', 'a linear or a logistic model, or a dummy', model);
  const own = model.kind === 'classifier' ? model.classes : null;
  const classes = encoder === null || own === null ? own : namesOf(encoder, own);
  let affine = isConstant ? constantOf(model) : affineOf(model);
  const head = isConstant ? constantHead(model) : headOf(model, affine.b.length);
  for (let step = steps.at(-1)?.[1]; isScaler(step); step = steps.at(-1)?.[1]) {
    affine = behind(step, affine);
    steps.pop();
  }
  const others: readonly Step[] = steps;
  const before = others.length === 0 ? null : new Pipeline<Transformer>(others as Steps<Transformer>);
  const network = denseOf(affine, head);
  return { network, before, encoder, classes };
}

/** All steps, those of pipelines within pipelines too, under names of their own. */
function stepsOf(estimator: Estimator): [name: string, step: Estimator][] {
  const flat = (name: string, step: Estimator): [string, Estimator][] =>
    step instanceof Pipeline
      ? step.steps.flatMap(([own, inner]) => flat(name === '' ? own : `${name}.${own}`, inner))
      : [[name, step]];
  return flat('', estimator);
}

const isLinear = (model: Estimator): model is Predictor & Linear =>
  Object(model) === model &&
  model.kind !== 'transformer' &&
  'intercept' in model &&
  'coefficients' in model &&
  model.coefficients instanceof Tensor;

const isScaler = (step: unknown): step is StandardScaler | MinMaxScaler =>
  step instanceof StandardScaler || step instanceof MinMaxScaler;

function affineOf({ coefficients, intercept }: Linear): Affine {
  const { data, shape } = coefficients;
  const features = shape.at(-1)!;
  const w = Array.from({ length: data.length / features }, (_, output) =>
    Float64Array.from(data.subarray(output * features, (output + 1) * features)),
  );
  const b = typeof intercept === 'number' ? w.map(() => intercept) : Array.from(intercept);
  if (b.length !== w.length) throw new ValueError(OP, 'the intercept', `${w.length} numbers, one an output`, intercept);
  return { w, b: Float64Array.from(b) };
}

/** What float32 makes 0 of, behind a softmax: the logarithm of no share at all is no number. */
const NOTHING = -1000;

/** What a dummy says of any sample: 0·x and numbers, or the logarithms of shares. */
function constantOf(model: DummyClassifier | DummyRegressor): Affine {
  const b = model.kind === 'regressor' ? Float64Array.from(model.constant) : sharesOf(model);
  return { w: Array.from(b, () => new Float64Array(model.featureCount)), b };
}

function sharesOf(model: DummyClassifier): Float64Array {
  const { strategy } = model.options;
  if (strategy === 'stratified' || strategy === 'uniform') {
    const wanted = 'prior, mostFrequent or constant, since a network draws nothing';
    throw new ValueError(OP, "the dummy's strategy", wanted, strategy);
  }
  const { data } = log(model.predictProba(zeros([1, model.featureCount])));
  return Float64Array.from(data, (share) => Math.max(NOTHING, share));
}

const constantHead = ({ kind }: DummyClassifier | DummyRegressor): Head => ({
  name: kind === 'regressor' ? 'linear' : 'softmax',
  factor: 1,
});

/** w·scaled(x) + b as one affine map of x, where scaled(x) = (x - center)/scale·(high - low) + low. */
function behind(scaler: StandardScaler | MinMaxScaler, { w, b }: Affine): Affine {
  const { center, scale } = scaler;
  const [low, high] = scaler instanceof MinMaxScaler ? scaler.options.featureRange : [0, 1];
  const factors = scale.map((each) => (high - low) / each);
  const shift = scaler instanceof MinMaxScaler ? low : 0;
  return {
    w: w.map((own) => own.map((weight, i) => weight * factors[i]!)),
    b: b.map((bias, k) => w[k]!.reduce((sum, weight, i) => sum + weight * (shift - center[i]! * factors[i]!), bias)),
  };
}

/** What makes answers of x·w + b, and what that is multiplied by before. */
interface Head {
  readonly name: ActivationName;
  readonly factor: number;
}

function headOf(model: Predictor & Linear, outputs: number): Head {
  if (model.kind === 'regressor') return { name: 'linear', factor: 1 };
  const { multiClass } = model.options as { readonly multiClass?: unknown };
  const count = model.classes.length;
  // The softmax of -z and z is the sigmoid of 2z
  if (outputs === 1 && count === 2) return { name: 'sigmoid', factor: multiClass === 'multinomial' ? 2 : 1 };
  if (outputs !== count || count < 2)
    throw new ValueError(OP, 'the outputs', `one for each of ${count} classes, or one for two`, outputs);
  if (multiClass === 'ovr')
    throw new ValueError(OP, 'multiClass', 'multinomial, whose probabilities are a softmax', multiClass);
  return { name: 'softmax', factor: 1 };
}

function denseOf({ w, b }: Affine, { name, factor }: Head): Network {
  const features = w[0]!.length;
  const units = w.length;
  const kernel = Float32Array.from(
    { length: features * units },
    (_, i) => factor * w[i % units]![Math.floor(i / units)]!,
  );
  const bias = Float32Array.from(b, (each) => factor * each);
  const stray = [...kernel, ...bias].find((weight) => !Number.isFinite(weight));
  if (stray !== undefined) throw new ValueError(OP, 'every weight', 'finite in float32', stray);
  return new Network({
    inputs: [{ name: 'input', shape: [features], dtype: 'float32' }],
    nodes: [
      {
        name: 'linear',
        op: 'dense',
        inputs: ['input'],
        weights: { kernel: 'linear/kernel', bias: 'linear/bias' },
        attrs: { activation: { name } },
        format: null,
      },
    ],
    outputs: ['linear'],
    weights: new Map([
      ['linear/kernel', float32Stored([features, units], kernel)],
      ['linear/bias', float32Stored([units], bias)],
    ]),
  });
}

/** The encoder's names of classes, which are the network's outputs: so there must have been samples of each. */
function namesOf({ classNames = [] }: TableEncoder, codes: readonly Label[]): readonly string[] {
  const absent = classNames.find((_, code) => !codes.includes(code));
  if (absent !== undefined)
    throw new StateError(OP, `no sample was of the class ${absent}. Fit to rows with all classes`);
  return classNames;
}
