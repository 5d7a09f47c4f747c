/** Units of a rate, with what an operation a second is multiplied by. */
export const SCALES = { 'GFLOP/s': 1e-9, 'GOP/s': 1e-9, 'Melement/s': 1e-6, 'steps/s': 1, 'calls/s': 1 };

export type Unit = keyof typeof SCALES;

interface Contestant {
  /** A table of kernels, a rung of the ladder, or another library. */
  readonly who: string;
  /** What sets it apart from others of the same table or library, such as `int8`; most have nothing. */
  readonly how: string;
  /** Whether its errors are ours: a peer that fails is only reported. */
  readonly ours: boolean;
  /** The variant, by its name, that its ratio is taken to; default the row's first. */
  readonly base?: string;
  /** The ratio to its base that it should stay below. */
  readonly limit?: number;
  /** The ratio to its base that it should reach. */
  readonly goal?: number;
  /** Operations of one run, where they are not those of its row: ratios are then of rates. */
  readonly work?: number;
  /** Bytes of weights that one run reads: a note tells how many that makes in a second. */
  readonly reads?: number;
  /** What a reader must know to read its figures, where it does not do quite the same. */
  readonly note?: string;
  /** The most bytes that a run held, of what runs in a process of its own; asked for after the last sample. */
  readonly memory?: () => number;
  /** Undoes what running changes; called before each sample, outside the clock. */
  readonly reset?: () => void;
  /** Throws CheckError when it computes something else than its row says. Called once, before it is timed. */
  readonly check: () => void | Promise<void>;
}

/** Clocked by Benchmark.js: does the work once and returns a number out of its result. */
export interface ClockedVariant extends Contestant {
  readonly run: () => number;
}

/** What runs in another process, or answers with a promise, clocks itself: seconds for so many runs, one after another. */
export interface SelfClockedVariant extends Contestant {
  readonly time: (iterations: number) => Promise<number>;
}

/** One way to do a row's work. */
export type Variant = ClockedVariant | SelfClockedVariant;

/** What could not take part, and why, in one sentence. */
export interface Failure {
  readonly name: string;
  readonly ours: boolean;
  readonly message: string;
}

/** A row made ready: arrays filled, models built. */
export interface Contest {
  readonly variants: readonly Variant[];
  readonly failures: readonly Failure[];
  /** Gives the memory back. */
  readonly close: () => void;
}

/** Work that is done in several ways, which are timed against each other. */
export interface Row {
  readonly name: string;
  /** Operations of one run: what the rate counts. */
  readonly work: number;
  readonly unit: Unit;
  /** `speed` tells how often a variant is as fast as its base, `time` how often it takes as long. */
  readonly ratio: 'speed' | 'time';
  /** Whether `--quick` without a filter takes it. */
  readonly quick: boolean;
  /** Whether other libraries take part. */
  readonly peers: boolean;
  readonly open: () => Contest | Promise<Contest>;
}

/** A variant that computes something else than its row says. */
export class CheckError extends Error {}

export const nameOf = ({ who, how }: Pick<Variant, 'who' | 'how'>): string => (how === '' ? who : `${who} ${how}`);

/** Several contests as one. */
export function join(...contests: readonly Contest[]): Contest {
  return {
    variants: contests.flatMap(({ variants }) => variants),
    failures: contests.flatMap(({ failures }) => failures),
    close: () => {
      for (const contest of contests) contest.close();
    },
  };
}
