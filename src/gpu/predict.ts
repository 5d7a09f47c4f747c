import { checkCount, DisposedError, DTypeError, ShapeError, ValueError } from '../base/errors.ts';
import { checkOptions } from '../base/options.ts';
import { elementsOf, type Shape, sameShape } from '../base/shape.ts';
import { decodeWeight } from '../graph/decode.ts';
import type { Stored } from '../graph/encoding.ts';
import { validateNetwork } from '../graph/encodings.ts';
import { checkForm } from '../graph/form.ts';
import type { Graph } from '../graph/graph.ts';
import { Model } from '../nn/model.ts';
import { storedGraph } from '../nn/network.ts';
import { batchesOf } from '../nn/samples.ts';
import { empty, Tensor } from '../tensor/tensor.ts';
import type { GpuBackend } from './backend.ts';
import { type DeviceTensor, matrixOf } from './device-tensor.ts';
import { building, within } from './scope.ts';
import { backendOf } from './shared.ts';
import { forward, type Stages, stagesOf } from './stages.ts';

/** A network whose weights lie on a device. Their memory is not the garbage collector's: `dispose` gives it back. */
export class GpuPredictor {
  readonly gpu: GpuBackend;
  readonly inputShape: Shape;
  readonly outputShape: Shape;
  private readonly stages: Stages;
  private readonly weights: ReadonlyMap<string, DeviceTensor>;
  private isDisposed = false;

  constructor(gpu: GpuBackend, stages: Stages, weights: ReadonlyMap<string, DeviceTensor>) {
    this.gpu = gpu;
    this.inputShape = stages.inputShape;
    this.outputShape = stages.outputShape;
    this.stages = stages;
    this.weights = weights;
  }

  /**
   * Outputs for x [samples, ...inputShape], float32, dropout off. One upload and one readback for `batchSize` samples
   * (default 1024).
   */
  async predict(x: Tensor, options: { readonly batchSize?: number } = {}): Promise<Tensor> {
    checkOptions('gpuPredict', options, 'batchSize');
    const { batchSize = 1024 } = options;
    checkCount('gpuPredict', 'batchSize', batchSize);
    if (this.isDisposed) throw new DisposedError('gpuPredict', 'the predictor was used after dispose()');
    if (!(x instanceof Tensor)) throw new ValueError('gpuPredict', 'x', 'a tensor', x);
    if (x.dtype !== 'float32') throw new DTypeError('gpuPredict', [x.dtype], 'needs float32', 'cast() it?');
    if (x.rank === 0 || !sameShape(x.shape.slice(1), this.inputShape))
      throw new ShapeError('gpuPredict', [x.shape, this.inputShape], 'samples do not have the shape of the network');
    const n = x.shape[0]!;
    const inputs = elementsOf(this.inputShape);
    const outputs = elementsOf(this.outputShape);
    const y = empty([n, ...this.outputShape], 'float32');
    const data = Float32Array.from(x.data);
    for (const [start, count] of batchesOf(n, batchSize)) {
      await within(async (scope) => {
        const samples = data.subarray(start * inputs, (start + count) * inputs);
        const sent = await scope.keep(this.gpu.send(samples, [count, inputs]));
        const pass = { scope, weights: (key: string) => this.weights.get(key)!, training: null };
        const [last] = await forward(this.stages, sent, pass);
        y.storage.array.set(await this.gpu.fetch(last), start * outputs);
      });
    }
    return y;
  }

  /** Gives the weights' memory back. */
  dispose(): void {
    this.isDisposed = true;
    for (const weight of this.weights.values()) weight.dispose();
  }
}

/**
 * A model, or a float32 network, of one input and one output as a predictor on the device, with the weights as they are
 * now. Samples of any shape. Layers: Dense of flat samples, Activation, Dropout, Flatten, Add, Concat, Part, BatchNorm,
 * convolutions (with groups, depthwise, separable, transposed), max and average pools, global ones, ZeroPadding, UpSampling,
 * ChannelShuffle, and containers of these; activations: linear, relu, relu6, leakyRelu, sigmoid, tanh, gelu, and softmax of flat
 * samples. Sparse weights are sent with their zeros: no shader leaves them out. Throws StateError, which names the layer, for
 * others. `gpu` defaults to `sharedGpu()`.
 *
 * @example
 * const predictor = await gpuPredict(model);
 * const found = await predictor.predict(xTest);
 * predictor.dispose();
 * found.shape; // [ 200, 2 ]
 */
export async function gpuPredict(
  model: Model | Graph<Stored>,
  options: { readonly gpu?: GpuBackend } = {},
): Promise<GpuPredictor> {
  checkOptions('gpuPredict', options, 'gpu');
  if (!(model instanceof Model)) checkForm('gpuPredict', model);
  const network = model instanceof Model ? storedGraph(model) : model;
  const stages = stagesOf('gpuPredict', network);
  validateNetwork(network);
  const backend = await backendOf('gpuPredict', options.gpu);
  const weights = new Map<string, DeviceTensor>();
  await building(async (scope) => {
    for (const [key, weight] of network.weights)
      weights.set(key, await scope.keep(backend.send(decodeWeight(weight)!, matrixOf(weight.shape))));
  });
  return new GpuPredictor(backend, stages, weights);
}
