import { slice } from '../autograd/movement.ts';
import { grad, noGrad } from '../autograd/tape.ts';
import { ShapeError, StateError, ValueError } from '../base/errors.ts';
import type { Shaped } from '../graph/check.ts';
import { densified } from '../graph/decode.ts';
import type { Stored } from '../graph/encoding.ts';
import { encodingText } from '../graph/encoding-text.ts';
import { type Graph, mapWeights, type Node, weightsOf } from '../graph/graph.ts';
import { step } from '../memory/arena.ts';
import { isBatchOf, refuseShape, refuseType } from '../nn/batches.ts';
import { run, type Stage } from '../nn/forward.ts';
import type { Layer } from '../nn/layers.ts';
import { Model } from '../nn/model.ts';
import { tensorOf } from '../nn/parameter.ts';
import { batchesOf, checkEntries, checkSamples, type Data, type SampleLists, tensorsOf } from '../nn/samples.ts';
import { fromData, type Tensor } from '../tensor/tensor.ts';

/** Samples a batch. */
const BATCH = 32;
/** What errors call them. */
const NAMES = ['x of samples', 'y of samples'] as const;

/** Throws ValueError unless these are samples with targets, as `measure` takes them. */
export function checkPair(op: string, samples: SampleLists | undefined): asserts samples is SampleLists {
  if (!Array.isArray(samples) || samples.length !== 2)
    throw new ValueError(op, 'samples', 'a list of x and y, as [xTrain, yTrain]', samples);
}

/**
 * The gradient of the compiled loss with respect to each weight that training moves, by key: of each weight the sum over the
 * samples, in float64. Dropout is off, BatchNorm goes by its running statistics, and penalties do not count: it is what the
 * weights do to the answers. Throws StateError for a model that is not compiled.
 */
export function gradientsOf(op: string, model: Model, samples: SampleLists): Map<string, Float64Array> {
  return summed(op, model, samples, BATCH, (g) => g);
}

/** The sizes of the gradients of batches of 16 samples, summed: they do not cancel as those do. */
export function gradientSizes(op: string, model: Model, samples: SampleLists): Map<string, Float64Array> {
  return summed(op, model, samples, 16, Math.abs);
}

function summed(
  op: string,
  model: Model,
  samples: SampleLists,
  batchSize: number,
  of: (g: number) => number,
): Map<string, Float64Array> {
  const sums = new Map<string, Float64Array>();
  const see: EachGradient['see'] = (gradients, count) => {
    for (const [key, { data }] of gradients) {
      const sum = sums.get(key) ?? new Float64Array(data.length);
      data.forEach((g, i) => {
        sum[i]! += of(count * g);
      });
      sums.set(key, sum);
    }
  };
  eachGradient(op, model, samples, { batchSize, see });
  return sums;
}

export interface EachGradient {
  /** Of these weights alone. Default: all that training moves. */
  readonly keys?: ReadonlySet<string>;
  /** Samples a batch; 1 shows the gradient of each sample. Default 32. */
  readonly batchSize?: number;
  /** Is shown the gradients of the mean loss of a batch of `count` samples, by key, which are gone afterwards. */
  readonly see: (gradients: ReadonlyMap<string, Tensor>, count: number) => void;
}

/** The same batch by batch. */
export function eachGradient(op: string, model: Model, samples: SampleLists, options: EachGradient): void {
  const { keys, batchSize = BATCH, see } = options;
  checkPair(op, samples);
  const { xs, ys, n } = model.prepare(op, checkSamples(op, model, ...samples, NAMES), NAMES[1]);
  const weights = [...model.graph.weights].filter(([key, own]) => !own.isStatistic && keys?.has(key) !== false);
  const parameters = weights.map(([, own]) => tensorOf(own));
  for (const [start, count] of batchesOf(n, batchSize)) {
    const part = (t: Tensor): Tensor => slice(t, [[start, start + count]]);
    step(() => {
      const gradients = grad(() => model.lossAt(xs.map(part), ys.map(part)), parameters);
      see(new Map(weights.map(([key], i) => [key, gradients[i]!])), count);
    });
  }
}

/**
 * Runs a network on samples and shows `see` every value, inputs too, batch by batch, by the name that it has in the graph:
 * tensors [batch, ...sample], which are gone afterwards. Dropout is off, that of Monte Carlo too. Throws StateError for a
 * network in int8.
 */
export function activationsOf(
  op: string,
  subject: Model | Graph<Stored>,
  x: Data,
  see: (value: string, batch: Tensor) => void,
): void {
  const { inputs, nodes, weights } =
    subject instanceof Model ? mapWeights(subject.graph, tensorOf) : mapWeights(subject, (w) => tensorIn(op, w));
  const layerOf = (node: Node): Layer | null => (subject instanceof Model ? subject.layerOf(node.name) : null);
  const xs = inputsFor(op, subject instanceof Model ? subject.graph : subject, x);
  const stages = nodes.map((node): Stage => {
    const own = { ...node, attrs: 'training' in node.attrs ? { ...node.attrs, training: false } : node.attrs } as Node;
    return { node: own, weights: weightsOf({ weights }, node), random: null, layer: layerOf(node) };
  });
  for (const [start, count] of batchesOf(xs[0]!.shape[0]!, BATCH))
    step(() =>
      noGrad(() => {
        const values = new Map(inputs.map(({ name }, i) => [name, slice(xs[i]!, [[start, start + count]])]));
        for (const stage of stages) {
          const read = stage.node.inputs.map((name) => values.get(name)!) as [Tensor, ...Tensor[]];
          values.set(stage.node.name, run(read, stage, { training: false, step: 0, penalties: [] }, false));
        }
        for (const [name, value] of values) see(name, value);
      }),
    );
}

/** The numbers of a weight as a tensor. */
function tensorIn(op: string, weight: Stored): Tensor {
  const { shape, encoding } = densified(weight);
  if (encoding.type === 'float32' || encoding.type === 'float64') return fromData(encoding.values, shape);
  throw new StateError(op, `the network is in ${encodingText(encoding)}: choose by its values before quantizing`);
}

/** Samples that fit a network, a tensor for each input; `name` is what errors call them. */
export function inputsFor(op: string, graph: Graph<Shaped>, x: Data, name: string = NAMES[0]): readonly Tensor[] {
  const { inputs } = graph;
  const dtypes = inputs.map(({ dtype }) => dtype);
  const xs = tensorsOf(op, name, x, inputs.length, { dtypes, shapes: inputs.map(({ shape }) => shape) });
  const n = xs[0]!.shape[0];
  xs.forEach((t, i) => {
    const { dtype, shape } = inputs[i]!;
    if (t.dtype !== dtype) refuseType(op, t.dtype, dtype);
    if (!isBatchOf(t.shape, shape)) refuseShape(op, t.shape.slice(1), shape, 'samples', t.shape);
    if (t.shape[0] !== n || n === 0)
      throw new ShapeError(op, [xs[0]!.shape, t.shape], 'inputs must have the same number of samples, at least one');
  });
  checkEntries(op, name, xs, graph);
  return xs;
}
