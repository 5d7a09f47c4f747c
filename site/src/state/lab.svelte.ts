import type { Command, Event } from '../engine/messages.ts';
import type { Reason } from '../engine/refusal.ts';
import { inEnglish } from '../text/foreign.ts';
import { sentenceOf } from '../text/refused.ts';
import type { Text } from '../text/text.ts';
import type { Words } from '../text/words.ts';
import type { Addressed } from './address.ts';
import { type Changes, changed } from './changes.ts';
import { DEFAULTS } from './defaults.ts';
import { Experiment } from './experiment.svelte.ts';
import { Experimenting, type Ingredients, isComplete, type TableText } from './experimenting.ts';
import type { Point } from './points.ts';
import { TASKS, withFittingLoss } from './ranges.ts';
import type { Settings } from './settings.ts';
import { Throttled } from './throttle.ts';

/** Who listens by ear hears the last of several messages, and no more than this often (ms). */
const BETWEEN_ANNOUNCEMENTS = 1500;

/** The one state of the page: what is set, and what the engine has told last. Everything that parts show follows from it. */
export class Lab {
  settings: Settings = $state.raw(DEFAULTS);
  /** Points of one's own, for the data `drawn`. */
  points: readonly Point[] = $state.raw([]);
  /** A table of one's own, for the data `table`. */
  table: TableText | null = $state.raw(null);
  /** What a screen reader says next. */
  announcement: string = $state('');
  /** Why the engine is not there, as the browser says it; null while it is. */
  failure: string | null = $state(null);
  /** What has been told of the network that is trained. */
  readonly experiment: Experiment = new Experiment();
  /** The words that are shown; those of a part are there when the part is. */
  text: Text = $state.raw()!;
  /** The language that is shown: that of the settings, once it is loaded. */
  language: Settings['language'] = $state()!;
  /** Why the language of the settings could not be loaded; null while it is shown, or will be. */
  missing: string | null = $state(null);
  readonly words: Words;
  /** Whether there is something to learn from: drawn points or a table may still be missing. */
  readonly isComplete: boolean = $derived(isComplete(this.#ingredients));
  /** Whether the words of refusals could not be loaded. */
  #isSpeechless: boolean = $state(false);
  readonly #engine: Worker;
  /** The language that was asked for last. */
  #spoken: Settings['language'];
  readonly #listeners = new Set<(event: Event) => void>();
  readonly #experimenting = new Experimenting((command) => this.send(command));
  readonly #announced = new Throttled<string>(BETWEEN_ANNOUNCEMENTS, (text) => {
    this.announcement = text;
  });

  constructor(words: Words, { settings, points }: Addressed = { settings: DEFAULTS, points: [] }) {
    this.words = words;
    this.text = words.text;
    this.language = this.#spoken = words.language;
    words.onchange = () => {
      this.text = words.text;
      this.language = words.language;
    };
    this.settings = settings;
    this.points = points;
    this.#engine = new Worker(new URL('../engine/worker.ts', import.meta.url), { type: 'module', name: 'engine' });
    this.#engine.addEventListener('message', ({ data }: MessageEvent<Event>) => {
      this.#experimenting.hear(data);
      // What begins now was asked for before, and is no longer wanted.
      if (data.kind === 'started' && !this.isComplete) return;
      this.experiment.hear(data);
      if (data.kind === 'started') this.#take(data.loss);
      for (const listener of this.#listeners) listener(data);
    });
    this.#engine.addEventListener('error', ({ message }) => {
      this.failure = message || 'worker'; // a script that does not come has none
    });
  }

  /** Sets some settings. Where they ask for other data or another network, a new experiment begins a moment later. */
  change(changes: Changes): void {
    this.settings = withFittingLoss(changed(this.settings, changes));
    void this.#speak();
    this.#follow();
  }

  setPoints(points: readonly Point[]): void {
    this.points = points;
    this.#follow();
  }

  setTable(table: TableText | null): void {
    this.table = table;
    this.#follow();
  }

  /** All of what an address says. */
  visit({ settings, points }: Addressed): void {
    this.settings = settings;
    this.points = points;
    void this.#speak();
    this.#follow();
  }

  /** What is set has changed. What was learned of other data is not shown while there is nothing to learn from. */
  #follow(): void {
    this.#experimenting.change(this.#ingredients);
    if (!this.isComplete) this.experiment.forget();
  }

  /** A new experiment with what is set, from the first epoch. */
  start(isRunning: boolean): void {
    this.#experimenting.start(this.#ingredients, isRunning);
  }

  run(): void {
    // What has ended begins again; what was paused, or has been given more epochs, goes on.
    const { stop, progress } = this.experiment;
    const isThrough = stop?.kind === 'early' || stop?.kind === 'nan';
    const hasEpochs = (progress?.epoch ?? 0) < this.settings.training.epochs;
    if (isThrough || !hasEpochs) this.start(true);
    else this.#experimenting.run();
  }

  pause(): void {
    this.#experimenting.pause();
  }

  /** One epoch. */
  step(): void {
    this.#experimenting.step();
  }

  send(command: Command, transfer: Transferable[] = []): void {
    this.#engine.postMessage(command, transfer);
  }

  /** Says it to who uses a screen reader, after what is being said. */
  announce(text: string): void {
    this.#announced.call(text);
  }

  /**
   * Why something was refused, in words of the language: they are loaded when there is something to say, and what cannot be
   * said without them is named. Null where nothing was refused, and until they are there.
   */
  refusalOf(reason: Reason | null | undefined): string | null {
    if (reason == null) return null;
    if ('refusals' in this.text) return sentenceOf(reason, this.text.refusals);
    this.words.need('refusals').catch(() => {
      this.#isSpeechless = true;
    });
    return this.#isSpeechless ? inEnglish(reason.kind) : null;
  }

  /** Calls `listener` with all that the engine tells, until the function that is returned is called. */
  on(listener: (event: Event) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Goes over to the language of the settings, where that is another one. */
  async #speak(): Promise<void> {
    const { language } = this.settings;
    if (language === this.#spoken) return;
    this.#spoken = language;
    this.missing = null;
    try {
      await this.words.speak(language);
    } catch (error) {
      if (this.#spoken !== language) return;
      this.missing = error instanceof Error ? error.message : String(error);
      this.#spoken = this.words.language;
      this.settings = { ...this.settings, language: this.words.language };
    }
  }

  /** Whether points and tables have classes or numbers is known when they are read: the loss is then one that fits. */
  #take(loss: Settings['training']['loss']): void {
    const { data, training } = this.settings;
    if (training.loss === loss || TASKS[data.name] !== 'either') return;
    this.settings = { ...this.settings, training: { ...training, loss } };
    this.#experimenting.settle(this.#ingredients);
  }

  get #ingredients(): Ingredients {
    return { settings: this.settings, points: this.points, table: this.table };
  }
}
