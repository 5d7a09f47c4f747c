import type { Environment } from './environment.ts';
import type { RowResult, VariantResult } from './measure.ts';

/** Seconds with a unit that leaves one to three digits before the point. */
export function duration(seconds: number): string {
  const [scale, unit] =
    seconds < 1e-6 ? [1e9, 'ns'] : seconds < 1e-3 ? [1e6, 'µs'] : seconds < 1 ? [1e3, 'ms'] : [1, 's'];
  return `${figure(seconds * scale)} ${unit}`;
}

/** Three digits. */
function figure(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

function cells({ name, rate, median, mad, ratio, noisy }: VariantResult): string[] {
  const spread = `${((100 * mad) / median).toFixed(1)} %`;
  return [
    `  ${name}`,
    figure(rate),
    duration(median),
    spread,
    `${figure(ratio.median)} ±${ratio.mad.toFixed(2)}`,
    noisy ? 'noisy' : '',
  ];
}

/** A table of one row's variants. */
export function renderRow(row: RowResult): string {
  const [first, last] = [row.variants[0]!, row.variants.at(-1)!];
  const ratio = row.ratio === 'speed' ? `times ${first.name}` : `time/${first.name}`;
  const table = [[row.name, row.unit, 'median', 'MAD', ratio, ''], ...row.variants.map(cells)];
  const widths = [26, 10, 9, 7, 20, 0].map((least, i) => Math.max(least, ...table.map((line) => line[i]!.length)));
  const lines = table.map((line) =>
    line
      .map((cell, i) => (i === 0 || i === 5 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)))
      .join('  ')
      .trimEnd(),
  );
  if (row.limit !== undefined) {
    const verdict = last.ratio.median <= row.limit ? 'within' : 'ABOVE';
    lines.push(
      `  ${last.name} takes ${last.ratio.median.toFixed(2)} times as long as ${first.name}: ${verdict} the limit of ${row.limit}`,
    );
  }
  return `${lines.join('\n')}\n`;
}

export function renderEnvironment(e: Environment): string {
  const commit = e.commit === null ? '' : `, commit ${e.commit}`;
  return `${e.runtime} (V8 ${e.v8}), ${e.platform}, ${e.cpu}, ${e.cores} cores, load ${e.load.toFixed(2)}, ${e.date}${commit}\n`;
}
