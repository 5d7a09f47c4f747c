import type { TypedArray } from '../../kernels/arrays.ts';
import type { Shape } from '../base/shape.ts';
import { type DType, isFloat } from '../memory/dtype.ts';

/** NumPy's defaults: at most 8 digits after the point, 75 columns, and long axes shown by their ends. */
const DIGITS = 8;
const LINE = 75;
const THRESHOLD = 1000;
const EDGE = 3;

/** Row-major numbers as NumPy 2.4's str() prints an array. */
export function format(shape: Shape, dtype: DType, data: TypedArray): string {
  if (shape.length === 0) return scalarText(data[0]!, dtype);
  if (data.length === 0) return '[]';
  const cut = data.length > THRESHOLD;
  const shown = (axis: number): (number | null)[] => {
    const n = shape[axis]!;
    const all = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);
    return cut && n > 2 * EDGE ? [...all(0, EDGE), null, ...all(n - EDGE, n)] : all(0, n);
  };
  const build = (axis: number, at: number, text: (value: number) => string): string => {
    const indent = ' '.repeat(axis + 1);
    const last = axis === shape.length - 1;
    const parts = shown(axis).map((i) => {
      const next = at * shape[axis]! + (i ?? 0);
      return i === null ? '...' : last ? text(data[next]!) : build(axis + 1, next, text);
    });
    if (!last) return `[${parts.join(`${'\n'.repeat(shape.length - axis - 1)}${indent}`)}]`;
    const lines = [indent];
    for (const part of parts) {
      const line = lines.at(-1)!;
      if (line.length > indent.length && line.length + part.length >= LINE - axis) {
        lines[lines.length - 1] = line.trimEnd();
        lines.push(`${indent}${part} `);
      } else lines[lines.length - 1] = `${line}${part} `;
    }
    return `[${lines.join('\n').slice(indent.length, -1)}]`;
  };
  const picked: number[] = []; // what is shown decides how: a first pass collects it
  build(0, 0, (value) => String(picked.push(value)));
  return build(0, 0, formatter(picked, dtype));
}

/** A number on its own: every digit that tells it from its neighbours. */
function scalarText(value: number, dtype: DType): string {
  if (dtype === 'bool') return value ? 'True' : 'False';
  if (!isFloat(dtype)) return String(value);
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= (dtype === 'float32' ? 1e6 : 1e16))) {
    return special(value) ?? scientific(value, dtype, Infinity, 0, 2).replace('.e', 'e');
  }
  return special(value) ?? positional(value, dtype, Infinity).replace(/\.$/, '.0');
}

/** One rule for every element shown, so that columns line up. */
function formatter(values: readonly number[], dtype: DType): (value: number) => string {
  if (dtype === 'bool') return (value) => (value ? ' True' : 'False');
  if (!isFloat(dtype)) return aligned(values, String);
  const finite = values.filter(Number.isFinite);
  const sizes = finite.filter((value) => value !== 0).map(Math.abs);
  const largest = Math.max(...sizes, 0);
  const smallest = Math.min(...sizes, largest);
  const fractions = (texts: readonly string[]): number =>
    Math.max(0, ...texts.map((text) => /\.(\d*)/.exec(text)![1]!.length));
  const rounded = dtype === 'float32' ? Math.fround : Number; // NumPy compares in the type of the array
  const isUneven = largest > 0 && (smallest < rounded(1e-4) || rounded(largest / smallest) > 1e3);
  if (largest >= (dtype === 'float32' ? 1e6 : 1e8) || isUneven) {
    const plain = finite.map((value) => scientific(value, dtype, DIGITS, 0, 2));
    const exponents = Math.max(2, ...plain.map((text) => /\d*$/.exec(text)![0].length));
    const digits = fractions(plain);
    return aligned(values, (value) => special(value) ?? scientific(value, dtype, DIGITS, digits, exponents));
  }
  const digits = fractions(finite.map((value) => positional(value, dtype, DIGITS)));
  const padded = (value: number): string => {
    const text = positional(value, dtype, DIGITS);
    return text.padEnd(text.indexOf('.') + 1 + digits);
  };
  return aligned(values, (value) => special(value) ?? padded(value));
}

function aligned(values: readonly number[], render: (value: number) => string): (value: number) => string {
  const width = Math.max(...values.map((value) => render(value).length));
  return (value) => render(value).padStart(width);
}

function special(value: number): string | null {
  if (Number.isNaN(value)) return 'nan';
  return value === Infinity ? 'inf' : value === -Infinity ? '-inf' : null;
}

const signOf = (value: number): string => (value < 0 || Object.is(value, -0) ? '-' : '');

/** The fewest decimal digits that read back as the same number of its type, as d.ddde±x, without its sign. */
function shortest(value: number, dtype: DType): string {
  const size = Math.abs(value);
  if (dtype === 'float64') return size.toExponential();
  for (let digits = 0; digits < 9; digits++) {
    const text = size.toExponential(digits);
    if (Math.fround(Number(text)) === size) return text;
  }
  return size.toExponential();
}

/** As ddd.ddd with at most `limit` digits after the point and no zeros at the end; "3." for a whole number. */
function positional(value: number, dtype: DType, limit: number): string {
  const [mantissa, exponent] = shortest(value, dtype).split('e') as [string, string];
  const digits = Math.max(0, mantissa.replace('.', '').length - 1 - Number(exponent));
  const text = digits > limit ? Math.abs(value).toFixed(limit) : Number(`${mantissa}e${exponent}`).toFixed(digits);
  const trimmed = text.includes('.') ? text.replace(/0+$/, '') : `${text}.`;
  return signOf(value) + trimmed;
}

/** As d.ddde±xx with `digits` after the point (0: as few as serve, at most `limit`) and `width` in the exponent. */
function scientific(value: number, dtype: DType, limit: number, digits: number, width: number): string {
  let text = shortest(value, dtype);
  if (digits > 0 || text.indexOf('e') - 2 > limit) text = Math.abs(value).toExponential(digits || limit);
  const [mantissa, exponent] = text.split('e') as [string, string];
  const [whole, fraction = ''] = mantissa.split('.') as [string, string?];
  const kept = digits > 0 ? fraction : fraction.replace(/0+$/, '');
  return `${signOf(value)}${whole}.${kept}e${exponent[0]}${exponent.slice(1).padStart(width, '0')}`;
}
