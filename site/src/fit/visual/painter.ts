import type { Samples } from '../../engine/messages.ts';
import { scales } from './diagram.ts';
import { show, ticks } from './numbers.ts';
import { type Colour, css, mix, type Palette, shades } from './palette.ts';
import { contour, fill, isWrong, lead, type PlanePicture, type Role, type Spread, spread } from './plane.ts';

export const MARGIN = { left: 34, bottom: 22, top: 6, right: 8 };

/** Half the size of a mark, in CSS pixels. */
const RADIUS = 4;
/** Radius of the ring about a mark that is wrong. */
const RING = RADIUS + 3;

export interface Frame {
  readonly context: CanvasRenderingContext2D;
  /** In CSS pixels; the canvas has `ratio` as many. */
  readonly width: number;
  readonly height: number;
  readonly ratio: number;
  readonly palette: Palette;
}

/** How large marks are, 1 as they are drawn: smaller where many samples share little room. */
export function markSize(width: number, { train, validation, test, inputs }: Samples): number {
  const samples = (train.length + validation.length + test.length) / (inputs + 1);
  return Math.min(1.1, Math.max(0.6, (width / 400) * (150 / Math.max(1, samples)) ** 0.15));
}

/** A canvas of its own, of so many pixels. */
function canvasOf(width: number, height: number): CanvasRenderingContext2D {
  const canvas = document.createElement('canvas');
  canvas.width = width;
  canvas.height = height;
  return canvas.getContext('2d')!;
}

/** Of what the still part of a picture is made. */
interface Still {
  readonly frame: Frame;
  readonly samples: Samples;
  readonly roles: readonly Role[];
}

/** Draws planes. What does not move (axes and samples) is drawn once and kept, until the size, colours or samples change. */
export class Painter {
  #cells: CanvasRenderingContext2D | null = null;
  #image: ImageData | null = null;
  #pixels = new Uint32Array(0);
  #field = new Float32Array(0);
  #table = new Uint32Array(0);
  #spread: Spread = { middle: 0, scale: 1 };
  #still: Still | null = null;
  #layer: CanvasRenderingContext2D | null = null;

  /** `neuron`: what one neuron answers over the plane, in the place of the network's answers. */
  paint(
    frame: Frame,
    picture: PlanePicture | null,
    samples: Samples,
    roles: readonly Role[],
    neuron: Float32Array | null = null,
  ): void {
    const { context, width, height, ratio } = frame;
    this.#keep({ frame, samples, roles });
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    if (neuron !== null) this.#paintNeuron(frame, neuron);
    else if (picture !== null) {
      this.#paintCells(frame, picture, this.#table, this.#spread);
      this.#paintBoundary(frame, picture);
    }
    context.drawImage(this.#layer!.canvas, 0, 0, width, height);
    if (picture !== null && picture.classes > 0) this.#paintRings(frame, picture, samples, roles);
  }

  #keep(still: Still): void {
    const before = this.#still;
    const { frame, samples, roles } = still;
    const isSame =
      before?.samples === samples &&
      before.roles === roles &&
      before.frame.width === frame.width &&
      before.frame.height === frame.height &&
      before.frame.ratio === frame.ratio &&
      before.frame.palette === frame.palette;
    if (isSame) return;
    const { width, height, ratio, palette } = frame;
    const isNumbers = samples.task === 'regression';
    const colours = isNumbers ? [palette.low, palette.high] : palette.classes;
    this.#table = shades(palette, colours, isNumbers ? 0.85 : 0.62);
    this.#spread = spread(samples);
    this.#layer = canvasOf(Math.round(width * ratio), Math.round(height * ratio));
    const own = { ...frame, context: this.#layer };
    this.#layer.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.#paintAxes(own, samples.ranges);
    for (const role of roles) this.#paintSamples(own, samples, role);
    this.#still = still;
  }

  #paintNeuron(frame: Frame, values: Float32Array): void {
    const size = Math.round(Math.sqrt(values.length));
    const colours = [frame.palette.low, frame.palette.high];
    const own: PlanePicture = {
      kind: 'plane',
      width: size,
      height: size,
      classes: 0,
      values,
      neurons: [],
      neuronSize: 0,
    };
    this.#paintCells(frame, own, shades(frame.palette, colours, 0.85), { middle: 0, scale: scales([values])[0]! });
  }

  #paintCells({ context, width, height }: Frame, picture: PlanePicture, table: Uint32Array, range: Spread): void {
    if (this.#image?.width !== picture.width || this.#image.height !== picture.height) {
      this.#cells = canvasOf(picture.width, picture.height);
      this.#image = this.#cells.createImageData(picture.width, picture.height);
      this.#pixels = new Uint32Array(this.#image.data.buffer);
      this.#field = new Float32Array(picture.width * picture.height);
    }
    fill(picture, table, this.#pixels, range);
    this.#cells!.putImageData(this.#image, 0, 0);
    const [w, h] = [width - MARGIN.left - MARGIN.right, height - MARGIN.top - MARGIN.bottom];
    context.imageSmoothingEnabled = true;
    context.imageSmoothingQuality = 'high';
    context.drawImage(this.#cells!.canvas, MARGIN.left, MARGIN.top, w, h);
  }

  #paintBoundary({ context, width, height, palette }: Frame, picture: PlanePicture): void {
    const [w, h] = [width - MARGIN.left - MARGIN.right, height - MARGIN.top - MARGIN.bottom];
    const [sx, sy] = [w / picture.width, h / picture.height];
    context.beginPath();
    const line = (x1: number, y1: number, x2: number, y2: number): void => {
      context.moveTo(MARGIN.left + x1 * sx, MARGIN.top + y1 * sy);
      context.lineTo(MARGIN.left + x2 * sx, MARGIN.top + y2 * sy);
    };
    const { classes } = picture;
    // The boundary of two classes is one line; of numbers the lines are those of equal answers.
    if (classes === 0) {
      const { middle, scale } = this.#spread;
      for (let i = -3; i <= 3; i++) {
        for (let at = 0; at < this.#field.length; at++)
          this.#field[at] = picture.values[at]! - middle - (i * scale) / 4;
        contour(this.#field, picture.width, picture.height, line);
      }
    } else
      for (let c = classes <= 2 ? 1 : 0; c < Math.max(classes, 2); c++) {
        lead(picture, c, this.#field);
        contour(this.#field, picture.width, picture.height, line);
      }
    context.lineCap = 'round';
    context.lineWidth = classes === 0 ? 0.75 : 1.75;
    context.strokeStyle = css(classes === 0 ? mix(palette.paper, palette.ink, 0.4) : palette.ink);
    context.stroke();
  }

  #paintAxes({ context, width, height, palette }: Frame, ranges: Samples['ranges']): void {
    const [right, bottom] = [width - MARGIN.right, height - MARGIN.bottom];
    context.font = '11px system-ui, sans-serif';
    context.fillStyle = css(palette.quiet);
    context.strokeStyle = css(palette.quiet);
    context.lineWidth = 1;
    context.strokeRect(MARGIN.left, MARGIN.top, right - MARGIN.left, bottom - MARGIN.top);
    context.beginPath();
    context.textAlign = 'center';
    context.textBaseline = 'top';
    const [[x0, x1], [y0, y1]] = [ranges[0]!, ranges[1]!];
    for (const tick of ticks(x0, x1)) {
      const x = MARGIN.left + ((tick - x0) / (x1 - x0)) * (right - MARGIN.left);
      context.moveTo(x, bottom);
      context.lineTo(x, bottom + 4);
      context.fillText(show(tick), x, bottom + 7);
    }
    context.textAlign = 'right';
    context.textBaseline = 'middle';
    for (const tick of ticks(y0, y1)) {
      const y = bottom - ((tick - y0) / (y1 - y0)) * (bottom - MARGIN.top);
      context.moveTo(MARGIN.left - 4, y);
      context.lineTo(MARGIN.left, y);
      context.fillText(show(tick), MARGIN.left - 7, y);
    }
    context.stroke();
  }

  #paintSamples(frame: Frame, samples: Samples, role: Role): void {
    const { context, ratio, palette } = frame;
    const scale = ratio * markSize(frame.width, samples);
    const isNumbers = samples.task === 'regression';
    each(frame, samples, role, (left, top, _x, _y, label) => {
      context.setTransform(scale, 0, 0, scale, left * ratio, top * ratio);
      const colour = isNumbers ? this.#shade(label, palette) : palette.classes[label % palette.classes.length]!;
      drawMark(context, palette, role, colour, isNumbers ? -1 : label);
    });
  }

  /** Rings about the samples whose class is not the one that is answered: one path. */
  #paintRings(frame: Frame, picture: PlanePicture, samples: Samples, roles: readonly Role[]): void {
    const { context, palette } = frame;
    const size = markSize(frame.width, samples);
    const radius = RING * size;
    context.beginPath();
    for (const role of roles)
      each(frame, samples, role, (left, top, x, y, label) => {
        if (!isWrong(picture, samples.ranges, x, y, label)) return;
        context.moveTo(left + radius, top);
        context.arc(left, top, radius, 0, 2 * Math.PI);
      });
    strokeRing(context, palette, size);
  }

  #shade(value: number, { paper, low, high }: Palette): Colour {
    const share = Math.min(1, Math.max(-1, (value - this.#spread.middle) / this.#spread.scale));
    return mix(paper, share < 0 ? low : high, Math.abs(share));
  }
}

/** Calls `draw` with the place of each sample on the canvas, its numbers, and its class or value. */
function each(
  { width, height }: Frame,
  samples: Samples,
  role: Role,
  draw: (left: number, top: number, x: number, y: number, label: number) => void,
): void {
  const [w, h] = [width - MARGIN.left - MARGIN.right, height - MARGIN.top - MARGIN.bottom];
  const [[x0, x1], [y0, y1]] = [samples.ranges[0]!, samples.ranges[1]!];
  const rows = samples[role];
  for (let i = 0; i + 2 < rows.length; i += 3) {
    const x = rows[i]!;
    const y = rows[i + 1]!;
    draw(MARGIN.left + ((x - x0) / (x1 - x0)) * w, MARGIN.top + ((y1 - y) / (y1 - y0)) * h, x, y, rows[i + 2]!);
  }
}

/** Strokes rings that are the path, light below dark so that they are seen on every colour. */
function strokeRing(context: CanvasRenderingContext2D, { paper, ink }: Palette, size: number): void {
  context.lineWidth = 3.5 * size;
  context.strokeStyle = css(paper);
  context.stroke();
  context.lineWidth = 1.75 * size;
  context.strokeStyle = css(ink);
  context.stroke();
}

/** A ring about the origin: the sample there is answered wrongly. */
export function drawRing(context: CanvasRenderingContext2D, palette: Palette): void {
  context.beginPath();
  context.arc(0, 0, RING, 0, 2 * Math.PI);
  strokeRing(context, palette, 1);
}

/**
 * A mark about the origin: filled in training, hollow in validation, a diamond in test; with a dot, a bar or a cross in it
 * by class, so that nobody needs its colour.
 */
export function drawMark(
  context: CanvasRenderingContext2D,
  palette: Palette,
  role: Role,
  colour: Colour,
  label: number,
): void {
  const outline = (radius: number): void => {
    context.beginPath();
    if (role === 'test') {
      const reach = radius * 1.25;
      context.moveTo(0, -reach);
      context.lineTo(reach, 0);
      context.lineTo(0, reach);
      context.lineTo(-reach, 0);
      context.closePath();
    } else context.arc(0, 0, radius, 0, 2 * Math.PI);
  };
  const isHollow = role === 'validation';
  outline(RADIUS + 1);
  context.fillStyle = css(label < 0 ? palette.ink : palette.paper);
  context.fill();
  outline(isHollow ? RADIUS - 0.5 : RADIUS);
  context.lineWidth = 1.75;
  context.strokeStyle = context.fillStyle = css(colour);
  isHollow && label >= 0 ? context.stroke() : context.fill();
  if (isHollow && label < 0) {
    outline(RADIUS - 2);
    context.fillStyle = css(palette.paper);
    context.fill();
  }
  if (label > 0) {
    context.fillStyle = css(isHollow ? colour : palette.paper);
    const kind = (label - 1) % 3;
    context.beginPath();
    if (kind === 0) context.arc(0, 0, 1.4, 0, 2 * Math.PI);
    if (kind !== 0) context.rect(-2.5, -0.6, 5, 1.2);
    if (kind === 2) context.rect(-0.6, -2.5, 1.2, 5);
    context.fill();
  }
}

/** Steps of the colours of numbers from low to high, for a legend. */
export const legendColours = (palette: Palette, steps = 9): string[] =>
  Array.from({ length: steps }, (_, i) => {
    const at = (2 * i) / (steps - 1) - 1;
    return css(mix(palette.paper, at < 0 ? palette.low : palette.high, 0.85 * Math.abs(at)));
  });
