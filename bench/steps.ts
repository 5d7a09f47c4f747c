import { Adam, Dense, fromData, Sequential } from 'whittle-ml';
import { cpu, type Kernels } from 'whittle-ml/kernels';
import { checkSame, normal } from './data.ts';
import { oneHot } from './kernels.ts';
import type { Row } from './measure.ts';

/** A network of dense layers with relu between them, and a batch that it is trained on. */
export interface Task {
  /** Inputs, hidden units, outputs. */
  readonly sizes: readonly number[];
  /** With mse there is one output. */
  readonly loss: 'mse' | 'categoricalCrossentropy';
  readonly batch: number;
  /** What the library may cost: time by trainOnBatch over time by hand. */
  readonly limit: number;
}

export const tasks: readonly Task[] = [
  { sizes: [1, 10, 1], loss: 'mse', batch: 32, limit: 2.5 },
  { sizes: [100, 64, 64, 10], loss: 'categoricalCrossentropy', batch: 32, limit: 1.3 },
];

/** A network that learns one batch. */
export interface Learner {
  /** A training step; returns the loss before it. */
  readonly step: () => number;
  /** Back to the first weights. */
  readonly reset: () => void;
  /** Copies, layer by layer: kernel, bias. */
  readonly weights: () => Float32Array[];
}

function batchOf({ sizes, loss, batch }: Task): [x: Float32Array, y: Float32Array] {
  const [inputs, outputs] = [sizes[0]!, sizes.at(-1)!];
  return [normal(batch * inputs, 1), loss === 'mse' ? normal(batch, 2) : oneHot(batch, outputs)];
}

/** As a user writes it. */
export function byLibrary(task: Task): Learner {
  const { sizes, loss, batch } = task;
  const [inputs, outputs, last] = [sizes[0]!, sizes.at(-1)!, sizes.length - 1];
  const layers = sizes.slice(1).map(
    (units, i) =>
      new Dense(units, {
        ...(i === 0 ? { inputShape: [inputs] } : {}),
        activation: i + 1 < last ? 'relu' : loss === 'mse' ? 'linear' : 'softmax',
      }),
  );
  const model = new Sequential(layers, { seed: 1 });
  const first = model.getWeights();
  const [x, y] = batchOf(task);
  const [inputBatch, targets] = [fromData(x, [batch, inputs]), fromData(y, [batch, outputs])];
  const reset = (): void => {
    model.setWeights(first);
    model.compile({ optimizer: new Adam(), loss });
  };
  reset();
  return {
    step: () => model.trainOnBatch(inputBatch, targets).loss!,
    reset,
    weights: () => model.getWeights().map((t) => t.data as Float32Array),
  };
}

/** The same arithmetic as calls of kernels, every array made beforehand: what a step costs without a library. */
export function byHand(task: Task, first: readonly Float32Array[], k: Kernels = cpu): Learner {
  const { sizes, loss, batch } = task;
  const [x, targets] = batchOf(task);
  const floats = (n: number): Float32Array => new Float32Array(n);
  const layers = sizes.slice(1).map((units, i) => ({
    inputs: sizes[i]!,
    units,
    w: first[2 * i]!.slice(), // [inputs, units]
    bias: first[2 * i + 1]!.slice(),
    dw: floats(sizes[i]! * units),
    dBias: floats(units),
    y: floats(batch * units),
    dy: floats(batch * units),
    dz: floats(batch * units), // gradient before the activation
  }));
  const last = layers.at(-1)!;
  const parameters = layers.flatMap(({ w, bias, dw, dBias }) =>
    [[w, dw] as const, [bias, dBias] as const].map(([p, g]) => ({ p, g, m: floats(p.length), v: floats(p.length) })),
  );
  const outputs = batch * last.units;
  const [scratch, losses, value, two] = [floats(outputs), floats(batch), floats(1), Float32Array.of(2)];
  const share = floats(batch).fill(1 / batch); // d mean/d loss
  const s = floats(8);
  let [power1, power2] = [1, 1];

  const lossAndGradient = (z: Float32Array, dz: Float32Array): void => {
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

  const step = (): number => {
    let input = x;
    for (const layer of layers) {
      const { inputs, units, w, bias, y } = layer;
      k.gemm(batch, units, inputs, input, false, w, false, bias, layer === last ? 'linear' : 'relu', y);
      input = y;
    }
    lossAndGradient(last.y, last.dz);
    for (let i = layers.length - 1; i >= 0; i--) {
      const { inputs, units, w, dw, dBias, y, dy, dz } = layers[i]!;
      if (i < layers.length - 1) k.reluGrad(batch * units, y, dy, dz);
      if (i > 0) k.gemm(batch, inputs, units, dz, false, w, true, null, 'linear', layers[i - 1]!.dy); // dZ·Wᵀ
      k.gemm(inputs, units, batch, i === 0 ? x : layers[i - 1]!.y, true, dz, false, null, 'linear', dw); // Xᵀ·dZ
      k.sum(1, batch, units, dz, 1, dBias);
    }
    // Adam with the library's defaults (Kingma & Ba 2015, end of section 2).
    power1 *= 0.9;
    power2 *= 0.999;
    s[0] = (0.001 * Math.sqrt(1 - power2)) / (1 - power1);
    s[1] = 1e-7;
    s[2] = 0.9;
    s[3] = 1 - 0.9;
    s[4] = 0.999;
    s[5] = 1 - 0.999;
    for (const { p, g, m, v } of parameters) k.adam(p.length, p, g, m, v, null, s);
    return value[0]!;
  };

  return {
    step,
    reset: () => {
      [power1, power2] = [1, 1];
      parameters.forEach(({ p, m, v }, i) => {
        p.set(first[i]!);
        m.fill(0);
        v.fill(0);
      });
    },
    weights: () => parameters.map(({ p }) => p.slice()),
  };
}

/** A training step by trainOnBatch against the same by hand: the ratio is the price of the library. */
export function stepRows(): Row[] {
  return tasks.map((task): Row => {
    const eager = byLibrary(task);
    const hand = byHand(task, eager.weights());
    const name = `step ${task.sizes.join('-')}`;
    return {
      name,
      work: 1,
      unit: 'steps/s',
      ratio: 'time',
      limit: task.limit,
      variants: [
        { name: 'hand-written', run: hand.step, reset: hand.reset },
        { name: 'eager', run: eager.step, reset: eager.reset },
      ],
      check: () => {
        checkAgree(name, eager, hand, 20);
      },
    };
  });
}

/** Throws CheckError unless losses and weights are the same to the bit at every step. */
export function checkAgree(name: string, p: Learner, q: Learner, steps: number): void {
  for (let i = 0; i < steps; i++) {
    checkSame(`${name}: loss of step ${i}`, Float32Array.of(p.step()), Float32Array.of(q.step()));
    const expected = q.weights();
    p.weights().forEach((w, j) => {
      checkSame(`${name}: weights ${j} after step ${i}`, w, expected[j]!);
    });
  }
}
