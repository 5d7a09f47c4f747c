import type { Comparison } from './compare.ts';
import type { Environment } from './environment.ts';
import { duration, figure, interval, machine, notesOf, percent, shareOfPeak } from './format.ts';
import type { RowResult, VariantResult } from './measure.ts';
import type { Installed } from './peers.ts';
import type { Peak } from './roofline.ts';
import type { Failure } from './row.ts';
import type { Missing } from './tables.ts';

/** Columns padded to the same width: the first and the last to the left, numbers to the right. */
export function aligned(table: readonly (readonly string[])[], least: readonly number[] = []): string {
  const widths = table[0]!.map((_, i) => Math.max(least[i] ?? 0, ...table.map((line) => line[i]!.length)));
  const last = widths.length - 1;
  return table
    .map((line) =>
      line
        .map((cell, i) => (i === 0 || i === last ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)))
        .join('  ')
        .trimEnd(),
    )
    .map((line) => `${line}\n`)
    .join('');
}

function cells(variant: VariantResult, row: RowResult, peak: number | null): string[] {
  const { name, rate, median, best, mad, ratio, base, noisy } = variant;
  const standard = row.variants[0]!.name;
  return [
    `  ${name}`,
    figure(rate),
    shareOfPeak(variant, row.unit, peak),
    duration(median),
    duration(best),
    percent(mad / median),
    interval(ratio),
    [base === standard ? '' : `to ${base}`, noisy ? 'noisy' : ''].filter((text) => text !== '').join(', '),
  ];
}

/** A table of one row's variants, with what failed and what a reader must know. */
export function renderRow(row: RowResult, peak: number | null): string {
  const lines: string[] = [];
  const [first] = row.variants;
  if (first === undefined) lines.push(`${row.name}\n`);
  else {
    const share = row.unit === 'GFLOP/s' ? 'of peak' : '';
    const head = row.ratio === 'speed' ? `times ${first.name}` : `time/${first.name}`;
    const title = [row.name, row.unit, share, 'median', 'best', 'MAD', `${head} [95 %]`, ''];
    const body = row.variants.map((variant) => cells(variant, row, peak));
    lines.push(aligned([title, ...body], [34, 10, 7, 8, 8, 6, 26]));
  }
  for (const { name, limit, base, ratio } of row.variants) {
    if (limit === undefined) continue;
    // Above is what the whole interval is.
    const verdict = ratio.median <= limit ? 'within' : ratio.low > limit ? 'ABOVE' : 'about';
    lines.push(`  ${name} takes ${figure(ratio.median)} times as long as ${base}: ${verdict} the limit of ${limit}\n`);
  }
  for (const { name, goal, base, ratio } of row.variants) {
    if (goal === undefined) continue;
    const verdict = ratio.median >= goal ? 'reaches' : ratio.high < goal ? 'BELOW' : 'about';
    lines.push(
      `  ${name} has ${percent(ratio.median)} of the rate of ${base}: ${verdict} the goal of ${percent(goal)}\n`,
    );
  }
  for (const [note, names] of notesOf(row)) lines.push(`  ${names.join(', ')}: ${note}\n`);
  for (const { name, ours, message } of row.failures) {
    lines.push(`  ${name}: ${ours ? 'WRONG' : 'failed'}: ${message}\n`);
  }
  return lines.join('');
}

export function renderStart(
  stamp: Environment,
  peak: Peak,
  installed: readonly Installed[],
  missing: readonly Missing[],
): string {
  const { gflops, mulAdd, fused, bandwidth } = peak;
  const fusing = fused === null ? 'no relaxed SIMD' : `fused ${figure(fused)}`;
  const top =
    gflops === null
      ? 'no WebAssembly SIMD'
      : `${figure(gflops)} GFLOP/s (products and sums ${figure(mulAdd!)}, ${fusing})`;
  const peers = installed.length === 0 ? '' : `Peers: ${installed.map((p) => `${p.name} ${p.version}`).join(', ')}\n`;
  const gaps = missing.map(({ name, reason }) => `Without ${name}: ${reason}\n`).join('');
  return `${machine(stamp)}\nPeak of one core in 128 bits: ${top}; memory ${figure(bandwidth)} GB/s\n${peers}${gaps}`;
}

/** Ours against the other libraries, after the last row; empty when there are none. */
export function renderComparisons(list: readonly Comparison[]): string {
  if (list.length === 0) return '';
  const title = ['ours against a peer', 'times as fast [95 %]', 'best/best', ''];
  const body = list.map(({ row, ours, peer, speed, noisy }) => [
    `  ${row}: ${ours} against ${peer}`,
    interval(speed),
    figure(speed.best),
    noisy ? 'noisy' : '',
  ]);
  return aligned([title, ...body]);
}

export const renderFailures = (failures: readonly Failure[]): string =>
  failures.map(({ name, message }) => `bench: ${name}: ${message}\n`).join('');
