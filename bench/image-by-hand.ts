import { Random } from 'whittle-ml';
import type { FloatArray, FloatKernels } from 'whittle-ml/kernels';
import { adam, type Parameter } from './adam.ts';
import type { HandLearner } from './by-hand.ts';
import { CLASSES, type ImageLayer, type ImageTask, imagesOf, nextShape, placed } from './image-tasks.ts';
import { dropoutName, SEED } from './tasks.ts';

/** A layer made ready: what it gives, the gradient for that, and the two passes. */
interface Stage<F> {
  readonly y: F;
  readonly dy: F;
  readonly forward: () => void;
  readonly backward: () => void;
  readonly parameters: readonly Parameter<F>[];
  /** The generator of a dropout: [key0, key1, stream, step]. */
  readonly random?: Uint32Array;
}

/** What all stages are made with. */
interface Site<F extends FloatArray> {
  readonly k: FloatKernels<F>;
  readonly hold: (values: Float32Array) => F;
  readonly floats: (n: number) => F;
  readonly batch: number;
  /** Kernel and bias of the next layer. */
  readonly next: () => [F, F];
}

/** What a layer reads, and where its gradient goes: null in front of the first layer. */
interface Input<F> {
  readonly x: F;
  readonly dx: F | null;
  readonly shape: readonly number[];
}

const sizeOf = (batch: number, shape: readonly number[]): number => shape.reduce((n, size) => n * size, batch);

/** A convolution, or one of each channel by itself, relu behind it. */
function convolution<F extends FloatArray>(
  { k, floats, batch, next }: Site<F>,
  layer: ImageLayer & { readonly size: number },
  { x, dx, shape }: Input<F>,
): Stage<F> {
  const [height, width, channels] = shape as [number, number, number];
  const [outHeight, outWidth, units] = nextShape(layer, shape) as [number, number, number];
  const stride = layer.kind === 'depthwise' ? layer.stride : 1;
  const s = {
    ...{ batch, height, width, outHeight, outWidth, kernelHeight: layer.size, kernelWidth: layer.size },
    ...{ strideY: stride, strideX: stride, dilationY: 1, dilationX: 1, padTop: 0, padLeft: 0 },
    ...{ channels, units, groups: layer.kind === 'depthwise' ? channels : 1 },
  };
  const [w, bias] = next();
  const [dw, dBias] = [floats(w.length), floats(units)];
  const rows = batch * outHeight * outWidth;
  const [y, dy, dz] = [floats(rows * units), floats(rows * units), floats(rows * units)];
  return {
    ...{ y, dy, parameters: [w, bias].map((p, i) => ({ p, g: [dw, dBias][i]! })) },
    forward: () => k.conv2d(s, x, w, bias, 'relu', y),
    backward: () => {
      k.reluGrad(rows * units, y, dy, dz);
      if (dx !== null) k.conv2dTransposed(s, dz, w, null, 'linear', dx);
      k.conv2dKernelGrad(s, x, dz, dw);
      k.sum(1, rows, units, dz, 1, dBias);
    },
  };
}

function maxPool<F extends FloatArray>(
  { k, floats, batch }: Site<F>,
  layer: ImageLayer & { readonly kind: 'maxPool' },
  { x, dx, shape }: Input<F>,
): Stage<F> {
  const [height, width, channels] = shape as [number, number, number];
  const [outHeight, outWidth] = nextShape(layer, shape) as [number, number, number];
  const s = {
    ...{ batch, height, width, outHeight, outWidth, kernelHeight: layer.size, kernelWidth: layer.size },
    ...{ strideY: layer.size, strideX: layer.size, dilationY: 1, dilationX: 1, padTop: 0, padLeft: 0 },
  };
  const n = batch * outHeight * outWidth * channels;
  const [y, dy] = [floats(n), floats(n)];
  return {
    ...{ y, dy, parameters: [] },
    forward: () => k.maxPool(s, channels, x, y),
    backward: () => k.maxPoolGrad(s, channels, x, y, dy, false, dx!),
  };
}

/** The mean of each channel; its gradient is a share for every position, image by image. */
function globalAverage<F extends FloatArray>(
  { k, hold, floats, batch }: Site<F>,
  { x, dx, shape }: Input<F>,
): Stage<F> {
  const [height, width, channels] = shape as [number, number, number];
  const positions = height * width;
  const [y, dy] = [floats(batch * channels), floats(batch * channels)];
  const count = hold(Float32Array.of(positions));
  const images = Array.from({ length: batch }, (_, n) => ({
    from: dy.subarray(n * channels, (n + 1) * channels) as F,
    to: dx!.subarray(n * positions * channels, (n + 1) * positions * channels) as F,
  }));
  return {
    ...{ y, dy, parameters: [] },
    forward: () => k.sum(batch, positions, channels, x, positions, y),
    backward: () => {
      for (const { from, to } of images) k.div(positions, channels, from, 0, 1, count, 0, 0, to);
    },
  };
}

/** Relu behind it, or nothing in front of the loss. */
function dense<F extends FloatArray>(
  { k, floats, batch, next }: Site<F>,
  units: number,
  isLast: boolean,
  { x, dx, shape }: Input<F>,
): Stage<F> {
  const [inputs] = shape as [number];
  const [w, bias] = next();
  const [dw, dBias] = [floats(w.length), floats(units)];
  const n = batch * units;
  const [y, dy] = [floats(n), floats(n)];
  const dz = isLast ? dy : floats(n);
  return {
    ...{ y, dy, parameters: [w, bias].map((p, i) => ({ p, g: [dw, dBias][i]! })) },
    forward: () => k.gemm(batch, units, inputs, x, false, w, false, bias, isLast ? 'linear' : 'relu', y),
    backward: () => {
      if (!isLast) k.reluGrad(n, y, dy, dz);
      if (dx !== null) k.gemm(batch, inputs, units, dz, false, w, true, null, 'linear', dx); // dZ·Wᵀ
      k.gemm(inputs, units, batch, x, true, dz, false, null, 'linear', dw); // Xᵀ·dZ
      k.sum(1, batch, units, dz, 1, dBias);
    },
  };
}

function dropout<F extends FloatArray>(
  { k, floats, batch }: Site<F>,
  rate: number,
  { x, dx, shape }: Input<F>,
): Stage<F> {
  const n = sizeOf(batch, shape);
  const [y, dy] = [floats(n), floats(n)];
  const random = new Random(SEED, `${dropoutName(0)}/dropout`).state;
  return {
    ...{ y, dy, parameters: [], random },
    forward: () => k.dropout(n, x, rate, random, y),
    backward: () => {
      k.dropout(n, dy, rate, random, dx!);
      random[3]! += 1;
    },
  };
}

function stageOf<F extends FloatArray>(site: Site<F>, layer: ImageLayer, isLast: boolean, input: Input<F>): Stage<F> {
  switch (layer.kind) {
    case 'conv2d':
    case 'depthwise':
      return convolution(site, layer, input);
    case 'maxPool':
      return maxPool(site, layer, input);
    case 'globalAverage':
      return globalAverage(site, input);
    case 'dense':
      return dense(site, layer.units, isLast, input);
    case 'dropout':
      return dropout(site, layer.rate, input);
    case 'flatten': // the same numbers in the same order
      return { y: input.x, dy: input.dx!, forward: () => {}, backward: () => {}, parameters: [] };
  }
}

/** A training step of a network for images as calls of kernels, as `byHand` is for dense layers. */
export function imagesByHand<F extends FloatArray>(
  task: ImageTask,
  first: readonly Float32Array[],
  k: FloatKernels<F>,
  hold: (values: Float32Array) => F,
): HandLearner<F> {
  const { batch } = task;
  const [x, targets] = imagesOf(task).map(hold) as [F, F];
  const floats = (n: number): F => hold(new Float32Array(n));
  let used = 0;
  const next = (): [F, F] => [hold(first[used++]!), hold(first[used++]!)];
  const site: Site<F> = { k, hold, floats, batch, next };
  const stages: Stage<F>[] = [];
  for (const [i, { layer, shape }] of placed(task).entries()) {
    const before = stages.at(-1);
    const input = before === undefined ? { x, dx: null, shape } : { x: before.y, dx: before.dy, shape };
    stages.push(stageOf(site, layer, i === task.layers.length - 1, input));
  }
  const { y: z, dy: dz } = stages.at(-1)!;
  const parameters = stages.flatMap((stage) => stage.parameters);
  const { update, reset } = adam(k, parameters, floats);
  const probabilities = floats(batch * CLASSES);
  const losses = floats(batch);
  const value = floats(1);
  const share = floats(batch).fill(1 / batch) as F; // d mean/d loss
  const backwards = [...stages].reverse();
  return {
    step: () => {
      for (const stage of stages) stage.forward();
      k.softmaxCrossEntropy(batch, CLASSES, z, targets, probabilities, losses);
      k.sum(1, batch, 1, losses, batch, value);
      k.softmaxCrossEntropyGrad(batch, CLASSES, probabilities, targets, share, dz);
      for (const stage of backwards) stage.backward();
      update();
      return value[0]!;
    },
    reset: () => {
      reset();
      for (const { random } of stages) if (random !== undefined) random[3] = 0;
      parameters.forEach(({ p }, i) => {
        p.set(first[i]!);
      });
    },
    weights: () => parameters.map(({ p }) => p.slice() as F),
  };
}
