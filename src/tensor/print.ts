import type { TypedArray } from '../../kernels/kernels.ts';
import type { Shape } from '../base/shape.ts';
import type { DType } from './dtype.ts';

/** NumPy's defaults: at most 8 digits after the point, 75 columns, and long axes shown by their ends. */
const DIGITS = 8;
const LINE = 75;
const THRESHOLD = 1000;
const EDGE = 3;

/** Row-major numbers as NumPy's str() prints an array. */
export function format(shape: Shape, dtype: DType, data: TypedArray): string {
  if (shape.length === 0) return formatter([data[0]!], dtype)(data[0]!).trim();
  if (data.length === 0) return '[]';
  const cut = data.length > THRESHOLD;
  const shown = (axis: number): (number | null)[] => {
    const n = shape[axis]!;
    const all = Array.from({ length: n }, (_, i) => i);
    return cut && n > 2 * EDGE ? [...all.slice(0, EDGE), null, ...all.slice(n - EDGE)] : all;
  };
  const picked: number[] = [];
  const collect = (axis: number, at: number): void => {
    if (axis === shape.length) picked.push(data[at]!);
    else for (const i of shown(axis)) if (i !== null) collect(axis + 1, at * shape[axis]! + i);
  };
  collect(0, 0);
  const text = formatter(picked, dtype);
  const build = (axis: number, at: number): string => {
    const indent = ' '.repeat(axis + 1);
    const last = axis === shape.length - 1;
    const parts = shown(axis).map((i) => {
      const next = at * shape[axis]! + (i ?? 0);
      return i === null ? '...' : last ? text(data[next]!) : build(axis + 1, next);
    });
    if (!last) return `[${parts.join(`\n${'\n'.repeat(shape.length - axis - 2)}${indent}`)}]`;
    let line = '[';
    const lines: string[] = [];
    parts.forEach((part, i) => {
      if (i > 0 && line.length + 1 + part.length > LINE - axis) {
        lines.push(line);
        line = indent + part;
      } else line += i === 0 ? part : ` ${part}`;
    });
    return `${[...lines, line].join('\n')}]`;
  };
  return build(0, 0);
}

/** One rule for every element shown, so that columns line up. */
function formatter(values: readonly number[], dtype: DType): (value: number) => string {
  const align = (render: (value: number) => string): ((value: number) => string) => {
    const width = Math.max(...values.map((value) => render(value).length));
    return (value) => render(value).padStart(width);
  };
  if (dtype === 'bool') return align((value) => (value ? 'True' : 'False'));
  if (dtype !== 'float32' && dtype !== 'float64') return align(String);
  const finite = values.filter(Number.isFinite);
  const sizes = finite.filter((value) => value !== 0).map(Math.abs);
  const largest = Math.max(...sizes, 0);
  const smallest = Math.min(...sizes, largest);
  const special = (value: number): string | null =>
    Number.isNaN(value) ? 'nan' : value === Infinity ? 'inf' : value === -Infinity ? '-inf' : null;
  const shortest = (value: number): string => shortestDecimal(value, dtype);
  if (largest >= 1e8 || (sizes.length > 0 && (smallest < 1e-4 || largest / smallest > 1e3))) {
    const digits = Math.max(0, ...finite.map((value) => mantissaDigits(shortest(value))));
    return align((value) => special(value) ?? exponential(value, Math.min(digits, DIGITS)));
  }
  const digits = Math.min(DIGITS, Math.max(0, ...finite.map((value) => (shortest(value).split('.')[1] ?? '').length)));
  return align((value) => {
    if (special(value) !== null) return special(value)!;
    const rounded = value.toFixed(digits);
    const sign = Object.is(value, -0) ? '-' : '';
    const trimmed = rounded.includes('.') ? rounded.replace(/0+$/, '') : `${rounded}.`;
    return (sign + trimmed).padEnd(sign.length + rounded.split('.')[0]!.length + 1 + digits);
  });
}

/** The fewest digits that read back as the same number of its type, without exponent where JavaScript allows. */
function shortestDecimal(value: number, dtype: DType): string {
  if (dtype === 'float64') return String(value);
  for (let digits = 1; digits <= 9; digits++) {
    const text = value.toPrecision(digits);
    if (Math.fround(Number(text)) === value) return String(Number(text));
  }
  return String(value);
}

function mantissaDigits(text: string): number {
  const digits = text.replace(/e.*$/, '').replace(/[-.]/g, '').replace(/^0+/, '').replace(/0+$/, '');
  return Math.max(0, digits.length - 1);
}

function exponential(value: number, digits: number): string {
  const [mantissa, exponent] = value.toExponential(digits).split('e') as [string, string];
  const sign = exponent.startsWith('-') ? '-' : '+';
  const dotted = mantissa.includes('.') ? mantissa : `${mantissa}.`;
  return `${Object.is(value, -0) ? '-' : ''}${dotted}e${sign}${exponent.replace(/[-+]/, '').padStart(2, '0')}`;
}
