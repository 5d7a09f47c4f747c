/** The name of the layer that has a weight, by the weight's key `<layer>/<role>`. */
export const layerOf = (key: string): string => key.slice(0, key.lastIndexOf('/'));

/** Rows of cells as lines, columns below each other; those in `right` end at one place, as numbers do. */
export function aligned(rows: readonly (readonly string[])[], right: readonly number[] = []): string[] {
  const widths = rows[0]!.map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, i) => (right.includes(i) ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)))
      .join('  ')
      .trimEnd(),
  );
}

/** A number in so many digits that count. */
export const short = (x: number, digits = 3): string => String(Number(x.toPrecision(digits)));

/** A share in percent. */
export const percent = (share: number, digits = 3): string => `${short(100 * share, digits)} %`;
