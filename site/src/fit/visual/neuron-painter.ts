import type { Picture, Samples } from '../../engine/messages.ts';
import { type Layout, scales } from './diagram.ts';
import { css, diverging, type Palette, shades } from './palette.ts';
import { answersOf } from './plane.ts';

/** Side of the pictures that the page makes itself: those of inputs. */
const SIDE = 24;

/** The picture of an input over the plane: it grows to the right, or upwards. */
export function inputPicture(unit: number, size: number): Float32Array {
  const share = (i: number): number => (2 * (i + 0.5)) / size - 1;
  return Float32Array.from({ length: size * size }, (_, i) =>
    unit === 0 ? share(i % size) : -share(Math.floor(i / size)),
  );
}

/** What an output unit answers over the plane, about nought: probabilities from -1 to 1, numbers less the middle. */
export function outputPicture(
  picture: Extract<Picture, { kind: 'plane' }>,
  unit: number,
  middle: number,
): Float32Array {
  const { values, classes, width, height } = picture;
  const step = answersOf(picture);
  return Float32Array.from({ length: width * height }, (_, i) => {
    if (classes === 0) return values[i]! - middle;
    const probability = step === 1 ? (unit === 0 ? 1 - values[i]! : values[i]!) : values[i * step + unit]!;
    return 2 * probability - 1;
  });
}

/** Draws the pictures of inputs and neurons into one canvas as large as the diagram. */
export class NeuronPainter {
  #palette: Palette | null = null;
  #table = new Uint32Array(0);
  readonly #cells: Map<number, { context: CanvasRenderingContext2D; image: ImageData; pixels: Uint32Array }> =
    new Map();

  paint(
    context: CanvasRenderingContext2D,
    ratio: number,
    palette: Palette,
    layout: Layout,
    picture: Picture | null,
    samples: Samples,
    middle: number,
  ): void {
    if (palette !== this.#palette) {
      this.#palette = palette;
      this.#table = shades(palette, [palette.low, palette.high], 1);
    }
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, layout.width, layout.height);
    const last = layout.columns.length - 1;
    layout.columns.forEach(({ size, nodes }, column) => {
      const pictures = picturesOf(picture, samples, column - 1, column === last, nodes.length, middle);
      const scale = pictures === null ? [] : scales(pictures);
      nodes.forEach(({ x, y }, unit) => {
        const [left, top] = [x - size / 2, y - size / 2];
        context.fillStyle = css(palette.paper);
        context.fillRect(left, top, size, size);
        const values = pictures?.[unit];
        if (values !== undefined && picture?.kind === 'plane')
          this.#plane(context, values, scale[unit]!, left, top, size);
        else if (values !== undefined) this.#line(context, palette, values, scale[unit]!, left, top, size);
        else this.#dot(context, palette, x, y, size);
        context.lineWidth = 1;
        context.strokeStyle = css(palette.quiet);
        context.strokeRect(left, top, size, size);
      });
    });
  }

  #plane(
    context: CanvasRenderingContext2D,
    values: Float32Array,
    scale: number,
    left: number,
    top: number,
    size: number,
  ) {
    const side = Math.round(Math.sqrt(values.length));
    let cells = this.#cells.get(side);
    if (cells === undefined) {
      const canvas = document.createElement('canvas');
      canvas.width = canvas.height = side;
      const own = canvas.getContext('2d')!;
      const image = own.createImageData(side, side);
      cells = { context: own, image, pixels: new Uint32Array(image.data.buffer) };
      this.#cells.set(side, cells);
    }
    diverging(values, 0, scale, this.#table, cells.pixels);
    cells.context.putImageData(cells.image, 0, 0);
    context.drawImage(cells.context.canvas, left, top, size, size);
  }

  #line(
    context: CanvasRenderingContext2D,
    palette: Palette,
    values: Float32Array,
    scale: number,
    left: number,
    top: number,
    size: number,
  ): void {
    const half = size / 2;
    context.globalAlpha = 0.4;
    context.lineWidth = 1;
    context.strokeStyle = css(palette.quiet);
    context.beginPath();
    context.moveTo(left, top + half);
    context.lineTo(left + size, top + half);
    context.stroke();
    context.globalAlpha = 1;
    context.beginPath();
    for (let i = 0; i < values.length; i++)
      context.lineTo(
        left + ((i + 0.5) / values.length) * size,
        top + half - Math.max(-1, Math.min(1, values[i]! / scale)) * (half - 2),
      );
    context.lineWidth = 1.75;
    context.strokeStyle = css(palette.high);
    context.stroke();
  }

  #dot(context: CanvasRenderingContext2D, palette: Palette, x: number, y: number, size: number): void {
    context.beginPath();
    context.arc(x, y, Math.min(4, size / 6), 0, 2 * Math.PI);
    context.fillStyle = css(palette.quiet);
    context.fill();
  }
}

/** Pictures of a column's nodes, or null where there are none. */
function picturesOf(
  picture: Picture | null,
  samples: Samples,
  layer: number,
  isLast: boolean,
  count: number,
  middle: number,
): readonly Float32Array[] | null {
  if (picture === null || picture.kind === 'none') return null;
  const each = (draw: (unit: number) => Float32Array): Float32Array[] =>
    Array.from({ length: count }, (_, i) => draw(i));
  if (picture.kind === 'plane') {
    if (layer < 0) return samples.inputs === count ? each((unit) => inputPicture(unit, SIDE)) : null;
    // Hinge has one output, which says how much the second class is ahead.
    if (isLast) return each((unit) => outputPicture(picture, count === 1 && picture.classes === 2 ? 1 : unit, middle));
    return picture.neurons[layer] ?? null;
  }
  const { x, y, neurons } = picture;
  if (isLast) return count === 1 ? [y.map((value) => value - middle)] : null;
  if (layer >= 0) return neurons?.[layer] ?? null;
  // Inputs are x and its powers.
  const most = x.reduce((so, value) => Math.max(so, Math.abs(value)), 0) || 1;
  return each((unit) => x.map((value) => (value / most) ** (unit + 1)));
}
