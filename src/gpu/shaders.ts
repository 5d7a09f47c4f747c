import type { GpuActivationSpec } from '../../kernels/gpu/activations.ts';
import { joinColumns, placeColumns, takeColumns } from '../../kernels/gpu/elementwise.ts';
import { elementsOf, type Shape } from '../base/shape.ts';
import { isIdle } from '../graph/facts.ts';
import type { NodeOf, Op } from '../graph/graph.ts';
import type { DeviceTensor } from './device-tensor.ts';
import { IMAGE_SHADERS } from './image-shaders.ts';
import { gpuBinary, gpuColumnSums, gpuMatmul } from './ops.ts';
import type { Scope } from './scope.ts';

/** What all nodes of a pass are run with. */
export interface Pass {
  readonly scope: Scope;
  /** Weights by key. */
  readonly weights: (key: string) => DeviceTensor;
  /** Null where nothing is trained. */
  readonly training: PassInTraining | null;
}

/** What is different in training. */
export interface PassInTraining {
  /** What a dropout multiplies by, 0 or 1/(1 - rate) for each number. */
  readonly factors: (node: NodeOf<'dropout'>, shape: Shape) => Promise<DeviceTensor>;
  /** Whether a node with running statistics goes by them, and moves none. */
  readonly isFrozen: (node: string) => boolean;
  /** Puts another tensor, made from the one before, in the place of a running statistic. */
  readonly move: (key: string, next: (old: DeviceTensor) => Promise<DeviceTensor>) => Promise<void>;
}

/** Shapes of what a node reads and gives, of one sample, and of its weights by role. */
export interface NodeShapes {
  readonly inputs: readonly Shape[];
  readonly output: Shape;
  readonly weights: Readonly<Record<string, Shape>>;
}

/** A node with what it reads, and what its gradient needs. */
export interface Run<K extends Op = Op> {
  readonly node: NodeOf<K>;
  readonly shapes: NodeShapes;
  /** Samples as rows of numbers, whatever their shape. */
  readonly inputs: readonly [DeviceTensor, ...DeviceTensor[]];
  /** By role; what has more than two axes is a matrix of the last. */
  readonly weights: Readonly<Record<string, DeviceTensor>>;
  readonly pass: Pass;
  /** Kept by the node itself for its gradient. */
  saved: readonly DeviceTensor[];
}

/** Takes gradients of a node; those that nobody wants are not computed. */
export interface Gradients {
  input(i: number, gradient: () => Promise<DeviceTensor>): Promise<void>;
  weight(role: string, gradient: () => Promise<DeviceTensor>): Promise<void>;
}

/** The shaders of an operation. */
export interface Shaders<K extends Op> {
  /** What of the operation has none; null if all has. */
  readonly lacks?: (node: NodeOf<K>) => string | null;
  /** Whether it works on rows along the last axis, which a device has of flat samples alone. */
  readonly mixes?: boolean;
  /** Whether `forward` applies the activation that it is given; elsewhere a shader of its own does. */
  readonly fuses?: boolean;
  /** Its result before its activation, or behind one of each number if it fuses. */
  readonly forward: (run: Run<K>, activation: GpuActivationSpec) => Promise<DeviceTensor>;
  /** Gradients from that of its result before the activation; null: it has shaders for prediction alone. */
  readonly backward: ((run: Run<K>, gradient: DeviceTensor, to: Gradients) => Promise<void>) | null;
}

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
      if (node.attrs.spatial === true) return 'drops whole channels, which has no shader';
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
