import type { Environment } from './environment.ts';
import type { RowResult, VariantResult } from './measure.ts';
import type { Ratio } from './statistics.ts';

/** Three digits. */
export function figure(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

/** Seconds with a unit that leaves one to three digits before the point. */
export function duration(seconds: number): string {
  const [scale, unit] =
    seconds < 1e-6 ? [1e9, 'ns'] : seconds < 1e-3 ? [1e6, 'µs'] : seconds < 1 ? [1e3, 'ms'] : [1, 's'];
  return `${figure(seconds * scale)} ${unit}`;
}

export const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

/** The median and its interval, as `4.31 [4.28, 4.35]`. */
export const interval = ({ median, low, high }: Ratio): string => `${figure(median)} [${figure(low)}, ${figure(high)}]`;

/** Share of the measured peak; empty where the rate does not count floating-point operations. */
export const shareOfPeak = ({ rate }: VariantResult, unit: string, peak: number | null): string =>
  unit === 'GFLOP/s' && peak !== null ? percent(rate / peak) : '';

/** Who a note is about: several often share one. */
export function notesOf({ variants }: RowResult): Map<string, string[]> {
  const notes = new Map<string, string[]>();
  for (const { name, note } of variants) if (note !== undefined) notes.set(note, [...(notes.get(note) ?? []), name]);
  return notes;
}

/** The machine in a line. */
export function machine(e: Environment): string {
  const commit = e.commit === null ? '' : `, commit ${e.commit}`;
  return `${e.runtime} (V8 ${e.v8}), ${e.platform}, ${e.cpu}, ${e.cores} cores, load ${e.load.toFixed(2)}, ${e.date}${commit}`;
}
