import type { GpuActivationSpec } from '../../kernels/gpu/activations.ts';
import { joinColumns, placeColumns, takeColumns } from '../../kernels/gpu/elementwise.ts';
import type { Shape } from '../base/shape.ts';
import { isIdle } from '../graph/facts.ts';
import type { NodeOf, Op } from '../graph/graph.ts';
import type { DeviceTensor } from './device-tensor.ts';
import { gpuBinary, gpuColumnSums, gpuMatmul } from './ops.ts';
import type { Scope } from './scope.ts';

/** What all nodes of a pass are run with. */
export interface Pass {
  readonly scope: Scope;
  /** Weights by key. */
  readonly weights: (key: string) => DeviceTensor;
  /** In training: what a dropout multiplies by, 0 or 1/(1 - rate) for each number. Null where nothing is trained. */
  readonly factors: ((node: NodeOf<'dropout'>, shape: Shape) => Promise<DeviceTensor>) | null;
}

/** A node with what it reads, and what its gradient needs. */
export interface Run<K extends Op = Op> {
  readonly node: NodeOf<K>;
  readonly inputs: readonly [DeviceTensor, ...DeviceTensor[]];
  /** By role. */
  readonly weights: Readonly<Record<string, DeviceTensor>>;
  readonly pass: Pass;
  /** Kept by the node itself for its gradient. */
  saved: DeviceTensor | null;
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
  /** Whether it takes samples for rows, which a device has of flat ones alone. */
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
      const { factors, scope } = run.pass;
      if (factors === null || isIdle(run.node, true)) return x;
      run.saved = await scope.keep(factors(run.node, x.shape));
      return gpuBinary('mul', x, run.saved);
    },
    backward: ({ saved }, g, to) => to.input(0, async () => (saved === null ? g : gpuBinary('mul', g, saved))),
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
    mixes: true,
    forward: async ({ inputs: [first, ...others], pass: { scope } }) => {
      let joined = first;
      for (const x of others) {
        const [, rows, cols] = joined.extent;
        joined = await scope.keep(x.gpu.run(joinColumns(rows, cols, x.extent[2]), [joined, x]));
      }
      return joined;
    },
    backward: async ({ inputs }, g, to) => {
      let from = 0;
      for (const [
        i,
        {
          extent: [, rows, cols],
        },
      ] of inputs.entries()) {
        const shader = takeColumns(rows, from, from + cols);
        await to.input(i, () => g.gpu.run(shader, [g]));
        from += cols;
      }
    },
  },
  split: {
    mixes: true,
    forward: ({ node, inputs: [x] }) => x.gpu.run(takeColumns(x.extent[1], node.attrs.from, node.attrs.to), [x]),
    backward: ({ node, inputs: [x] }, g, to) => {
      const [, rows, cols] = g.extent;
      return to.input(0, () => g.gpu.run(placeColumns(rows, cols, node.attrs.from, x.extent[2]), [g]));
    },
  },
};
