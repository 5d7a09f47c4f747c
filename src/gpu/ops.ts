/** Operations on device tensors. Each checks its operands, picks a shader, and is done when the device has been told. */
import { GPU_ACTIVATIONS, type GpuActivation, type GpuActivationSpec, LINEAR } from '../../kernels/gpu/activations.ts';
import {
  activate,
  activationGradient,
  binary,
  columnSums,
  type GpuBinary,
  OPERATORS,
} from '../../kernels/gpu/elementwise.ts';
import { lossGradient, lossSums, softmax, softmaxSums } from '../../kernels/gpu/losses.ts';
import {
  type DeviceProduct,
  EXACT_INT8_TERMS,
  fourSumsMatmul,
  naiveMatmul,
  packedMatmul,
  packLeft,
  packRight,
  plainProduct,
  unpack,
} from '../../kernels/gpu/matmul.ts';
import { DTypeError, LimitError, ShapeError, ValueError } from '../base/errors.ts';
import { checkOptions } from '../base/options.ts';
import { elementsOf, type Shape, sameShape } from '../base/shape.ts';
import { type DeviceDType, DeviceTensor, type GpuMode } from './device-tensor.ts';
import { building, within } from './scope.ts';

/** The rungs of kernels/gpu/matmul.ts. */
export type MatmulVariant = 'naive' | 'fourSums' | 'packed';

/** An activation by its name, or with its parameter: the slope of leakyRelu below 0, by default 0.2. */
export type GpuActivationChoice = GpuActivation | { readonly name: GpuActivation; readonly alpha?: number };

export interface GpuMatmulOptions {
  /** Multiply by the transpose of the last two axes. Default false. */
  readonly transA?: boolean;
  readonly transB?: boolean;
  /** [n], added to each row. */
  readonly bias?: DeviceTensor | null;
  /** Applied last: linear (default), relu, relu6, leakyRelu, sigmoid, tanh or gelu. */
  readonly activation?: GpuActivationChoice;
  /** Default: the fastest that measurements found for the sizes. `packed` needs WebGL. */
  readonly variant?: MatmulVariant;
}

/** The largest sum of int8 products that int32 holds for certain: 131,071·128·128 < 2³¹. */
const MOST_INT8_TERMS = 131_071;

/** From this many products of numbers on, packing pays for itself; bench/gpu. */
const PACKED_FROM = 64 * 64 * 64;

/**
 * activation(op(A)·op(B) + bias): A [m, k] and B [k, n], or batches of them [batch, ., .]; a single matrix multiplies
 * each of a batch. k = 0 gives activation(bias). Within k·2⁻²⁴·|A||B| of the exact sums.
 *
 * @example
 * const gpu = await sharedGpu();
 * const [a, bias] = [await gpu.upload(tensor([[1, 2], [3, 4]])), await gpu.upload(tensor([-10, 0]))];
 * gpu.download(await gpuMatmul(a, a, { bias, activation: 'relu' })); // [[ 0. 10.] [ 5. 22.]]
 * gpu.download(await gpuMatmul(a, a, { transB: true })); // [[ 5. 11.] [11. 25.]]
 */
export async function gpuMatmul(
  a: DeviceTensor,
  b: DeviceTensor,
  options: GpuMatmulOptions = {},
): Promise<DeviceTensor> {
  checkOptions('gpuMatmul', options, 'transA transB bias activation variant');
  const { transA = false, transB = false, bias = null, activation = 'linear', variant } = options;
  const op = 'gpuMatmul';
  floats(op, a, b, ...(bias === null ? [] : [bias]));
  if (a.shape.length < 2 || b.shape.length < 2)
    throw new ShapeError(op, [a.shape, b.shape], 'needs matrices, or batches of them');
  const [m, k] = transA ? [a.extent[2], a.extent[1]] : [a.extent[1], a.extent[2]];
  const [k2, n] = transB ? [b.extent[2], b.extent[1]] : [b.extent[1], b.extent[2]];
  if (k !== k2)
    throw new ShapeError(op, [a.shape, b.shape], `inner sizes ${k} and ${k2} differ`, 'Transpose one operand?');
  const p = a.extent[0];
  const q = b.extent[0];
  if (p !== q && p !== 1 && q !== 1)
    throw new ShapeError(op, [a.shape, b.shape], `batches of ${p} and ${q} matrices differ`);
  if (bias !== null && (bias.size !== n || bias.shape.length !== 1))
    throw new ShapeError(op, [bias.shape], `the bias must have shape [${n}]`);
  const batch = p === 1 ? q : p;
  a.gpu.admit(op, [batch, m, n]);
  const product: DeviceProduct = {
    ...{ batch, m, n, k, isPart: false, transA, transB, batchA: p > 1, batchB: q > 1, bias: bias !== null },
    activation: specOf(op, activation),
  };
  const shape = a.shape.length === 2 && b.shape.length === 2 ? [m, n] : [batch, m, n];
  if (elementsOf(shape) === 0) return a.gpu.send([], shape);
  if (k === 0) return withoutTerms(a, product, bias, shape);
  return multiply(product, variant ?? variantFor(a.gpu.mode, product), { a, b, bias }, shape);
}

function variantFor(mode: GpuMode, { batch, m, n, k }: DeviceProduct): MatmulVariant {
  if (mode === 'webgpu') return 'fourSums';
  return batch * m * n * k >= PACKED_FROM ? 'packed' : 'naive';
}

interface Operands {
  readonly a: DeviceTensor;
  readonly b: DeviceTensor;
  readonly bias?: DeviceTensor | null;
  /** The first term, of a part of a sum. */
  readonly from?: number | null;
}

async function multiply(
  product: DeviceProduct,
  variant: MatmulVariant,
  { a, b, bias = null, from = null }: Operands,
  shape: Shape,
  dtype: DeviceDType = 'float32',
): Promise<DeviceTensor> {
  const { gpu } = a;
  const biases = bias === null ? [] : [bias];
  const start = from === null ? [] : [from];
  const all = [a, b, ...biases, ...start];
  if (variant === 'naive') return gpu.run(naiveMatmul(product), all, shape, dtype);
  if (variant === 'fourSums') return gpu.run(fourSumsMatmul(product), all, shape, dtype);
  const known = gpu.mode === 'webgpu' ? 'naive or fourSums on WebGPU' : 'naive, fourSums or packed';
  if (variant !== 'packed' || gpu.mode === 'webgpu') throw new ValueError('gpuMatmul', 'variant', known, variant);
  return within(async (scope) => {
    const left = await scope.keep(gpu.run(packLeft(product), [a, ...start]));
    const right = await scope.keep(gpu.run(packRight(product), [b, ...start]));
    const c = await scope.keep(gpu.run(packedMatmul({ ...product, isPart: false }), [left, right, ...biases]));
    return gpu.run(unpack(product.batch, product.m, product.n), [c], shape, dtype);
  });
}

/** A sum of no terms is 0. */
async function withoutTerms(
  { gpu }: DeviceTensor,
  { batch, m, n, activation }: DeviceProduct,
  bias: DeviceTensor | null,
  shape: Shape,
): Promise<DeviceTensor> {
  return within(async (scope) => {
    const zeros = await scope.keep(gpu.send(new Float32Array(batch * m * n), shape));
    const sums =
      bias === null ? zeros : await scope.keep(gpu.run(binary('add', zeros.extent, true), [zeros, bias], shape));
    return gpu.run(activate(activation, sums.extent), [sums], shape);
  });
}

/**
 * A·B of int8 tensors [m, k] and [k, n], exact, as int32. Sums of more than 1,024 products are computed in parts on the
 * device, each of them exact in float32, and added when they are downloaded.
 *
 * @example
 * const gpu = await sharedGpu();
 * const a = await gpu.upload(tensor([[127, 127], [1, -1]], { dtype: 'int8' }));
 * gpu.download(await gpuMatmulInt8(a, a)); // [[16256 16002] [ 126 128]]
 */
export async function gpuMatmulInt8(a: DeviceTensor, b: DeviceTensor): Promise<DeviceTensor> {
  const op = 'gpuMatmulInt8';
  check(op, 'int8', a, b);
  if (a.shape.length !== 2 || b.shape.length !== 2) throw new ShapeError(op, [a.shape, b.shape], 'needs two matrices');
  const [, m, k] = a.extent;
  const [, k2, n] = b.extent;
  if (k !== k2) throw new ShapeError(op, [a.shape, b.shape], `inner sizes ${k} and ${k2} differ`);
  if (k > MOST_INT8_TERMS) throw new LimitError(op, 'the number of terms of an int32 sum', k, MOST_INT8_TERMS);
  if (m * n === 0 || k === 0) return a.gpu.send(new Float32Array(m * n), [m, n], 'int32');
  a.gpu.admit(op, [1, m, n]);
  return building(async (scope) => {
    const parts: DeviceTensor[] = [];
    for (let from = 0; from < k; from += EXACT_INT8_TERMS) {
      const terms = { ...plainProduct(m, Math.min(EXACT_INT8_TERMS, k - from), n), isPart: k > EXACT_INT8_TERMS };
      const operands = { a, b, from: terms.isPart ? from : null };
      parts.push(await scope.keep(multiply(terms, variantFor(a.gpu.mode, terms), operands, [m, n], 'int32')));
    }
    return DeviceTensor.joined(parts);
  });
}

/**
 * a + b, a - b or a·b of tensors of one shape; `b` may be a row [n] for every row of `a`.
 *
 * @example
 * const gpu = await sharedGpu();
 * const [a, row] = [await gpu.upload(tensor([[1, 2], [3, 4]])), await gpu.upload(tensor([10, 20]))];
 * gpu.download(await gpuBinary('mul', a, row)); // [[10. 40.] [30. 80.]]
 */
export async function gpuBinary(op: GpuBinary, a: DeviceTensor, b: DeviceTensor): Promise<DeviceTensor> {
  if (!Object.hasOwn(OPERATORS, op)) throw new ValueError('gpuBinary', 'op', 'add, sub or mul', op);
  floats(op, a, b);
  const isRow = b.shape.length === 1 && b.size === a.extent[2] && a.shape.length > 1;
  if (!isRow && !sameShape(a.shape, b.shape)) throw new ShapeError(op, [a.shape, b.shape], 'the shapes differ');
  return a.gpu.run(binary(op, a.extent, isRow), [a, b], a.shape);
}

/**
 * An activation of each number.
 *
 * @example
 * const gpu = await sharedGpu();
 * const z = await gpu.upload(tensor([-1, 2]));
 * gpu.download(await gpuActivate(z, { name: 'leakyRelu', alpha: 0.5 })); // [-0.5 2. ]
 */
export async function gpuActivate(x: DeviceTensor, activation: GpuActivationChoice): Promise<DeviceTensor> {
  floats('gpuActivate', x);
  return x.gpu.run(activate(specOf('gpuActivate', activation), x.extent), [x], x.shape);
}

/**
 * The gradient before an activation from that after it, `g`. `saved` is what the activation gave; for leakyRelu and gelu
 * what it was given.
 *
 * @example
 * const gpu = await sharedGpu();
 * const [saved, g] = [await gpu.upload(tensor([0, 2])), await gpu.upload(tensor([5, 5]))];
 * gpu.download(await gpuActivationGradient('relu', saved, g)); // [0. 5.]
 */
export async function gpuActivationGradient(
  activation: GpuActivationChoice,
  saved: DeviceTensor,
  g: DeviceTensor,
): Promise<DeviceTensor> {
  const spec = specOf('gpuActivationGradient', activation);
  floats('gpuActivationGradient', saved, g);
  if (!sameShape(saved.shape, g.shape))
    throw new ShapeError('gpuActivationGradient', [saved.shape, g.shape], 'the shapes differ');
  return g.gpu.run(activationGradient(spec, g.extent), [saved, g], g.shape);
}

/**
 * [rows, n] to [n]: the gradient of a bias. No rows give zeros.
 *
 * @example
 * const gpu = await sharedGpu();
 * const gradients = await gpu.upload(tensor([[1, 2], [3, 4]]));
 * gpu.download(await gpuColumnSums(gradients)); // [4. 6.]
 */
export async function gpuColumnSums(x: DeviceTensor): Promise<DeviceTensor> {
  floats('gpuColumnSums', x);
  if (x.shape.length !== 2) throw new ShapeError('gpuColumnSums', [x.shape], 'needs a matrix');
  const [, rows, cols] = x.extent;
  if (rows === 0) return x.gpu.send(new Float32Array(cols), [cols]);
  return x.gpu.run(columnSums(rows, cols), [x], [cols]);
}

/**
 * Softmax of each row of [rows, n].
 *
 * @example
 * const gpu = await sharedGpu();
 * const logits = await gpu.upload(tensor([[7, 7], [0, 500]]));
 * gpu.download(await gpuSoftmax(logits)); // [[0.5 0.5] [0. 1. ]]
 */
export async function gpuSoftmax(x: DeviceTensor): Promise<DeviceTensor> {
  floats('gpuSoftmax', x);
  if (x.shape.length !== 2) throw new ShapeError('gpuSoftmax', [x.shape], 'needs a matrix');
  const [, rows, cols] = x.extent;
  if (x.size === 0) return x.gpu.send([], x.shape);
  return within(async (scope) => {
    const sums = await scope.keep(x.gpu.run(softmaxSums(rows, cols), [x]));
    return x.gpu.run(softmax(rows, cols), [x, sums], x.shape);
  });
}

/**
 * The gradient of the mean categorical crossentropy of softmax(z) by z: (softmax·Σt - t)/rows, targets `t` as z.
 *
 * @example
 * const gpu = await sharedGpu();
 * const [logits, targets] = [await gpu.upload(tensor([[3, 3]])), await gpu.upload(tensor([[1, 0]]))];
 * gpu.download(await gpuSoftmaxCrossEntropyGradient(logits, targets)); // [[-0.5 0.5]]
 */
export async function gpuSoftmaxCrossEntropyGradient(z: DeviceTensor, t: DeviceTensor): Promise<DeviceTensor> {
  const op = 'gpuSoftmaxCrossEntropyGradient';
  floats(op, z, t);
  if (z.shape.length !== 2 || !sameShape(z.shape, t.shape))
    throw new ShapeError(op, [z.shape, t.shape], 'needs two matrices of one shape');
  const [, rows, cols] = z.extent;
  if (z.size === 0) return z.gpu.send([], z.shape);
  return within(async (scope) => {
    const sums = await scope.keep(z.gpu.run(lossSums('categoricalCrossentropy', rows, cols), [z, t]));
    return z.gpu.run(lossGradient('categoricalCrossentropy', rows, cols), [z, t, sums], z.shape);
  });
}

/** Throws unless these are tensors of a device, of one type. */
function check(op: string, dtype: DeviceDType, ...tensors: readonly DeviceTensor[]): void {
  const other = tensors.find((t) => !(t instanceof DeviceTensor));
  if (other !== undefined) throw new ValueError(op, 'an operand', 'a device tensor, as upload() makes them', other);
  const types = tensors.map((t) => t.dtype);
  if (types.some((type) => type !== dtype)) throw new DTypeError(op, types, `needs ${dtype}`);
}

const floats = (op: string, ...tensors: readonly DeviceTensor[]): void => check(op, 'float32', ...tensors);

/** An activation as shaders take it. Throws ValueError for one without a shader. */
export function specOf(
  op: string,
  choice: string | { readonly name: string; readonly alpha?: number },
): GpuActivationSpec {
  const { name, alpha = 0.2 } = typeof choice === 'string' ? { name: choice } : choice;
  const known = GPU_ACTIVATIONS.find((each) => each === name);
  if (known === undefined) throw new ValueError(op, 'activation', `one of ${GPU_ACTIVATIONS.join(', ')}`, name);
  if (!Number.isFinite(Math.fround(alpha))) throw new ValueError(op, 'alpha', 'a finite float32', alpha);
  return known === 'linear' ? LINEAR : { name: known, alpha };
}
