import { slice } from '../autograd/movement.ts';
import { noGrad } from '../autograd/tape.ts';
import { checkCount, ShapeError } from '../base/errors.ts';
import { checkOptions } from '../base/options.ts';
import { step } from '../memory/arena.ts';
import { tensor, zeros } from '../tensor/create.ts';
import { assign, type Tensor } from '../tensor/tensor.ts';
import { checkModel } from './check-model.ts';
import type { LayerGraph } from './layer-graph.ts';
import type { Layer } from './layers.ts';
import { BatchNorm } from './normalizations.ts';
import type { Parameter } from './parameter.ts';
import { type Data, tensorsOf } from './samples.ts';

export interface StatisticsOptions {
  /** Samples whose mean and variance are taken at once; a single one that is left goes with those before. Default 32. */
  readonly batchSize?: number;
}

/** A running statistic, and what a pass leaves of the number that it was. */
interface Running {
  readonly weight: Parameter;
  readonly left: number;
}

/** Runs `body` while running statistics of these layers stay, and do what they are for. */
export function resting<T>(layers: readonly Layer[], body: () => T): T {
  const before = layers.map(({ movesStatistics }) => movesStatistics);
  const set = (flags: readonly boolean[]): void =>
    layers.forEach((layer, i) => {
      layer.movesStatistics = flags[i]!;
    });
  try {
    set(layers.map(() => false));
    return body();
  } finally {
    set(before);
  }
}

/** The running statistics of BatchNorm that training moves. Momentum 1 moves none. */
export function runningIn({ layers, moved, graph }: LayerGraph): Running[] {
  return layers.flatMap((layer) => {
    if (!(layer instanceof BatchNorm)) return [];
    const mean = layer.parameter('mean');
    const applied = graph.nodes.filter(({ weights }) => weights.mean === mean.name).length;
    let left = 1;
    for (let i = 0; i < applied; i++) left *= layer.momentum;
    return [mean, layer.parameter('variance')]
      .filter((weight) => left < 1 && moved.includes(weight))
      .map((weight) => ({ weight, left }));
  });
}

/**
 * Makes the running statistics of each BatchNorm the mean of those of the batches of x, in one pass as in training, with
 * dropout: for weights that no step has left, such as an average (Izmailov et al. 2018, section 3.2; PyTorch's update_bn). A
 * batch counts by its samples. Layers that are not to move theirs keep them, and so do all of another kind. Throws
 * ShapeError for fewer than two samples.
 *
 * @example
 * const net = new Sequential([new BatchNorm()]);
 * updateStatistics(net, [[1], [3]]);
 * net.weights.filter(({ isStatistic }) => isStatistic).map(({ value }) => value.item()); // [ 2, 1 ]
 */
export function updateStatistics(model: LayerGraph, x: Data, options: StatisticsOptions = {}): void {
  const op = 'updateStatistics';
  checkOptions(op, options, 'batchSize', 'Write { batchSize: $ }');
  checkModel(op, 'the model', model);
  const { batchSize = 32 } = options;
  checkCount(op, 'batchSize', batchSize, 2);
  const shapes = model.isBuilt ? model.inputShapes : [];
  const xs = tensorsOf(op, 'x', x, model.inputCount, { dtypes: model.inputDtypes, shapes });
  const [n = 0] = xs[0]!.shape;
  if (n < 2) throw new ShapeError(op, [xs[0]!.shape], 'needs two samples or more: one has no variance');
  if (!model.isBuilt) model.build(xs.map(({ shape }) => shape.slice(1)));
  const running = runningIn(model);
  if (running.length === 0) return;
  const before = model.getWeights();
  const sums = running.map(({ weight }) => new Float64Array(weight.value.size));
  try {
    resting(
      model.layers.filter((layer) => !(layer instanceof BatchNorm)),
      () => {
        for (let start = 0, pass = 0; start < n; pass++) {
          const count = n - start - batchSize === 1 ? batchSize + 1 : Math.min(batchSize, n - start);
          const part = (t: Tensor): Tensor => slice(t, [[start, start + count]]);
          step(() =>
            noGrad(() => {
              for (const { value } of running.map(({ weight }) => weight))
                assign(value, zeros(value.shape, value.dtype));
              model.forward(xs.map(part), { training: true, step: model.steps + pass });
            }),
          );
          running.forEach(({ weight, left }, i) => {
            const { data } = weight.value; // of 0 a pass makes its own statistics times 1 - left
            for (let j = 0; j < data.length; j++) sums[i]![j]! += (count / n) * (data[j]! / (1 - left));
          });
          start += count;
        }
      },
    );
  } catch (error) {
    model.setWeights(before);
    throw error;
  }
  running.forEach(({ weight: { value } }, i) => {
    assign(value, tensor(sums[i]!, { shape: value.shape, dtype: value.dtype }));
  });
}
