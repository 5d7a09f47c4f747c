import type { Command, Event } from '../engine/messages.ts';
import { FEWEST_POINTS, type Point } from './points.ts';
import type { Settings, TrainingSettings } from './settings.ts';
import { Debounced, TIMER, type Timer } from './throttle.ts';

/** A table that was pasted or dropped, and the column that is to be learnt. */
export interface TableText {
  readonly text: string;
  readonly target: string;
}

/** All that an experiment is made of. */
export interface Ingredients {
  readonly settings: Settings;
  readonly points: readonly Point[];
  readonly table: TableText | null;
}

/** What may change while a network trains; another loss or optimizer is another experiment. */
const ADJUSTABLE: readonly (keyof TrainingSettings)[] = [
  'learningRate',
  'batchSize',
  'epochs',
  'earlyStopping',
  'patience',
  'restoreBest',
];

/** A hand that still moves a slider does not begin an experiment at each place. */
const PAUSE = 150;

/** Whether there is something to learn from: points and tables are a person's own. */
export function isComplete({ settings, points, table }: Ingredients): boolean {
  if (settings.data.name === 'drawn') return points.length >= FEWEST_POINTS;
  return settings.data.name !== 'table' || table !== null;
}

/**
 * Tells the engine what to do when settings change: a new experiment for other data or another network, an adjustment for
 * what may change on the way. What was running runs on.
 */
export class Experimenting {
  readonly #send: (command: Command) => void;
  readonly #changed: Debounced<Ingredients>;
  /** Of what the last experiment that was asked for is made; null while there is nothing to learn from. */
  #sent: Ingredients | null = null;
  /** Whether the engine has refused it, and kept the one before: what is asked next begins anew. */
  #isRefused = false;
  /** Whether the network is meant to train. */
  #isRunning = false;

  constructor(send: (command: Command) => void, timer: Timer = TIMER) {
    this.#send = send;
    this.#changed = new Debounced(PAUSE, (ingredients) => this.#follow(ingredients), timer);
  }

  /** What is set has changed. */
  change(ingredients: Ingredients): void {
    if (isComplete(ingredients)) this.#changed.call(ingredients);
    else this.#await();
  }

  /** A new experiment at once, from the first epoch. False if there is nothing to learn from. */
  start(ingredients: Ingredients, isRunning: boolean): boolean {
    this.#changed.cancel();
    this.#isRunning = isRunning;
    if (!isComplete(ingredients)) {
      this.#await();
      return false;
    }
    const { data, network, training } = ingredients.settings;
    const base = { kind: 'start', data, network, training, isRunning } as const;
    if (data.name === 'drawn') this.#send({ ...base, points: ingredients.points });
    else if (data.name === 'table' && ingredients.table !== null) this.#send({ ...base, table: ingredients.table });
    else this.#send(base);
    this.#sent = ingredients;
    this.#isRefused = false;
    return true;
  }

  /** What the experiment is made of is said otherwise, and it is the same. */
  settle(ingredients: Ingredients): void {
    if (this.#sent !== null) this.#sent = ingredients;
  }

  run(): void {
    this.#press('run', true);
  }

  pause(): void {
    this.#press('pause', false);
  }

  step(): void {
    this.#press('step', false);
  }

  /** What was changed a moment ago comes first, and what was refused is asked for anew, unless one only pauses. */
  #press(kind: 'run' | 'pause' | 'step', isRunning: boolean): void {
    this.#changed.flush();
    this.#isRunning = isRunning;
    if (this.#sent === null || (kind !== 'pause' && this.#again())) return;
    this.#send({ kind });
  }

  /** Nothing is there to learn from: what was learned before is of other settings, so it rests. What ran runs on with what comes. */
  #await(): void {
    this.#changed.cancel();
    if (this.#sent !== null && !this.#isRefused) this.#send({ kind: 'pause' });
    this.#sent = null;
  }

  /** Asks anew for what was refused: an experiment that is no longer set must not go on. */
  #again(): boolean {
    return this.#isRefused && this.#sent !== null && this.start(this.#sent, this.#isRunning);
  }

  /** What the engine told. */
  hear(event: Event): void {
    if (this.#sent === null) return; // it is of what was learned before
    if (event.kind === 'progress') this.#isRunning = true;
    // What ended by itself was meant to run: so is what comes next.
    if (event.kind === 'stopped' && event.why.kind === 'paused') this.#isRunning = false;
    if (event.kind === 'started') this.#isRefused = false;
    if (event.kind === 'refused' && event.of === 'start') {
      this.#isRefused = true;
      this.#isRunning = false;
    }
  }

  #follow(ingredients: Ingredients): void {
    const sent = this.#sent;
    if (sent === null || this.#isRefused || isOther(sent, ingredients)) {
      this.start(ingredients, this.#isRunning);
      return;
    }
    const { training } = ingredients.settings;
    if (ADJUSTABLE.some((key) => training[key] !== sent.settings.training[key])) {
      this.#sent = ingredients;
      this.#send({ kind: 'adjust', training });
    }
  }
}

/** Whether it takes a new experiment. */
function isOther(before: Ingredients, after: Ingredients): boolean {
  const { data, network, training } = after.settings;
  const was = before.settings;
  if (!isSame(was.data, data) || !isSame(was.network, network)) return true;
  if (was.training.loss !== training.loss || was.training.optimizer !== training.optimizer) return true;
  if (data.name === 'drawn') return before.points !== after.points;
  return data.name === 'table' && before.table !== after.table;
}

const isSame = (a: object, b: object): boolean => a === b || JSON.stringify(a) === JSON.stringify(b);
