import { roundHalfEven } from '../../kernels/reference/math.ts';
import { DTypeError, listed, ValueError } from '../base/errors.ts';
import { checkOptions } from '../base/options.ts';
import { elementsOf, normalizeAxis, type Shape, size } from '../base/shape.ts';
import { refusing } from '../graph/attributes.ts';
import { isScale } from '../graph/check.ts';
import { decodeWeight } from '../graph/decode.ts';
import { type Encoding, float32Stored, type Stored } from '../graph/encoding.ts';
import { ENCODINGS } from '../graph/encodings.ts';
import type { QuantizationParams } from '../graph/graph.ts';
import { arrayCheck, checkStored } from '../graph/validate.ts';
import { fromData, Tensor } from '../tensor/tensor.ts';
import { encodeWeight } from './encode.ts';
import { type WeightFormat, type WeightFormatName, weightFormat } from './formats.ts';
import { chooseQParams } from './ranges.ts';

/** int8 as values have it: x = scale·(q - zero point), of the whole tensor or of each index of an axis. */
export interface AffineEncoding {
  readonly type: 'affine';
  readonly values: Int8Array;
  /** One, or one for each index of the axis. */
  readonly scales: Float32Array;
  readonly zeroPoints: Int8Array;
  /** Null where there is one scale. */
  readonly axis: number | null;
}

/** A tensor in whole numbers, or in floats of fewer bits: of the formats of weights what files hold of them. */
export interface QuantizedTensor {
  readonly shape: Shape;
  readonly encoding: Encoding | AffineEncoding;
}

export interface QuantizeTensorOptions {
  /** Of `affine`. Default: that of its range, from the lowest to the highest number and 0. */
  readonly params?: QuantizationParams;
  /** Of `affine`: its axis whose indices have a range each. Negative ones count from the end. Default: one range for all. */
  readonly axis?: number;
}

/**
 * A float32 tensor in a format of weights, whose groups lie along all axes but the last, or in `affine` int8 as values are.
 * Each number is the nearest that the format has; `affine` cuts off what `params` do not hold. Throws ValueError for numbers
 * that are not finite.
 *
 * @example
 * const { encoding } = quantizeTensor(tensor([0, 100, 255]), 'affine');
 * encoding.type === 'affine' && encoding.values; // Int8Array(3) [ -128, -28, 127 ]
 */
export function quantizeTensor(
  x: Tensor,
  format: WeightFormatName | WeightFormat | 'affine',
  options: QuantizeTensorOptions = {},
): QuantizedTensor {
  checkOptions('quantizeTensor', options, 'params axis');
  const { shape } = checkedTensor(x);
  const values = new Float32Array(x.data as Float32Array);
  const wrong = values.find((number) => !Number.isFinite(number));
  if (wrong !== undefined) throw new ValueError('quantizeTensor', 'the numbers of x', 'finite', wrong);
  if (format === 'affine') return { shape, encoding: affine(values, shape, options) };
  const own = weightFormat('quantizeTensor', 'format', format, 'real');
  for (const [field, value] of Object.entries(options))
    if (value !== undefined)
      throw new ValueError(
        'quantizeTensor',
        field,
        'left out: of "affine" alone',
        value,
        'Give a group in the format?',
      );
  const { encoding } = encodeWeight('quantizeTensor', 'x', float32Stored(shape, values), own);
  return { shape, encoding };
}

/**
 * The float32 numbers that a quantized tensor stands for. Throws for arrays and numbers that are not those of its shape.
 *
 * @example
 * const q = quantizeTensor(tensor([[1, -4], [0.2, 3]]), 'ternary');
 * dequantizeTensor(q); // [[ 1. -3.5] [ 0. 3.5]]
 */
export function dequantizeTensor(q: QuantizedTensor): Tensor {
  const { shape, encoding } = Object(q) as QuantizedTensor;
  const type = Array.isArray(shape) ? encoding?.type : undefined;
  if (type === undefined || type === 'float64' || type === 'int32')
    throw new ValueError('dequantizeTensor', 'q', 'what quantizeTensor gives', q);
  if (encoding.type === 'affine') return affineNumbers(shape, encoding);
  const stored: Stored = { shape, encoding, mask: null };
  checkStored('q', stored, ENCODINGS, 'dequantizeTensor');
  return fromData(decodeWeight(stored)!, shape);
}

function checkAffine(shape: Shape, { values, scales, zeroPoints, axis }: AffineEncoding): void {
  const fail = refusing('q', 'dequantizeTensor');
  const n = size('dequantizeTensor', shape);
  const has = arrayCheck(shape, fail);
  const isAxis = axis === null || (Number.isInteger(axis) && axis >= 0 && axis < shape.length);
  if (!isAxis) fail('axis', `null or an axis of shape ${listed(shape)}`, axis);
  const channels = axis === null ? 1 : shape[axis]!;
  has('values', values, Int8Array, n);
  has('scales', scales, Float32Array, channels, isScale, 'positive and finite');
  has('zeroPoints', zeroPoints, Int8Array, channels);
}

function affineNumbers(shape: Shape, encoding: AffineEncoding): Tensor {
  checkAffine(shape, encoding);
  const { values, scales, zeroPoints, axis } = encoding;
  const channelOf = channelsAlong(shape, axis);
  return fromData(
    Float32Array.from(values, (code, i) => (code - zeroPoints[channelOf(i)]!) * scales[channelOf(i)]!),
    shape,
  );
}

function checkedTensor(x: Tensor): Tensor {
  if (!(x instanceof Tensor)) throw new ValueError('quantizeTensor', 'x', 'a tensor', x);
  if (x.dtype !== 'float32') throw new DTypeError('quantizeTensor', [x.dtype], 'needs float32 numbers', 'cast() them?');
  return x;
}

function affine(values: Float32Array, shape: Shape, { params, axis: given }: QuantizeTensorOptions): AffineEncoding {
  const axis = given === undefined ? null : normalizeAxis('quantizeTensor', given, shape.length);
  if (params !== undefined && axis !== null)
    throw new ValueError('quantizeTensor', 'axis', 'left out: params are of the whole tensor', given);
  const channelOf = channelsAlong(shape, axis);
  const formats =
    params === undefined ? formatsOf(values, axis === null ? 1 : shape[axis]!, channelOf) : [checked(params)];
  const scales = Float32Array.from(formats, ({ scale }) => scale);
  const zeroPoints = Int8Array.from(formats, ({ zeroPoint }) => zeroPoint);
  const codes = Int8Array.from(values, (x, i) => {
    const c = channelOf(i);
    return Math.min(127, Math.max(-128, roundHalfEven(Math.fround(x / scales[c]!)) + zeroPoints[c]!));
  });
  return { type: 'affine', values: codes, scales, zeroPoints, axis };
}

/** The index along an axis of number i of a tensor; 0 without one. */
function channelsAlong(shape: Shape, axis: number | null): (i: number) => number {
  if (axis === null) return () => 0;
  const inner = elementsOf(shape.slice(axis + 1));
  return (i) => Math.floor(i / inner) % shape[axis]!;
}

/** The format of each channel, by its range. */
function formatsOf(values: Float32Array, channels: number, channelOf: (i: number) => number): QuantizationParams[] {
  const low = new Float64Array(channels);
  const high = new Float64Array(channels);
  values.forEach((x, i) => {
    const c = channelOf(i);
    low[c] = Math.min(low[c]!, x);
    high[c] = Math.max(high[c]!, x);
  });
  return Array.from(low, (from, c) => chooseQParams(from, high[c]!));
}

function checked(params: QuantizationParams): QuantizationParams {
  const { scale, zeroPoint } = Object(params) as QuantizationParams;
  if (!isScale(scale)) throw new ValueError('quantizeTensor', 'params.scale', 'positive and finite in float32', scale);
  if (!Number.isInteger(zeroPoint) || zeroPoint < -128 || zeroPoint > 127)
    throw new ValueError('quantizeTensor', 'params.zeroPoint', 'an integer from -128 to 127', zeroPoint);
  return params;
}
