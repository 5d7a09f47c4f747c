import { checkFlag, checkOneOf, checkRange, ValueError } from '../base/errors.ts';
import { checkOptions, defined } from '../base/options.ts';
import { MAX_CELLS } from './dialect.ts';
import type { ColumnType } from './kinds.ts';
import type { Task } from './targets.ts';
import { shown } from './words.ts';

export interface EncoderOptions {
  /** Column to predict: its name, or its number from 1. Without one there are only features. */
  target?: string | number;
  /** Default: classification for texts and for few distinct integers, else regression. */
  task?: Task;
  /** Columns, by name or number from 1, that are not read. */
  drop?: readonly (string | number)[];
  /** Columns that `columns: 'useful'` does not leave out. */
  keep?: readonly (string | number)[];
  /**
   * `'useful'` leaves out, each with a note: whole numbers that run on by 1, columns without a repeated value that are
   * named like an id, texts that hardly repeat, columns of one value or none, and, with `odd: 'missing'`, those that
   * nobody can tell the kind of, such as dates whose day and month look alike. Default `'all'`.
   */
  columns?: 'all' | 'useful';
  /** What columns are, by name, where their cells do not say: `'d/m/y'` and `'m/d/y'` are dates. */
  types?: Readonly<Record<string, ColumnType>>;
  /**
   * Missing cells of features: refused (`'error'`, default); or numbers and dates become the mean or median of their
   * column, and texts a category `(missing)`; or both become the most frequent value, of equals the smaller; or, with
   * `'category'`, texts become `(missing)` and numbers the mean, with a column of 0 and 1 that tells.
   */
  missing?: 'error' | 'mean' | 'median' | 'frequent' | 'category';
  /** Most different texts of a column, and most classes; default 50. */
  maxCategories?: number;
  /** More texts than that: refused (default), or all but the most frequent `maxCategories - 1` become `(other)`. */
  rare?: 'error' | 'other';
  /** A text that was not there in `fit`: `(other)` where there is one, else 0 in all columns (default), or refused. */
  unknown?: 'zeros' | 'error';
  /** Rows without a target: refused (default), or left out. */
  unlabelled?: 'error' | 'skip';
  /**
   * Columns that are numbers (or dates), more than `maxDistinctIntegers` different ones or more than 10 that hardly repeat,
   * but for less than 5 % of the cells, or for up to half of them where these are 3 different texts at most: refused
   * (default), or these cells are taken for missing. Numbers in another way of writing are always refused.
   */
  odd?: 'error' | 'missing';
  /** Every column of features to mean 0 and deviation 1, or from 0 to 1, in float64 before it is rounded; default `'none'`. */
  scale?: 'none' | 'standard' | 'minmax';
  /** Scaled features are cut off at plus and minus this; default: nowhere. */
  clip?: number;
  /** Regression: the target to mean 0 and deviation 1, which `decode` undoes; default false. */
  scaleTarget?: boolean;
  /** Integers of a target are classes up to this many distinct ones; default 20. */
  maxDistinctIntegers?: number;
  /** Refuse to make more numbers than this; default 50,000,000. */
  maxCells?: number;
}

/** The options, with the default of what was not given. */
export type Settings = EncoderOptions & Required<Omit<EncoderOptions, 'target' | 'task' | 'clip'>>;

const DEFAULTS: Settings = {
  drop: [],
  keep: [],
  columns: 'all',
  types: {},
  missing: 'error',
  maxCategories: 50,
  rare: 'error',
  unknown: 'zeros',
  unlabelled: 'error',
  odd: 'error',
  scale: 'none',
  scaleTarget: false,
  maxDistinctIntegers: 20,
  maxCells: MAX_CELLS,
};

/** Options that are one of some words. */
const CHOICES: Readonly<Partial<Record<keyof EncoderOptions, readonly string[]>>> = {
  task: ['classification', 'regression'],
  columns: ['all', 'useful'],
  missing: ['error', 'mean', 'median', 'frequent', 'category'],
  rare: ['error', 'other'],
  unknown: ['zeros', 'error'],
  unlabelled: ['error', 'skip'],
  odd: ['error', 'missing'],
  scale: ['none', 'standard', 'minmax'],
};

export const ENCODER_OPTIONS =
  'target task drop keep columns types missing maxCategories rare unknown unlabelled odd scale clip scaleTarget maxDistinctIntegers maxCells';
const TYPES = ['number', 'category', 'date', 'd/m/y', 'm/d/y'];
export const OP = 'TableEncoder';

export function settingsOf(options: EncoderOptions): Settings {
  checkOptions(OP, options, ENCODER_OPTIONS);
  const settings: Settings = { ...DEFAULTS, ...defined(options) };
  for (const [field, words] of Object.entries(CHOICES) as [keyof EncoderOptions, readonly string[]][])
    if (settings[field] !== undefined) checkOneOf(OP, field, settings[field] as string, words);
  for (const field of ['maxCategories', 'maxDistinctIntegers', 'maxCells'] as const)
    checkRange(OP, field, settings[field], 'a positive integer');
  checkFlag(OP, 'scaleTarget', settings.scaleTarget);
  if (settings.clip !== undefined) {
    checkRange(OP, 'clip', settings.clip, 'positive');
    if (settings.scale === 'none')
      throw new ValueError(OP, 'clip', "given with scale: 'standard' or 'minmax'", settings.clip);
  }
  for (const field of ['drop', 'keep'] as const)
    if (!Array.isArray(settings[field])) throw new ValueError(OP, field, 'a list of columns', settings[field]);
  if (typeof settings.types !== 'object' || settings.types === null)
    throw new ValueError(OP, 'types', 'an object of columns and what they are', settings.types);
  for (const [name, type] of Object.entries(settings.types)) checkOneOf(OP, `types[${shown(name)}]`, type, TYPES);
  return settings;
}
