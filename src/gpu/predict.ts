import { checkCount, DisposedError, DTypeError, ShapeError, ValueError } from '../base/errors.ts';
import { elementsOf, type Shape, sameShape } from '../base/shape.ts';
import { valuesOf } from '../graph/check.ts';
import type { Stored } from '../graph/encoding.ts';
import type { Graph } from '../graph/graph.ts';
import type { Model } from '../nn/model.ts';
import { batchesOf } from '../nn/samples.ts';
import { empty, Tensor } from '../tensor/tensor.ts';
import type { GpuBackend } from './backend.ts';
import type { DeviceTensor } from './device-tensor.ts';
import { building, within } from './scope.ts';
import { backendOf } from './shared.ts';
import { type DeviceWeights, forward, type Stage, stagesOf } from './stages.ts';

/** A network whose weights lie on a device. Their memory is not the garbage collector's: `dispose` gives it back. */
export class GpuPredictor {
  readonly gpu: GpuBackend;
  readonly inputShape: Shape;
  readonly outputShape: Shape;
  private readonly stages: readonly Stage[];
  private readonly weights: ReadonlyMap<Stage, DeviceWeights>;
  private isDisposed = false;

  constructor(
    gpu: GpuBackend,
    network: Pick<GpuPredictor, 'inputShape' | 'outputShape'>,
    stages: readonly Stage[],
    weights: ReadonlyMap<Stage, DeviceWeights>,
  ) {
    this.gpu = gpu;
    this.inputShape = network.inputShape;
    this.outputShape = network.outputShape;
    this.stages = stages;
    this.weights = weights;
  }

  /**
   * Outputs for x [samples, ...inputShape], float32, dropout off. One upload and one readback for `batchSize` samples
   * (default 1024).
   */
  async predict(x: Tensor, { batchSize = 1024 }: { readonly batchSize?: number } = {}): Promise<Tensor> {
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
        let t = await scope.keep(this.gpu.send(samples, [count, inputs]));
        for (const stage of this.stages) t = await scope.keep(forward(stage, t, this.weights.get(stage)));
        y.storage.array.set(await this.gpu.fetch(t), start * outputs);
      });
    }
    return y;
  }

  /** Gives the weights' memory back. */
  dispose(): void {
    this.isDisposed = true;
    for (const { kernel, bias } of this.weights.values()) {
      kernel.dispose();
      bias?.dispose();
    }
  }
}

/**
 * A Model model of Dense layers, or a float32 network made of one, as a predictor on the device, with the weights as
 * they are now. Layers: Dense, Activation, Dropout, Flatten; activations: linear, relu, leakyRelu, sigmoid, tanh, gelu,
 * softmax. Throws StateError, which names the layer, for others. `gpu` defaults to `sharedGpu()`.
 */
export async function gpuPredict(
  model: Model | Graph<Stored>,
  { gpu }: { readonly gpu?: GpuBackend } = {},
): Promise<GpuPredictor> {
  const stages = stagesOf('gpuPredict', model);
  const inputShape = 'seed' in model ? model.inputShape : model.inputs[0]!.shape;
  const outputShape = 'seed' in model ? model.outputShape : valuesOf(model).get(model.outputs[0]!)!.shape;
  const backend = await backendOf('gpuPredict', gpu);
  const weights = new Map<Stage, DeviceWeights>();
  await building(async (scope) => {
    const send = (data: ArrayLike<number>, shape: Shape): Promise<DeviceTensor> =>
      scope.keep(backend.send(data, shape));
    for (const stage of stages) {
      if (stage.type !== 'dense') continue;
      const { inputs, units, kernel, bias } = stage.layer;
      weights.set(stage, {
        kernel: await send(kernel.encoding.values, [inputs, units]),
        bias: bias && (await send(bias.encoding.values, [units])),
      });
    }
  });
  return new GpuPredictor(backend, { inputShape, outputShape }, stages, weights);
}
