import type {
  Command,
  Compressed,
  DigitAnswer,
  Event,
  Explanation,
  Format,
  LayerShape,
  Opened,
  Progress,
  Samples,
  Stop,
  Verdict,
} from '../engine/messages.ts';
import type { Reason } from '../engine/refusal.ts';
import { type Tried, withTried } from './tried.ts';

/** Commands whose refusals stand above the experiment. */
const OF_FIT: readonly Command['kind'][] = ['start', 'run', 'pause', 'step', 'adjust', 'explain'];

/** Whether something is told of no experiment, or of none that has begun. */
const isOfAny = (event: Event): boolean =>
  event.kind === 'refused' ? event.of === 'start' : ['ready', 'opened', 'drawn'].includes(event.kind);

/** What the engine has told last, by kind. */
export class Experiment {
  isReady = $state(false);
  /** What computes: WebAssembly, or TypeScript where that is refused. */
  kernels: 'wasm' | 'cpu' | null = $state.raw(null);
  isRunning = $state(false);
  samples: Samples | null = $state.raw(null);
  shape: readonly LayerShape[] = $state.raw([]);
  progress: Progress | null = $state.raw(null);
  stop: Stop | null = $state.raw(null);
  verdict: Verdict | null = $state.raw(null);
  explanation: Explanation | null = $state.raw(null);
  compressed: Compressed | null = $state.raw(null);
  /** Every smaller network that was made of the trained one as it is, in the order in which they were made last. */
  tried: readonly Tried[] = $state.raw([]);
  /** What the networks can be written in. */
  formats: readonly Format[] = $state.raw([]);
  opened: Opened | null = $state.raw(null);
  drawn: readonly DigitAnswer[] = $state.raw([]);
  /** Why the last command for the experiment that could not be followed could not; null once one has begun. */
  refused: Reason | null = $state.raw(null);
  #isForgotten = false;

  /** The network has learned something, also where it stops before its progress is told of. */
  #take(progress: Progress): void {
    this.progress = progress;
    // What was made of the network as it was is not of this one.
    this.compressed = null;
    this.formats = [];
    this.tried = [];
  }

  /** Another experiment is wanted, and cannot begin yet: until it has, nothing that is told of the one before is of it. */
  forget(): void {
    this.#isForgotten = true;
    this.isRunning = false;
    this.samples = null;
    this.shape = [];
    this.#clear();
  }

  #clear(): void {
    this.progress = null;
    this.stop = null;
    this.verdict = null;
    this.explanation = null;
    this.compressed = null;
    this.tried = [];
    this.formats = [];
    this.refused = null;
  }

  hear(event: Event): void {
    if (event.kind === 'started') this.#isForgotten = false;
    if (this.#isForgotten && !isOfAny(event)) return;
    switch (event.kind) {
      case 'ready':
        this.isReady = true;
        this.kernels = event.kernels;
        break;
      case 'started':
        this.samples = event.samples;
        this.shape = event.shape;
        this.#clear();
        break;
      case 'progress':
        this.#take(event.progress);
        this.isRunning = true;
        this.stop = null;
        break;
      case 'stopped':
        this.#take(event.progress);
        this.stop = event.why;
        this.verdict = event.verdict;
        this.isRunning = false;
        break;
      case 'explained':
        this.explanation = event.explanation;
        break;
      case 'compressed':
        this.compressed = event.result;
        this.tried = withTried(this.tried, event.result);
        break;
      case 'formats':
        this.formats = event.formats;
        break;
      case 'opened':
        this.opened = event.opened;
        break;
      case 'drawn':
        this.drawn = event.answers;
        break;
      case 'refused':
        // The others are said where they were asked for.
        if (!OF_FIT.includes(event.of)) break;
        this.refused = event.reason;
        break;
      case 'compressing':
      case 'exported':
        break;
    }
  }
}
