/** Shaders of softmax, of losses and of what training reports. */
import { activationText } from './activations.ts';
import { type Extent, exponential, float, type Shader } from './shader.ts';

/** Losses that have shaders; the crossentropies work on the inputs of the last softmax or sigmoid. */
export type GpuLoss = 'mse' | 'binaryCrossentropy' | 'categoricalCrossentropy';

/** Largest of a row, and Σe^(x - largest): what a softmax needs. Columns of the result: 0 and 1. */
export function softmaxSums(rows: number, cols: number): Shader {
  const body = `
    ${largest(cols)}
    let r = top;
    if (x === 1) {
      r = 0.0;
      for (let j = 0; j < ${cols}; j++) {
        const u = a[y][j] - top;
        r += ${exponential('u')};
      }
    }
    return r;`;
  return { name: 'softmax sums', inputs: ['a'], body, extent: [1, rows, 2] };
}

/** Statements that make `top` the largest number of row y of `a`; NaN in the row does not matter, its sum will be NaN. */
const largest = (cols: number): string => `
    let top = a[y][0];
    for (let i = 1; i < ${cols}; i++) {
      const v = a[y][i];
      if (v > top) { top = v; }
    }`;

/** e^(x - largest)/Σ. */
export function softmax(rows: number, cols: number): Shader {
  const body = `
    const u = a[y][x] - s[y][0];
    return ${exponential('u')} / s[y][1];`;
  return { name: 'softmax', inputs: ['a', 's'], body, extent: [1, rows, cols] };
}

/** The gradient before a softmax: p·(g - Σ g·p). */
export function softmaxGradient(rows: number, cols: number): Shader {
  const body = `
    let sum = 0.0;
    for (let j = 0; j < ${cols}; j++) { sum += g[y][j] * p[y][j]; }
    return p[y][x] * (g[y][x] - sum);`;
  return { name: 'gradient of softmax', inputs: ['p', 'g'], body, extent: [1, rows, cols] };
}

/** Columns of `lossSums` beside the loss. */
const TOP = 1;
const SUM = 2;
const TARGETS = 3;

/**
 * The loss of each sample, column 0. For the categorical crossentropy also what its gradient needs: the largest logit,
 * Σe^(z - largest), and Σt. `a` are predictions, or logits for the crossentropies; `t` targets.
 */
export function lossSums(loss: GpuLoss, rows: number, cols: number): Shader {
  const loop = (term: string): string => `
    let sum = 0.0;
    for (let j = 0; j < ${cols}; j++) {
      const v = a[y][j];
      const t1 = t[y][j];
      ${term}
    }
    return sum / ${cols};`;
  if (loss === 'mse') {
    const body = loop('sum += (v - t1) * (v - t1);');
    return { name: 'mse', inputs: ['a', 't'], body, extent: [1, rows, 1] };
  }
  if (loss === 'binaryCrossentropy') {
    // log(1 + e^v) - t·v, stable: max(v, 0) + log(1 + e^-|v|)
    const body = loop('sum += ((v < 0.0 ? 0.0 : v) + Math.log(1.0 + Math.exp(-Math.abs(v)))) - t1 * v;');
    return { name: 'binary crossentropy', inputs: ['a', 't'], body, extent: [1, rows, 1] };
  }
  const body = `
    ${largest(cols)}
    let sum = 0.0;
    let targets = 0.0;
    let products = 0.0;
    for (let j = 0; j < ${cols}; j++) {
      const u = a[y][j] - top;
      const t1 = t[y][j];
      sum += ${exponential('u')};
      targets += t1;
      if (t1 !== 0.0) { products += t1 * u; }
    }
    let r = targets * Math.log(sum) - products;
    if (x === ${TOP}) { r = top; }
    if (x === ${SUM}) { r = sum; }
    if (x === ${TARGETS}) { r = targets; }
    return r;`;
  return { name: 'categorical crossentropy', inputs: ['a', 't'], body, extent: [1, rows, 4] };
}

/**
 * The gradient of the mean loss over the batch, by predictions or logits. `s` is what `lossSums` gave for the categorical
 * crossentropy, and not an input for the others.
 */
export function lossGradient(loss: GpuLoss, rows: number, cols: number): Shader {
  const extent: Extent = [1, rows, cols];
  if (loss === 'mse') {
    return {
      name: 'gradient of mse',
      inputs: ['a', 't'],
      body: `return (a[y][x] - t[y][x]) * ${float(2 / (rows * cols))};`,
      extent,
    };
  }
  if (loss === 'binaryCrossentropy') {
    const body = `
      const v = a[y][x];
      ${activationText({ name: 'sigmoid', alpha: 0 }, 'v', 'p')}
      return (p - t[y][x]) / ${rows * cols};`;
    return { name: 'gradient of binary crossentropy', inputs: ['a', 't'], body, extent };
  }
  const body = `
    const u = a[y][x] - s[y][${TOP}];
    const p = ${exponential('u')} / s[y][${SUM}];
    return (p * s[y][${TARGETS}] - t[y][x]) / ${rows};`;
  return { name: 'gradient of categorical crossentropy', inputs: ['a', 't', 's'], body, extent };
}

/**
 * How a prediction is right: above `threshold` where the target is above 1/2, of several outputs the share of those, or
 * largest where the target is. A NaN makes the sum NaN.
 */
export type Correctness = { readonly kind: 'threshold'; readonly threshold: number } | { readonly kind: 'largest' };

/**
 * The report of an epoch so far, [1, size, 4], plus a batch of `rows` samples: columns 0 and 1 sum losses and right
 * answers in training, 2 and 3 in validation (`column` is 0 or 2). Row i holds what the i-th samples of all batches gave.
 */
export function addToReport(size: number, rows: number, cols: number, column: 0 | 2, how: Correctness): Shader {
  const right =
    how.kind === 'threshold'
      ? `
        for (let j = 0; j < ${cols}; j++) {
          const v = a[y][j];
          const guess = v > ${how.threshold.toFixed(1)} ? 1.0 : 0.0;
          const truth = t[y][j] > 0.5 ? 1.0 : 0.0;
          if (v === v) {
            if (guess === truth) { share += ${float(1 / cols)}; }
          } else { share = v; }
        }`
      : `
        let guess = 0.0;
        let truth = 0.0;
        let top = a[y][0];
        let peak = t[y][0];
        let sum = top;
        for (let j = 1; j < ${cols}; j++) {
          const v = a[y][j];
          const u = t[y][j];
          sum += v;
          if (v > top) { top = v; guess = j; }
          if (u > peak) { peak = u; truth = j; }
        }
        if (sum === sum) {
          if (guess === truth) { share = 1.0; }
        } else { share = sum; }`;
  const body = `
    let r = before[y][x];
    if (y < ${rows}) {
      if (x === ${column}) { r += loss[y][0]; }
      if (x === ${column + 1}) {
        let share = 0.0;
        ${right}
        r += share;
      }
    }
    return r;`;
  return { name: 'report', inputs: ['before', 'loss', 'a', 't'], body, extent: [1, size, 4] };
}

/** The report with a row of sums added to a cell of its first row: penalties. */
export function addSumToReport(size: number, cols: number, column: 0 | 2): Shader {
  const body = `
    let r = before[y][x];
    if (y === 0) {
      if (x === ${column}) {
        for (let j = 0; j < ${cols}; j++) { r += sums[0][j]; }
      }
    }
    return r;`;
  return { name: 'report penalties', inputs: ['before', 'sums'], body, extent: [1, size, 4] };
}
