import { describe, expect, test } from 'vitest';
import { LANGUAGES, TABS } from '../../site/src/state/ranges.ts';
import { en } from '../../site/src/text/en.ts';
import { type Loaders, WORDS, Words } from '../../site/src/text/words.ts';
import { embed } from '../../site/src/text/zh/embed.ts';
import { embedPage } from '../../site/src/text/zh/embed-page.ts';
import { zh } from '../../site/src/text/zh.ts';

const ALL = { en, zh };

/** Words that come when they are let go, or not at all. */
class Held {
  readonly #waiting: { readonly name: string; readonly settle: (isThere: boolean) => void }[] = [];
  readonly loaders: Loaders = Object.fromEntries(
    LANGUAGES.map((language) => [
      language,
      Object.fromEntries(
        TABS.map((tab) => [
          tab,
          () =>
            new Promise((resolve, reject) => {
              const settle = (isThere: boolean): void =>
                isThere ? void WORDS[language][tab]().then(resolve) : reject(new Error('no connection'));
              this.#waiting.push({ name: `${language} ${tab}`, settle });
            }),
        ]),
      ),
    ]),
  ) as Loaders;

  /** Lets all go that wait; returns their names. */
  async go(isThere = true): Promise<string[]> {
    const going = this.#waiting.splice(0);
    for (const { settle } of going) settle(isThere);
    for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve));
    return going.map(({ name }) => name);
  }
}

describe('words', () => {
  test.each(LANGUAGES)('are loaded by part, and all of them together are the text (%s)', async (language) => {
    const words = new Words(language);
    for (const pack of [...TABS, 'refusals'] as const) await words.need(pack);
    expect({ ...words.text }).toEqual(ALL[language]);
  });

  test('that are not loaded are an error by name', async () => {
    const words = new Words('en');
    expect(() => words.text.shell).toThrow('The words of shell are used before they are loaded.');
    await words.need('fit');
    expect(words.text.shell).toBe(en.shell);
    expect(() => words.text.kernels).toThrow('The words of kernels are used before they are loaded.');
  });

  test('of another language take the place of the others when all that are needed are there', async () => {
    const held = new Held();
    const words = new Words('en', held.loaders);
    const seen: string[] = [];
    words.onchange = () => seen.push(`${words.language} ${Object.keys(words.text).join(' ')}`);
    const first = words.need('fit');
    expect(await held.go()).toEqual(['en fit']);
    await first;

    const spoken = words.speak('zh');
    const part = words.need('kernels'); // asked for while the language is on its way
    expect(words.text.shell).toBe(en.shell);
    await held.go();
    await held.go();
    await Promise.all([spoken, part]);
    expect(words.language).toBe('zh');
    expect([words.text.shell, words.text.kernels]).toEqual([zh.shell, zh.kernels]);
    expect(seen.filter((each) => each.startsWith('zh') && !each.includes('kernels'))).toEqual([]);
  });

  test('the language that was asked for last is shown', async () => {
    const held = new Held();
    const words = new Words('en', held.loaders);
    const all = [words.need('fit'), words.speak('zh'), words.speak('en')];
    for (let i = 0; i < 4; i++) await held.go();
    await Promise.all(all);
    expect([words.language, words.text.shell]).toEqual(['en', en.shell]);
  });

  test('that cannot be loaded leave those that are there, and may be asked for again', async () => {
    const held = new Held();
    const words = new Words('en', held.loaders);
    const first = words.need('fit');
    await held.go();
    await first;

    const refused = expect(words.need('kernels')).rejects.toThrow('no connection');
    await held.go(false);
    await refused;
    const other = expect(words.speak('zh')).rejects.toThrow('no connection');
    await held.go(false);
    await other;
    expect([words.language, words.text.shell]).toEqual(['en', en.shell]);

    const again = Promise.all([words.speak('zh'), words.need('kernels')]);
    await held.go();
    await held.go();
    await again;
    expect([words.language, words.text.kernels]).toEqual(['zh', zh.kernels]);
  });
});

describe('the words in Chinese', () => {
  /** Every sentence; of functions their source, which has the sentences between its backticks. */
  const sentences = (words: unknown): string[] =>
    words !== null && typeof words === 'object' ? Object.values(words).flatMap(sentences) : [String(words)];
  const all = sentences({ zh, embed, embedPage });

  test('have Chinese punctuation', () => {
    expect(all.length).toBeGreaterThan(500);
    expect(all.filter((each) => /\p{sc=Han}[,;:!?(]|[,;!?)]\p{sc=Han}/u.test(each))).toEqual([]);
  });

  test('have one term for a thing, and one way to speak to the reader', () => {
    for (const other of ['您', '正确率', '面板', '提前停止', '取整'])
      expect(all.filter((each) => each.includes(other))).toEqual([]);
  });
});
