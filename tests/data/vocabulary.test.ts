import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FormatError, ValueError } from '../../src/base/errors.ts';
import { tokensOf, Vocabulary } from '../../src/data/index.ts';

const rows = (vocabulary: Vocabulary, texts: readonly string[], options = {}): unknown =>
  vocabulary.encode(texts, options).toArray();
const word = fc.stringMatching(/^[a-dß,.]{1,3}$/);
const words = fc.uniqueArray(word, { maxLength: 12 });

describe('a vocabulary', () => {
  test('has words by how often they are there, and among equals the one that comes first', () => {
    const texts = ['b a  c', '\tc d\nb\r\n', ' e c ', ''];
    expect(Vocabulary.of(texts).words).toEqual(['c', 'b', 'a', 'd', 'e']);
    expect(Vocabulary.of(texts, { maxWords: 3 }).words).toEqual(['c', 'b', 'a']);
    expect(Vocabulary.of(texts, { minCount: 2 }).words).toEqual(['c', 'b']);
    expect(Vocabulary.of(texts, { maxWords: 0 }).words).toEqual([]);
    expect(Vocabulary.of([]).size).toBe(2);
    // names of what every object has are words like others
    expect(Vocabulary.of(['constructor __proto__ constructor']).words).toEqual(['constructor', '__proto__']);
  });

  test('counts 0 for padding and 1 for other words', () => {
    const vocabulary = new Vocabulary(['red', 'Red', 'red,']);
    expect(vocabulary.size).toBe(5);
    const encoded = vocabulary.encode(['Red blue red, red', '', 'red']);
    expect([encoded.shape, encoded.dtype]).toEqual([[3, 4], 'int32']);
    expect(encoded.toArray()).toEqual([
      [3, 1, 4, 2],
      [0, 0, 0, 0],
      [2, 0, 0, 0],
    ]);
  });

  test('fills and cuts at the side that is asked for', () => {
    const vocabulary = new Vocabulary(['a', 'b', 'c']);
    const texts = ['a b c', 'b'];
    const fill = (options: object): unknown => rows(vocabulary, texts, { length: 2, ...options });
    expect(fill({})).toEqual([
      [2, 3],
      [3, 0],
    ]);
    expect(fill({ padding: 'before' })).toEqual([
      [2, 3],
      [0, 3],
    ]);
    expect(fill({ truncation: 'before' })).toEqual([
      [3, 4],
      [3, 0],
    ]);
    expect(rows(vocabulary, texts, { length: 4, padding: 'before', truncation: 'before' })).toEqual([
      [0, 2, 3, 4],
      [0, 0, 0, 3],
    ]);
    expect(vocabulary.encode([], { length: 3 }).shape).toEqual([0, 3]);
    expect(vocabulary.encode(['']).shape).toEqual([1, 0]);
  });

  test('equals the plain definition', () => {
    const texts = fc.array(fc.array(word, { maxLength: 6 }), { maxLength: 5 });
    const side = fc.constantFrom('before' as const, 'behind' as const);
    fc.assert(
      fc.property(
        words,
        texts,
        fc.integer({ min: 1, max: 7 }),
        side,
        side,
        (list, given, length, padding, truncation) => {
          const expected = given.map((tokens) => {
            const kept = [...tokens];
            while (kept.length > length) truncation === 'before' ? kept.shift() : kept.pop();
            const numbers = kept.map((token) => (list.includes(token) ? list.indexOf(token) + 2 : 1));
            while (numbers.length < length) padding === 'before' ? numbers.unshift(0) : numbers.push(0);
            return numbers;
          });
          const encoded = new Vocabulary(list).encode(
            given.map((tokens) => tokens.join(' ')),
            { length, padding, truncation },
          );
          expect(encoded.toArray()).toEqual(expected);
        },
      ),
    );
  });

  test('goes through JSON and through a file of one word a line', () => {
    fc.assert(
      fc.property(words, (list) => {
        const vocabulary = new Vocabulary(list);
        expect(Vocabulary.fromJSON(JSON.parse(JSON.stringify(vocabulary)))).toEqual(vocabulary);
        expect(Vocabulary.parse(String(vocabulary))).toEqual(vocabulary);
        expect(Vocabulary.parse(`\uFEFF${list.join('\r\n')}`)).toEqual(vocabulary);
      }),
    );
    expect(String(new Vocabulary(['b', 'a']))).toBe('b\na\n');
    expect(Vocabulary.parse('').words).toEqual([]);
  });

  test('is not changed by what the caller does to the list afterwards', () => {
    const list = ['a'];
    const vocabulary = new Vocabulary(list);
    list.push('b');
    expect([vocabulary.words, vocabulary.size]).toEqual([['a'], 3]);
  });
});

test('tokens are what stands between blanks of any kind', () => {
  expect(tokensOf('  One, two\u00a0three\n')).toEqual(['One,', 'two', 'three']);
  expect(tokensOf(' \t\n')).toEqual([]);
});

describe('what is refused', () => {
  test.each<[call: () => unknown, message: string]>([
    [() => new Vocabulary('a' as never), 'Vocabulary: words must be a list of texts, got "a". Put it in a list'],
    [() => new Vocabulary([1] as never), 'Vocabulary: words[0] must be a text, got 1'],
    [() => new Vocabulary(['a', 'b c']), 'words[1] must be one word, without blanks in it, got "b c"'],
    [() => new Vocabulary(['']), 'words[0] must be one word, without blanks in it, got ""'],
    [() => new Vocabulary(['a', 'b', 'a']), 'words[2] must be a word that is not there before, got "a"'],
    [() => Vocabulary.of('a b' as never), 'Vocabulary.of: texts must be a list of texts, got "a b"'],
    [() => Vocabulary.of([], { maxWords: -1 }), 'Vocabulary.of: maxWords must be an integer of at least 0, got -1'],
    [() => Vocabulary.of([], { minCount: 0 }), 'Vocabulary.of: minCount must be an integer of at least 1, got 0'],
    [() => new Vocabulary([]).encode('a' as never), 'Vocabulary.encode: texts must be a list of texts, got "a"'],
    [() => new Vocabulary([]).encode([7] as never), 'Vocabulary.encode: texts[0] must be a text, got 7'],
    [() => new Vocabulary([]).encode([], { length: 0 }), 'length must be an integer of at least 1, got 0'],
    [() => new Vocabulary([]).encode([], { padding: 'post' as never }), 'padding must be before or behind, got "post"'],
    [() => new Vocabulary([]).encode([], { truncation: '' as never }), 'truncation must be before or behind, got ""'],
    [() => Vocabulary.parse(7 as never), 'Vocabulary.parse: text must be a text, got 7'],
  ])('row %#', (call, message) => {
    expect(call).toThrow(ValueError);
    expect(call).toThrow(message);
  });

  test.each<[call: () => unknown, message: string]>([
    [() => Vocabulary.parse('a\n\nb\n'), 'vocabulary: line 2: must be one word, without blanks in it, got ""'],
    [() => Vocabulary.parse('a\nb 7\n'), 'vocabulary: line 2: must be one word, without blanks in it, got "b 7"'],
    [() => Vocabulary.parse('a\nb\na'), 'vocabulary: line 3: must be a word that is not there before, got "a"'],
    [() => Vocabulary.fromJSON({ words: [] }), 'vocabulary: words: must be a list of texts'],
    [() => Vocabulary.fromJSON([1]), 'vocabulary: words: must be a list of texts'],
    [() => Vocabulary.fromJSON(['a\nb']), 'vocabulary: words[0]: must be one word, without blanks in it, got "a\\nb"'],
  ])('as a file: row %#', (call, message) => {
    expect(call).toThrow(FormatError);
    expect(call).toThrow(message);
  });
});
