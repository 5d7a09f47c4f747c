import type { Event, Progress, Samples, Stop } from '../engine/messages.ts';
import { paintCurve } from '../fit/visual/curve-painter.ts';
import { MARGIN, Painter } from '../fit/visual/painter.ts';
import { DARK, LIGHT } from '../fit/visual/palette.ts';
import type { Role } from '../fit/visual/plane.ts';
import { writeAddress } from '../state/address.ts';
import { DEFAULTS } from '../state/defaults.ts';
import { isComplete } from '../state/experimenting.ts';
import { type Asked, readAttributes } from './attributes.ts';
import { startEngine } from './engine.ts';
import { paintLosses } from './losses-painter.ts';
import { pictureOf, progressOf, refusedOf, shownOf, stopOf, titleOf, WORDS, type Words } from './sentences.ts';
import { STYLE } from './style.ts';

const ROLES: readonly Role[] = ['train', 'validation', 'test'];
/** The lab lies beside this file. */
const HERE = import.meta.url;
/**
 * Milliseconds between two descriptions of the picture while it trains: nobody listens faster, and for that of a plane of
 * classes the answer to every sample is looked up, to count the wrong ones.
 */
const DESCRIBED = 1000;

function made<K extends keyof HTMLElementTagNameMap>(name: K, className = ''): HTMLElementTagNameMap[K] {
  const element = document.createElement(name);
  if (className !== '') element.className = className;
  return element;
}

/**
 * One experiment of the lab in any page: `<whittle-lab experiment="data=moons&rate=0.03" show="plane"></whittle-lab>`.
 *
 * `experiment` has the syntax of the lab's address, `show` is `plane`, `curve` or `losses`, `language` `en` or `zh`, and with
 * `autoplay` it begins to train when it is first seen, unless its reader prefers less motion. Nothing is loaded before it
 * is seen; it rests while it is not, and its worker ends when it is taken out of the page.
 */
export class WhittleLab extends HTMLElement {
  static readonly observedAttributes: readonly string[] = ['experiment', 'show', 'language'];

  readonly #title = made('figcaption');
  readonly #canvas = made('canvas');
  readonly #legend = made('ul', 'legend');
  readonly #status = made('p');
  readonly #said = made('p', 'said');
  readonly #play = made('button', 'main');
  readonly #restart = made('button');
  readonly #open = made('a');
  readonly #painter = new Painter();
  readonly #dark = matchMedia('(prefers-color-scheme: dark)');
  #asked: Asked = readAttributes(null, null, null, 'en');
  #engine: Worker | null = null;
  #samples: Samples | null = null;
  #progress: Progress | null = null;
  #stop: Stop | null = null;
  #isRunning = false;
  /** Experiments that were asked for and have not begun: what is told meanwhile is of the one before. */
  #pending = 0;
  /** Whether the stop of an experiment that begins at rest is still to come: who presses the button before it means another. */
  #settles = false;
  #isSeen = false;
  /** Whether it rests only because it is out of sight. */
  #rests = false;
  #described = 0;
  #frame = 0;

  readonly #seen = new IntersectionObserver((entries) => this.#see(entries.at(-1)!.isIntersecting), {
    rootMargin: '100px',
  });
  readonly #sized = new ResizeObserver(() => this.#repaint());
  readonly #recoloured = (): void => this.#repaint();

  constructor() {
    super();
    const root = this.attachShadow({ mode: 'open' });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(STYLE);
    root.adoptedStyleSheets = [sheet];
    this.#canvas.setAttribute('role', 'img');
    this.#said.setAttribute('role', 'status');
    this.#legend.append(made('li'), made('li'));
    for (const button of [this.#play, this.#restart]) button.type = 'button';
    this.#play.addEventListener('click', () => (this.#isRunning ? this.pause() : this.play()));
    this.#restart.addEventListener('click', () => this.#start(true));
    this.#open.target = '_blank';
    this.#open.rel = 'noopener';
    const figure = made('figure');
    figure.append(this.#title, this.#canvas, this.#legend);
    const row = made('div', 'row');
    row.append(this.#play, this.#restart, this.#open, this.#said);
    root.append(figure, this.#status, row);
  }

  connectedCallback(): void {
    this.#read();
    this.#seen.observe(this);
    this.#sized.observe(this.#canvas);
    this.#dark.addEventListener('change', this.#recoloured);
  }

  disconnectedCallback(): void {
    this.#seen.disconnect();
    this.#sized.disconnect();
    this.#dark.removeEventListener('change', this.#recoloured);
    cancelAnimationFrame(this.#frame);
    this.#end();
    this.#isSeen = false;
  }

  attributeChangedCallback(name: string, before: string | null, after: string | null): void {
    if (!this.isConnected || before === after) return;
    this.#read();
    const wantsToRun = this.#isRunning || this.#rests;
    if (name !== 'experiment' || (this.#engine === null && !this.#isSeen)) this.#tell();
    else {
      this.#start(wantsToRun && this.#isSeen);
      this.#rests = wantsToRun && !this.#isSeen && this.#engine !== null;
    }
  }

  /** Trains, from the first epoch if it had ended. */
  play(): void {
    if (!this.isConnected) return;
    const ended = this.#stop !== null && this.#stop.kind !== 'paused';
    if (this.#engine === null || this.#samples === null || ended || this.#settles) this.#start(true);
    else {
      this.#engine.postMessage({ kind: 'run' });
      this.#isRunning = true;
      this.#tell();
    }
  }

  pause(): void {
    this.#rests = false;
    if (this.#isRunning) this.#engine?.postMessage({ kind: 'pause' });
  }

  get #words(): Words {
    return WORDS[this.#asked.language];
  }

  #read(): void {
    const surrounding = this.closest<HTMLElement>('[lang]')?.lang ?? navigator.language;
    const attribute = (name: string): string | null => this.getAttribute(name);
    this.#asked = readAttributes(attribute('experiment'), attribute('show'), attribute('language'), surrounding);
    const { addressed, language } = this.#asked;
    const words = this.#words;
    this.#title.textContent = titleOf(words, addressed.settings);
    // Until there is something to see
    this.#canvas.setAttribute('aria-label', titleOf(words, addressed.settings));
    this.#described = 0;
    this.#restart.textContent = words.restart;
    this.#open.textContent = words.open;
    this.#open.setAttribute('aria-label', `${words.open}: ${titleOf(words, addressed.settings)} (${words.opens})`);
    const linked = { ...addressed, settings: { ...addressed.settings, language } };
    this.#open.href = new URL(`index.html${writeAddress(linked, DEFAULTS)}`, HERE).href;
    const [train, validation] = this.#legend.children;
    train!.textContent = words.train;
    validation!.textContent = words.validation;
    this.shadowRoot!.querySelector('figure')!.lang = language;
    this.#tell();
  }

  #see(isSeen: boolean): void {
    if (isSeen === this.#isSeen) return;
    this.#isSeen = isSeen;
    const calm = matchMedia('(prefers-reduced-motion: reduce)').matches;
    if (isSeen && this.#engine === null) this.#start(this.hasAttribute('autoplay') && !calm);
    else if (isSeen && this.#rests) this.play();
    else if (!isSeen && this.#isRunning) {
      this.pause();
      this.#rests = true;
    }
  }

  /** A new experiment from the first epoch, in the worker that there is or in a new one. */
  #start(isRunning: boolean): void {
    const words = this.#words;
    const { settings, points } = this.#asked.addressed;
    if (!isComplete({ settings, points, table: null })) {
      this.#end();
      this.#fail(words.noTable);
      return;
    }
    try {
      this.#engine ??= this.#listening(startEngine());
    } catch (error) {
      this.#fail(words.noEngine(error instanceof Error ? error.message : String(error)));
      return;
    }
    const { data, network, training } = settings;
    this.#rests = false;
    this.#stop = null;
    this.#isRunning = isRunning;
    this.#settles = !isRunning;
    this.#pending++;
    this.#engine.postMessage({ kind: 'start', data, network, training, points, isRunning });
    this.#tell();
  }

  /** Ends the engine, with what it has told. */
  #end(): void {
    this.#engine?.terminate();
    this.#engine = null;
    this.#pending = 0;
    this.#isRunning = this.#rests = false;
    this.#samples = this.#progress = this.#stop = null;
  }

  #listening(engine: Worker): Worker {
    engine.addEventListener('message', ({ data }: MessageEvent<Event>) => {
      if (engine === this.#engine) this.#hear(data);
    });
    engine.addEventListener('error', ({ message }) => {
      if (engine !== this.#engine) return;
      this.#end();
      this.#fail(this.#words.noEngine(message || this.#words.notLoaded));
    });
    return engine;
  }

  #hear(event: Event): void {
    if (this.#pending > 0 && (event.kind === 'progress' || event.kind === 'stopped')) return;
    switch (event.kind) {
      case 'started':
        this.#pending--;
        this.#samples = event.samples;
        this.#progress = null;
        break;
      case 'progress':
        this.#progress = event.progress;
        break;
      case 'stopped':
        this.#settles = false;
        this.#progress = event.progress;
        this.#stop = event.why;
        this.#isRunning = false;
        this.#said.textContent = this.#rests ? '' : stopOf(this.#words, event.why, event.progress);
        break;
      case 'refused':
        // The experiment before goes on there, and it is not the one that is asked for.
        if (event.of === 'start') this.#end();
        this.#isRunning = false;
        this.#fail(refusedOf(this.#words, event.reason));
        return;
      default:
        return;
    }
    this.#tell();
  }

  #fail(sentence: string): void {
    this.#tell();
    this.#status.textContent = this.#said.textContent = sentence;
    this.#status.className = 'bad';
  }

  /** Says all that is known, and paints it with the next frame. */
  #tell(): void {
    const words = this.#words;
    this.#play.textContent = this.#isRunning ? words.pause : words.play;
    this.#status.className = '';
    if (this.#samples === null) this.#status.textContent = this.#engine === null ? words.ready : words.loading;
    else if (this.#progress === null) this.#status.textContent = words.ready;
    else {
      const told = progressOf(words, this.#progress, this.#samples);
      const hasBroken = this.#stop?.kind === 'nan';
      this.#status.textContent = hasBroken ? stopOf(words, this.#stop!, this.#progress) : told;
      this.#status.className = hasBroken ? 'bad' : '';
    }
    this.#repaint();
  }

  #repaint(): void {
    cancelAnimationFrame(this.#frame);
    this.#frame = requestAnimationFrame(() => this.#paint());
  }

  #paint(): void {
    const context = this.#canvas.getContext('2d');
    const width = this.#canvas.clientWidth;
    if (context === null || width === 0) return;
    const samples = this.#samples;
    const shown = samples === null ? this.#asked.show : shownOf(this.#asked.show, samples);
    const height =
      shown === 'plane'
        ? width - MARGIN.left - MARGIN.right + MARGIN.top + MARGIN.bottom
        : Math.round(Math.max(220, 0.62 * width));
    const ratio = devicePixelRatio;
    this.#canvas.style.height = `${height}px`;
    const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
    if (this.#canvas.width !== w || this.#canvas.height !== h) Object.assign(this.#canvas, { width: w, height: h });
    this.#legend.hidden = shown !== 'losses';
    const frame = { context, width, height, ratio, palette: this.#dark.matches ? DARK : LIGHT };
    const progress = this.#progress;
    const picture = progress?.picture ?? null;
    if (samples === null || shown === 'losses') paintLosses(frame, shown === 'losses' ? progress : null);
    else if (shown === 'plane') this.#painter.paint(frame, picture?.kind === 'plane' ? picture : null, samples, ROLES);
    else paintCurve(frame, picture?.kind === 'curve' ? picture : null, samples, ROLES);
    if (samples !== null && (!this.#isRunning || performance.now() - this.#described > DESCRIBED)) {
      this.#described = performance.now();
      this.#canvas.setAttribute('aria-label', pictureOf(this.#words, shown, progress, samples));
    }
  }
}
