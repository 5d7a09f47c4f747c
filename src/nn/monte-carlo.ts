import { slice } from '../autograd/movement.ts';
import { noGrad } from '../autograd/tape.ts';
import { checkCount, StateError } from '../base/errors.ts';
import { checkOptions } from '../base/options.ts';
import { step } from '../memory/arena.ts';
import { tensor } from '../tensor/create.ts';
import { checkSeed, Random } from '../tensor/random.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { checkModel } from './check-model.ts';
import type { LayerGraph } from './layer-graph.ts';
import { Dropout } from './layers.ts';
import { Noise } from './noise-layers.ts';
import { batchesOf, type Data, listOf, oneOrAll, type Tensors, tensorsOf } from './samples.ts';
import { resting } from './statistics.ts';

export interface MonteCarloOptions {
  /** How often the network runs, each time with other units dropped. Default 50. */
  readonly passes?: number;
  /** Decides what is dropped, together with the model's seed. Default 0. */
  readonly seed?: number;
  /** Samples that are computed at once; what is dropped depends on it. Default 256. */
  readonly batchSize?: number;
}

/** Outputs of many passes, of the shape that `predict` gives; lists of several outputs. */
export interface Spread<Y extends Tensors = Tensor> {
  readonly mean: Y;
  /** Root of the mean square of the differences from the mean. */
  readonly deviation: Y;
}

/**
 * Mean and spread of predictions with dropout on, which a network with dropout before each layer of weights gives as an
 * approximation of a Gaussian process (Gal & Ghahramani 2016). All else is as in `predict`: running statistics stay. Sums are
 * in float64. Throws StateError for a model without dropout, whose passes are all the same.
 *
 * @example
 * const { mean, deviation } = monteCarlo(model, xTest, { passes: 20 });
 */
export function monteCarlo<Y extends Tensors = Tensor>(
  model: LayerGraph,
  x: Data,
  options: MonteCarloOptions = {},
): Spread<Y> {
  const op = 'monteCarlo';
  checkOptions(op, options, 'passes seed batchSize', 'Write { passes: $ }');
  checkModel(op, 'the model', model);
  const { passes = 50, seed = 0, batchSize = 256 } = options;
  checkCount(op, 'passes', passes);
  checkSeed(op, seed);
  checkCount(op, 'batchSize', batchSize);
  if (!model.layers.some((layer) => (layer instanceof Dropout || layer instanceof Noise) && layer.rate > 0))
    throw new StateError(op, 'the model has no Dropout and no noise, and every pass would give the same');
  const shapes = model.isBuilt ? model.inputShapes : [];
  const xs = tensorsOf(op, 'x', x, model.inputCount, { dtypes: model.inputDtypes, shapes });
  const [n = 0] = xs[0]!.shape;
  if (!model.isBuilt) model.build(xs.map(({ shape }) => shape.slice(1)));
  const widths = model.outputShapes.map((shape) => shape.reduce((p, q) => p * q, 1));
  const means = widths.map((width) => new Float64Array(n * width));
  const squares = means.map((mean) => new Float64Array(mean.length)); // of differences from the mean, summed (Welford 1962)
  let draw = Math.floor(2 ** 31 * (1 + new Random(seed, op).uniform([]).item())); // far from the steps of training
  resting(model.layers, () => {
    for (let pass = 1; pass <= passes; pass++) {
      for (const [start, count] of batchesOf(n, batchSize)) {
        const part = (t: Tensor): Tensor => slice(t, [[start, start + count]]);
        step(() =>
          noGrad(() => {
            const outputs = listOf(model.forward<Tensors>(oneOrAll(xs.map(part)), { training: true, step: draw }));
            outputs.forEach(({ data }, i) => {
              const mean = means[i]!;
              const square = squares[i]!;
              data.forEach((value: number, j: number) => {
                const at = start * widths[i]! + j;
                const off = value - mean[at]!;
                mean[at]! += off / pass;
                square[at]! += off * (value - mean[at]!);
              });
            });
          }),
        );
        draw++;
      }
    }
  });
  const made = (numbers: Float64Array, i: number): Tensor =>
    tensor(numbers, { shape: [n, ...model.outputShapes[i]!], dtype: model.dtype });
  const deviations = squares.map((square) => square.map((sum) => Math.sqrt(sum / passes)));
  return { mean: oneOrAll<Y>(means.map(made)), deviation: oneOrAll<Y>(deviations.map(made)) };
}
