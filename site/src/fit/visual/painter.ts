import type { Samples } from '../../engine/messages.ts';
import { scales } from './diagram.ts';
import { show, ticks } from './numbers.ts';
import { type Colour, css, mix, type Palette, shades } from './palette.ts';
import { contour, fill, isWrong, lead, type PlanePicture, type Role, type Spread, spread } from './plane.ts';

export const MARGIN = { left: 34, bottom: 22, top: 6, right: 8 };

/** Half the size of a mark, in CSS pixels. */
const RADIUS = 4;
const BOX = 2 * (RADIUS + 5);

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

/** Draws planes. What it needs for it is made once and kept, until the size, the colours or the samples change. */
export class Painter {
  #cells: CanvasRenderingContext2D | null = null;
  #image: ImageData | null = null;
  #pixels = new Uint32Array(0);
  #field = new Float32Array(0);
  #palette: Palette | null = null;
  #table = new Uint32Array(0);
  #spread: Spread = { middle: 0, scale: 1 };
  #samples: Samples | null = null;
  /** Pixels of a mark for each of its units: fewer where there are many on little room. */
  #ratio = 0;
  #size = 1;
  readonly #marks = new Map<number, HTMLCanvasElement>();

  /** `neuron`: what one neuron answers over the plane, in the place of the network's answers. */
  paint(
    frame: Frame,
    picture: PlanePicture | null,
    samples: Samples,
    roles: readonly Role[],
    neuron: Float32Array | null = null,
  ): void {
    this.#prepare(frame, samples);
    const { context, width, height, ratio } = frame;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    if (neuron !== null) this.#paintNeuron(frame, neuron);
    else if (picture !== null) {
      this.#paintCells(frame, picture, this.#table, this.#spread);
      this.#paintBoundary(frame, picture);
    }
    this.#paintAxes(frame, samples.ranges);
    for (const role of roles) this.#paintSamples(frame, picture, samples, role);
  }

  #prepare({ palette, ratio, width }: Frame, samples: Samples): void {
    const size = markSize(width, samples);
    if (palette !== this.#palette || size * ratio !== this.#ratio || samples !== this.#samples) this.#marks.clear();
    if (palette !== this.#palette || samples.task !== this.#samples?.task) {
      const isNumbers = samples.task === 'regression';
      this.#table = shades(palette, isNumbers ? [palette.low, palette.high] : palette.classes, isNumbers ? 0.85 : 0.62);
    }
    if (samples !== this.#samples) this.#spread = spread(samples);
    this.#palette = palette;
    this.#ratio = size * ratio;
    this.#size = size;
    this.#samples = samples;
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

  #paintSamples({ context, width, height }: Frame, picture: PlanePicture | null, samples: Samples, role: Role): void {
    const [w, h] = [width - MARGIN.left - MARGIN.right, height - MARGIN.top - MARGIN.bottom];
    const { ranges, task } = samples;
    const [[x0, x1], [y0, y1]] = [ranges[0]!, ranges[1]!];
    const rows = samples[role];
    const box = BOX * this.#size;
    for (let i = 0; i + 2 < rows.length; i += 3) {
      const [x, y, label] = [rows[i]!, rows[i + 1]!, rows[i + 2]!];
      const wrong = picture !== null && isWrong(picture, ranges, x, y, label);
      const mark = this.#mark(role, task === 'regression' ? -1 : label, this.#shade(label), wrong);
      const left = MARGIN.left + ((x - x0) / (x1 - x0)) * w - box / 2;
      const top = MARGIN.top + ((y1 - y) / (y1 - y0)) * h - box / 2;
      context.drawImage(mark, left, top, box, box);
    }
  }

  /** The step of a number's colour, from -8 to 8. */
  #shade(value: number): number {
    const share = (value - this.#spread.middle) / this.#spread.scale;
    return Math.round(8 * Math.min(1, Math.max(-1, share))) || 0;
  }

  /** The picture of a mark; made when it is first needed. `label` -1: of a number, by its shade. */
  #mark(role: Role, label: number, shade: number, isWrong: boolean): HTMLCanvasElement {
    const kind = label < 0 ? 100 + shade : label;
    const key = kind * 8 + { train: 0, validation: 1, test: 2 }[role] * 2 + Number(isWrong);
    const known = this.#marks.get(key);
    if (known !== undefined) return known;
    const palette = this.#palette!;
    const context = canvasOf(Math.ceil(BOX * this.#ratio), Math.ceil(BOX * this.#ratio));
    context.setTransform(this.#ratio, 0, 0, this.#ratio, (BOX / 2) * this.#ratio, (BOX / 2) * this.#ratio);
    const number = mix(palette.paper, shade < 0 ? palette.low : palette.high, Math.abs(shade) / 8);
    drawMark(
      context,
      palette,
      role,
      label < 0 ? number : palette.classes[label % palette.classes.length]!,
      label,
      isWrong,
    );
    this.#marks.set(key, context.canvas);
    return context.canvas;
  }
}

/**
 * A mark about the origin: filled in training, hollow in validation, a diamond in test; with a dot, a bar or a cross in it
 * by class, so that nobody needs its colour; in a ring if it is wrong.
 */
export function drawMark(
  context: CanvasRenderingContext2D,
  palette: Palette,
  role: Role,
  colour: Colour,
  label: number,
  isWrong: boolean,
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
  if (!isWrong) return;
  context.beginPath();
  context.arc(0, 0, RADIUS + 3, 0, 2 * Math.PI);
  context.lineWidth = 3.5;
  context.strokeStyle = css(palette.paper);
  context.stroke();
  context.lineWidth = 1.75;
  context.strokeStyle = css(palette.ink);
  context.stroke();
}

/** Steps of the colours of numbers from low to high, for a legend. */
export const legendColours = (palette: Palette, steps = 9): string[] =>
  Array.from({ length: steps }, (_, i) => {
    const at = (2 * i) / (steps - 1) - 1;
    return css(mix(palette.paper, at < 0 ? palette.low : palette.high, 0.85 * Math.abs(at)));
  });
