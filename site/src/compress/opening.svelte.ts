import { MOST_BYTES } from '../engine/limits.ts';
import type { Event, Opened, Samples } from '../engine/messages.ts';
import type { Experiment } from '../state/experiment.svelte.ts';
import type { Lab } from '../state/lab.svelte.ts';

/** A file that this page cannot read. */
export type Unread =
  | { readonly kind: 'too large'; readonly name: string; readonly bytes: number }
  | { readonly kind: 'unreadable'; readonly name: string };

type Readable = Pick<File, 'name' | 'size' | 'arrayBuffer'>;

/** A file that the engine was given, and the samples of the experiment at that time. */
interface Asked {
  readonly file: Readable;
  /** Those that belong to it. */
  readonly beside: readonly Readable[];
  readonly samples: Samples | null;
}

type Standing = Pick<Experiment, 'samples' | 'progress'>;

/** Whether what is told of an opened file is of another trained network than the one that there is. */
export function isOutdated(
  { damage, uncompared }: Opened,
  of: Samples | null,
  { samples, progress }: Standing,
): boolean {
  if (progress === null) return false;
  switch (uncompared) {
    case 'tensors':
    case 'too large':
    case 'not run':
      return false;
    case 'nothing trained':
      return progress.epoch > 0;
    case 'other question':
      return of !== samples;
    case null:
      return of !== samples || damage?.epoch !== progress.epoch;
  }
}

/** Files that are dropped: which is read, and what became of it. The last that was dropped wins. */
export class Opening {
  /** The name of the file that is being read. */
  reading: string | null = $state(null);
  unread: Unread | null = $state.raw(null);
  refused: Extract<Event, { kind: 'refused' }> | null = $state.raw(null);
  /** Of several files that came at once, the one that is read, and how many there were. */
  several: { readonly name: string; readonly count: number } | null = $state.raw(null);
  /** Of what the opened file was compared with. */
  #shown: Asked | null = $state.raw(null);
  readonly #lab: Pick<Lab, 'send' | 'on' | 'experiment'>;
  /** The engine answers in the order in which it was asked. */
  readonly #asked: Asked[] = [];
  /** Counts files; one that is read while another comes is not opened. */
  #turn = 0;
  #isReading = false;
  /** For which the file was opened anew. */
  #refreshed: Standing['progress'] = null;

  constructor(lab: Pick<Lab, 'send' | 'on' | 'experiment'>) {
    this.#lab = lab;
    lab.on((event) => this.#hear(event));
  }

  /** Whether the network that the opened one was compared with was trained on, or is another by now. */
  get isOutdated(): boolean {
    const { opened } = this.#lab.experiment;
    return opened !== null && this.#shown !== null && isOutdated(opened, this.#shown.samples, this.#lab.experiment);
  }

  /** Opens the first of these files, or the one of several that says of which others a model is made. */
  async take(files: ArrayLike<Readable>): Promise<void> {
    const list = Array.from(files);
    const parted = list.find((each) => list.length > 1 && each.name.endsWith('.json'));
    const file = parted ?? list[0];
    if (file === undefined) return;
    const beside = parted === undefined ? [] : list.filter((each) => each !== parted);
    const { name, size } = file;
    this.#turn++;
    this.#isReading = false;
    this.unread = this.refused = this.reading = null;
    this.several = list.length > 1 && parted === undefined ? { name, count: list.length } : null;
    const bytes = beside.reduce((sum, each) => sum + each.size, size);
    if (bytes > MOST_BYTES) {
      this.unread = { kind: 'too large', name, bytes };
      return;
    }
    this.reading = name;
    await this.#ask(file, beside);
  }

  /** Opens the file anew where it is outdated and nothing is trained at the moment. */
  async refresh(): Promise<void> {
    const { progress, isRunning } = this.#lab.experiment;
    if (!this.isOutdated || isRunning || this.#isReading || this.#asked.length > 0) return;
    if (this.#shown === null || this.#refreshed === progress) return;
    this.#refreshed = progress;
    await this.#ask(this.#shown.file, this.#shown.beside);
  }

  async #ask(file: Readable, others: readonly Readable[]): Promise<void> {
    const turn = this.#turn;
    this.#isReading = true;
    try {
      const bytes = new Uint8Array(await file.arrayBuffer());
      const beside: { name: string; bytes: Uint8Array<ArrayBuffer> }[] = [];
      for (const other of others) beside.push({ name: other.name, bytes: new Uint8Array(await other.arrayBuffer()) });
      if (turn !== this.#turn) return;
      this.#asked.push({ file, beside: others, samples: this.#lab.experiment.samples });
      const buffers = [bytes, ...beside.map((each) => each.bytes)].map(({ buffer }) => buffer);
      this.#lab.send({ kind: 'open', name: file.name, bytes, ...(beside.length > 0 && { beside }) }, buffers);
    } catch {
      if (turn !== this.#turn) return;
      this.reading = null;
      this.unread = { kind: 'unreadable', name: file.name };
    }
    this.#isReading = false;
  }

  #hear(event: Event): void {
    if (event.kind !== 'opened' && !(event.kind === 'refused' && event.of === 'open')) return;
    const asked = this.#asked.shift() ?? null;
    if (event.kind === 'opened') this.#shown = asked;
    if (this.#isReading || this.#asked.length > 0) return; // another was dropped since
    this.reading = null;
    if (event.kind === 'refused') this.refused = event;
  }
}
