import { checkCount, checkOneOf, FormatError, ValueError } from '../base/errors.ts';
import { checkOptions } from '../base/options.ts';
import { size } from '../base/shape.ts';
import { fromData, type Tensor } from '../tensor/tensor.ts';
import { shown } from './words.ts';

/** Numbers that are no word: what fills up, and a word that is not in the list. */
const PADDING = 0;
const UNKNOWN = 1;
const FIRST = 2;

/**
 * What stands between blanks, tabs and ends of lines; none for a text of these alone.
 *
 * @example
 * tokensOf('To be, or\nnot'); // [ 'To', 'be,', 'or', 'not' ]
 */
export function tokensOf(text: string): string[] {
  if (typeof text !== 'string') throw new ValueError('tokensOf', 'text', 'a text', text);
  return text.split(/\s+/).filter((token) => token !== '');
}

export interface VocabularyOptions {
  /** Only so many words, the most frequent. Default: all. */
  readonly maxWords?: number;
  /** Only words that are there so many times. Default 1. */
  readonly minCount?: number;
}

export interface EncodeOptions {
  /** Numbers a text; a longer text is cut. Default: as many as the longest has. */
  readonly length?: number;
  /** Where zeros go in a text that is shorter. Default `behind`. */
  readonly padding?: 'before' | 'behind';
  /** Which end a longer text loses. Default `behind`. */
  readonly truncation?: 'before' | 'behind';
}

/**
 * A list of words and their numbers: 0 is padding, 1 a word that is not in the list, 2 the first word. Words are what stands
 * between blanks, as they are written: change case and take off punctuation before, with `toLowerCase()` and the like, alike
 * for training and later texts.
 *
 * @example
 * const vocabulary = Vocabulary.of(['the cat sat', 'the dog']);
 * vocabulary.words; // [ 'the', 'cat', 'sat', 'dog' ]
 * vocabulary.encode(['the dog barked'], { length: 4 }); // [[2 5 1 0]]
 * vocabulary.size; // 6
 */
export class Vocabulary {
  /** Word i has number i + 2. */
  readonly words: readonly string[];
  private readonly numbers: ReadonlyMap<string, number>;

  /** Throws ValueError for what is no word, and for one that is there twice. */
  constructor(words: readonly string[]) {
    this.words = textsOf('Vocabulary', 'words', words);
    const fault = faultIn(this.words);
    if (fault !== undefined) throw new ValueError('Vocabulary', `words[${fault.at}]`, fault.should, words[fault.at]);
    this.numbers = new Map(this.words.map((word, i) => [word, FIRST + i]));
  }

  /** The words of these texts, the most frequent first; of those that are as frequent, the one that appears first. */
  static of(texts: readonly string[], options: VocabularyOptions = {}): Vocabulary {
    checkOptions('Vocabulary.of', options, 'maxWords minCount');
    const { maxWords = Number.MAX_SAFE_INTEGER, minCount = 1 } = options;
    checkCount('Vocabulary.of', 'maxWords', maxWords, 0);
    checkCount('Vocabulary.of', 'minCount', minCount);
    const counts = new Map<string, number>();
    for (const text of textsOf('Vocabulary.of', 'texts', texts))
      for (const token of tokensOf(text)) counts.set(token, (counts.get(token) ?? 0) + 1);
    const frequent = [...counts].filter(([, count]) => count >= minCount).sort(([, p], [, q]) => q - p); // a stable sort
    return new Vocabulary(frequent.slice(0, maxWords).map(([word]) => word));
  }

  /** Reads what `toString` writes: one word a line. Throws FormatError with the line. */
  static parse(text: string): Vocabulary {
    if (typeof text !== 'string') throw new ValueError('Vocabulary.parse', 'text', 'a text', text);
    const words = text.replace(/^\uFEFF/, '').split(/\r?\n/);
    if (words.at(-1) === '') words.pop();
    return readFrom(words, (i) => `line ${i + 1}`);
  }

  /** Takes what `JSON.parse` makes of a vocabulary. Throws FormatError for anything else. */
  static fromJSON(given: unknown): Vocabulary {
    const isList = Array.isArray(given) && given.every((word) => typeof word === 'string');
    if (!isList) throw new FormatError('vocabulary', 'words', 'must be a list of texts');
    return readFrom(given, (i) => `words[${i}]`);
  }

  toJSON(): readonly string[] {
    return this.words;
  }

  /** One word a line. */
  toString(): string {
    return this.words.map((word) => `${word}\n`).join('');
  }

  /** How many numbers there are, padding and unknown words among them: the `inputDim` of an Embedding. */
  get size(): number {
    return FIRST + this.words.length;
  }

  /** Numbers of the words of each text, int32 [texts, length]. Throws ValueError for what is no text. */
  encode(texts: readonly string[], options: EncodeOptions = {}): Tensor {
    const op = 'Vocabulary.encode';
    checkOptions(op, options, 'length padding truncation');
    const { padding = 'behind', truncation = 'behind' } = options;
    for (const [field, side] of Object.entries({ padding, truncation }))
      checkOneOf(op, field, side, ['before', 'behind']);
    const tokens = textsOf(op, 'texts', texts).map(tokensOf);
    const length = options.length ?? tokens.reduce((longest, list) => Math.max(longest, list.length), 0);
    checkCount(op, 'length', length, options.length === undefined ? 0 : 1);
    const numbers = new Int32Array(size(op, [tokens.length, length])).fill(PADDING);
    for (const [row, list] of tokens.entries()) {
      const kept = truncation === 'behind' ? list.slice(0, length) : list.slice(-length);
      const start = row * length + (padding === 'before' ? length - kept.length : 0);
      for (const [i, token] of kept.entries()) numbers[start + i] = this.numbers.get(token) ?? UNKNOWN;
    }
    return fromData(numbers, [tokens.length, length]);
  }
}

function textsOf(op: string, name: string, given: readonly string[]): readonly string[] {
  if (!Array.isArray(given))
    throw new ValueError(
      op,
      name,
      'a list of texts',
      given,
      typeof given === 'string' ? 'Put it in a list' : undefined,
    );
  const other = given.findIndex((text) => typeof text !== 'string');
  if (other >= 0) throw new ValueError(op, `${name}[${other}]`, 'a text', given[other]);
  return [...given];
}

/** Throws FormatError for a fault, with where it is. */
function readFrom(words: readonly string[], where: (index: number) => string): Vocabulary {
  const fault = faultIn(words);
  if (fault === undefined) return new Vocabulary(words);
  throw new FormatError('vocabulary', where(fault.at), `must be ${fault.should}, got ${shown(words[fault.at]!)}`);
}

/** The first of these that is no word, or is there already, and what it should be. */
function faultIn(words: readonly string[]): { readonly at: number; readonly should: string } | undefined {
  const known = new Set<string>();
  for (const [at, word] of words.entries()) {
    if (!/^\S+$/.test(word)) return { at, should: 'one word, without blanks in it' };
    if (known.has(word)) return { at, should: 'a word that is not there before' };
    known.add(word);
  }
  return undefined;
}
