import type { Command, Event } from '../engine/messages.ts';
import { en } from '../text/en.ts';
import type { Text } from '../text/text.ts';
import { zh } from '../text/zh.ts';
import { DEFAULTS } from './defaults.ts';
import { Experiment } from './experiment.svelte.ts';
import type { Settings } from './settings.ts';

const TEXTS: { readonly [L in Settings['language']]: Text } = { en, zh };

/** Some settings; those that are not named stay. */
export type Changes = {
  readonly [K in keyof Settings]?: Settings[K] extends object ? Partial<Settings[K]> : Settings[K];
};

/** The one state of the page: what is set, and what the engine has told last. Everything that parts show follows from it. */
export class Lab {
  settings: Settings = $state.raw(DEFAULTS);
  /** What has been told of the network that is trained. */
  readonly experiment: Experiment = new Experiment();
  readonly text: Text = $derived(TEXTS[this.settings.language]);
  readonly #engine: Worker;
  readonly #listeners = new Set<(event: Event) => void>();

  constructor() {
    this.#engine = new Worker(new URL('../engine/worker.ts', import.meta.url), { type: 'module' });
    this.#engine.addEventListener('message', ({ data }: MessageEvent<Event>) => {
      this.experiment.hear(data);
      for (const listener of this.#listeners) listener(data);
    });
  }

  change(changes: Changes): void {
    const { data, network, training, compress, ...plain } = changes;
    const settings = { ...this.settings, ...plain };
    this.settings = {
      ...settings,
      data: { ...settings.data, ...data },
      network: { ...settings.network, ...network },
      training: { ...settings.training, ...training },
      compress: { ...settings.compress, ...compress },
    };
  }

  send(command: Command, transfer: Transferable[] = []): void {
    this.#engine.postMessage(command, transfer);
  }

  /** Calls `listener` with all that the engine tells, until the function that is returned is called. */
  on(listener: (event: Event) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
