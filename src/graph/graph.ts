import type { Shape } from '../base/shape.ts';
import type { Padding } from '../base/window.ts';
import type { ActivationSpec } from './activation.ts';

/**
 * A network as plain data: what training, inference, files, compression and devices share. `W` is how a weight is held;
 * everything else is the same object everywhere.
 */
export interface Graph<W> {
  readonly inputs: readonly Input[];
  /** In an order in which each comes after what it reads. */
  readonly nodes: readonly Node[];
  /** Names of the values that the network gives. */
  readonly outputs: readonly string[];
  /** By key. Two nodes with one key share the weight: it is counted, trained, pruned, quantized and stored once. */
  readonly weights: ReadonlyMap<string, W>;
}

/** A value that the network is given. */
export interface Input {
  readonly name: string;
  /** Of one sample, without the batch axis. */
  readonly shape: Shape;
  readonly dtype: 'float32' | 'float64' | 'int32';
}

/** A real number x stands as the integer round(x/scale) + zeroPoint. */
export interface QuantizationParams {
  readonly scale: number;
  readonly zeroPoint: number;
}

/** With `multiplier` a mean is that of the codes, halves away from 0 (`avgPoolInt8Whole`), and else of the numbers. */
export interface MeanRule {
  readonly rule?: 'multiplier';
}
/**
 * How int32 sums, or terms, become int8: as one product in float32, rounded half to even, or with `multiplier` in whole numbers
 * alone (`requantizeWhole`, `addInt8Whole`). With `xnnpack` as XNNPACK does it: products as without a rule, by a factor that is
 * made in float32 too, and sums by factors of 21 bits (`addInt8Shifted`).
 */
export interface IntegerRule {
  readonly rule?: 'multiplier' | 'xnnpack';
}
/**
 * How a product is told to work with integers. A `dynamic` one reads real numbers, makes int8 of each sample by its own range,
 * multiplies integers and gives real numbers.
 */
export interface ProductRule extends IntegerRule {
  readonly dynamic?: true;
}

/**
 * A product that is trained for integers: its kernel is read as the nearest whole numbers of `kernelBits` bits, 2 to 8, times a
 * scale for each index of its last axis, or one scale for that of a transposed convolution. The weights themselves stay real.
 */
export interface FakeKernel {
  readonly kernelBits?: number;
}

type None = Readonly<Record<never, never>>;

export type PoolKind = 'max' | 'average';

/** The operations, and what each is told besides its inputs and weights. Values have one sample's shape here. */
export interface Attributes {
  /** activation(x·kernel + bias): kernel [inputs, units], bias [units] or none. Acts on the last axis. */
  readonly dense: ProductRule & FakeKernel & { readonly activation: ActivationSpec };
  readonly activation: { readonly activation: ActivationSpec };
  /** All axes of a sample become one. */
  readonly flatten: None;
  /**
   * Acts in training, and with `training: true` always. With `spatial` on whole channels of samples [height, width, channels];
   * `noiseShape` is what is drawn for a sample, 1 along axes whose numbers are dropped together. With `noise` nothing becomes 0:
   * normal numbers of `deviation` are added to a share of `rate`, 0 or 1, or all is multiplied with such numbers, or what is
   * dropped takes the lowest value of selu.
   */
  readonly dropout: {
    readonly rate: number;
    readonly training: boolean;
    readonly spatial?: true;
    readonly noiseShape?: Shape;
    readonly noise?: 'added' | 'factor' | 'alpha';
    readonly deviation?: number;
  };
  /** Gives on what it reads; in training it adds l1·Σ|x| + l2·Σx², divided by the batch size, to the loss. */
  readonly activityRegularization: { readonly l1: number; readonly l2: number };
  /** The sum of values of one shape, from the first to the last. */
  readonly add: IntegerRule;
  /** Values side by side along the last axis. */
  readonly concat: None;
  /** The part of the last axis from `from` to before `to`. */
  readonly split: { readonly from: number; readonly to: number };
  /**
   * A convolution of samples [length, channels] or [height, width, channels]: activation(Σ x·kernel + bias), kernel [taps,
   * channels/groups, units] or [down, across, channels/groups, units], bias [units] or none; a number an axis of the window.
   * As many groups as channels make a depthwise one.
   */
  readonly conv: ProductRule &
    FakeKernel & {
      readonly activation: ActivationSpec;
      readonly strides: readonly number[];
      readonly dilations: readonly number[];
      readonly padding: Padding;
      readonly groups: number;
    };
  /** A transposed convolution of samples [height, width, channels]: kernel [down, across, units, channels], bias [units] or none. */
  readonly convTranspose: IntegerRule &
    FakeKernel & {
      readonly activation: ActivationSpec;
      readonly strides: readonly number[];
      readonly padding: Padding;
    };
  /** The largest of each window and channel, or the mean of those that are not padding. Samples as of `conv`. */
  readonly pool: MeanRule & {
    readonly kind: PoolKind;
    readonly size: readonly number[];
    readonly strides: readonly number[];
    readonly padding: Padding;
  };
  /** The same of each channel as a whole: samples as of `conv` to [channels]. */
  readonly globalPool: MeanRule & { readonly kind: PoolKind };
  /** Zeros before and behind, along each axis but the channels. */
  readonly zeroPad: { readonly widths: readonly (readonly [before: number, behind: number])[] };
  /** Each position this often, along each axis but the channels: the nearest neighbour in a larger image. */
  readonly upsample: { readonly factors: readonly number[] };
  /** Channel j of group i becomes channel i of group j (Zhang et al. 2018, section 3.1). */
  readonly channelShuffle: { readonly groups: number };
  /**
   * (x - mean)/√(variance + epsilon)·gamma + beta along the last axis, gamma and beta [channels] or none. In training by the
   * batch's own statistics, which move the running ones: running·momentum + batch·(1 - momentum); else by those. The batch's
   * variance counts by n, in the running one by n - 1 if `isUnbiased`.
   */
  readonly batchNorm: { readonly epsilon: number; readonly momentum: number; readonly isUnbiased: boolean };
  /** The same for each row along the last axis, by its own mean and variance. */
  readonly layerNorm: { readonly epsilon: number };
  /** The rows of a table [entries, units] that the int32 numbers of a sample [...] name: [..., units]. */
  readonly embedding: None;
  /**
   * What is left of numbers that become int8 and real again, while a network is trained for integers: (q - zeroPoint)·scale.
   * Its format is that of a range [low, high], running statistics, which batches in training move: range·momentum +
   * batch·(1 - momentum). With a `zeroPoint` a weight is the scale, trained like any other (Esser et al. 2019).
   */
  readonly fakeQuantize: { readonly momentum: number; readonly zeroPoint?: number };
  /** Real numbers, or integers of another format, as int8 in the node's format. */
  readonly quantize: None;
  /** int8 as real numbers. */
  readonly dequantize: None;
  /** Code of the user's own: a layer that only training knows. */
  readonly custom: { readonly type: string; readonly outputShape: Shape };
}

export type Op = keyof Attributes;

/** One operation: reads values by name, leaves one under its own name. */
export interface NodeOf<K extends Op> {
  readonly name: string;
  readonly op: K;
  readonly inputs: readonly string[];
  /** Keys into the graph's weights, by role. */
  readonly weights: Readonly<Record<string, string>>;
  readonly attrs: Attributes[K];
  /** Of the value: null for real numbers, else int8 that stands for them. */
  readonly format: QuantizationParams | null;
}
export type Node = { [K in Op]: NodeOf<K> }[Op];

/** The weights of a node, by role. */
export function weightsOf<W>({ weights }: Pick<Graph<W>, 'weights'>, node: Node): Readonly<Record<string, W>> {
  return Object.fromEntries(Object.entries(node.weights).map(([role, key]) => [role, weights.get(key)!]));
}

/** The activation that a node ends in; null for an operation that has none. */
export function activationIn({ attrs }: Node): ActivationSpec | null {
  return 'activation' in attrs ? attrs.activation : null;
}

/** The same network with its weights held another way: models to files, files to models. */
export function mapWeights<A, B>(
  { inputs, nodes, outputs, weights }: Graph<A>,
  f: (weight: A, key: string) => B,
): Graph<B> {
  return { inputs, nodes, outputs, weights: new Map([...weights].map(([key, weight]) => [key, f(weight, key)])) };
}
