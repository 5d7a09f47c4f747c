import { convolve, convolveBack, kernelGradient, sumMatrices } from '../../kernels/gpu/convolution.ts';
import { columnSums, shuffleChannels } from '../../kernels/gpu/elementwise.ts';
import {
  moveStatistic,
  type Normalized,
  normalizationGradient,
  normalize,
  placeSums,
  scaleGradient,
  slopeSums,
  squareSums,
} from '../../kernels/gpu/normalization.ts';
import { firstOfLargest, maxPool, shares, spread, sumPool } from '../../kernels/gpu/pooling.ts';
import type { Shader } from '../../kernels/gpu/shader.ts';
import type { Convolution, Window } from '../../kernels/interface/convolution.ts';
import type { Shape } from '../base/shape.ts';
import { windowOf } from '../base/window.ts';
import type { DeviceTensor } from './device-tensor.ts';
import type { Run, Shaders } from './run.ts';
import { within } from './scope.ts';

type Images =
  | 'conv'
  | 'convTranspose'
  | 'pool'
  | 'globalPool'
  | 'zeroPad'
  | 'upsample'
  | 'channelShuffle'
  | 'batchNorm';

/** Axes of a sample before its channels, and how many of these there are. */
const partsOf = (sample: Shape): readonly [places: Shape, channels: number] => [sample.slice(0, -1), sample.at(-1)!];
const samplesOf = ({ inputs: [x] }: Run): number => x.extent[1];
const plain = (places: Shape) => ({ strides: places.map(() => 1), dilations: places.map(() => 1) });

/** What a convolution reads, its kernel and its bias, if it has one. */
function operandsOf({ inputs: [x], weights: { kernel, bias } }: Run): [DeviceTensor, ...DeviceTensor[]] {
  return bias === undefined ? [x, kernel!] : [x, kernel!, bias];
}

function convolutionOf({ node: { attrs }, shapes, inputs: [x] }: Run<'conv'>): Convolution {
  const [places, channels] = partsOf(shapes.inputs[0]!);
  const kernel = shapes.weights.kernel!;
  const window = windowOf(x.extent[1], places, kernel.slice(0, -2), attrs);
  return { ...window, channels, units: kernel.at(-1)!, groups: attrs.groups };
}

/** The convolution that a transposed one is the way back of: it reads what that gives. */
function transposedOf({ node: { attrs }, shapes, inputs: [x] }: Run<'convTranspose'>): Convolution {
  const [places, channels] = partsOf(shapes.output);
  const kernel = shapes.weights.kernel!;
  const steps = { ...attrs, dilations: plain(places).dilations };
  return { ...windowOf(x.extent[1], places, kernel.slice(0, -2), steps), channels, units: kernel.at(-1)!, groups: 1 };
}

/** Weights times parts of a batch that a device gets to sum at once, at least: as many threads keep one busy. */
const THREADS = 2 ** 14;

async function gradientOfKernel(s: Convolution, x: DeviceTensor, g: DeviceTensor): Promise<DeviceTensor> {
  const weights = (s.kernelHeight * s.kernelWidth * s.channels * s.units) / s.groups;
  const samples = Math.ceil(s.batch / Math.ceil(THREADS / weights));
  const shader = kernelGradient(s, samples);
  const [parts, rows, cols] = shader.extent;
  return within(async (scope) => {
    const sums = g.gpu.run(shader, [x, g]);
    return parts === 1 ? sums : g.gpu.run(sumMatrices(parts, rows, cols), [await scope.keep(sums)]);
  });
}

/** Sums over all places of samples, channel by channel and times a factor, of what a shader sums down the columns. */
function channelSums(
  columns: Shader,
  inputs: readonly DeviceTensor[],
  channels: number,
  factor = 1,
): Promise<DeviceTensor> {
  const [{ gpu }] = inputs as [DeviceTensor];
  return within(async (scope) => {
    const sums = await scope.keep(gpu.run(columns, inputs));
    return gpu.run(placeSums(columns.extent[2], channels, factor), [sums], [channels]);
  });
}

function poolOf(run: Run<'pool' | 'globalPool'>): readonly [window: Window, channels: number, isMax: boolean] {
  const [places, channels] = partsOf(run.shapes.inputs[0]!);
  const { attrs } = run.node;
  const whole = { size: places, strides: places, padding: 'valid' } as const;
  const { size, strides, padding } = 'size' in attrs ? attrs : whole;
  const steps = { strides, padding, dilations: plain(places).dilations };
  return [windowOf(samplesOf(run), places, size, steps), channels, attrs.kind === 'max'];
}

const pools: Shaders<'pool' | 'globalPool'> = {
  forward: (run) => {
    const [window, channels, isMax] = poolOf(run);
    const [x] = run.inputs;
    return x.gpu.run(isMax ? maxPool(window, channels) : sumPool(window, channels, true), [x]);
  },
  backward: (run, g, to) => {
    const [window, channels, isMax] = poolOf(run);
    const [x] = run.inputs;
    return to.input(0, () =>
      within(async (scope) => {
        const back = spread(window, channels, isMax);
        if (isMax) return g.gpu.run(back, [g, await scope.keep(g.gpu.run(firstOfLargest(window, channels), [x]))]);
        return g.gpu.run(back, [await scope.keep(g.gpu.run(shares(window, channels), [g]))]);
      }),
    );
  },
};

/** Zeros around an image are what a window of one tap finds there. */
function padOf(run: Run<'zeroPad'>): readonly [Window, number] {
  const [places, channels] = partsOf(run.shapes.inputs[0]!);
  const taps = places.map(() => 1);
  return [windowOf(samplesOf(run), places, taps, { ...plain(places), padding: run.node.attrs.widths }), channels];
}

/** The windows of the larger image that hold what one place of the smaller gives: as a pool, from the larger to the smaller. */
function blocksOf(run: Run<'upsample'>): readonly [Window, number] {
  const [places, channels] = partsOf(run.shapes.output);
  const { factors } = run.node.attrs;
  const steps = { strides: factors, dilations: plain(places).dilations, padding: 'valid' } as const;
  return [windowOf(samplesOf(run), places, factors, steps), channels];
}

function normalizedOf({ node, shapes, inputs: [x] }: Run<'batchNorm'>): Normalized {
  const [, rows, cols] = x.extent;
  return { rows, cols, channels: shapes.output.at(-1)!, epsilon: node.attrs.epsilon };
}

const gammaOf = ({ weights: { gamma } }: Run): readonly DeviceTensor[] => (gamma === undefined ? [] : [gamma]);

/** Mean and variance of a batch, which move the running ones. */
async function statisticsOf(run: Run<'batchNorm'>, s: Normalized): Promise<readonly [DeviceTensor, DeviceTensor]> {
  const { node, inputs, pass } = run;
  const [x] = inputs;
  const { gpu } = x;
  const { momentum, isUnbiased } = node.attrs;
  const { rows, cols, channels } = s;
  const n = (rows * cols) / channels; // numbers of a channel
  const mean = await pass.scope.keep(channelSums(columnSums(rows, cols), [x], channels, 1 / n));
  const variance = await pass.scope.keep(channelSums(squareSums(s), [x, mean], channels, 1 / n));
  const move = (role: string, now: DeviceTensor, correction: number): Promise<void> => {
    const part = (1 - momentum) * correction;
    const next = (old: DeviceTensor) => gpu.run(moveStatistic(channels, momentum), [old, now, part], [channels]);
    return pass.training!.move(node.weights[role]!, next);
  };
  await move('mean', mean, 1);
  if (!(isUnbiased && n === 1)) await move('variance', variance, isUnbiased ? n / (n - 1) : 1);
  return [mean, variance];
}

/** Rows of operations on images and sequences. */
export const IMAGE_SHADERS: { readonly [K in Images]: Shaders<K> } = {
  conv: {
    fuses: true,
    forward: (run, activation) => {
      const operands = operandsOf(run);
      return operands[0].gpu.run(convolve(convolutionOf(run), operands.length > 2, activation), operands);
    },
    backward: async (run, g, to) => {
      const s = convolutionOf(run);
      const [, rows, cols] = g.extent;
      await to.weight('kernel', () => gradientOfKernel(s, run.inputs[0], g));
      await to.weight('bias', () => channelSums(columnSums(rows, cols), [g], s.units));
      await to.input(0, () => g.gpu.run(convolveBack(s), [g, run.weights.kernel!]));
    },
  },
  convTranspose: {
    fuses: true,
    forward: (run, activation) => {
      const operands = operandsOf(run);
      return operands[0].gpu.run(convolveBack(transposedOf(run), operands.length > 2, activation), operands);
    },
    backward: async (run, g, to) => {
      const s = transposedOf(run);
      const [, rows, cols] = g.extent;
      await to.weight('kernel', () => gradientOfKernel(s, g, run.inputs[0]));
      await to.weight('bias', () => channelSums(columnSums(rows, cols), [g], s.channels));
      await to.input(0, () => g.gpu.run(convolve(s), [g, run.weights.kernel!]));
    },
  },
  pool: pools,
  globalPool: pools,
  zeroPad: {
    forward: (run) => run.inputs[0].gpu.run(sumPool(...padOf(run), false), [run.inputs[0]]),
    backward: (run, g, to) => to.input(0, () => g.gpu.run(spread(...padOf(run), false), [g])),
  },
  upsample: {
    forward: (run) => run.inputs[0].gpu.run(spread(...blocksOf(run), false), [run.inputs[0]]),
    backward: (run, g, to) => to.input(0, () => g.gpu.run(sumPool(...blocksOf(run), false), [g])),
  },
  channelShuffle: {
    forward: ({ node, shapes, inputs: [x] }) => {
      const [, rows, cols] = x.extent;
      return x.gpu.run(shuffleChannels(rows, cols, shapes.output.at(-1)!, node.attrs.groups), [x]);
    },
    backward: ({ node, shapes }, g, to) => {
      const [, rows, cols] = g.extent;
      const channels = shapes.output.at(-1)!;
      return to.input(0, () => g.gpu.run(shuffleChannels(rows, cols, channels, channels / node.attrs.groups), [g]));
    },
  },
  batchNorm: {
    forward: async (run) => {
      const s = normalizedOf(run);
      const [x] = run.inputs;
      const { gamma, beta, mean, variance } = run.weights;
      const isMoving = run.pass.training?.isFrozen(run.node.name) === false;
      if (isMoving) run.saved = await statisticsOf(run, s);
      const by = isMoving ? run.saved : [mean!, variance!];
      const shader = normalize(s, gamma !== undefined, beta !== undefined);
      return x.gpu.run(shader, [x, ...by, ...gammaOf(run), ...(beta === undefined ? [] : [beta])]);
    },
    backward: async (run, g, to) => {
      const s = normalizedOf(run);
      const { rows, cols, channels } = s;
      const [x] = run.inputs;
      const gammas = gammaOf(run);
      if (run.saved.length === 0) {
        const shader = scaleGradient(s, gammas.length > 0);
        return to.input(0, () => g.gpu.run(shader, [g, run.weights.variance!, ...gammas]));
      }
      const { scope } = run.pass;
      const shift = await scope.keep(channelSums(columnSums(rows, cols), [g], channels));
      const slope = await scope.keep(channelSums(slopeSums(s), [x, g, ...run.saved], channels));
      await to.weight('gamma', async () => slope);
      await to.weight('beta', async () => shift);
      const shader = normalizationGradient(s, gammas.length > 0);
      await to.input(0, () => g.gpu.run(shader, [x, g, ...run.saved, slope, shift, ...gammas]));
    },
  },
};
