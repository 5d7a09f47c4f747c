/** Red, green and blue, 0 to 255. */
export type Colour = readonly [number, number, number];

export interface Palette {
  readonly paper: Colour;
  readonly ink: Colour;
  readonly quiet: Colour;
  /** Of the classes in their order; told apart with the usual kinds of colour blindness. */
  readonly classes: readonly Colour[];
  readonly low: Colour;
  readonly high: Colour;
}

const rgb = (hex: number): Colour => [hex >> 16, (hex >> 8) & 255, hex & 255];

/** The colours of `style.css` for canvases, which cannot read it cheaply: first and second, then further classes. */
export const LIGHT: Palette = {
  paper: rgb(0xffffff),
  ink: rgb(0x1f2328),
  quiet: rgb(0x59636e),
  classes: [0xb4540a, 0x0b6bcb, 0x00795a, 0xa8327d, 0x7a6a00, 0x5b4bb7, 0x9c2f2f, 0x007a87, 0x6b4a2b, 0x555f6b].map(
    rgb,
  ),
  low: rgb(0xd9730d),
  high: rgb(0x1473d6),
};

export const DARK: Palette = {
  paper: rgb(0x1c1f24),
  ink: rgb(0xe6e8eb),
  quiet: rgb(0xa2abb5),
  classes: [0xf4a261, 0x76b7f7, 0x55cfa5, 0xe58cc4, 0xd8c65a, 0xb3a6f7, 0xf08a8a, 0x5fd0dc, 0xcaa78a, 0xb4bcc6].map(
    rgb,
  ),
  low: rgb(0xf4a261),
  high: rgb(0x76b7f7),
};

export const css = ([r, g, b]: Colour): string => `rgb(${r} ${g} ${b})`;

/** Of `from` at 0, of `to` at 1. */
export function mix(from: Colour, to: Colour, share: number): Colour {
  const at = (i: 0 | 1 | 2): number => Math.round(from[i] + (to[i] - from[i]) * share);
  return [at(0), at(1), at(2)];
}

/** A pixel of image data, as machines with the low byte first have it: all that run browsers. */
export const pixel = ([r, g, b]: Colour): number => ((255 << 24) | (b << 16) | (g << 8) | r) >>> 0;

/** Steps of a shade from the paper to a colour. */
export const STEPS = 128;

/** Pixels from `palette.paper` to each colour, as far as `strength`: [colours, STEPS]. */
export function shades(palette: Palette, colours: readonly Colour[], strength: number): Uint32Array<ArrayBuffer> {
  const table = new Uint32Array(colours.length * STEPS);
  colours.forEach((colour, c) => {
    for (let i = 0; i < STEPS; i++)
      table[c * STEPS + i] = pixel(mix(palette.paper, colour, (strength * i) / (STEPS - 1)));
  });
  return table;
}

/** Fills `out` with numbers from -`scale` (the first of two shades, full) over 0 (paper) to `scale` (the second). */
export function diverging(
  values: Float32Array,
  middle: number,
  scale: number,
  table: Uint32Array,
  out: Uint32Array,
): void {
  const factor = scale > 0 ? (STEPS - 1) / scale : 0;
  for (let i = 0; i < out.length; i++) {
    const at = (values[i]! - middle) * factor;
    const step = Math.min(STEPS - 1, Math.abs(at)) | 0; // a number that is none is 0: paper
    out[i] = table[at < 0 ? step : STEPS + step]!;
  }
}
