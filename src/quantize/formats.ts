import { checkOneOf, checkRange, ValueError } from '../base/errors.ts';

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
 * real. An object says both: `{ weights: 'int4', values: 'static' }`, `{ weights: { type: 'int4', group: 64 } }`.
 */
export type LayerFormatChoice =
  | Exclude<ValueFormat, 'real'>
  | WeightFormatName
  | { readonly weights?: WeightFormatName | WeightFormat; readonly values?: ValueFormat };

const VALUES: readonly ValueFormat[] = ['real', 'static', 'fixed', 'dynamic'];

/** One row a format of weights: how many bits, what is usual, and whether products of integers can take it. */
export const WEIGHT_FORMATS: {
  readonly [F in WeightFormatName]: {
    readonly bits: number;
    readonly group: number | 'column' | null;
    readonly isInteger: boolean;
    /** Whether there is a choice of what its levels reach over. */
    readonly isFitted: boolean;
  };
} = {
  float32: { bits: 32, group: null, isInteger: false, isFitted: false },
  float16: { bits: 16, group: null, isInteger: false, isFitted: false },
  bfloat16: { bits: 16, group: null, isInteger: false, isFitted: false },
  fixed8: { bits: 8, group: null, isInteger: true, isFitted: false },
  fixed16: { bits: 16, group: null, isInteger: false, isFitted: false },
  int8: { bits: 8, group: 'column', isInteger: true, isFitted: false },
  uint8: { bits: 8, group: 32, isInteger: false, isFitted: false },
  int4: { bits: 4, group: 32, isInteger: true, isFitted: true },
  uint4: { bits: 4, group: 32, isInteger: false, isFitted: true },
  ternary: { bits: 2, group: 32, isInteger: true, isFitted: false },
  binary: { bits: 1, group: 32, isInteger: true, isFitted: false },
};

const isValues = (name: unknown): name is ValueFormat => VALUES.includes(name as ValueFormat);
const isWeights = (name: unknown): name is WeightFormatName =>
  typeof name === 'string' && Object.hasOwn(WEIGHT_FORMATS, name);

/** Checks a choice and fills in what it leaves out. Throws ValueError. */
export function layerFormat(op: string, field: string, choice: LayerFormatChoice): LayerFormat {
  if (choice === 'static' || choice === 'dynamic')
    return { weights: { type: 'int8', group: 'column' }, values: choice };
  if (choice === 'fixed') return { weights: { type: 'fixed8' }, values: 'fixed' };
  if (isWeights(choice)) return { weights: weightFormat(op, field, choice, 'real'), values: 'real' };
  const isObject = typeof choice === 'object' && choice !== null && !Array.isArray(choice);
  const { weights, values: given, ...others } = isObject ? choice : ({ weights: '' } as never);
  const values = given ?? 'real';
  const isEmpty = weights === undefined && given === undefined;
  if (!isObject || isEmpty || Object.keys(others).length > 0 || !isValues(values))
    throw new ValueError(
      op,
      field,
      `static, fixed, dynamic, one of ${Object.keys(WEIGHT_FORMATS).join(', ')}, or { weights, values }`,
      choice,
    );
  const usual = values === 'real' ? 'float32' : values === 'fixed' ? 'fixed8' : 'int8';
  return { weights: weightFormat(op, `${field}.weights`, weights ?? usual, values), values };
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
  if (!isWeights(type) || Object.keys(others).length > 0)
    throw new ValueError(
      op,
      field,
      `one of ${Object.keys(WEIGHT_FORMATS).join(', ')}, or { type, group, fit }`,
      choice,
    );
  const row = WEIGHT_FORMATS[type];
  if (fit !== undefined && !row.isFitted)
    throw new ValueError(op, `${field}.fit`, `left out: int4 and uint4 have it`, fit);
  if (fit !== undefined) checkOneOf(op, `${field}.fit`, fit, ['range', 'error']);
  const isWhole = values !== 'real';
  if (isWhole && !row.isInteger)
    throw new ValueError(op, field, 'a format whose numbers are whole: products of integers have no other', type);
  if (values === 'fixed' && type !== 'fixed8')
    throw new ValueError(op, field, 'fixed8, as the values are: other scales are no powers of two', type);
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
