import type { Epilogue } from '../../kernels/interface/products.ts';
import { add, mul } from '../autograd/arithmetic.ts';
import { convolve, convolveTransposed } from '../autograd/convolution.ts';
import { channelShuffle, concat, embedding, pad, reshape, slice } from '../autograd/movement.ts';
import { layerNorm } from '../autograd/normalization.ts';
import { globalAvgPool, globalMaxPool, pool, upsample } from '../autograd/pooling.ts';
import { dense } from '../autograd/products.ts';
import { ShapeError, StateError, ValueError } from '../base/errors.ts';
import { elementsOf, sameShape } from '../base/shape.ts';
import { epilogueOf } from '../graph/activation.ts';
import { hasKernel, isIdle } from '../graph/facts.ts';
import { activationIn, type Node, type NodeOf, type Op } from '../graph/graph.ts';
import { eachTime } from '../memory/recorder.ts';
import type { Random } from '../tensor/random.ts';
import { Tensor } from '../tensor/tensor.ts';
import { activate } from './activations.ts';
import { averaged, carried, fakeQuantized, moved, multiplied, type Product } from './codes.ts';
import { noisy } from './noise.ts';
import { penalty } from './regularizers.ts';
import { normalizedBatch } from './running.ts';

/** What is the same for all operations of a pass. */
export interface Pass {
  readonly training: boolean;
  /** Training steps made before this one: the counter of every random draw. Another number each time it is read. */
  readonly step: number;
  /** Penalties on activities, added to the loss. */
  readonly penalties: Tensor[];
}

/** A node with what it computes with. */
export interface Stage<K extends Op = Op> {
  readonly node: NodeOf<K>;
  /** Values of its weights, by role. */
  readonly weights: Readonly<Record<string, Tensor>>;
  /** Of a dropout: what it draws from. */
  readonly random: Random | null;
  /** Of code of the user's own. */
  readonly layer: { call(x: Tensor, pass: Pass): Tensor } | null;
  /** In training for integers: whether sums become integers here by one factor, or are to behind. Default false. */
  readonly isFused?: boolean;
  /** Of a node with running statistics: which of the nodes that have these it is, and how many there are. Default: the only one. */
  readonly turn?: readonly [index: number, count: number];
}

type Forward<K extends Op> = (
  inputs: readonly [Tensor, ...Tensor[]],
  stage: Stage<K>,
  pass: Pass,
  epilogue: Epilogue,
) => Tensor;

/** One row an operation: its result for a batch, before its activation, which follows in one place. */
const FORWARD: { readonly [K in Op]: Forward<K> } = {
  dense: ([x], stage, _, epilogue) => multiplied(x, productOf(stage), epilogue, dense),
  activation: ([x]) => x,
  flatten: ([x]) => moved(x, (each) => reshape(each, [x.shape[0]!, elementsOf(x.shape.slice(1))])),
  dropout: ([x], { node, random }, pass) => {
    if (isIdle(node, pass.training)) return x;
    eachTime(() => {
      random!.step = pass.step;
    });
    return noisy(x, node.attrs, random!);
  },
  activityRegularization: ([x], { node }, pass) => {
    pass.penalties.push(mul(penalty(x, node.attrs), 1 / x.shape[0]!));
    return x;
  },
  add: (inputs) => inputs.reduce((sum, x) => add(sum, x)),
  concat: (inputs) => concat(inputs, -1),
  split: ([x], { node: { attrs } }) =>
    moved(x, (each) => slice(each, [...x.shape.slice(1).map(() => null), [attrs.from, attrs.to]])),
  conv: ([x], stage, _, epilogue) => {
    const { attrs } = stage.node;
    return multiplied(x, productOf(stage), epilogue, (from, kernel, bias, end) =>
      convolve('conv', from, kernel, bias, attrs, attrs.groups, end),
    );
  },
  convTranspose: ([x], stage, _, epilogue) => {
    const steps = { ...stage.node.attrs, dilations: [1, 1] };
    return multiplied(x, productOf(stage), epilogue, (from, kernel, bias, end) =>
      convolveTransposed('convTranspose', from, kernel, bias, steps, end),
    );
  },
  pool: ([x], stage) => {
    const { kind, size, ...steps } = stage.node.attrs;
    return pooled(x, stage, (each) => pool('pool', kind, each, size, { ...steps, dilations: size.map(() => 1) }));
  },
  globalPool: ([x], stage) => pooled(x, stage, stage.node.attrs.kind === 'max' ? globalMaxPool : globalAvgPool),
  zeroPad: ([x], { node }) => moved(x, (each) => pad(each, [[0, 0], ...node.attrs.widths, [0, 0]])),
  upsample: ([x], { node }) => moved(x, (each) => upsample(each, node.attrs.factors)),
  channelShuffle: ([x], { node }) => moved(x, (each) => channelShuffle(each, node.attrs.groups)),
  batchNorm: ([x], { node: { attrs }, weights }, { training }) => normalizedBatch(x, attrs, weights, training),
  layerNorm: ([x], { node, weights: { gamma = null, beta = null } }) => layerNorm(x, gamma, beta, node.attrs.epsilon),
  embedding: ([x], { weights: { embeddings } }) => embedding(embeddings!, x),
  fakeQuantize: ([x], stage, { training }) => fakeQuantized(x, stage, training),
  quantize: (_, { node }) => refuse(node),
  dequantize: (_, { node }) => refuse(node),
  custom: ([x], { node, layer }, pass) => {
    const y: unknown = layer!.call(x, pass);
    const { name, attrs } = node;
    if (!(y instanceof Tensor)) throw new ValueError('forward', `what call() of layer ${name} gives`, 'a tensor', y);
    const wanted = [x.shape[0]!, ...attrs.outputShape];
    if (!sameShape(y.shape, wanted))
      throw new ShapeError(
        'forward',
        [y.shape, wanted],
        `call() of layer ${name} gives another shape than build() says`,
      );
    return y;
  },
};

/** A stage as products see it. */
const productOf = ({ node, weights }: Stage<'dense'> | Stage<'conv'> | Stage<'convTranspose'>): Product => ({
  node,
  weights,
});

/** The largest of whole numbers, or their means, where these become integers by one factor. */
function pooled(x: Tensor, { node, isFused }: Stage<'pool' | 'globalPool'>, of: (x: Tensor) => Tensor): Tensor {
  if (node.attrs.kind === 'max') return moved(x, of);
  return isFused === true ? averaged(x, of) : of(x);
}

function refuse({ name, op }: Node): never {
  throw new StateError('forward', `node "${name}" (${op}) is quantized; run the network with compileNetwork()`);
}

let current: string | null = null;

/** The name of the node that a pass computes, for what watches operations; null between nodes and outside a pass. */
export const nodeInPass = (): string | null => current;

/** The result of a node; without its activation if `logits`. */
export function run<K extends Op>(
  inputs: readonly [Tensor, ...Tensor[]],
  stage: Stage<K>,
  pass: Pass,
  logits: boolean,
): Tensor {
  const node: NodeOf<K> = stage.node;
  const forward: Forward<K> = FORWARD[node.op];
  const activation = activationIn(node as Node);
  const epilogue = activation === null || logits || !hasKernel(node as Node) ? 'linear' : epilogueOf(activation);
  try {
    current = node.name;
    const y = forward(inputs, stage, pass, epilogue);
    if (activation === null || logits || epilogue !== 'linear') return y;
    const ended = activate(activation, y);
    return epilogueOf(activation) === 'linear' ? ended : carried(y, activation, ended);
  } finally {
    current = null;
  }
}
