import { grouped } from '../base/errors.ts';
import type { Logs } from './objective.ts';

/** What is used of Node's `process.stdout`. */
export interface Terminal {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** Standard output where it is a terminal: null in a page, and where it goes into a file. */
function terminalOf(): Terminal | null {
  const { process } = globalThis as { readonly process?: { readonly stdout?: Terminal } };
  return process?.stdout?.isTTY === true ? process.stdout : null;
}

/** Milliseconds between two states of a line: faster than one reads, and too seldom to cost. */
const PAUSE = 100;
/** To the first column, and nothing behind it (ECMA-48, CR and EL). */
const CLEAR = '\r\x1b[K';

const figuresOf = (logs: Logs): string[] =>
  Object.entries(logs).map(([key, value]) => `${key} ${Number(value.toPrecision(5))}`);

const time = (milliseconds: number): string =>
  milliseconds < 1000 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1000).toFixed(1)} s`;

/** Figures of an epoch so far. */
interface Running {
  readonly samples: number;
  readonly logs: Logs;
}

/**
 * The callback of `verbose: 1`: it prints a line an epoch, and while an epoch runs on a terminal one that is written over
 * and over. `running` gives the figures, which are computed where they are shown.
 */
export class Progress {
  private readonly epochs: number;
  private readonly batches: number;
  private readonly running: () => Running;
  private readonly terminal: Terminal | null;
  private label = '';
  private start = 0;
  private shown = 0;
  /** Milliseconds from the start of the epoch to its latest batch. */
  private trained = 0;
  private isOpen = false;

  constructor(epochs: number, batches: number, running: () => Running, terminal: Terminal | null = terminalOf()) {
    this.epochs = epochs;
    this.batches = batches;
    this.running = running;
    this.terminal = terminal;
  }

  onEpochBegin(epoch: number): void {
    this.label = `epoch ${epoch + 1}/${this.epochs}`;
    this.start = performance.now();
    this.shown = this.start;
  }

  onBatchEnd(batch: number): void {
    const now = performance.now();
    this.trained = now - this.start;
    const { terminal, trained, batches } = this;
    if (terminal === null || now - this.shown < PAUSE) return;
    this.shown = now;
    const done = batch + 1;
    const left = (trained / done) * (batches - done);
    const times = `${time(trained)}, ${time(left)} left`;
    const figures = figuresOf(this.running().logs);
    const line = [this.label, `batch ${done}/${batches}`, ...figures, this.rate, times].join('  ');
    terminal.write(`${CLEAR}${line.slice(0, (terminal.columns ?? 80) - 1)}`); // one that wraps is not written over
    this.isOpen = true;
  }

  /** Of training alone. */
  private get rate(): string {
    const perSecond = (1000 * this.running().samples) / Math.max(this.trained, 1e-3); // clocks may be coarse
    return `${grouped(Math.round(perSecond))} samples/s`;
  }

  onEpochEnd(_epoch: number, logs: Logs): void {
    this.onTrainEnd();
    const spent = time(performance.now() - this.start);
    console.log([this.label, ...figuresOf(logs), spent, this.rate].join('  '));
  }

  /** Takes back a line that stands there. */
  onTrainEnd(): void {
    if (this.isOpen) this.terminal?.write(CLEAR);
    this.isOpen = false;
  }
}

/** Fits of fewer steps are over before anybody waits. */
const FEW_STEPS = 10;
const WARNED = new WeakSet<object>();

/** Says once a model that a fit of `steps` steps is slower than it might be, and what to do. */
export function warnOfEagerSteps(model: object, steps: number, obstacle: string | null): void {
  if (obstacle === null || steps < FEW_STEPS || WARNED.has(model)) return;
  WARNED.add(model);
  const slow = 'fit: steps are not repeated from a recording, for which a small model takes several times as long';
  const remedy =
    'A loss { name, call, replayable: true } and a layer with replayable = true are repeated, if they consist of ' +
    'operations on tensors alone; compile({ replay: false }) leaves it as it is';
  console.warn(`${slow}: ${obstacle}. ${remedy}`);
}
