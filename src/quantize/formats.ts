import { checkOneOf, checkRange, ValueError } from '../base/errors.ts';
import { didYouMean } from '../base/options.ts';
import type { EncodingName, Stored } from '../graph/encoding.ts';

/** How a weight is held. */
export type WeightFormatName =
  | 'float32'
  /** Bits of a float: 2 bytes a weight. */
  | 'float16'
  | 'bfloat16'
  /** Fixed point of 8 or 16 bits, with one power of two for all of a weight (Qm.n). */
  | 'fixed8'
  | 'fixed16'
  /** Whole numbers times a scale: symmetric, or with a zero point (u). */
  | 'int8'
  | 'uint8'
  | 'int4'
  | 'uint4'
  /** -scale, 0 or scale; -scale or scale. */
  | 'ternary'
  | 'binary';

export interface WeightFormat {
  readonly type: WeightFormatName;
  /**
   * Rows of a column that share a scale; `column`: all of them. Default 32, and `column` for int8 and wherever integers are
   * multiplied. Formats without scales have none.
   */
  readonly group?: number | 'column';
  /**
   * Of int4 and uint4: what the levels of a group reach over. Its `range`, by default, or the share of it with the least
   * squared `error`, of all to half in steps of a twentieth, which cuts off the outermost. The error of weights falls by 3 to
   * 12 %; the answers of networks on digits came nearer to those of float32 or not, about as often.
   */
  readonly fit?: 'range' | 'error';
}

/**
 * What a layer multiplies: `real` numbers; int8 whose formats calibration found before (`static`), in powers of two without
 * zero points (`fixed`); or int8 that each sample gets a format for (`dynamic`).
 */
export type ValueFormat = 'real' | 'static' | 'fixed' | 'dynamic';

/** How a layer is held and run. */
export interface LayerFormat {
  readonly weights: WeightFormat;
  readonly values: ValueFormat;
}

/**
 * `static` is int8 times int8, as are `fixed` with fixed8 weights and `dynamic`; the name of a format of weights leaves values
 * real, as does one with its group: `{ type: 'int4', group: 64 }`. An object says both: `{ weights: 'int4', values: 'static' }`,
 * where `weights` may have a group too.
 */
export type LayerFormatChoice =
  | Exclude<ValueFormat, 'real'>
  | WeightFormatName
  | WeightFormat
  | { readonly weights?: WeightFormatName | WeightFormat; readonly values?: ValueFormat };

/** What is to be known of a format of weights. */
interface WeightFormatFacts {
  readonly bits: number;
  /** Rows of a column that share a scale, if nothing is said; null for a format without such groups. */
  readonly group: number | 'column' | null;
  /** How files and programs hold it; as levels with zero points or without. */
  readonly encodings: readonly EncodingName[];
  readonly hasZeroPoints: boolean;
  /** Whether products of integers can take it. */
  readonly isInteger: boolean;
  /** Whether all of a weight can have one scale, and whether that is a power of two. */
  readonly isOfOneScale: boolean;
  readonly isPowerOfTwo: boolean;
  /** Whether there is a choice of what its levels reach over. */
  readonly isFitted: boolean;
}

const PLAIN = {
  group: null,
  hasZeroPoints: false,
  isInteger: false,
  isOfOneScale: false,
  isPowerOfTwo: false,
  isFitted: false,
} as const;
const FIXED = { ...PLAIN, encodings: ['fixed'], isOfOneScale: true, isPowerOfTwo: true } as const;
const LEVELS = { ...PLAIN, encodings: ['levels'], group: 32 } as const;

/** One row a format of weights. */
export const WEIGHT_FORMATS: { readonly [F in WeightFormatName]: WeightFormatFacts } = {
  float32: { ...PLAIN, bits: 32, encodings: ['float32', 'sparse'] },
  float16: { ...PLAIN, bits: 16, encodings: ['float16'] },
  bfloat16: { ...PLAIN, bits: 16, encodings: ['bfloat16'] },
  fixed8: { ...FIXED, bits: 8, isInteger: true },
  fixed16: { ...FIXED, bits: 16 },
  int8: {
    ...LEVELS,
    bits: 8,
    encodings: ['int8', 'sparseInt8', 'levels'],
    group: 'column',
    isInteger: true,
    isOfOneScale: true,
  },
  uint8: { ...LEVELS, bits: 8, hasZeroPoints: true },
  int4: { ...LEVELS, bits: 4, isInteger: true, isFitted: true },
  uint4: { ...LEVELS, bits: 4, hasZeroPoints: true, isFitted: true },
  ternary: { ...LEVELS, bits: 2, isInteger: true },
  binary: { ...LEVELS, bits: 1, isInteger: true },
};

/** The format of a weight, by its encoding, which does not say what its levels reach over; null where none is held so. */
export function weightFormatOf({ shape, encoding }: Stored): WeightFormat | null {
  const isLevels = encoding.type === 'levels';
  const bits = isLevels ? encoding.bits : encoding.type === 'fixed' ? 8 * encoding.values.BYTES_PER_ELEMENT : null;
  const hasZeroPoints = isLevels && encoding.zeroPoints !== null;
  const found = WEIGHT_FORMAT_NAMES.find((name) => {
    const row = WEIGHT_FORMATS[name];
    const isHeldSo = row.encodings.includes(encoding.type) && row.hasZeroPoints === hasZeroPoints;
    return isHeldSo && (bits === null || row.bits === bits);
  });
  if (found === undefined) return null;
  if (WEIGHT_FORMATS[found].group === null) return { type: found };
  const isWhole = !isLevels || encoding.scales.length === (shape.at(-1) ?? 1);
  return { type: found, group: isWhole ? 'column' : encoding.group };
}

export const WEIGHT_FORMAT_NAMES: readonly WeightFormatName[] = Object.keys(WEIGHT_FORMATS) as WeightFormatName[];

/** What is to be known of the values that a layer multiplies. */
interface ValueFormatFacts {
  /** Its weights, if nothing is said, and the format as words with these. */
  readonly weights: WeightFormatName;
  readonly words: string;
  /** Whether products are of integers, and whether their scales are powers of two. */
  readonly isInteger: boolean;
  readonly isPowerOfTwo: boolean;
}

/** One row a format of values. */
export const VALUE_FORMATS: { readonly [V in ValueFormat]: ValueFormatFacts } = {
  real: { weights: 'float32', words: 'float32', isInteger: false, isPowerOfTwo: false },
  static: { weights: 'int8', words: 'int8', isInteger: true, isPowerOfTwo: false },
  fixed: { weights: 'fixed8', words: 'fixed8', isInteger: true, isPowerOfTwo: true },
  dynamic: { weights: 'int8', words: 'dynamic int8', isInteger: true, isPowerOfTwo: false },
};

/** The names of what a format multiplies: `int4`, `int8`, `dynamic int8 times ternary`. */
export function productText({ weights: { type }, values }: LayerFormat): string {
  const { isInteger, weights, words } = VALUE_FORMATS[values];
  if (!isInteger) return type;
  return type === weights ? words : `${words} times ${type}`;
}

const isValues = (name: unknown): name is ValueFormat => typeof name === 'string' && Object.hasOwn(VALUE_FORMATS, name);
const isWeights = (name: unknown): name is WeightFormatName =>
  typeof name === 'string' && Object.hasOwn(WEIGHT_FORMATS, name);

const hasType = (choice: unknown): choice is WeightFormat =>
  typeof choice === 'object' && choice !== null && 'type' in choice;

function noFormat(op: string, field: string, choice: unknown): ValueError {
  const named = ['static', 'fixed', 'dynamic', ...WEIGHT_FORMAT_NAMES];
  const wanted = `static, fixed, dynamic, one of ${WEIGHT_FORMAT_NAMES.join(', ')}, or { weights, values }`;
  return new ValueError(op, field, wanted, choice, didYouMean(choice, named));
}

/** Checks a choice and fills in what it leaves out. Throws ValueError. */
export function layerFormat(op: string, field: string, choice: LayerFormatChoice): LayerFormat {
  if (isValues(choice) && (choice as ValueFormat) !== 'real')
    return { weights: weightFormat(op, field, VALUE_FORMATS[choice].weights, choice), values: choice };
  if (isWeights(choice) || hasType(choice)) return { weights: weightFormat(op, field, choice, 'real'), values: 'real' };
  if (typeof choice !== 'object' || choice === null || Array.isArray(choice)) throw noFormat(op, field, choice);
  const { weights, values: given, ...others } = choice;
  const values = given ?? 'real';
  if (weights === undefined && given === undefined && Object.keys(others).length === 0)
    throw noFormat(op, field, choice);
  const [other] = Object.keys(others);
  if (other !== undefined) {
    const known = ['weights', 'values', 'type', 'group', 'fit'];
    throw new ValueError(
      op,
      `${field}.${other}`,
      'left out: formats are { weights, values } or, of weights alone, { type, group, fit }',
      others[other as keyof typeof others],
      didYouMean(other, known),
    );
  }
  if (!isValues(values)) {
    const remedy = values === 'int8' ? 'int8 is static or dynamic' : didYouMean(values, Object.keys(VALUE_FORMATS));
    throw new ValueError(op, `${field}.values`, `one of ${Object.keys(VALUE_FORMATS).join(', ')}`, values, remedy);
  }
  const own = weights ?? VALUE_FORMATS[values].weights;
  return { weights: weightFormat(op, `${field}.weights`, own, values), values };
}

/** Checks a format of weights, for a layer that multiplies such values, and fills in its group. Throws ValueError. */
export function weightFormat(
  op: string,
  field: string,
  choice: WeightFormatName | WeightFormat,
  values: ValueFormat,
): WeightFormat {
  const { type, group, fit, ...others }: Omit<Partial<WeightFormat>, 'type'> & { type?: unknown } =
    typeof choice === 'object' && choice !== null ? choice : { type: choice };
  if (!isWeights(type)) {
    const isObject = typeof choice === 'object' && choice !== null;
    const wanted = `one of ${WEIGHT_FORMAT_NAMES.join(', ')}${isObject ? '' : ', or { type, group, fit }'}`;
    throw new ValueError(op, isObject ? `${field}.type` : field, wanted, type, didYouMean(type, WEIGHT_FORMAT_NAMES));
  }
  for (const [other, value] of Object.entries(others)) {
    const remedy = didYouMean(other, ['type', 'group', 'fit']);
    throw new ValueError(
      op,
      `${field}.${other}`,
      'left out: a format of weights is { type, group, fit }',
      value,
      remedy,
    );
  }
  const row = WEIGHT_FORMATS[type];
  if (fit !== undefined && !row.isFitted) {
    const fitted = WEIGHT_FORMAT_NAMES.filter((name) => WEIGHT_FORMATS[name].isFitted);
    throw new ValueError(op, `${field}.fit`, `left out: ${fitted.join(' and ')} have it`, fit);
  }
  if (fit !== undefined) checkOneOf(op, `${field}.fit`, fit, ['range', 'error']);
  const { isInteger: isWhole, isPowerOfTwo } = VALUE_FORMATS[values];
  if (isWhole && !row.isInteger)
    throw new ValueError(op, field, 'a format whose numbers are whole: products of integers have no other', type);
  if (isPowerOfTwo && !row.isPowerOfTwo)
    throw new ValueError(
      op,
      field,
      `${VALUE_FORMATS[values].weights}, as the values are: other scales are no powers of two`,
      type,
    );
  if (row.group === null) {
    if (group !== undefined)
      throw new ValueError(op, `${field}.group`, `left out: ${type} has one scale or none`, group);
    return { type };
  }
  if (group !== undefined && group !== 'column') checkRange(op, `${field}.group`, group, 'a positive integer');
  if (isWhole && group !== undefined && group !== 'column')
    throw new ValueError(op, `${field}.group`, "'column': an int32 sum has one scale", group);
  return { type, group: group ?? (isWhole ? 'column' : row.group), ...(fit !== undefined && { fit }) };
}
