import { Random } from 'whittle-ml';
import type { FloatArray, FloatKernels } from 'whittle-ml/kernels';
import { adam } from './adam.ts';
import { batchOf, dropoutName, SEED, type Task } from './tasks.ts';

/** A network that learns one batch, in any element type. */
export interface HandLearner<F extends FloatArray> {
  readonly step: () => number;
  readonly reset: () => void;
  readonly weights: () => F[];
}

/** A layer's weights, what it computes, and the gradients. */
interface Layer<F> {
  readonly inputs: number;
  readonly units: number;
  readonly w: F; // [inputs, units]
  readonly bias: F;
  readonly dw: F;
  readonly dBias: F;
  readonly y: F; // [batch, units]
  readonly dy: F;
  /** Gradient before the activation. */
  readonly dz: F;
  /** What the next layer gets: y itself, or what dropout leaves of it. */
  readonly out: F;
  /** The dropout layer's generator: [key0, key1, stream, step]. */
  readonly random: Uint32Array;
}

/**
 * The arithmetic of a training step as calls of kernels, every array made beforehand by `hold`: what it costs without a
 * library. `reference64` makes it the exact answer.
 */
export function byHand<F extends FloatArray>(
  task: Task,
  first: readonly Float32Array[],
  k: FloatKernels<F>,
  hold: (values: Float32Array) => F,
): HandLearner<F> {
  const { sizes, loss, batch, dropout } = task;
  const [x, targets] = batchOf(task).map(hold) as [F, F];
  const floats = (n: number): F => hold(new Float32Array(n));
  const layers = sizes.slice(1).map((units, i): Layer<F> => {
    const inputs = sizes[i]!;
    const hidden = i < sizes.length - 2;
    const y = floats(batch * units);
    return {
      inputs,
      units,
      w: hold(first[2 * i]!),
      bias: hold(first[2 * i + 1]!),
      dw: floats(inputs * units),
      dBias: floats(units),
      y,
      dy: floats(batch * units),
      dz: floats(batch * units),
      out: hidden && dropout > 0 ? floats(batch * units) : y,
      random: new Random(SEED, `${dropoutName(i)}/dropout`).state,
    };
  });
  const last = layers.at(-1)!;
  const parameters = layers.flatMap(({ w, bias, dw, dBias }) =>
    [[w, dw] as const, [bias, dBias] as const].map(([p, g]) => ({ p, g })),
  );
  const optimizer = adam(k, parameters, floats);
  const outputs = batch * last.units;
  const scratch = floats(outputs);
  const losses = floats(batch);
  const value = floats(1);
  const two = hold(Float32Array.of(2));
  const share = floats(batch).fill(1 / batch) as F; // d mean/d loss

  const forward = (): void => {
    let input = x;
    for (const layer of layers) {
      const { inputs, units, w, bias, y, out, random } = layer;
      k.gemm(batch, units, inputs, input, false, w, false, bias, layer === last ? 'linear' : 'relu', y);
      if (out !== y) k.dropout(batch * units, y, dropout, random, out);
      input = out;
    }
  };

  const lossAndGradient = (z: F, dz: F): void => {
    if (loss === 'mse') {
      k.sub(1, batch, z, batch, 1, targets, batch, 1, scratch);
      k.square(batch, scratch, losses);
      k.sum(1, batch, 1, losses, batch, value);
      k.mul(1, batch, scratch, batch, 1, two, 0, 0, dz);
      k.mul(1, batch, share, batch, 1, dz, batch, 1, dz);
    } else {
      k.softmaxCrossEntropy(batch, last.units, z, targets, scratch, losses);
      k.sum(1, batch, 1, losses, batch, value);
      k.softmaxCrossEntropyGrad(batch, last.units, scratch, targets, share, dz);
    }
  };

  const backward = (): void => {
    for (let i = layers.length - 1; i >= 0; i--) {
      const { inputs, units, w, dw, dBias, y, dy, dz, out, random } = layers[i]!;
      if (out !== y) {
        k.dropout(batch * units, dy, dropout, random, dy);
        random[3]! += 1;
      }
      if (i < layers.length - 1) k.reluGrad(batch * units, y, dy, dz);
      if (i > 0) k.gemm(batch, inputs, units, dz, false, w, true, null, 'linear', layers[i - 1]!.dy); // dZ·Wᵀ
      k.gemm(inputs, units, batch, i === 0 ? x : layers[i - 1]!.out, true, dz, false, null, 'linear', dw); // Xᵀ·dZ
      k.sum(1, batch, units, dz, 1, dBias);
    }
  };

  return {
    step: () => {
      forward();
      lossAndGradient(last.y, last.dz);
      backward();
      optimizer.update();
      return value[0]!;
    },
    reset: () => {
      optimizer.reset();
      for (const { random } of layers) random[3] = 0;
      parameters.forEach(({ p }, i) => {
        p.set(first[i]!);
      });
    },
    weights: () => parameters.map(({ p }) => p.slice() as F),
  };
}

/** The first losses of a task in float64: what every float32 step is held against. */
export function exactLosses(
  task: Task,
  first: readonly Float32Array[],
  k: FloatKernels<Float64Array>,
  steps: number,
): number[] {
  const learner = byHand(task, first, k, (values) => Float64Array.from(values));
  return Array.from({ length: steps }, learner.step);
}
