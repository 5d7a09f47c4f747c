import { joinColumns, placeColumns, takeColumns } from '../../kernels/gpu/elementwise.ts';
import { elementsOf, type Shape } from '../base/shape.ts';
import { isIdle } from '../graph/facts.ts';
import type { Op } from '../graph/graph.ts';
import type { DeviceTensor } from './device-tensor.ts';
import { IMAGE_SHADERS } from './image-shaders.ts';
import { gpuBinary, gpuColumnSums, gpuMatmul } from './ops.ts';
import type { Gradients, Run, Shaders } from './run.ts';

const unchanged = async ({ inputs: [x] }: Pick<Run, 'inputs'>): Promise<DeviceTensor> => x;
const throughout = (_: unknown, g: DeviceTensor, to: Gradients): Promise<void> => to.input(0, async () => g);

/** Positions of a sample, each with its numbers along the last axis. */
const placesOf = (sample: Shape): number => elementsOf(sample.slice(0, -1));

/** One row an operation. What has none here is refused by name; nothing runs elsewhere instead. */
export const SHADERS: { readonly [K in Op]?: Shaders<K> } = {
  dense: {
    mixes: true,
    fuses: true,
    forward: ({ inputs: [x], weights: { kernel, bias = null } }, activation) =>
      gpuMatmul(x, kernel!, { bias, activation }),
    backward: async ({ inputs: [x], weights: { kernel } }, g, to) => {
      await to.weight('kernel', () => gpuMatmul(x, g, { transA: true }));
      await to.weight('bias', () => gpuColumnSums(g));
      await to.input(0, () => gpuMatmul(g, kernel!, { transB: true }));
    },
  },
  activation: { forward: unchanged, backward: throughout },
  flatten: { forward: unchanged, backward: throughout },
  dropout: {
    lacks: (node) => {
      const { spatial, noiseShape, noise } = node.attrs;
      if (spatial === true) return 'drops whole channels, which has no shader';
      if (noiseShape !== undefined || noise !== undefined)
        return 'drops several numbers together or makes another noise, which has no shader';
      return isIdle(node, false) ? null : 'drops outside training too, which has no shader';
    },
    forward: async (run) => {
      const [x] = run.inputs;
      const { training, scope } = run.pass;
      if (training === null || isIdle(run.node, true)) return x;
      const factors = await scope.keep(training.factors(run.node, x.shape));
      run.saved = [factors];
      return gpuBinary('mul', x, factors);
    },
    backward: ({ saved: [factors] }, g, to) =>
      to.input(0, async () => (factors === undefined ? g : gpuBinary('mul', g, factors))),
  },
  activityRegularization: { forward: unchanged, backward: null },
  add: {
    forward: async ({ inputs: [first, ...others], pass: { scope } }) => {
      let sum = first;
      for (const x of others) sum = await scope.keep(gpuBinary('add', sum, x));
      return sum;
    },
    backward: async ({ inputs }, g, to) => {
      for (const i of inputs.keys()) await to.input(i, async () => g);
    },
  },
  concat: {
    forward: async ({ inputs, shapes, pass: { scope } }) => {
      const places = placesOf(shapes.output);
      let [joined] = inputs;
      for (const x of inputs.slice(1)) {
        const [, rows, cols] = joined.extent;
        const shader = joinColumns(rows, places, cols / places, x.extent[2] / places);
        joined = await scope.keep(x.gpu.run(shader, [joined, x]));
      }
      return joined;
    },
    backward: async ({ shapes: { inputs, output } }, g, to) => {
      let from = 0;
      for (const [i, shape] of inputs.entries()) {
        const behind = from + shape.at(-1)!;
        const shader = takeColumns(g.extent[1], placesOf(output), output.at(-1)!, from, behind);
        await to.input(i, () => g.gpu.run(shader, [g]));
        from = behind;
      }
    },
  },
  split: {
    forward: ({ node: { attrs }, shapes, inputs: [x] }) => {
      const [sample] = shapes.inputs as [Shape];
      return x.gpu.run(takeColumns(x.extent[1], placesOf(sample), sample.at(-1)!, attrs.from, attrs.to), [x]);
    },
    backward: ({ node: { attrs }, shapes }, g, to) => {
      const [sample] = shapes.inputs as [Shape];
      const cols = attrs.to - attrs.from;
      const shader = placeColumns(g.extent[1], placesOf(sample), cols, attrs.from, sample.at(-1)!);
      return to.input(0, () => g.gpu.run(shader, [g]));
    },
  },
  ...IMAGE_SHADERS,
};
