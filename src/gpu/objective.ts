import { addToReport, type Correctness, type GpuLoss, lossGradient, lossSums } from '../../kernels/gpu/losses.ts';
import { add, mul } from '../autograd/arithmetic.ts';
import { oneHot, reshape } from '../autograd/movement.ts';
import { noGrad } from '../autograd/tape.ts';
import { StateError } from '../base/errors.ts';
import { elementsOf, type Shape } from '../base/shape.ts';
import { BOUNDARY, settled } from '../nn/decisions.ts';
import { outputsOf } from '../nn/heads.ts';
import type { Loss } from '../nn/losses.ts';
import type { Model } from '../nn/model.ts';
import type { Outputs } from '../nn/outputs.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { DeviceTensor } from './device-tensor.ts';

/** A model's loss as shaders compute it, and what counts as right. */
export class Objective {
  private readonly kind: GpuLoss;
  private readonly loss: Loss;
  /** Whether the model's last activation is left out, since loss and gradient are computed from its inputs. */
  readonly onLogits: boolean;
  private readonly outputShape: Shape;
  private correctness: Correctness;
  private readonly outputs: Outputs;

  /** Throws StateError for a loss, or a last activation with it, that has no shader. */
  constructor(op: string, model: Model, metric: string | null) {
    const { loss, outputShape } = model;
    const { name: lastActivation } = model.outputActivation(true);
    this.loss = loss;
    this.outputShape = outputShape;
    this.kind = kindOf(op, loss);
    this.onLogits = loss.callLogits !== undefined && loss.activation === lastActivation;
    if (this.kind !== 'mse' && !this.onLogits && loss.options?.fromLogits !== true)
      throw new StateError(
        op,
        `${loss.name} without fromLogits has a shader only after ${loss.activation}, and the last activation is ${lastActivation}`,
      );
    const width = elementsOf(outputShape);
    this.outputs = outputsOf(model);
    const { coding, scale } = this.outputs;
    const isRowwise = width > 1 && (coding !== 'labels' || metric !== 'accuracy');
    const threshold = this.onLogits ? 0 : BOUNDARY[scale]; // sigmoid(0) is 1/2
    this.correctness = isRowwise ? { kind: 'largest' } : { kind: 'threshold', threshold };
  }

  /** Targets as shaders take them, float32 [samples, outputs], of those that the loss takes. */
  targets(y: Tensor): Tensor {
    const width = elementsOf(this.outputShape);
    const n = y.shape[0]!;
    if (this.correctness.kind === 'threshold' && !this.onLogits)
      this.correctness = { kind: 'threshold', threshold: BOUNDARY[settled(this.outputs, y).scale] };
    return noGrad(() => {
      if (y.dtype === 'int32') return this.smoothed(oneHot(reshape(y, [n]), width), width);
      return this.smoothed(reshape(y, [n, width]), this.kind === 'binaryCrossentropy' ? 2 : width);
    });
  }

  private smoothed(t: Tensor, classes: number): Tensor {
    const s = Number(this.loss.options?.labelSmoothing ?? 0);
    return s === 0 ? t : add(mul(t, 1 - s), s / classes);
  }

  /** Losses of a batch, with what the gradient needs of them. */
  losses(output: DeviceTensor, targets: DeviceTensor): Promise<DeviceTensor> {
    const [, rows, cols] = output.extent;
    return output.gpu.run(lossSums(this.kind, rows, cols), [output, targets]);
  }

  /** The gradient of the mean loss by the outputs. */
  gradient(output: DeviceTensor, targets: DeviceTensor, losses: DeviceTensor): Promise<DeviceTensor> {
    const [, rows, cols] = output.extent;
    const sums = this.kind === 'categoricalCrossentropy' ? [losses] : [];
    return output.gpu.run(lossGradient(this.kind, rows, cols), [output, targets, ...sums]);
  }

  /** The report plus a batch; `column` 0 is for training, 2 for validation. */
  report(
    before: DeviceTensor,
    losses: DeviceTensor,
    output: DeviceTensor,
    targets: DeviceTensor,
    column: 0 | 2,
  ): Promise<DeviceTensor> {
    const [, rows, cols] = output.extent;
    const shader = addToReport(before.extent[1], rows, cols, column, this.correctness);
    return output.gpu.run(shader, [before, losses, output, targets]);
  }
}

function kindOf(op: string, { name }: Loss): GpuLoss {
  if (name === 'mse' || name === 'binaryCrossentropy' || name === 'categoricalCrossentropy') return name;
  if (name === 'sparseCategoricalCrossentropy') return 'categoricalCrossentropy';
  throw new StateError(op, `the loss ${name} has no shader; mse and the crossentropies have one`);
}
