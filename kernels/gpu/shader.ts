/** [matrices, rows, columns] of a tensor on a device; a vector is one row. */
export type Extent = readonly [batch: number, rows: number, cols: number];

/**
 * A program for a graphics processor: what GPU.js turns into GLSL or WGSL. `body` runs once for each cell, sees the
 * integers x (column), y (row) and z (matrix), reads its inputs as a[z][y][x], or a[y][x] where there is one matrix, and
 * returns the cell. Sizes stand in the text as literals: each set of sizes is a program of its own, with loops whose
 * bounds the driver knows. Nothing but numbers and closed lists of names may get into the text.
 */
export interface Shader {
  /** What error messages call it. */
  readonly name: string;
  readonly inputs: readonly string[];
  readonly body: string;
  /** Of the result. */
  readonly extent: Extent;
  /**
   * Whether a cell of the result is four numbers: a texel of a texture, which is fetched at once. WebGL alone can read
   * such results again.
   */
  readonly isPacked?: boolean;
}

/** A number as text that GPU.js reads as a float, rounded to float32, which is all that a device has. */
export function float(value: number): string {
  const text = String(Math.fround(value));
  return /[.e]/.test(text) ? text : `${text}.0`;
}

/**
 * e to the power of the number `x`, which is a name. The exponential of a device may turn NaN into a number, and a loss
 * that is NaN must be seen to be. NaN is what does not equal itself; asked whether it differs from itself, a device with WebGPU
 * says no. (A driver may assume that there is no NaN, and undo this.)
 */
export const exponential = (x: string): string => `(${x} === ${x} ? Math.exp(${x}) : ${x})`;

/**
 * Statements that divide the whole number `from`: quotient `q` and rest `r`. A device's quotient may be off by a rounding,
 * which the rest shows, up to 2^24.
 */
export function divided(from: string, by: number, q: string, r: string): string {
  if (by === 1) return `const ${q} = ${from}; const ${r} = 0.0;`;
  return `
    let ${q} = Math.floor(${from} / ${float(by)});
    let ${r} = ${from} - ${q} * ${float(by)};
    if (${r} < 0.0) { ${q} -= 1.0; ${r} += ${float(by)}; }
    if (${r} >= ${float(by)}) { ${q} += 1.0; ${r} -= ${float(by)}; }`;
}

/** A loop over the whole numbers `i` below `n`; none for a single one, which costs a device as much as what is in it. */
export const loop = (i: string, n: number, body: string): string =>
  n === 1 ? `const ${i} = 0; ${body}` : `for (let ${i} = 0; ${i} < ${n}; ${i}++) { ${body} }`;

/** `text` for each i < n, joined. */
export const repeat = (n: number, text: (i: number) => string, separator = '\n'): string =>
  Array.from({ length: n }, (_, i) => text(i)).join(separator);
