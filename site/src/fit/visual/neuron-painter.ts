import type { Progress, Samples } from '../../engine/messages.ts';
import { type Layout, scales } from './diagram.ts';
import { css, diverging, type Palette, shades } from './palette.ts';
import { answersOf, type PlanePicture } from './plane.ts';
import { SIDE, weightPictures } from './weight-pictures.ts';

/** The picture of an input over the plane: it grows to the right, or upwards. */
export function inputPicture(unit: number, size: number): Float32Array {
  const share = (i: number): number => (2 * (i + 0.5)) / size - 1;
  return Float32Array.from({ length: size * size }, (_, i) =>
    unit === 0 ? share(i % size) : -share(Math.floor(i / size)),
  );
}

/**
 * What an output unit answers at `side` by `side` places of the plane, about nought: probabilities from -1 to 1, numbers
 * less the middle.
 */
export function outputPicture(picture: PlanePicture, unit: number, middle: number, side: number = SIDE): Float32Array {
  const { values, classes, width, height } = picture;
  const step = answersOf(picture);
  const out = new Float32Array(side * side);
  for (let row = 0; row < side; row++)
    for (let column = 0; column < side; column++) {
      const cell = Math.floor(((row + 0.5) / side) * height) * width + Math.floor(((column + 0.5) / side) * width);
      const value = values[cell * step + (step === 1 ? 0 : unit)]!;
      const probability = step === 1 && unit === 0 ? 1 - value : value;
      out[row * side + column] = classes === 0 ? value - middle : 2 * probability - 1;
    }
  return out;
}

/** Draws the pictures of inputs and neurons into one canvas as large as the diagram. */
export class NeuronPainter {
  #palette: Palette | null = null;
  #table = new Uint32Array(0);
  /** All pictures of the diagram, one below the other: they reach the canvas at once. */
  #atlas: CanvasRenderingContext2D | null = null;
  #image: ImageData | null = null;
  #pixels = new Uint32Array(0);

  paint(
    context: CanvasRenderingContext2D,
    ratio: number,
    palette: Palette,
    layout: Layout,
    progress: Progress | null,
    samples: Samples,
    middle: number,
  ): void {
    if (palette !== this.#palette) {
      this.#palette = palette;
      this.#table = shades(palette, [palette.low, palette.high], 1);
    }
    const last = layout.columns.length - 1;
    const columns = layout.columns.map(({ nodes }, i) => {
      const pictures = picturesOf(progress, samples, i - 1, i === last, nodes.length, middle);
      return { pictures, scale: pictures === null ? [] : scales(pictures) };
    });
    const hasPixels = progress?.picture.kind !== 'curve';
    if (hasPixels) this.#fill(columns);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, layout.width, layout.height);
    context.beginPath();
    let drawn = 0;
    layout.columns.forEach(({ size, nodes }, i) => {
      const { pictures, scale } = columns[i]!;
      for (const { x, y, unit } of nodes) {
        const [left, top] = [x - size / 2, y - size / 2];
        const values = pictures?.[unit];
        if (values === undefined || !hasPixels) {
          context.fillStyle = css(palette.paper);
          context.fillRect(left, top, size, size);
        }
        if (values === undefined) continue;
        if (hasPixels) context.drawImage(this.#atlas!.canvas, 0, SIDE * drawn++, SIDE, SIDE, left, top, size, size);
        else drawLine(context, palette, values, scale[unit]!, left, top, size);
      }
    });
    context.beginPath();
    for (const { size, nodes } of layout.columns)
      for (const { x, y } of nodes) context.rect(x - size / 2, y - size / 2, size, size);
    context.lineWidth = 1;
    context.strokeStyle = css(palette.quiet);
    context.stroke();
  }

  #fill(columns: readonly { readonly pictures: readonly Float32Array[] | null; readonly scale: readonly number[] }[]) {
    const count = columns.reduce((sum, { pictures }) => sum + (pictures?.length ?? 0), 0);
    if (count === 0) return;
    if (this.#image?.height !== count * SIDE) {
      const canvas = document.createElement('canvas');
      canvas.width = SIDE;
      canvas.height = count * SIDE;
      this.#atlas = canvas.getContext('2d')!;
      this.#image = this.#atlas.createImageData(SIDE, count * SIDE);
      this.#pixels = new Uint32Array(this.#image.data.buffer);
    }
    let at = 0;
    for (const { pictures, scale } of columns)
      pictures?.forEach((values, unit) => {
        diverging(values, 0, scale[unit]!, this.#table, this.#pixels.subarray(at, at + SIDE * SIDE));
        at += SIDE * SIDE;
      });
    this.#atlas!.putImageData(this.#image!, 0, 0);
  }
}

/** What a neuron answers along a line, about a middle that is nought. */
function drawLine(
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
  // A picture is narrow: not every point is seen.
  const step = Math.max(1, Math.floor(values.length / 48));
  for (let i = 0; i < values.length; i += step)
    context.lineTo(
      left + ((i + 0.5) / values.length) * size,
      top + half - Math.max(-1, Math.min(1, values[i]! / scale)) * (half - 2),
    );
  context.lineWidth = 1.75;
  context.strokeStyle = css(palette.high);
  context.stroke();
}

/** Pictures of a column's nodes, or null where there are none. */
function picturesOf(
  progress: Progress | null,
  samples: Samples,
  layer: number,
  isLast: boolean,
  count: number,
  middle: number,
): readonly Float32Array[] | null {
  if (progress === null) return null;
  const { picture, weights } = progress;
  if (picture.kind === 'none') return weightPictures(weights, samples, layer, count);
  const each = (draw: (unit: number) => Float32Array): Float32Array[] =>
    Array.from({ length: count }, (_, i) => draw(i));
  if (picture.kind === 'plane') {
    if (layer < 0) return samples.inputs === count ? each((unit) => inputPicture(unit, SIDE)) : null;
    // Hinge has one output, which says how much the second class is ahead.
    if (isLast) return each((unit) => outputPicture(picture, count === 1 && picture.classes === 2 ? 1 : unit, middle));
    return picture.neuronSize === SIDE ? (picture.neurons[layer] ?? null) : null;
  }
  const { x, y, neurons } = picture;
  if (isLast) return count === 1 ? [y.map((value) => value - middle)] : null;
  if (layer >= 0) return neurons?.[layer] ?? null;
  // Inputs are x and its powers.
  const most = x.reduce((so, value) => Math.max(so, Math.abs(value)), 0) || 1;
  return each((unit) => x.map((value) => (value / most) ** (unit + 1)));
}
