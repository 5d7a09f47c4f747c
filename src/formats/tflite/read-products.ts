import type { Shape } from '../../base/shape.ts';
import { LINEAR } from '../../graph/activation.ts';
import { added } from '../../graph/fact.ts';
import type { Attributes, IntegerRule } from '../../graph/graph.ts';
import type { Call, Held } from './call.ts';
import type { Constant } from './constants.ts';
import type { Options } from './schema.ts';

/** The operators that multiply by a kernel. */
type Product = 'dense' | 'conv' | 'convTranspose';
type Told<K extends Product> = Omit<Attributes[K], 'rule'>;

interface Parts {
  readonly x: Held;
  readonly kernel: Constant;
  readonly bias: Constant | null;
  /** Which axis of the file's kernel becomes each of ours. */
  readonly order: readonly number[];
  /** How many axes in front a sequence does not have. */
  readonly drop?: number;
}

/** A real bias in units of its product's sums; null where it is not that of integers. */
function wholeBias(call: Call, { values, type }: Constant, input: number, scales: readonly number[]): Constant | null {
  if (type !== 'float32') return null;
  const hinted = call.reading.hint.biases.get(call.result().name);
  const unit = (j: number): number => input * scales[scales.length === 1 ? 0 : j]!;
  const isHinted = hinted?.length === values.length && hinted.every((q, j) => Math.fround(q * unit(j)) === values[j]);
  const whole = Int32Array.from(isHinted ? hinted : values.map((b, j) => Math.floor(b / unit(j) + 0.5)));
  const isExact = whole.every((q, j) => Math.fround(q * unit(j)) === values[j]);
  return isExact ? { shape: [values.length], type: 'int32', values: whole, scales: [], axis: 0, isReal: false } : null;
}

/**
 * A product. Of int8 values and an int8 kernel it is one of integers. So it is where the file makes real numbers of both before:
 * their sums are the same, and come without errors of rounding.
 */
function multiply<K extends Product>(call: Call, op: K, given: Parts, attrs: Told<K>): void {
  const { x, kernel, bias, order, drop = 0 } = wholeParts(call, given);
  const { format } = call.result();
  const isInteger = x.format !== null;
  if (isInteger && (kernel.type !== 'int8' || (bias !== null && bias.type !== 'int32')))
    call.refuse(
      `reads int8 values, a kernel of ${kernel.type} and a bias of ${bias?.type}: int8 and int32 go with them`,
    );
  if (!isInteger && (format !== null || kernel.type === 'int32' || bias?.type === 'int32' || bias?.type === 'int8'))
    call.refuse('reads real numbers, and its weights or its result are integers');
  if (!isInteger && kernel.type === 'int8' && !kernel.isReal)
    call.reading.notes.add(
      'Kernels of int8 between real values are multiplied as real numbers; TensorFlow Lite makes int8 of the values at each run.',
    );
  const weights = {
    kernel: call.weight('kernel', kernel, order, drop),
    ...(bias && { bias: call.weight('bias', bias, [0]) }),
  };
  const rule: IntegerRule = isInteger ? call.rule(format, 'xnnpack') : {};
  call.node(op, [x], { ...attrs, ...rule } as Attributes[K], { weights });
}

function wholeParts(call: Call, parts: Parts): Parts {
  const { x, kernel, bias } = parts;
  if (x.whole?.format == null || kernel.type !== 'int8' || !kernel.isReal) return parts;
  const whole = bias && wholeBias(call, bias, x.whole.format.scale, kernel.scales);
  return bias !== null && whole === null ? parts : { ...parts, x: { ...x.whole, shape: x.shape }, bias: whole };
}

/** The bias of a product that may have none: as many numbers, in whatever shape. */
function biasOf(call: Call, i: number): Constant | null {
  if (!call.has(i)) return null;
  const constant = call.constant(i);
  return constant.type === 'int8' ? constant : { ...constant, shape: [constant.values.length] };
}

export function fullyConnected(call: Call, options: Options['fullyConnected']): void {
  if (options.weightsFormat !== 0) call.refuse('has its weights in another order than row by row');
  const kernel = call.constant(1);
  const bias = biasOf(call, 2);
  let x = options.keepNumDims ? call.rows(0) : call.value(0);
  if (!options.keepNumDims && x.shape.length !== 1) x = call.flattened(x, false);
  multiply(call, 'dense', { x, kernel, bias, order: [1, 0] }, { activation: call.fused(options.fusedActivation) });
}

/** What a window over an image, or a sequence as an image of one row, is told. */
export function stepsOf(
  call: Call,
  axes: 1 | 2,
  height: number,
  { padding, strideW, strideH }: Pick<Options['pool'], 'padding' | 'strideW' | 'strideH'>,
): { readonly strides: readonly number[]; readonly padding: 'same' | 'valid' } {
  if (axes === 1 && height !== 1) call.refuse(`has a window of ${height} rows over a sequence`);
  return { strides: [strideH, strideW].slice(-axes), padding: call.padding(padding) };
}

/** Refuses a kernel that has not four axes. */
function checkRank(call: Call, { shape }: Constant): void {
  if (shape.length !== 4) call.refuse(`has a kernel of the shape [${shape.join(', ')}]`);
}

function convolve(
  call: Call,
  options: Options['conv2d'],
  order: readonly number[],
  groups: (channels: number, kernel: Shape) => number,
): void {
  const x = call.image(0);
  const kernel = call.constant(1);
  checkRank(call, kernel);
  const { axes } = x;
  multiply(
    call,
    'conv',
    { x, kernel, bias: biasOf(call, 2), order, drop: 2 - axes },
    {
      ...stepsOf(call, axes, kernel.shape[1]!, options),
      activation: call.fused(options.fusedActivation),
      dilations: [options.dilationH, options.dilationW].slice(-axes),
      groups: groups(x.shape.at(-1)!, kernel.shape),
    },
  );
}

/** Kernels [units, height, width, channels/groups]. */
export const conv2d = (call: Call, options: Options['conv2d']): void =>
  convolve(call, options, [1, 2, 3, 0], (channels, kernel) => channels / kernel[3]!);

/** Kernels [1, height, width, units], a group for each channel. */
export const depthwise = (call: Call, options: Options['depthwise']): void =>
  convolve(call, options, [1, 2, 0, 3], (channels) => channels);

/** The shape of its result, a kernel [units, height, width, channels], what it reads and perhaps a bias. */
export function transposeConv(call: Call, options: Options['transposeConv']): void {
  const x = call.image(2);
  const kernel = call.constant(1);
  checkRank(call, kernel);
  if (x.axes === 1) call.refuse('reads a sequence, and networks have transposed convolutions of images alone');
  const parts = { x, kernel, bias: biasOf(call, 3), order: [1, 2, 0, 3] };
  const { strides, padding } = stepsOf(call, 2, kernel.shape[1]!, options);
  multiply(call, 'convTranspose', parts, { strides, padding, activation: call.fused(options.fusedActivation) });
}

/** The sum of two values of one shape. */
export function add(call: Call, { fusedActivation }: Options['add']): void {
  const fused = call.fused(fusedActivation);
  if (call.isConstant(1) || call.isConstant(0)) {
    shiftOrScale(call, 'beta', fused);
    return;
  }
  const terms = [call.value(0), call.value(1)];
  const { format } = call.result();
  // XNNPACK leaves scales that are too far apart to TensorFlow Lite
  const formats = terms.map((term) => term.format);
  const isNear = added(formats, format, { rule: 'xnnpack' }) === null;
  call.node('add', terms, call.rule(format, isNear ? 'xnnpack' : 'multiplier'), { fused });
}

/** A product with a number for each channel, or x·σ(x), which is silu. */
export function mul(call: Call, { fusedActivation }: Options['mul']): void {
  const fused = call.fused(fusedActivation);
  if (call.isConstant(1) || call.isConstant(0)) {
    shiftOrScale(call, 'gamma', fused);
    return;
  }
  const [a, b] = [call.value(0), call.value(1)] as const;
  const isGated = (x: Held, gate: Held): boolean => gate.gate?.value === x.value && gate.format === null;
  const x = isGated(a, b)
    ? a
    : isGated(b, a)
      ? b
      : call.refuse('multiplies two values: of these networks have x·LOGISTIC(x) alone');
  call.node('activation', [x], { activation: { name: 'silu' } }, { fused });
}

/** A factor, or a term, for each channel: a normalization whose statistics change nothing. */
function shiftOrScale(call: Call, role: 'gamma' | 'beta', fused = LINEAR): void {
  const i = call.isConstant(1) ? 1 : 0;
  const constant = call.constant(i);
  const x = call.rows(1 - i);
  const channels = x.shape.at(-1)!;
  if (
    x.format !== null ||
    constant.type !== 'float32' ||
    constant.values.length !== channels ||
    constant.shape.at(-1) !== channels
  )
    call.refuse(
      `reads [${constant.shape.join(', ')}] of ${constant.type}, and networks have such of float32 with a number for each channel`,
    );
  const weights = { [role]: call.weight(role, { ...constant, shape: [channels] }, [0]) };
  const still = (own: string, value: number): Readonly<Record<string, string>> => ({
    [own]: call.weight(own, { ...constant, shape: [channels], values: new Float32Array(channels).fill(value) }, [0]),
  });
  call.node(
    'batchNorm',
    [x],
    { epsilon: 0, momentum: 0.99, isUnbiased: false },
    { weights: { ...weights, ...still('mean', 0), ...still('variance', 1) }, fused },
  );
}
