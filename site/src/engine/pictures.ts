import type { Sequential } from 'whittle-ml';
import type { Picture } from './messages.ts';
import type { Head } from './models.ts';
import type { Scaling } from './scaling.ts';
import type { Rows } from './sets.ts';
import { hiddenOutputs, stagesOf } from './stages.ts';
import type { Predict } from './trained.ts';

export type Range = readonly [low: number, high: number];

const PLANE = 80;
const NEURON = 24;
const CURVE = 200;
/** What is shown beyond the outermost samples, as a share of their spread. */
const MARGIN = 0.08;

/** Of each input, from its lowest to its highest number and a little more. */
export function rangesOf({ names, values, count }: Rows): Range[] {
  return names.map((_, j) => {
    let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (let i = 0; i < count; i++) {
      const value = values[i * (names.length + 1) + j]!;
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
    const more = MARGIN * (high - low) || 1;
    return [low - more, high + more];
  });
}

/** Middles of n² cells of a plane, row by row from the highest second number. */
function cells(n: number, [x, y]: readonly [Range, Range]): Float32Array {
  const at = ([low, high]: Range, i: number): number => low + ((high - low) * (i + 0.5)) / n;
  const points = new Float32Array(2 * n * n);
  for (let row = 0; row < n; row++)
    for (let column = 0; column < n; column++) {
      points[2 * (row * n + column)] = at(x, column);
      points[2 * (row * n + column) + 1] = at(y, n - 1 - row);
    }
  return points;
}

/** Draws what networks answer over what is shown of the inputs. */
export class Painter {
  readonly #rows: Rows;
  readonly #head: Head;
  readonly #scaling: Scaling;
  readonly #ranges: readonly Range[];

  constructor(rows: Rows, head: Head, scaling: Scaling, ranges: readonly Range[]) {
    this.#rows = rows;
    this.#head = head;
    this.#scaling = scaling;
    this.#ranges = ranges;
  }

  /** With pictures of neurons if the network is given. */
  paint(predict: Predict, network: Sequential | null): Picture {
    const [x, y] = this.#ranges;
    const { length } = this.#ranges;
    const { classes } = this.#rows;
    if (length === 1 && classes.length <= 2) return this.#curve(predict, network, x!);
    if (length !== 2) return { kind: 'none' };
    const ranges = [x!, y!] as const;
    return {
      kind: 'plane',
      width: PLANE,
      height: PLANE,
      classes: classes.length,
      values: this.#answers(predict, cells(PLANE, ranges)),
      neurons: network === null ? [] : this.#neurons(network, cells(NEURON, ranges)),
      neuronSize: NEURON,
    };
  }

  #curve(predict: Predict, network: Sequential | null, [low, high]: Range): Picture {
    const { truth } = this.#rows;
    const x = Float32Array.from({ length: CURVE }, (_, i) => low + ((high - low) * i) / (CURVE - 1));
    return {
      kind: 'curve',
      x,
      y: this.#answers(predict, x),
      truth: truth === null ? null : x.map(truth),
      ...(network !== null && { neurons: this.#neurons(network, x) }),
    };
  }

  #answers(predict: Predict, points: Float32Array): Float32Array {
    const { data } = predict(this.#scaling.inputs(points));
    if (this.#head === 'number') return this.#scaling.numbers(data);
    if (this.#head === 'margin') return Float32Array.from(data, (margin) => Math.min(1, Math.max(0, (margin + 1) / 2)));
    if (this.#rows.classes.length > 2) return Float32Array.from(data);
    return Float32Array.from({ length: data.length / 2 }, (_, i) => data[2 * i + 1]!);
  }

  #neurons(network: Sequential, points: Float32Array): Float32Array[][] {
    const stages = stagesOf(network);
    return hiddenOutputs(stages, this.#scaling.inputs(points)).map((outputs, layer) => {
      const { units } = stages[layer]!;
      const size = outputs.length / units;
      // One buffer for all of them, since each that is sent on its own costs the page time
      const pictures = new Float32Array(outputs.length);
      for (let unit = 0; unit < units; unit++)
        for (let i = 0; i < size; i++) pictures[unit * size + i] = outputs[i * units + unit]!;
      return Array.from({ length: units }, (_, unit) => pictures.subarray(unit * size, (unit + 1) * size));
    });
  }
}
