import { gather } from '../autograd/movement.ts';
import { checkCount, checkRange, LimitError, ShapeError, ValueError } from '../base/errors.ts';
import { checkOptions } from '../base/options.ts';
import { sameShape } from '../base/shape.ts';
import type { Stored } from '../graph/encoding.ts';
import type { Graph } from '../graph/graph.ts';
import { calibrationError, checkBins } from '../nn/class-metrics.ts';
import { chancesOf, type Decisions, decisionsOf, haveChances, settled, width as widthOf } from '../nn/decisions.ts';
import { metricOf } from '../nn/metrics.ts';
import { Model } from '../nn/model.ts';
import type { Outputs } from '../nn/outputs.ts';
import type { SampleLists } from '../nn/samples.ts';
import { fromData, type Tensor } from '../tensor/tensor.ts';
import {
  type Beside,
  type ClassDamage,
  DamageReport,
  type Decided,
  type DecisionDamage,
  type Margins,
  type NumberDamage,
  type OutputDamage,
} from './damage-report.ts';
import { meaningsOf } from './meanings.ts';
import { areNumbers, checkEach, judged, type MeasureOptions } from './measure.ts';
import { checkPair } from './observe.ts';
import { networkOf } from './passes.ts';
import { bootstrap, type Lost, lostOf, mcnemar, type Part, partOf, quantile } from './statistics.ts';

export interface DamageOptions extends Pick<MeasureOptions, 'outputs'> {
  /** Of the classes or labels of a single output. Default their numbers. */
  readonly classNames?: readonly string[];
  /** Equal bins of confidence of the calibration error, 2²⁰ at most. Default 15. */
  readonly bins?: number;
  /** Decisions whose margin is less are on the edge. Default 0.1. */
  readonly edge?: number;
  /** Draws of the bootstrap for numbers, 40 to 2²⁰. Default 1000. */
  readonly resamples?: number;
  /** Of the bootstrap. Default 0. */
  readonly seed?: number;
}

type Settings = Required<Pick<DamageOptions, 'bins' | 'edge' | 'resamples' | 'seed'>> &
  Pick<DamageOptions, 'classNames'>;

/** More take gigabytes. */
const MOST_RESAMPLES = 2 ** 20;

/** A class with fewer samples is small. */
const FEW = 10;

/**
 * What a pass did to a network beyond its mean score, on samples that neither was trained on: which samples are answered
 * otherwise and how, what each class lost, calibration and margins; of numbers how far they moved. A score that stays hides
 * all of these (Hooker et al. 2019, What Do Compressed Deep Neural Networks Forget?). Both may be models or networks, in
 * float32 or int8, with any outputs; y as in `measure`. Throws ValueError for targets that are NaN.
 *
 * @example
 * const pruned = prune(model, { sparsity: 0.98 });
 * const [output] = damage(model, pruned, [xTest, yTest], { classNames: ['sun', 'rain'] }).outputs;
 * output?.kind === 'classes' && `${output.changed.count} changed, worst: ${output.worst.name}`; // 100 changed, worst: rain
 */
export function damage(
  before: Model | Graph<Stored>,
  after: Model | Graph<Stored>,
  samples: SampleLists,
  options: DamageOptions = {},
): DamageReport {
  return damageOf('damage', [before, after], samples, options);
}

/** The same as part of something else, whose name is in errors; `known` is how the outputs of both are meant. */
export function damageOf(
  op: string,
  subjects: Pair<Model | Graph<Stored>>,
  samples: SampleLists,
  options: DamageOptions,
  known?: readonly MeasureOptions['outputs'][],
): DamageReport {
  checkOptions(op, options, 'outputs classNames bins edge resamples seed');
  const { outputs, bins = 15, edge = 0.1, resamples = 1000, seed = 0, classNames } = options;
  checkEach(op, outputs);
  checkBins(op, bins);
  checkRange(op, 'edge', edge, 'between 0 and 1');
  checkCount(op, 'resamples', resamples, 40); // of fewer there is no fortieth to leave out
  if (resamples > MOST_RESAMPLES) throw new LimitError(op, 'resamples', resamples, MOST_RESAMPLES);
  checkCount(op, 'seed', seed, 0);
  checkPair(op, samples);
  const [names, others] = subjects.map((subject) => {
    return (subject instanceof Model ? subject.graph : networkOf(op, subject)).outputs;
  }) as Pair<readonly string[]>;
  if (others.length !== names.length)
    throw new ValueError(op, 'the second network', `one of ${names.length} outputs, as the first`, others.length);
  if (classNames !== undefined && (!Array.isArray(classNames) || names.length > 1))
    throw new ValueError(op, 'classNames', 'a list of texts, for a network of one output', classNames);
  const meant = known ?? meaningsOf(subjects, outputs);
  const [p, q] = subjects.map((subject, i) => judged(op, subject, samples, meant[i]));
  const settings = { bins, edge, resamples, seed, ...(classNames && { classNames }) };
  const found = names.map((name, i): OutputDamage => {
    const y = p!.targets[i]!;
    const missing = y.data.findIndex((value: number) => Number.isNaN(value));
    if (missing >= 0) throw new ValueError(op, 'every target', 'a number', Number.NaN);
    const [own, other] = [p!, q!].map(({ predictions, outputs: all }): Said => {
      return { y, said: predictions[i]!, outputs: settled(all[i]!, y) };
    }) as Pair<Said>;
    if (!sameShape(own.said.shape, other.said.shape))
      throw new ShapeError(op, [own.said.shape, other.said.shape], `the two networks differ in output "${name}"`);
    if (!areNumbers(y, own.said, own.outputs)) return decisionDamage(name, own, other, settings);
    if (classNames !== undefined)
      throw new ValueError(op, 'classNames', 'left out for an output of numbers', classNames);
    return numberDamage(name, own, other, settings);
  });
  return new DamageReport(p!.targets[0]!.shape[0]!, found);
}

/** An output of a network on samples. */
interface Said {
  readonly y: Tensor;
  readonly said: Tensor;
  readonly outputs: Outputs;
}

/** The decisions from 0 to `count` that something holds for, of which a sample has `each`. */
function decided(count: number, each: number, holds: (i: number) => boolean): Decided {
  const all = Array.from({ length: count }, (_, i) => i).filter(holds);
  return { count: all.length, samples: [...new Set(all.map((i) => Math.floor(i / each)))] };
}

function decisionDamage(name: string, own: Said, other: Said, settings: Settings): DecisionDamage {
  const [p, q] = [own, other].map(({ y, said, outputs }) => decisionsOf('damage', y, said, outputs)) as Pair<Decisions>;
  const { count } = p;
  const samples = own.said.shape[0]!;
  const each = count / samples;
  const list = (of: (i: number) => number): Float64Array => Float64Array.from({ length: count }, (_, i) => of(i));
  const [truth, was, now] = [p.truth, p.guess, q.guess].map(list) as [Float64Array, Float64Array, Float64Array];
  const some = (holds: (i: number) => boolean): Decided => decided(count, each, holds);
  const rightBefore = (i: number): boolean => was[i] === truth[i];
  const rightAfter = (i: number): boolean => now[i] === truth[i];
  const changed = (i: number): boolean => was[i] !== now[i]; // NaN is not even itself
  const rightToWrong = some((i) => rightBefore(i) && !rightAfter(i));
  const wrongToRight = some((i) => !rightBefore(i) && rightAfter(i));
  const wrongToOther = some((i) => !rightBefore(i) && !rightAfter(i) && changed(i));
  const moved = rightToWrong.count + wrongToRight.count + wrongToOther.count;
  const part = (holds: (i: number) => boolean): Part => partOf(some(holds).count, count, samples);
  const classes = classDamages(own, { truth, was, now, each }, settings.classNames);
  const balance = Array<number>(samples).fill(0);
  for (let i = 0; i < count; i++) balance[Math.floor(i / each)]! += Number(rightAfter(i)) - Number(rightBefore(i));
  return {
    kind: areLabels(own) ? 'labels' : 'classes',
    name,
    decisions: count,
    changed: partOf(moved, count, samples),
    agreement: 1 - moved / count,
    rightToWrong,
    wrongToRight,
    wrongToOther,
    unanswered: { before: some((i) => Number.isNaN(was[i])), after: some((i) => Number.isNaN(now[i])) },
    accuracy: {
      before: part(rightBefore),
      after: part(rightAfter),
      lost: lostOf(rightToWrong.count, wrongToRight.count, count, samples),
      mcnemar: mcnemar(balance.filter((sum) => sum < 0).length, balance.filter((sum) => sum > 0).length),
    },
    classes,
    worst: classes.reduce((worst, next) => (isWorse(next, worst) ? next : worst)),
    calibration: calibrationOf(own, other, settings.bins),
    margins: marginsBeside(own, other, was, now, settings.edge),
  };
}

type Pair<T> = [T, T];

/** Whether rows are labels that do not exclude each other. */
const areLabels = ({ said, outputs }: Said): boolean => outputs.coding === 'labels' && widthOf(said) > 1;

const isWorse = (p: ClassDamage, q: ClassDamage): boolean =>
  p.lost.lost > q.lost.lost || (p.lost.lost === q.lost.lost && p.before.of > q.before.of);

interface Answers {
  readonly truth: Float64Array;
  readonly was: Float64Array;
  readonly now: Float64Array;
  /** Decisions of a sample. */
  readonly each: number;
}

/** The recall of each class that occurs; each label is two, of those that have it and those that do not. */
function classDamages(own: Said, { truth, was, now, each }: Answers, names?: readonly string[]): ClassDamage[] {
  const n = widthOf(own.said);
  const labels = areLabels(own);
  const known = labels || n > 1 ? n : 2;
  if (names !== undefined && names.length !== known)
    throw new ValueError('damage', 'classNames', `${known} texts`, names.length);
  const counts = Array.from({ length: labels ? 2 * n : known }, () => {
    return { of: 0, samples: 0, last: -1, before: 0, after: 0, lost: 0, won: 0 };
  });
  truth.forEach((label, i) => {
    const c = counts[labels ? 2 * (i % n) + 1 - label : label]!;
    const sample = Math.floor(i / each);
    const before = Number(was[i] === label);
    const after = Number(now[i] === label);
    if (sample !== c.last) c.samples++;
    c.last = sample;
    c.of++;
    c.before += before;
    c.after += after;
    if (before > after) c.lost++;
    if (before < after) c.won++;
  });
  return counts.flatMap(({ of, samples, before, after, lost, won }, at) => {
    if (of === 0) return [];
    const label = labels ? Math.floor(at / 2) : at;
    const called = names?.[label] ?? String(label);
    return {
      name: labels && at % 2 === 1 ? `not ${called}` : called,
      before: partOf(before, of, samples),
      after: partOf(after, of, samples),
      lost: lostOf(lost, won, of, samples),
      isSmall: samples < FEW,
    };
  });
}

const finite = (x: number): number | null => (Number.isFinite(x) ? x : null);

/** Samples all of whose numbers are something, as rows of a tensor. */
function answered({ y, said }: Said): { y: Tensor; said: Tensor } {
  const n = said.shape[0]!;
  const row = said.size / n;
  const rows = decided(said.size, row, (i) => Number.isNaN(said.data[i]!)).samples;
  if (rows.length === 0) return { y, said };
  const gone = new Set(rows);
  const kept = fromData(Int32Array.from({ length: n }, (_, i) => i).filter((i) => !gone.has(i)));
  return { y: gather(y, kept), said: gather(said, kept) };
}

function calibrationOf(own: Said, other: Said, bins: number): DecisionDamage['calibration'] {
  if (![own, other].every(({ said, outputs }) => haveChances(said, outputs))) return null;
  const [before, after] = [own, other].map((each) => {
    const state = calibrationError(bins).create(each.outputs);
    const { y, said } = answered(each);
    if (said.size > 0) state.update(y, said);
    return finite(state.result());
  }) as Pair<number | null>;
  return { bins, before, after };
}

function marginsBeside(
  own: Said,
  other: Said,
  was: Float64Array,
  now: Float64Array,
  edge: number,
): DecisionDamage['margins'] {
  if (![own, other].every(({ said, outputs }) => haveChances(said, outputs))) return null;
  return { edge, before: marginsOf(own, was, edge), after: marginsOf(other, now, edge) };
}

function marginsOf({ said, outputs }: Said, chosen: Float64Array, edge: number): Margins | null {
  const chance = chancesOf('damage', said, outputs);
  const n = widthOf(said);
  const isSingle = n === 1 || outputs.coding === 'labels';
  const margins = chosen.map((label, i) => {
    if (Number.isNaN(label)) return label;
    if (isSingle) return chance(i, label) - chance(i, 1 - label);
    const row = said.data.subarray(i * n, (i + 1) * n);
    let next = label === 0 ? 1 : 0;
    for (let j = 0; j < n; j++) if (j !== label && row[j]! > row[next]!) next = j;
    return chance(i, label) - chance(i, next);
  });
  const sorted = margins.filter((margin) => !Number.isNaN(margin)).sort();
  if (sorted.length === 0) return null;
  const onEdge = sorted.filter((margin) => margin < edge).length;
  return { median: quantile(sorted, 0.5), low: quantile(sorted, 0.05), onEdge };
}

function numberDamage(name: string, own: Said, other: Said, settings: Settings): NumberDamage {
  const { y, said } = own;
  const samples = said.shape[0]!;
  const each = said.size / samples;
  const { data: was } = said;
  const { data: now } = other.said;
  const [r2, rmse] = (['r2', 'rmse'] as const).map((metric) => {
    const [before, after] = [own, other].map(({ said: values }) => {
      const state = metricOf(metric).create();
      state.update(y, values);
      return finite(state.result());
    }) as Pair<number | null>;
    return { before, after };
  }) as Pair<Beside<number | null>>;
  const isBroken = (values: ArrayLike<number>): Decided => decided(said.size, each, (i) => !Number.isFinite(values[i]));
  const unanswered = { before: isBroken(was), after: isBroken(now) };
  const moves = Array.from({ length: said.size }, (_, i) => Math.abs(now[i]! - was[i]!));
  const ofAll = moves.filter(Number.isFinite);
  const largest = ofAll.reduce((most, move) => Math.max(most, move), 0);
  const isWhole = [r2.before, r2.after, rmse.before, rmse.after].every((figure) => figure !== null);
  const intervals = isWhole ? bootstrap(samples, lostBy(own, other), settings) : [];
  const lost = ({ before, after }: Beside<number | null>, sign: number, i: number): Lost | null =>
    isWhole ? { lost: sign * (before! - after!), ...intervals[i]! } : null;
  return {
    kind: 'numbers',
    name,
    r2: { ...r2, lost: lost(r2, 1, 0) },
    rmse: { ...rmse, lost: lost(rmse, -1, 1) },
    change:
      ofAll.length === 0
        ? null
        : {
            largest,
            at: Math.floor(moves.indexOf(largest) / each),
            typical: quantile(Float64Array.from(ofAll).sort(), 0.5),
          },
    unanswered,
  };
}

/** R² and RMSE lost on rows of samples. */
export function lostBy(
  { y, said }: Omit<Said, 'outputs'>,
  { said: other }: Pick<Said, 'said'>,
): (rows: Int32Array) => readonly number[] {
  const { data: t } = y;
  const { data: p } = said;
  const { data: q } = other;
  const each = said.size / said.shape[0]!;
  const n = widthOf(said);
  // Around the mean of each number, where sums of squares lose nothing
  const centers = Float64Array.from({ length: n }, (_, j) => {
    let sum = 0;
    for (let i = j; i < t.length; i += n) sum += t[i]!;
    return sum / (t.length / n);
  });
  return (rows) => {
    let r2 = 0;
    let before = 0;
    let after = 0;
    for (let j = 0; j < n; j++) {
      let sum = 0;
      let squares = 0;
      let p2 = 0;
      let q2 = 0;
      for (const row of rows)
        for (let i = row * each + j; i < (row + 1) * each; i += n) {
          const d = t[i]! - centers[j]!;
          sum += d;
          squares += d * d;
          p2 += (t[i]! - p[i]!) * (t[i]! - p[i]!);
          q2 += (t[i]! - q[i]!) * (t[i]! - q[i]!);
        }
      const total = squares - (sum * sum) / ((rows.length * each) / n);
      const isConstant = total <= 1e-12 * squares;
      r2 += isConstant ? Number(p2 === 0) - Number(q2 === 0) : (q2 - p2) / total;
      before += p2;
      after += q2;
    }
    const count = rows.length * each;
    return [r2 / n, Math.sqrt(after / count) - Math.sqrt(before / count)];
  };
}
