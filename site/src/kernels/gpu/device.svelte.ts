import type { MissingMode, ModeResults, Request } from '../../../../bench/gpu/results.ts';
import type { Told } from './told.ts';

/** Milliseconds within which a frame that is loaded says that it is ready: its script has run by then. */
const READY_WITHIN = 2000;

/** What the frame has told of the graphics processor. */
export class Device {
  modes: readonly ModeResults[] = $state.raw([]);
  missing: readonly MissingMode[] = $state.raw([]);
  /** The mode that is measured, and what of it; null when nothing is. */
  working: { readonly mode: string; readonly rung: string } | null = $state.raw(null);
  /** Why nothing is measured any more: `frame` where the frame did not come. Null while nothing failed. */
  failure: string | null = $state.raw(null);
  #frame: HTMLIFrameElement | null = null;
  #request: Request | null = null;
  #isReady = false;

  /** Puts the frame into `place`; GPU.js is loaded with it. */
  run(place: HTMLElement, request: Request, title: string): void {
    this.stop();
    this.modes = [];
    this.missing = [];
    this.failure = null;
    this.#isReady = false;
    this.working = { mode: 'GPU.js', rung: '' };
    this.#request = request;
    const frame = document.createElement('iframe');
    frame.src = new URL('gpu.html', document.baseURI).href;
    frame.title = title;
    frame.tabIndex = -1;
    frame.hidden = true;
    this.#frame = frame;
    addEventListener('message', this.#listen);
    frame.addEventListener('load', () => setTimeout(() => this.#check(frame), READY_WITHIN));
    frame.addEventListener('error', () => this.#check(frame));
    place.append(frame);
  }

  readonly #listen = ({ data, origin, source }: MessageEvent<Told>): void => {
    if (origin !== location.origin || this.#frame === null || source !== this.#frame.contentWindow) return;
    this.hear(data);
  };

  /** A frame whose page or script did not come is silent for ever. */
  #check(frame: HTMLIFrameElement): void {
    if (frame === this.#frame && !this.#isReady) this.hear({ kind: 'failed', message: 'frame' });
  }

  hear(message: Told): void {
    switch (message.kind) {
      case 'ready':
        this.#isReady = true;
        this.#frame?.contentWindow?.postMessage(this.#request, location.origin);
        break;
      case 'failed':
        this.failure = message.message;
        this.stop();
        break;
      case 'progress':
        this.working = { mode: message.text.split(':')[0]!, rung: message.detail };
        break;
      case 'mode':
        this.modes = [...this.modes, message.results];
        break;
      case 'missing':
        this.missing = [...this.missing, message.missing];
        break;
      case 'end':
        this.stop();
        break;
    }
  }

  stop(): void {
    removeEventListener('message', this.#listen);
    this.#frame?.remove();
    this.#frame = null;
    this.working = null;
  }
}
