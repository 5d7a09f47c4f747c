import type { GpuActivationSpec } from '../../kernels/gpu/activations.ts';
import type { Shape } from '../base/shape.ts';
import type { NodeOf, Op } from '../graph/graph.ts';
import type { DeviceTensor } from './device-tensor.ts';
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
