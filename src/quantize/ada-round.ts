import { log64 } from '../../kernels/reference/math.ts';
import { add, mul, sub } from '../autograd/arithmetic.ts';
import { abs, clip, pow, sigmoid, square } from '../autograd/elementwise.ts';
import { gather } from '../autograd/movement.ts';
import { sum } from '../autograd/reductions.ts';
import { noGrad } from '../autograd/tape.ts';
import { checkCount, checkRange } from '../base/errors.ts';
import { checkOptions } from '../base/options.ts';
import type { QuantizedNetwork } from '../compress/quantized.ts';
import { ACTIVATION_FACTS } from '../graph/activation.ts';
import { decodeWeight } from '../graph/decode.ts';
import type { Stored } from '../graph/encoding.ts';
import { activationIn, type Graph, type Node } from '../graph/graph.ts';
import { step } from '../memory/arena.ts';
import { activate } from '../nn/activations.ts';
import { run } from '../nn/forward.ts';
import type { Model } from '../nn/model.ts';
import { Adam } from '../nn/optimizers.ts';
import { batchesOf } from '../nn/samples.ts';
import { checkSeed, Random } from '../tensor/random.ts';
import { fromData, type Tensor } from '../tensor/tensor.ts';
import { type Grid, gridOf, withCodes, withinGrid } from './grid.ts';
import { type AfterCareOptions, layerByLayer, type QuantizedLayer } from './layer-by-layer.ts';

export interface AdaRoundOptions extends AfterCareOptions {
  /** Steps of each layer. Default 1000. */
  readonly steps?: number;
  /** Samples a step. Default 32. */
  readonly batchSize?: number;
  /** Of Adam. Default 0.03. */
  readonly learningRate?: number;
  /** Which samples a step gets. Default 0. */
  readonly seed?: number;
}

/** The sigmoid is stretched to reach from here to there, so that 0 and 1 are within it (section 3.3 of the article). */
const GAMMA = -0.1;
const ZETA = 1.1;
/**
 * The weight of the mean penalty where errors are counted in those of the rounding that was given: of 0.1 to 300, which were
 * tried on layers of 48 to 24 units with correlated inputs, 10 and more were alike, and less was worse.
 */
const LAMBDA = 30;
/** The exponent of the penalty falls from first to last, after a share of the steps without a penalty. */
const FIRST_BETA = 20;
const LAST_BETA = 2;
const WARM_UP = 0.2;

/**
 * Learned rounding (AdaRound, Nagel et al. 2020, arXiv 2004.10568): whether each weight goes to the number below it or to that
 * above is learned, layer by layer from the inputs on, so that the layer makes of what the quantized network gives it what the
 * real network makes of its own. A weight is step·(⌊w/step⌋ + h), h = clip(1.2·sigmoid(v) - 0.1, 0, 1); Adam moves v to lower
 * the squared error of the outputs, behind an elementwise activation, and a penalty 1 - |2h - 1|^β drives h to 0 or 1 as β falls
 * from 20 to 2. Here β falls linearly, and errors are counted in those of the rounding that was given, so that the penalty weighs
 * alike in every layer. A layer whose error on the calibration samples does not become less keeps its rounding.
 *
 * Of dense layers and convolutions of any kind whose weights have steps, in any format of values; float16, bfloat16 and real
 * weights stay. What is pruned stays 0. A layer that is used several times learns of all its uses. Scales and biases stay: run
 * `correctBias` afterwards. `quantized` is the network that `quantize` made of the subject; it is not changed. The same seed
 * gives the same network. Throws StateError for another network, by the names
 * and shapes of its layers.
 *
 * @example
 * const nearest = quantize(model, { format: 'int4' });
 * const learned = adaRound(model, nearest, { calibration: x, steps: 20 });
 * const decibels = (network: Network) => ledger(model, network, { samples: x }).quantized.sqnr;
 * decibels(learned) > decibels(nearest) + 5; // true
 */
export function adaRound(
  subject: Model | Graph<Stored>,
  quantized: Graph<Stored>,
  options: AdaRoundOptions = {} as AdaRoundOptions,
): QuantizedNetwork {
  checkOptions('adaRound', options, 'calibration steps batchSize learningRate seed');
  const { calibration, steps = 1000, batchSize = 32, learningRate = 0.03, seed = 0 } = options;
  checkCount('adaRound', 'steps', steps);
  checkCount('adaRound', 'batchSize', batchSize);
  checkRange('adaRound', 'learningRate', learningRate, 'positive');
  checkSeed('adaRound', seed);
  return layerByLayer('adaRound', subject, quantized, calibration, (layer) => {
    const grid = gridOf(layer.kernel);
    if (grid === null) return {};
    const kernel = learned(layer, grid, { steps, batchSize, learningRate, seed });
    return kernel === null ? {} : { kernel };
  });
}

type Learning = Required<Omit<AdaRoundOptions, 'calibration'>>;

/** The kernel with learned codes; null where they are no better. */
function learned(layer: QuantizedLayer, grid: Grid, { steps, batchSize, learningRate, seed }: Learning): Stored | null {
  const problem = problemOf(layer);
  const given = errorOf(problem, decodeWeight(layer.kernel) as Float32Array);
  if (!(given > 0 && given < Infinity)) return null;
  const soft = new SoftKernel(layer, grid);
  const adam = new Adam({ learningRate });
  const random = new Random(seed, `${layer.node.name}/rounding`);
  for (let i = 0; i < steps; i++) {
    const at = drawn(random, Math.min(batchSize, problem.count), problem.count);
    const share = (i / steps - WARM_UP) / (1 - WARM_UP);
    const beta = FIRST_BETA + (LAST_BETA - FIRST_BETA) * share;
    adam.minimize(() => {
      const h = soft.rises();
      const error = mul(squares(problem, soft.kernel(h), at), 1 / (given * at.size));
      if (share < 0) return error;
      const penalty = sum(sub(1, pow(abs(sub(mul(h, 2), 1)), beta)));
      return add(error, mul(penalty, LAMBDA / soft.v.size));
    }, [soft.v]);
  }
  const made = withCodes(layer.kernel, soft.codes());
  return errorOf(problem, decodeWeight(made) as Float32Array) < given ? made : null;
}

/** So many numbers below `count`. */
function drawn(random: Random, n: number, count: number): Tensor {
  const { data } = random.uniform([n], 0, count);
  return fromData(Int32Array.from(data, (place) => Math.min(count - 1, Math.floor(place))));
}

/** A kernel between the numbers below it and those above. */
class SoftKernel {
  /** What is learned, of the kernel's shape. It starts where the kernel is what it was before quantization. */
  readonly v: Tensor;
  private readonly grid: Grid;
  private readonly floors: Float64Array;
  private readonly floor: Tensor;
  private readonly zeros: Tensor;
  /** Of a step; 0 of what is pruned. */
  private readonly sizes: Tensor;

  constructor({ real, kernel: { shape, mask } }: QuantizedLayer, grid: Grid) {
    const { steps, zeros } = grid;
    const held = (values: Float64Array): Tensor => fromData(Float32Array.from(values), shape);
    const codes = Float64Array.from(real, (w, i) => w / steps[i]! + zeros[i]!);
    this.grid = grid;
    this.floors = codes.map(Math.floor);
    this.floor = held(this.floors);
    this.zeros = held(zeros);
    this.sizes = held(steps.map((size, i) => (mask?.[i] === 0 ? 0 : size)));
    this.v = held(codes.map((code, i) => stretchedBack(code - this.floors[i]!)));
  }

  /** h, from 0 to 1: how far up. */
  rises(): Tensor {
    return clip(add(mul(sigmoid(this.v), ZETA - GAMMA), GAMMA), 0, 1);
  }

  /** The numbers at h. */
  kernel(h: Tensor): Tensor {
    const { least, most } = this.grid;
    return mul(this.sizes, sub(clip(add(this.floor, h), least, most), this.zeros));
  }

  /** The codes that it comes to. */
  codes(): Int32Array {
    const { data } = this.v;
    return Int32Array.from(this.floors, (code, i) => withinGrid(this.grid, code + (data[i]! >= 0 ? 1 : 0)));
  }
}

/** The v of which the stretched sigmoid is so much. */
function stretchedBack(h: number): number {
  const y = (h - GAMMA) / (ZETA - GAMMA);
  return log64(y / (1 - y));
}

/** A layer by itself: what it reads, and what it should make of that. */
interface Problem {
  readonly node: Node;
  readonly shape: readonly number[];
  readonly bias: Tensor | null;
  readonly inputs: Tensor;
  readonly wanted: Tensor;
  /** Samples. */
  readonly count: number;
  readonly isElementwise: boolean;
}

function problemOf({ node, kernel, bias, biasScales, inputs, realSums }: QuantizedLayer): Problem {
  const activation = activationIn(node)!;
  const { isElementwise } = ACTIVATION_FACTS[activation.name];
  const real = realSums();
  const x = inputs();
  const values = bias && (decodeWeight(bias) ?? bias.encoding.values);
  return {
    node,
    shape: kernel.shape,
    bias: values && fromData(Float32Array.from(values, (b, j) => b * (biasScales?.[j] ?? 1))),
    inputs: x,
    wanted: isElementwise ? noGrad(() => activate(activation, real)) : real,
    count: x.shape[0]!,
    isElementwise,
  };
}

/** Σ(f(x·kernel + bias) - wanted)² over some samples. */
function squares({ node, bias, inputs, wanted, isElementwise }: Problem, kernel: Tensor, at: Tensor): Tensor {
  const weights = bias === null ? { kernel } : { kernel, bias };
  const stage = { node, weights, random: null, layer: null };
  const y = run([gather(inputs, at)], stage, { training: false, step: 0, penalties: [] }, !isElementwise);
  return sum(square(sub(y, gather(wanted, at))));
}

/** The same with a finished kernel, the mean over all samples. */
function errorOf(problem: Problem, kernel: Float32Array): number {
  const weights = fromData(kernel, problem.shape);
  let total = 0;
  for (const [start, count] of batchesOf(problem.count, 256)) {
    const at = fromData(Int32Array.from({ length: count }, (_, i) => start + i));
    total += step(() => noGrad(() => squares(problem, weights, at).item()));
  }
  return total / problem.count;
}
