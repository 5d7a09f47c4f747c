const MINUS = '\u2212';

/** A number as a person reads it: `digits` that count, no long row of zeros, a true minus, and a dash where there is none. */
export function show(value: number, digits = 3): string {
  if (Number.isNaN(value)) return '–';
  if (!Number.isFinite(value)) return value > 0 ? '∞' : `${MINUS}∞`;
  if (value === 0) return '0';
  const size = Math.abs(value);
  const rounded = Number(value.toPrecision(digits));
  const text = size < 1e-4 || size >= 1e6 ? rounded.toExponential() : String(rounded);
  return text.replace('e+', 'e').replaceAll('-', MINUS);
}

/** `show` with its sign always, for numbers that are compared or added. */
export const signed = (value: number, digits = 3): string =>
  value > 0 ? `+${show(value, digits)}` : show(value, digits);

/** A share in percent, with one decimal where it is not round; it stays on one line. */
export const percent = (share: number): string =>
  Number.isFinite(share) ? `${show(Math.round(share * 1000) / 10, 4)}\u00a0%` : show(share);

/** A score as its task has it: shares of right answers in percent, R² as it is. */
export const showScore = (score: number, task: 'classification' | 'regression'): string =>
  task === 'classification' ? percent(score) : show(score);

/** Round numbers from `low` to `high`, both within, about `count` of them: steps of 1, 2 or 5 times a power of ten. */
export function ticks(low: number, high: number, count = 5): number[] {
  if (!(high > low) || !Number.isFinite(high - low)) return [];
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5].find((each) => each * power >= rough * 0.99) ?? 10);
  const found: number[] = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i++)
    found.push(Number((i * step).toPrecision(12)));
  return found;
}
