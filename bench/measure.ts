import { figure } from './format.ts';
import { type Contest, type Failure, nameOf, type Row, SCALES, type Variant } from './row.ts';
import { type Sampler, samplerOf, settle } from './sampler.ts';
import { isNoisy, type Ratio, ratioOf, type Series, type Summary, summarize } from './statistics.ts';

export interface Settings {
  /** Samples of each variant. */
  readonly rounds: number;
  /** Each sample runs for at least this many seconds. */
  readonly minTime: number;
  /** Before the first round each variant runs until it has not become faster for so many seconds. */
  readonly warmUp: number;
  /** A variant whose samples would take more seconds than this together sits rounds out; at least three remain. */
  readonly budget: number;
}

export interface VariantResult extends Summary, Series {
  readonly name: string;
  readonly who: string;
  readonly how: string;
  readonly ours: boolean;
  readonly noisy: boolean;
  /** The shortest sample. */
  readonly best: number;
  /** In the row's unit. */
  readonly rate: number;
  /** The variant that the ratio is to, and the ratio. */
  readonly base: string;
  readonly ratio: Ratio;
  readonly limit?: number;
  readonly goal?: number;
  readonly note?: string;
}

export interface RowResult extends Pick<Row, 'name' | 'work' | 'unit' | 'ratio'> {
  readonly variants: readonly VariantResult[];
  readonly failures: readonly Failure[];
}

/** A variant while it is measured. */
interface Entry {
  readonly variant: Variant;
  readonly sample: Sampler;
  /** How many rounds it takes part in. */
  readonly turns: number;
  readonly samples: number[];
  readonly rounds: number[];
}

/**
 * Times the variants of a row in turns: one sample of each a round, another one first in each round. `tell` is called
 * after each round but the last with what there is by then.
 */
export async function measure(row: Row, settings: Settings, tell?: (soFar: RowResult) => void): Promise<RowResult> {
  const contest = await row.open();
  const result = await measureContest(row, contest, settings, tell);
  try {
    contest.close();
    return result;
  } catch (error) {
    return { ...result, failures: [...result.failures, { name: row.name, ours: true, message: textOf(error) }] };
  }
}

/** An error in one line. */
const textOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).replace(/\s*\n\s*/g, ' ');

async function measureContest(
  row: Row,
  contest: Contest,
  settings: Settings,
  tell?: (soFar: RowResult) => void,
): Promise<RowResult> {
  const failures = [...contest.failures];
  const attempt = async <T>({ who, how, ours }: Variant, action: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await action();
    } catch (error) {
      failures.push({ name: nameOf({ who, how }), ours, message: textOf(error) });
      return undefined;
    }
  };
  const entries: Entry[] = [];
  for (const variant of contest.variants) {
    const entry = await attempt(variant, () => prepare(variant, settings));
    if (entry !== undefined) entries.push(entry);
  }
  const lost = new Set<Entry>();
  const { name, work, unit, ratio } = row;
  const soFar = (): RowResult => {
    const left = entries.filter((entry) => !lost.has(entry));
    return { name, work, unit, ratio, variants: results(row, left), failures: [...failures] };
  };
  const ranks = ranksOf(settings.rounds);
  for (let round = 0; round < settings.rounds; round++) {
    for (let turn = 0; turn < entries.length; turn++) {
      const entry = entries[(round + turn) % entries.length]!;
      if (lost.has(entry) || ranks[round]! >= entry.turns) continue;
      const seconds = await attempt(entry.variant, entry.sample);
      if (seconds === undefined) lost.add(entry);
      else {
        entry.samples.push(seconds);
        entry.rounds.push(round);
      }
    }
    if (round < settings.rounds - 1) tell?.(soFar());
  }
  return soFar();
}

/** Checks the variant and warms it up. */
async function prepare(variant: Variant, { rounds, minTime, warmUp, budget }: Settings): Promise<Entry> {
  await variant.check();
  const sample = samplerOf(variant, minTime);
  const cost = await settle(sample, warmUp);
  const turns = Math.min(rounds, Math.max(3, Math.floor(budget / cost)));
  return { variant, sample, turns, samples: [], rounds: [] };
}

/**
 * Which rounds a slow variant takes first: those whose number, its binary digits read backwards, is small. So they are
 * spread over the row, and the rounds of a slower variant are among those of a faster one.
 */
function ranksOf(rounds: number): number[] {
  const backwards = (n: number): number => [...n.toString(2)].reduce((sum, bit) => (sum + Number(bit)) / 2, 0);
  const order = Array.from({ length: rounds }, (_, i) => i).sort((p, q) => backwards(p) - backwards(q));
  return order.map((_, round) => order.indexOf(round));
}

/** Seconds for the row's work, of a variant that does more or less of it in a run. */
function perWork(row: Row, { variant, samples, rounds }: Entry): Series {
  const { work } = variant;
  return work === undefined ? { samples, rounds } : { samples: samples.map((s) => (s * row.work) / work), rounds };
}

/** What is told of a variant in words, of which a run takes so many seconds. */
function noteOf({ memory, reads, note }: Variant, seconds: number): string | undefined {
  if (memory !== undefined) return `holds ${Math.round(memory() / 1e6)} MB at most`;
  if (reads !== undefined) return `reads ${figure(reads / seconds / 1e9)} GB/s of weights`;
  return note;
}

function results(row: Row, entries: readonly Entry[]): VariantResult[] {
  return entries.map((entry): VariantResult => {
    const { variant, samples, rounds } = entry;
    const { who, how, ours, limit, goal } = variant;
    // Where the base failed, the first one left takes its place.
    const base = entries.find((other) => nameOf(other.variant) === variant.base) ?? entries[0]!;
    const summary = summarize(samples);
    const note = noteOf(variant, summary.median);
    return {
      name: nameOf(variant),
      who,
      how,
      ours,
      ...summary,
      noisy: isNoisy(summary),
      best: Math.min(...samples),
      rate: ((variant.work ?? row.work) / summary.median) * SCALES[row.unit],
      base: nameOf(base.variant),
      ratio: row.ratio === 'speed' ? ratioOf(perWork(row, base), perWork(row, entry)) : ratioOf(entry, base),
      ...(limit === undefined ? {} : { limit }),
      ...(goal === undefined ? {} : { goal }),
      ...(note === undefined ? {} : { note }),
      samples,
      rounds,
    };
  });
}
