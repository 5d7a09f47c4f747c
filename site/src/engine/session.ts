import { backend, type Kernels, setBackend } from 'whittle-ml';
import { checkSettings, checkTraining } from './checks.ts';
import { samplesOf } from './data.ts';
import { Experiment } from './experiment.ts';
import { LAZY, type LazyKind } from './lazy.ts';
import type { Command, Progress, Stop } from './messages.ts';
import { isOfNumbers } from './models.ts';
import { type Reason, Refusal } from './refusal.ts';
import type { Context, Follow, Tell } from './trained.ts';

/** What a session needs of the place where it runs. */
export interface Surroundings {
  /** Milliseconds. */
  now(): number;
  /** Lets messages in. */
  wait(): Promise<void>;
  /** digits.csv.gz. */
  digits(): Promise<Uint8Array<ArrayBuffer>>;
  /** Faster kernels, which are there after a while; null where they may not run. By itself the library has chosen already. */
  kernels?(): Promise<Kernels | null>;
  readonly version: string;
}

/** Milliseconds of training between two looks at what was asked meanwhile. */
const SLICE = 12;
/** Milliseconds from one telling to the next; pictures may make it longer. */
const PERIOD = 1000 / 15;
/** Pictures take at most one part in so many of the time. */
const OTHERS = 5;
/** Milliseconds over which epochs are counted. */
const WINDOW = 2000;

/** Commands after which earlier work on a smaller network is no longer wanted. */
const INTERRUPTS: readonly Command['kind'][] = ['start', 'run', 'step', 'compress'];

/**
 * Commands that others do not wait for, since they may take long: each begins when its turn comes, and goes on after those of
 * its lane that began before. Those without a lane wait for none.
 */
const ASIDE: { readonly [K in Command['kind']]?: 'making' | 'opening' | 'listing' | 'at once' } = {
  compress: 'making',
  export: 'making',
  open: 'opening',
  formats: 'listing',
  draw: 'at once',
};

/** What a page asks, one after another, and the training between. Nothing it is asked makes it throw: it tells `refused`. */
export class Session {
  readonly #tell: Tell;
  readonly #around: Surroundings;
  #experiment: Experiment | null = null;
  #isRunning = false;
  /** Epoch after which it pauses. */
  #until = Number.POSITIVE_INFINITY;
  #queue: Promise<void> = Promise.resolve();
  readonly #lanes = new Map<string, Promise<void>>();
  readonly #aside = new Set<Promise<void>>();
  #training: Promise<void> = Promise.resolve();
  #interrupts = 0;
  #nextTelling = 0;
  #marks: { readonly time: number; readonly epoch: number }[] = [];
  #rate = 0;
  #wantsKernels: boolean;

  constructor(tell: Tell, around: Surroundings) {
    this.#tell = tell;
    this.#around = around;
    this.#wantsKernels = around.kernels !== undefined;
  }

  /** Tells that it is there, and on which kernels. */
  begin(): void {
    const { name } = backend();
    this.#tell({ kind: 'ready', kernels: name === 'wasm' ? 'wasm' : 'cpu', version: this.#around.version });
  }

  /** Follows a command after those before it. The promise keeps when it is followed, or refused; training goes on by itself. */
  follow(command: Command): Promise<void> {
    if (INTERRUPTS.includes(command.kind)) this.#interrupts++;
    const turn = this.#interrupts;
    // In an object: a promise of a promise would keep with the latter
    const begun = this.#queue.then(() => ({ end: this.#begin(command, turn) }));
    this.#queue = begun.then(({ end }) => (ASIDE[command.kind] === undefined ? end : undefined));
    return begun.then(({ end }) => end);
  }

  #begin(command: Command, turn: number): Promise<void> {
    const lane = ASIDE[command.kind];
    if (lane === undefined) return this.#try(command, turn);
    const before = lane === 'at once' ? undefined : this.#lanes.get(lane);
    const end = before === undefined ? this.#try(command, turn) : before.then(() => this.#try(command, turn));
    this.#lanes.set(lane, end);
    this.#aside.add(end);
    void end.then(() => this.#aside.delete(end));
    return end;
  }

  async #try(command: Command, turn: number): Promise<void> {
    try {
      await this.#obey(command, turn);
    } catch (error) {
      // What was before is not what is asked for: it rests
      if (command.kind === 'start' && this.#isRunning) this.#stop({ kind: 'paused' });
      this.#refuse(command.kind, error);
    }
  }

  /** Keeps when what was asked so far is followed and no training runs. */
  async rest(): Promise<void> {
    await this.#queue;
    await Promise.all(this.#aside);
    await this.#training;
  }

  #refuse(of: Command['kind'], error: unknown): void {
    const reason: Reason =
      error instanceof Refusal
        ? error.reason
        : { kind: 'unexplained', sentence: error instanceof Error ? error.message : String(error) };
    this.#tell({ kind: 'refused', of, reason });
  }

  async #obey(command: Command, turn: number): Promise<void> {
    switch (command.kind) {
      case 'start':
        return await this.#start(command);
      case 'run':
        return this.#run(Number.POSITIVE_INFINITY);
      case 'step':
        return this.#run(this.#started().epoch + 1);
      case 'pause':
        this.#started();
        if (this.#isRunning) this.#stop({ kind: 'paused' });
        return;
      case 'adjust':
        this.#started();
        checkTraining(command.training);
        return this.#started().adjust(command.training);
      case 'explain': {
        const { layer, unit, sample } = command;
        return this.#tell({ kind: 'explained', explanation: this.#started().explain(layer, unit, sample) });
      }
      case 'compress':
        this.#started();
        if (this.#interrupts !== turn) return; // what was asked since began while this one waited
        if (this.#isRunning) this.#stop({ kind: 'paused' });
        return await this.#lazily(command.kind, command, turn);
      case 'export':
        return await this.#lazily(command.kind, command, turn);
      case 'formats':
        return await this.#lazily(command.kind, command, turn);
      case 'open':
        return await this.#lazily(command.kind, command, turn);
      case 'draw':
        return await this.#lazily(command.kind, command, turn);
    }
  }

  #started(): Experiment {
    if (this.#experiment === null) throw new Refusal({ kind: 'nothing started' });
    return this.#experiment;
  }

  async #start({
    data,
    network,
    training,
    points,
    table,
    isRunning,
  }: Extract<Command, { kind: 'start' }>): Promise<void> {
    checkSettings(data, network, training);
    const sources = {
      wantsNumbers: isOfNumbers(training.loss),
      digits: () => this.#around.digits(),
      ...(points !== undefined && { points }),
      ...(table !== undefined && { table }),
    };
    const rows = await samplesOf(data, sources);
    const experiment = new Experiment(rows, { data, network, training });
    this.#isRunning = false;
    this.#experiment = experiment;
    const { samples, shape, lossName: loss } = experiment;
    this.#tell({ kind: 'started', samples, shape, loss });
    if (isRunning) {
      this.#tellProgress(experiment);
      this.#run(Number.POSITIVE_INFINITY);
    } else this.#stop({ kind: 'paused' });
    void this.#takeKernels();
  }

  /**
   * Goes over to the faster kernels between two commands, and between two steps of training, which the library notices: they
   * give the same bits. Where they did not come, they are asked for again with the next experiment.
   */
  async #takeKernels(): Promise<void> {
    if (!this.#wantsKernels) return;
    this.#wantsKernels = false;
    try {
      const kernels = await this.#around.kernels?.();
      if (kernels == null) return;
      this.#queue = this.#queue.then(() => {
        setBackend(kernels);
        this.begin();
      });
    } catch {
      this.#wantsKernels = true;
    }
  }

  #run(until: number): void {
    const experiment = this.#started();
    const { epochs } = experiment.settings.training;
    if (experiment.epoch >= epochs) throw new Refusal({ kind: 'all epochs trained', epochs });
    this.#until = until;
    if (this.#isRunning) return;
    this.#isRunning = true;
    this.#marks = [];
    this.#training = this.#training.then(() => this.#train(experiment)).catch((error) => this.#refuse('run', error));
  }

  /** Trains in slices until it stops, or is stopped, or replaced. */
  async #train(experiment: Experiment): Promise<void> {
    const isOn = (): boolean => this.#isRunning && this.#experiment === experiment;
    while (isOn()) {
      try {
        this.#slice(experiment);
      } catch (error) {
        this.#refuse('run', error);
        this.#stop({ kind: 'paused' });
      }
      await this.#around.wait();
    }
  }

  #slice(experiment: Experiment): void {
    const { now } = this.#around;
    const begin = now();
    this.#mark(begin, experiment.epoch);
    do {
      let stop = experiment.advance();
      if (stop === null && experiment.isBetweenEpochs && experiment.epoch >= this.#until) stop = { kind: 'paused' };
      if (stop !== null) {
        this.#stop(stop);
        return;
      }
    } while (now() - begin < SLICE);
    if (now() >= this.#nextTelling) this.#tellProgress(experiment);
  }

  #stop(why: Stop): void {
    const experiment = this.#started();
    this.#isRunning = false;
    this.#mark(this.#around.now(), experiment.epoch);
    const progress = this.#progressOf(experiment);
    const verdict = why.kind === 'nan' ? BROKEN : experiment.verdict();
    this.#tell({ kind: 'stopped', why, progress, verdict }, buffersOf(progress));
  }

  #tellProgress(experiment: Experiment): void {
    const begin = this.#around.now();
    const progress = this.#progressOf(experiment);
    this.#tell({ kind: 'progress', progress }, buffersOf(progress));
    const end = this.#around.now();
    this.#nextTelling = begin + Math.max(PERIOD, OTHERS * (end - begin));
  }

  #progressOf(experiment: Experiment): Progress {
    const { epoch, course, scores, best } = experiment;
    const { train, validation } = course.losses;
    return {
      epoch,
      losses: { train: Float32Array.from(train), validation: Float32Array.from(validation) },
      scores: { ...scores },
      best,
      epochsPerSecond: this.#rate,
      picture: experiment.picture(),
      weights: experiment.weights(),
    };
  }

  /** Counts epochs over the last two seconds of training. */
  #mark(time: number, epoch: number): void {
    const last = this.#marks.at(-1);
    if (last !== undefined && epoch < last.epoch) this.#marks = [];
    this.#marks.push({ time, epoch });
    while (this.#marks.length > 2 && time - this.#marks[0]!.time > WINDOW) this.#marks.shift();
    const first = this.#marks[0]!;
    if (time > first.time) this.#rate = (1000 * (epoch - first.epoch)) / (time - first.time);
  }

  async #lazily<K extends LazyKind>(kind: K, command: Extract<Command, { kind: K }>, turn: number): Promise<void> {
    const context = this.#contextOf(turn); // of the experiment that there is now, and not when it is loaded
    const follow: Follow<K> = await LAZY[kind]();
    await follow(command, context);
  }

  #contextOf(turn: number): Context {
    const experiment = this.#experiment;
    let trained: Context['trained'] | undefined;
    return {
      // A copy of the model, which who draws does without
      get trained() {
        trained ??= experiment?.trained() ?? null;
        return trained;
      },
      experiment: experiment ?? this,
      tell: this.#tell,
      pause: async () => {
        await this.#around.wait();
        return this.#interrupts === turn;
      },
    };
  }
}

/** Of a training that broke down, whose network is that of an earlier epoch. */
const BROKEN = { verdict: 'broken', train: Number.NaN, validation: Number.NaN, reasons: [] } as const;

/** What a telling gives away: all of it was made for it. */
function buffersOf({ losses, picture, weights }: Progress): Transferable[] {
  const pictures =
    picture.kind === 'plane'
      ? [picture.values, ...picture.neurons.flat()]
      : picture.kind === 'curve'
        ? [picture.x, picture.y, ...(picture.truth === null ? [] : [picture.truth]), ...(picture.neurons ?? []).flat()]
        : [];
  const arrays = [losses.train, losses.validation, ...weights, ...pictures];
  return [...new Set(arrays.map(({ buffer }) => buffer as ArrayBuffer))];
}
