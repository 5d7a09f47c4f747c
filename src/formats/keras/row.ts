import type { Shape } from '../../base/shape.ts';
import type { ActivationName, ActivationSpec } from '../../graph/activation.ts';
import type { Attributes, Op } from '../../graph/graph.ts';
import { JsonObject } from '../../io/json.ts';
import type { Config } from './config.ts';

/** A layer at work, as its row sees it. */
export interface At {
  readonly config: Config;
  /** What it reads, and of which shapes. */
  readonly inputs: readonly string[];
  readonly shapes: readonly Shape[];
  /** Whether it is to act as in training, always. */
  readonly isTraining: boolean;
  /** Adds a node that reads `inputs`, and returns its name; `part` goes behind the layer's name where a layer is several nodes. */
  readonly node: <K extends Op>(op: K, attrs: Attributes[K], parts?: NodeParts) => string;
  /** The key of a weight, which the layer's files have under `role` with the shape `wanted`; it is held as the shape `as`. */
  readonly weight: (role: string, wanted: Shape, as?: Shape) => string;
  /** The shape that the files have it in. */
  readonly shapeOf: (role: string) => Shape;
}

interface NodeParts {
  readonly weights?: Readonly<Record<string, string>>;
  readonly inputs?: readonly string[];
  readonly part?: string;
}

/** What a kind of layer is here. */
export interface Row {
  /** The last parts of the names of its weights; none if left out. */
  readonly roles?: (config: Config) => readonly string[];
  /** Adds its nodes and returns the value that it gives. */
  readonly add: (at: At) => string;
}

/** By Keras's name, and by that of TensorFlow.js. */
const ACTIVATIONS: ReadonlyMap<string, ActivationName> = new Map([
  ['linear', 'linear'],
  ['relu', 'relu'],
  ['relu6', 'relu6'],
  ['leaky_relu', 'leakyRelu'],
  ['elu', 'elu'],
  ['gelu', 'gelu'],
  ['gelu_new', 'geluTanh'],
  ['sigmoid', 'sigmoid'],
  ['tanh', 'tanh'],
  ['softplus', 'softplus'],
  ['silu', 'silu'],
  ['swish', 'silu'],
  ['hard_silu', 'hardSwish'],
  ['hard_swish', 'hardSwish'],
  ['exponential', 'exponential'],
  ['softmax', 'softmax'],
  ['log_softmax', 'logSoftmax'],
  ['logSoftmax', 'logSoftmax'],
]);

/** An activation by name, or as an object whose `config` is the name. Keras's leaky relu has our slope, 0.2. */
export function activationIn(config: Config): ActivationSpec {
  const given = config.get('activation');
  const name =
    given instanceof JsonObject ? config.inner('activation').text('config') : config.text('activation', 'linear');
  const known = ACTIVATIONS.get(name);
  if (known === undefined)
    return config.fail('activation', `is "${name.slice(0, 60)}", which networks here do not have`);
  return known === 'leakyRelu'
    ? { name: known, alpha: 0.2 }
    : known === 'elu'
      ? { name: known, alpha: 1 }
      : { name: known };
}

/** Throws for images with channels first. */
export function checkChannelsLast(config: Config): void {
  if (config.text('data_format', 'channels_last').replace('channelsF', 'channels_f') === 'channels_first')
    config.fail(
      'data_format',
      'is channels_first: build the model with channels_last, which has the same weights, and save it again',
    );
}

/** Throws unless an axis, counted with the batch or from behind, is the last one. */
export function checkLastAxis(config: Config, shape: Shape): void {
  const axis = config.get('axis') ?? -1;
  const [only, ...more] = Array.isArray(axis) ? axis : [axis];
  if (more.length > 0 || (only !== -1 && only !== shape.length))
    config.fail('axis', 'must be the last one, which channels are here');
}

export const useBias = (config: Config): boolean => config.flag('use_bias', true);
export const kernelRoles = (config: Config): readonly string[] => ['kernel', ...(useBias(config) ? ['bias'] : [])];
export const channelsOf = ({ shapes: [x], config }: At): number =>
  x?.at(-1) ?? config.fail('name', 'reads a number, and needs an axis');

/** Kernel and bias, by role. */
export function weightsOf({ config, weight }: At, kernel: string, units: number): Readonly<Record<string, string>> {
  return { kernel, ...(useBias(config) && { bias: weight('bias', [units]) }) };
}
