import { Random } from 'whittle-ml';
import type { DataName } from '../state/settings.ts';

/** Data sets that are drawn by a formula. */
export type DrawnByFormula = Exclude<DataName, 'drawn' | 'table' | 'digits'>;

/** Numbers that are drawn one after another. */
class Dice {
  readonly #random: Random;
  #uniform: Float32Array = new Float32Array(0);
  #normal: Float32Array = new Float32Array(0);
  #u = 0;
  #n = 0;

  constructor(seed: number, stream: string) {
    this.#random = new Random(seed, stream);
  }

  uniform(low: number, high: number): number {
    if (this.#u === this.#uniform.length) {
      this.#uniform = this.#random.uniform([1024]).data as Float32Array;
      this.#u = 0;
    }
    return low + (high - low) * this.#uniform[this.#u++]!;
  }

  normal(deviation: number): number {
    if (this.#n === this.#normal.length) {
      this.#normal = this.#random.normal([1024]).data as Float32Array;
      this.#n = 0;
    }
    return deviation * this.#normal[this.#n++]!;
  }
}

interface Classes {
  readonly task: 'classification';
  readonly classes: readonly string[];
  /** Deviation of what is added to each coordinate, at a noise of 1. */
  readonly spread: number;
  /** A point of the class, without noise; `i` counts the points of this class, of `n`. */
  point(of: number, i: number, n: number, dice: Dice): [x1: number, x2: number];
}

interface Numbers {
  readonly task: 'regression';
  readonly inputs: 1 | 2;
  /** The number at a point, without noise. */
  truth(x1: number, x2: number): number;
}

const TWO = ['0', '1'];
const { PI } = Math;

/** Points of two half planes: above and below a curve over -1 to 1. */
const beside =
  (curve: (x: number) => number): Classes['point'] =>
  (of, _, __, dice) => {
    const x1 = dice.uniform(-1, 1);
    return [x1, of === 1 ? dice.uniform(curve(x1), 1) : dice.uniform(-1, curve(x1))];
  };

/** One row a data set. */
const SETS: { readonly [N in DrawnByFormula]: Classes | Numbers } = {
  spiral: {
    task: 'classification',
    classes: TWO,
    spread: 0.25,
    point: (of, i, n) => {
      const r = (i + 0.5) / n;
      const angle = 3.5 * PI * r + PI * of;
      return [r * Math.sin(angle), r * Math.cos(angle)];
    },
  },
  moons: {
    task: 'classification',
    classes: TWO,
    spread: 0.6,
    point: (of, i, n) => {
      const angle = (PI * (i + 0.5)) / n;
      return of === 0
        ? [Math.cos(angle) - 0.5, Math.sin(angle) - 0.25]
        : [0.5 - Math.cos(angle), 0.25 - Math.sin(angle)];
    },
  },
  circles: {
    task: 'classification',
    classes: TWO,
    spread: 0.5,
    point: (of, i, n) => {
      const angle = (2 * PI * i) / n;
      const r = of === 0 ? 1 : 0.45;
      return [r * Math.cos(angle), r * Math.sin(angle)];
    },
  },
  xor: {
    task: 'classification',
    classes: TWO,
    spread: 0.4,
    point: (of, i, _, dice) => {
      const x1 = (i % 2 === 0 ? 1 : -1) * dice.uniform(0.05, 1);
      return [x1, (of === 0 ? 1 : -1) * Math.sign(x1) * dice.uniform(0.05, 1)];
    },
  },
  gaussians: {
    task: 'classification',
    classes: ['0', '1', '2'],
    spread: 0.6,
    point: (of, _, __, dice) => {
      const angle = (2 * PI * of) / 3;
      return [0.8 * Math.sin(angle) + dice.normal(0.15), 0.8 * Math.cos(angle) + dice.normal(0.15)];
    },
  },
  aboveSine: { task: 'classification', classes: TWO, spread: 0.3, point: beside((x) => 0.6 * Math.sin(1.5 * PI * x)) },
  polynomial: { task: 'regression', inputs: 1, truth: (x) => 4 * x ** 3 + x ** 2 - 3 * x },
  sine: { task: 'regression', inputs: 1, truth: (x) => Math.sin(2 * PI * x) },
  plane: { task: 'regression', inputs: 2, truth: (x1, x2) => 0.8 * x1 - 0.6 * x2 },
};

/** Samples before they are split: [x..., y] row by row. */
export interface Rows {
  readonly task: 'classification' | 'regression';
  /** Names of the numbers of a sample. */
  readonly names: readonly string[];
  /** Names of classes, by number; none for numbers. */
  readonly classes: readonly string[];
  readonly count: number;
  readonly values: Float32Array;
  /** Without noise, if it is known. */
  readonly truth: ((x: number) => number) | null;
}

/** As many samples of each class as of any other, or one more. Above a noise of a half the rest is the share of labels that lie. */
export function rowsOf(name: DrawnByFormula, count: number, noise: number, seed: number): Rows {
  const set = SETS[name];
  const dice = new Dice(seed, name);
  if (set.task === 'regression') {
    const { inputs, truth } = set;
    const values = Array.from({ length: count }, () => {
      const [x1, x2] = [dice.uniform(-1, 1), dice.uniform(-1, 1)];
      return [...[x1, x2].slice(0, inputs), truth(x1, x2) + dice.normal(noise)];
    });
    return {
      task: set.task,
      names: inputs === 1 ? ['x'] : ['x1', 'x2'],
      classes: [],
      count,
      values: Float32Array.from(values.flat()),
      truth: inputs === 1 ? (x) => truth(x, 0) : null,
    };
  }
  const { classes, spread } = set;
  const k = classes.length;
  const lies = new Dice(seed, `${name}: labels`);
  const share = Math.max(0, noise - 0.5);
  const values = Array.from({ length: count }, (_, row) => {
    const of = row % k;
    const [x1, x2] = set.point(of, Math.floor(row / k), Math.ceil((count - of) / k), dice);
    const isLie = lies.uniform(0, 1) < share;
    const other = (of + 1 + Math.floor(lies.uniform(0, k - 1 - 1e-6))) % k;
    return [x1 + dice.normal(spread * noise), x2 + dice.normal(spread * noise), isLie ? other : of];
  });
  return { task: set.task, names: ['x1', 'x2'], classes, count, values: Float32Array.from(values.flat()), truth: null };
}
