import type { Message, MissingMode, ModeResults, Request } from '../../../../bench/gpu/results.ts';

/** What the frame has told of the graphics processor. */
export class Device {
  modes: readonly ModeResults[] = $state.raw([]);
  missing: readonly MissingMode[] = $state.raw([]);
  /** The mode that is measured, and what of it; null when nothing is. */
  working: { readonly mode: string; readonly rung: string } | null = $state.raw(null);
  #frame: HTMLIFrameElement | null = null;
  #request: Request | null = null;

  /** Puts the frame into `place`; GPU.js is loaded with it. */
  run(place: HTMLElement, request: Request, title: string): void {
    this.stop();
    this.modes = [];
    this.missing = [];
    this.working = { mode: 'GPU.js', rung: '' };
    this.#request = request;
    const frame = document.createElement('iframe');
    frame.src = new URL('gpu.html', document.baseURI).href;
    frame.title = title;
    frame.tabIndex = -1;
    frame.hidden = true;
    this.#frame = frame;
    addEventListener('message', this.#listen);
    place.append(frame);
  }

  readonly #listen = ({ data, origin, source }: MessageEvent<Message | { readonly kind: 'ready' }>): void => {
    if (origin !== location.origin || this.#frame === null || source !== this.#frame.contentWindow) return;
    if (data.kind === 'ready') this.#frame.contentWindow?.postMessage(this.#request, location.origin);
    else this.hear(data);
  };

  hear(message: Message): void {
    switch (message.kind) {
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
