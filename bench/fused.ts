import type { Learner } from './learner.ts';
import { batchOf, type Task } from './tasks.ts';

/**
 * A training step of inputs-hidden-outputs = 1-h-1 in one piece of TypeScript, as somebody would write it who knows the
 * network by heart: sample by sample forward and back, then Adam. Sums are doubles, so its bits are its own. What a
 * library with kernels has to be measured against where a network is so small that calls cost more than arithmetic.
 */
export function fused(task: Task, first: readonly Float32Array[]): Learner {
  const [, hidden] = task.sizes as [number, number];
  const { batch } = task;
  const [x, targets] = batchOf(task);
  const weights = first.map((values) => values.slice()) as [Float32Array, Float32Array, Float32Array, Float32Array];
  const [w1, b1, w2, b2] = weights;
  const gradients = weights.map((w) => new Float64Array(w.length)) as [
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  const [g1, h1, g2, h2] = gradients;
  const moments = weights.map((w) => [new Float32Array(w.length), new Float32Array(w.length)] as const);
  const y = new Float64Array(hidden);
  let power1 = 1;
  let power2 = 1;

  const update = (): void => {
    power1 *= 0.9;
    power2 *= 0.999;
    const rate = (0.001 * Math.sqrt(1 - power2)) / (1 - power1);
    for (let i = 0; i < weights.length; i++) {
      const w = weights[i]!;
      const g = gradients[i]!;
      const [m, v] = moments[i]!;
      for (let j = 0; j < w.length; j++) {
        const gj = g[j]!;
        m[j] = 0.9 * m[j]! + 0.1 * gj;
        v[j] = 0.999 * v[j]! + 0.001 * gj * gj;
        w[j] = w[j]! - (rate * m[j]!) / (Math.sqrt(v[j]!) + 1e-7);
        g[j] = 0;
      }
    }
  };

  const step = (): number => {
    let loss = 0;
    for (let s = 0; s < batch; s++) {
      const input = x[s]!;
      let output = b2[0]!;
      for (let j = 0; j < hidden; j++) {
        const z = input * w1[j]! + b1[j]!;
        y[j] = Math.max(z, 0);
        output += y[j]! * w2[j]!;
      }
      const error = output - targets[s]!;
      loss += error * error;
      const d = (2 * error) / batch;
      h2[0]! += d;
      for (let j = 0; j < hidden; j++) {
        g2[j]! += d * y[j]!;
        const dz = y[j]! > 0 ? d * w2[j]! : 0;
        g1[j]! += dz * input;
        h1[j]! += dz;
      }
    }
    update();
    return loss / batch;
  };

  return {
    step,
    reset: () => {
      power1 = 1;
      power2 = 1;
      weights.forEach((w, i) => {
        w.set(first[i]!);
        for (const moment of moments[i]!) moment.fill(0);
      });
    },
    weights: () => weights.map((w) => w.slice()),
  };
}
