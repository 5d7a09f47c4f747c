import { isScale } from '../../graph/check.ts';
import type { QuantizationParams } from '../../graph/graph.ts';
import { toFloat16 } from '../../graph/halves.ts';
import type { Operator, Site } from './site.ts';
import { type Constant, constantOf, dataTypeOf, type Held, typeText } from './tensors.ts';
import type { Integers, View } from './views.ts';

/** The format of integers as a file has it, and as int8. */
interface Told {
  readonly file: QuantizationParams;
  readonly own: Integers;
}

/** The scale and the zero point of a whole value, out of inputs 1 and 2. */
function formatOf(site: Site, type: string | undefined): Told {
  const scales = site.constant(1);
  const zeros = site.optional(2);
  if (scales.data.length !== 1 || (zeros !== undefined && zeros.data.length !== 1))
    site.fail('has a scale for each of several parts of a value: networks here have one for all');
  const kind = zeros?.dtype ?? type;
  if (kind !== 'int8' && kind !== 'uint8')
    return site.fail(`makes or reads integers in ${kind}: networks here have int8`);
  if (scales.dtype !== 'float32') site.fail(`has scales in ${scales.dtype}, and not in float32`);
  const scale = scales.data[0]!;
  if (!isScale(scale)) site.fail(`has a scale of ${scale}, which is not positive and finite`);
  const zeroPoint = zeros?.data[0] ?? 0;
  // Unsigned integers are signed ones, 128 higher
  return {
    file: { scale, zeroPoint },
    own: { scale, zeroPoint: kind === 'uint8' ? zeroPoint - 128 : zeroPoint, type: kind },
  };
}

const isFormat = (a: QuantizationParams, b: QuantizationParams): boolean =>
  Math.fround(a.scale) === Math.fround(b.scale) && a.zeroPoint === b.zeroPoint;

const OUTPUT_TYPES = 'axis block_size output_dtype precision saturate';

function checkPlain(site: Site): void {
  site.only('block_size', 0, 'has scales for blocks, which networks here do not');
  site.only('output_dtype', 0, 'says which type it gives, which its zero point does here');
  site.only('precision', 0, 'says in which type it divides, which is float32 here');
}

/** The axis with scales of its own, of so many. */
function scaledAxis(site: Site, { shape }: Constant, scales: Constant): number {
  if (scales.data.length === 1 && scales.shape.length <= 1) return 0;
  const axis = site.axis(site.int('axis', 1), shape.length);
  if (scales.shape.length !== 1 || scales.data.length !== shape[axis])
    site.fail(`has ${scales.data.length} scales for an axis of ${shape[axis]}`);
  return axis;
}

/** Integers of a constant as real numbers, (q - zero)·scale, which are held as integers where the zero is. */
function dequantized(site: Site, constant: Constant): Constant {
  checkPlain(site);
  const scales = site.constant(1);
  const zeros = site.optional(2);
  const { dtype, shape, data } = constant;
  if (dtype !== 'int8' && dtype !== 'uint8' && dtype !== 'int32') return site.fail(`reads a constant in ${dtype}`);
  if (scales.dtype !== 'float32') site.fail(`has scales in ${scales.dtype}, and not in float32`);
  if (zeros !== undefined && (zeros.dtype !== dtype || zeros.data.length !== scales.data.length))
    site.fail('has zero points that do not go with what it reads');
  const wrong = scales.data.find((scale) => !(scale >= 0 && scale < Infinity));
  if (wrong !== undefined) site.fail(`has a scale of ${wrong}`);
  const axis = scaledAxis(site, constant, scales);
  const inner = shape.slice(axis + 1).reduce((n, size) => n * size, 1);
  const count = scales.data.length;
  const at = (i: number): number => (count === 1 ? 0 : Math.floor(i / inner) % count);
  const numbers = new Float32Array(data.length);
  site.building.spend(data.length, 'a constant');
  for (let i = 0; i < data.length; i++) numbers[i] = (data[i]! - (zeros?.data[at(i)] ?? 0)) * scales.data[at(i)]!;
  const isAround = zeros === undefined || zeros.data.every((zero) => zero === (dtype === 'uint8' ? 128 : 0));
  // A scale may be 0, of units that are all 0, which no integers here have
  const isPlain = isAround && scales.data.every(isScale);
  const own = { scales: Float32Array.from(scales.data), axis };
  let held: Held | null = null;
  if (isPlain && data instanceof Int8Array) held = { type: 'int8', values: data, ...own };
  if (isPlain && zeros !== undefined && data instanceof Uint8Array)
    held = { type: 'int8', values: Int8Array.from(data, (q) => q - 128), ...own };
  if (isPlain && data instanceof Int32Array) held = { type: 'int32', values: data, ...own };
  return { kind: 'constant', name: site.name, key: constant.key, shape, dtype: 'float32', data: numbers, held };
}

/** Real numbers of a constant as integers, half to even. */
function quantized(site: Site, constant: Constant): Constant {
  checkPlain(site);
  const scales = site.constant(1);
  const zeros = site.optional(2);
  const kind = zeros?.dtype ?? 'uint8';
  if (kind !== 'int8' && kind !== 'uint8') return site.fail(`makes integers in ${kind}: networks here have int8`);
  if (zeros !== undefined && zeros.data.length !== scales.data.length)
    site.fail('has zero points that do not go with its scales');
  const axis = scaledAxis(site, constant, scales);
  const inner = constant.shape.slice(axis + 1).reduce((n, size) => n * size, 1);
  const count = scales.data.length;
  if (scales.data.some((scale) => !isScale(scale))) site.fail('has a scale that is not positive and finite');
  const least = kind === 'int8' ? -128 : 0;
  site.building.spend(constant.data.length, 'a constant');
  const own = new (kind === 'int8' ? Int8Array : Uint8Array)(constant.data.length);
  for (let i = 0; i < own.length; i++) {
    const j = count === 1 ? 0 : Math.floor(i / inner) % count;
    const quotient = Math.fround(constant.data[i]! / scales.data[j]!);
    const low = Math.floor(quotient);
    const isUp = quotient - low > 0.5 || (quotient - low === 0.5 && low % 2 !== 0);
    own[i] = Math.min(least + 255, Math.max(least, low + Number(isUp) + (zeros?.data[count === 1 ? 0 : j] ?? 0)));
  }
  return { ...constantOf(site.name, constant.shape, kind, own), key: constant.key };
}

const REAL = ['float32', 'float16', 'bfloat16'];

/** A constant in another type. */
function cast(site: Site, constant: Constant): Constant {
  const to = dataTypeOf(site.int('to', 0));
  const renamed = { ...constant, name: site.name };
  if (to === constant.dtype) return renamed;
  site.building.spend(constant.data.length, 'a constant');
  const isReal = REAL.includes(constant.dtype) || constant.dtype === 'float64';
  if (to === 'float32')
    return {
      ...renamed,
      dtype: to,
      data: Float32Array.from(constant.data),
      held: REAL.includes(constant.dtype) ? constant.held : null,
    };
  if (to === 'float16' && isReal)
    return {
      ...constantOf(site.name, constant.shape, to, Uint16Array.from(constant.data, toFloat16)),
      key: constant.key,
    };
  if ((to === 'int64' || to === 'int32') && !constant.data.some((x) => !(Math.abs(x) < 2 ** 31 || Number.isNaN(x))))
    return { ...renamed, dtype: to, data: Float64Array.from(constant.data, Math.trunc), held: null };
  return site.fail(`makes ${typeText(site.int('to', 0))} of the constant "${constant.name}" in ${constant.dtype}`);
}

/** An input of integers as the numbers that they are. */
function asNumbers(site: Site, view: View): View {
  const to = dataTypeOf(site.int('to', 0));
  const { raw } = view;
  if (view.format !== null) return site.fail('reads integers of a format: DequantizeLinear makes real numbers of them');
  if (raw === null)
    return to === 'float32'
      ? { ...view, name: site.name }
      : site.fail(`makes ${typeText(site.int('to', 0))} of real numbers, and networks here compute in float32`);
  const isWhole = to === 'int32' || to === 'int64';
  if (isWhole && raw !== 'float16' && raw !== 'bfloat16') return { ...view, name: site.name };
  if (to !== 'float32')
    return site.fail(`makes ${typeText(site.int('to', 0))} of an input: networks here take integers, or float32`);
  if (!site.building.readAs(view, { kind: 'numbers' }))
    return site.fail(`reads "${view.name}" as numbers, which is read otherwise besides`);
  return { ...view, name: site.name, raw: null };
}

export const QUANTIZED: Readonly<Record<string, Operator>> = {
  Constant: {
    attributes: 'value value_float value_floats value_int value_ints sparse_value value_string value_strings',
    fold(site) {
      const tensor = site.tensor('value');
      if (tensor !== undefined) return tensor;
      const floats = site.has('value_float') ? [site.float('value_float', 0)] : site.floats('value_floats');
      const ints = site.has('value_int') ? [site.int('value_int', 0)] : site.ints('value_ints');
      const isScalar = site.has('value_float') || site.has('value_int');
      if (floats !== undefined)
        return constantOf(site.name, isScalar ? [] : [floats.length], 'float32', Float32Array.from(floats));
      if (ints !== undefined)
        return constantOf(site.name, isScalar ? [] : [ints.length], 'int64', Float64Array.from(ints));
      return site.fail('has no numbers');
    },
  },
  Cast: {
    attributes: 'to saturate round_mode',
    read: (site) => asNumbers(site, site.view(0, true)),
    fold: (site) => cast(site, site.constant(0)),
  },
  QuantizeLinear: {
    attributes: OUTPUT_TYPES,
    read(site) {
      checkPlain(site);
      const { own } = formatOf(site, 'uint8');
      const made = site.along('quantize', site.view(0), {}, { format: own });
      return { ...made, format: own };
    },
    fold: (site) => quantized(site, site.constant(0)),
  },
  DequantizeLinear: {
    attributes: OUTPUT_TYPES,
    read(site) {
      checkPlain(site);
      const view = site.view(0, true);
      const { file, own } = formatOf(site, view.format?.type ?? view.raw ?? undefined);
      if (view.format !== null) {
        if (!isFormat(view.format, own) || view.format.type !== own.type)
          site.fail('reads integers as others than they are made as');
        return { ...site.along('dequantize', view, {}), format: null };
      }
      if (view.raw !== own.type) return site.fail(`reads "${view.name}", which are no integers of its type`);
      if (!site.building.readAs(view, { kind: 'format', format: file }))
        site.fail(`reads "${view.name}", which is read otherwise besides`);
      // A network reads real numbers: those that the integers stand for, which become the same integers
      const whole = site.building.node('quantize', `${view.name}/${own.type}`, [view.value], {}, { format: own });
      return { ...site.along('dequantize', { ...view, value: whole }, {}), raw: null };
    },
    fold: (site) => dequantized(site, site.constant(0)),
  },
};
