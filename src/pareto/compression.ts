import { grouped, ValueError } from '../base/errors.ts';
import { aligned, percent } from '../base/text.ts';
import type { Network } from '../graph/network.ts';
import { decodeNetwork } from '../io/network-file.ts';
import { measuredFiles } from './measured.ts';
import { recipeText } from './recipes.ts';
import type { Failure, MeasuredPoint, Original, ParetoPoint, PointScore } from './types.ts';

/**
 * What a search over recipes found; `toString()` is a table for people, and `toJSON()` all but the files. What it says goes by
 * figures that are the same wherever the search ran; what depends on the machine is taken by `measured`.
 *
 * @example
 * const data = { x, y, validation: [x, y], test: [xTest, yTest] } as const;
 * const recipes = [{ ...usualRecipes()[0]!, quantize: { method: 'rounded', format: 'static' } }] as const;
 * const found = await compress(model, data, { recipes });
 * found.best === found.points[0]; // true
 * found.networkOf(found.points[0]!).nodes.length; // 3
 * const [first] = await found.measured();
 * first?.tables.map(({ name }) => name); // [ 'cpu', 'wasm' ]
 */
export class Compression {
  /** The given model as a network in float32. */
  readonly original: Original;
  /** What the trials made, in their order. */
  readonly points: readonly ParetoPoint[];
  /** Trials that made nothing, with the reasons. */
  readonly failures: readonly Failure[];
  /** The smallest file that is within budget and limit of damage, of equals the best; null where none is. */
  readonly best: ParetoPoint | null;
  /** Why it is that, or none, in one sentence. */
  readonly reason: string;

  constructor({
    original,
    points,
    failures,
    best,
    reason,
  }: Omit<Compression, 'pareto' | 'bytesOf' | 'networkOf' | 'measured' | 'toJSON' | 'toString'>) {
    this.original = original;
    this.points = points;
    this.failures = failures;
    this.best = best;
    this.reason = reason;
  }

  /** The points that no other dominates, the smallest first. */
  get pareto(): readonly ParetoPoint[] {
    return this.points.filter(({ isDominated }) => !isDominated).sort((p, q) => p.bytes - q.bytes);
  }

  /** The bytes of a point's file. Throws ValueError for what is none of its points. */
  bytesOf(point: ParetoPoint): Uint8Array<ArrayBuffer> {
    return this.own('bytesOf', point).file.slice();
  }

  /** The network of a point, as its file gives it back. Throws ValueError for what is none of its points. */
  networkOf(point: ParetoPoint): Network {
    return decodeNetwork(this.own('networkOf', point).file).network;
  }

  /**
   * What points take on this machine, in their order, and last the original: bytes behind gzip, and by table of kernels latency,
   * time to load, and memory of programs. Not while anything else keeps the machine busy. Default all points.
   */
  measured(points: readonly ParetoPoint[] = this.points): Promise<MeasuredPoint[]> {
    return measuredFiles([...points.map((point) => this.own('measured', point)), this.original]);
  }

  /** Everything but the files. */
  toJSON(): object {
    const plain = <T extends { readonly file: unknown }>({ file: _, ...rest }: T): Omit<T, 'file'> => rest;
    const { original, points, failures, best, reason } = this;
    return {
      original: plain(original),
      points: points.map(plain),
      failures,
      best: best === null ? null : points.indexOf(best),
      reason,
    };
  }

  toString(): string {
    const rows = [...this.points]
      .sort((p, q) => q.bytes - p.bytes)
      .map((point) => [
        point === this.best ? 'best' : point.isDominated ? '' : 'front',
        grouped(point.bytes),
        `${(this.original.bytes / point.bytes).toFixed(1)}x`,
        ...scoresOf(point),
        point.meets ? 'yes' : 'no',
        `${recipeText(point.recipe)}${settingOf(point)}`,
      ]);
    const { bytes } = this.original;
    const own = ['', grouped(bytes), '1.0x', ...scoresOf(this.original), '', 'the model'];
    const heads = ['', 'bytes', 'smaller', 'validation', 'test', 'meets', 'recipe'];
    const failures = this.failures.map(
      (each) => `failed: ${recipeText(each.recipe)}${settingOf(each)}: ${each.reason}`,
    );
    return [...aligned([heads, own, ...rows], [1, 2, 3]), ...failures, this.reason].join('\n');
  }

  private own(op: string, point: ParetoPoint): ParetoPoint {
    if (!this.points.includes(point))
      throw new ValueError(`Compression.${op}`, 'the point', 'one of its points', point);
    return point;
  }
}

const scoresOf = ({ validation, test }: { readonly validation: PointScore; readonly test: PointScore }): string[] => [
  validation.score.toFixed(4),
  `${test.score.toFixed(4)} (${test.low.toFixed(3)} to ${test.high.toFixed(3)})`,
];

const settingOf = ({ seed, effort }: { readonly seed: number; readonly effort: number }): string =>
  [effort === 1 ? '' : `, ${percent(effort)} of the epochs`, seed === 0 ? '' : `, seed ${seed}`].join('');
