import type { Settings } from '../state/settings.ts';
import type { Text } from './text.ts';

type Language = Settings['language'];
type Tab = Settings['tab'];

/** A part of the page, and what is said of what is refused in any of them. */
type Pack = Tab | 'refusals';

/** The words that come with a part of the page: with the first those of the page around it too, which all others use. */
type WordsOf<T extends Pack> = Pick<Text, T extends 'fit' ? 'shell' | 'fit' | 'controls' : T>;

export type Loaders = { readonly [L in Language]: { readonly [T in Pack]: () => Promise<WordsOf<T>> } };

/** The words by language and part; each are loaded when they are first needed. */
export const WORDS: Loaders = {
  en: {
    fit: () => import('./en/first.ts'),
    compress: () => import('./en/compress.ts'),
    digits: () => import('./en/digits.ts'),
    kernels: () => import('./en/kernels.ts'),
    article: () => import('./en/article.ts'),
    refusals: () => import('./en/refusals.ts'),
  },
  zh: {
    fit: () => import('./zh/first.ts'),
    compress: () => import('./zh/compress.ts'),
    digits: () => import('./zh/digits.ts'),
    kernels: () => import('./zh/kernels.ts'),
    article: () => import('./zh/article.ts'),
    refusals: () => import('./zh/refusals.ts'),
  },
};

/** The words that are there as if they were all: to ask for others is an error of the program. */
function textOf(words: Partial<Text>): Text {
  return new Proxy(words as Text, {
    get(target, name) {
      if (name in target || typeof name === 'symbol') return Reflect.get(target, name);
      throw new Error(`The words of ${name} are used before they are loaded.`);
    },
  });
}

/** The words that the page shows, in one language: another one takes its place when all words that are needed are there. */
export class Words {
  /** The language that is shown. */
  language: Language;
  text: Text = textOf({});
  /** Called after text or language has changed. */
  onchange: () => void = () => {};
  readonly #loaders: Loaders;
  readonly #needed = new Set<Pack>(['fit']);
  readonly #known: { [L in Language]: Partial<Text> } = { en: {}, zh: {} };
  #wanted: Language;

  constructor(language: Language, loaders: Loaders = WORDS) {
    this.language = language;
    this.#wanted = language;
    this.#loaders = loaders;
  }

  /** Keeps when the words of a part can be used, from then on in every language. Rejects where they cannot be loaded. */
  async need(pack: Pack): Promise<void> {
    const isNew = !this.#needed.has(pack);
    this.#needed.add(pack);
    try {
      await this.#settle();
    } catch (error) {
      if (isNew) this.#needed.delete(pack); // no reason to keep back another language
      throw error;
    }
  }

  /** Keeps when the page is in a language. Where that cannot be loaded it rejects, and the page stays as it was. */
  async speak(language: Language): Promise<void> {
    this.#wanted = language;
    try {
      await this.#settle();
    } catch (error) {
      if (this.#wanted === language) this.#wanted = this.language;
      throw error;
    }
  }

  /** Loads what is wanted until nothing else has been asked for meanwhile, then shows it. */
  async #settle(): Promise<void> {
    let [language, count] = [this.#wanted, 0];
    while (count !== this.#needed.size || language !== this.#wanted) {
      [language, count] = [this.#wanted, this.#needed.size];
      const loaders = this.#loaders[language];
      const loaded = await Promise.all([...this.#needed].map((pack): Promise<Partial<Text>> => loaders[pack]()));
      this.#known[language] = Object.assign({}, this.#known[language], ...loaded);
    }
    this.language = language;
    this.text = textOf(this.#known[language]);
    this.onchange();
  }
}
