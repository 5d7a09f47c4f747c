import { ValueError, type WhittleError } from 'whittle-ml';
import type { Note } from 'whittle-ml/data';
import { whole } from './format.ts';

/** What the library calls an option: what one types for it, with a value or (empty) without. */
const FLAGS: Readonly<Record<string, (value: string) => string>> = {
  header: (value) => (value === 'false' ? '--no-header' : '--header'),
  types: (value) => `--types ${value.replace(/^\{ | \}/g, '').replace(': ', '=')}`.trim(),
  missing: (value) => `--missing ${value}`.trim(),
  odd: () => '--missing mean',
  maxCategories: (value) => `--max-categories ${value}`.trim(),
  delimiter: (value) => `--delimiter ${value === '\\t' ? 'tab' : value === ' ' ? 'blanks' : value}`.trimEnd(),
  quote: (value) => `--quote ${value === '' ? 'none' : value}`,
  ...Object.fromEntries(
    ['decimal', 'thousands', 'comment', 'na', 'encoding', 'target', 'task', 'drop', 'keep', 'unlabelled'].map(
      (name) => [name, (value: string) => `--${name} ${value}`.trim()],
    ),
  ),
};

const NAME = Object.keys(FLAGS).join('|');
const VALUE = String.raw`\{[^}]*\}|'[^']*'(?:, '[^']*')*|"[^"]*"|true|false|\d+`;
/** `header: false`, `missing: 'mean', 'median' or 'frequent'`: an option as the library's messages write it. */
const OPTION = new RegExp(String.raw`\b(${NAME}): ((?:${VALUE})(?: or '[^']*')?)`, 'g');

/** An error of the library in the words of somebody who types options. */
export function asTyped(error: WhittleError): string {
  const said = error.message.slice(error.op.length + 2).replace(/^file: /, '');
  const flag = error instanceof ValueError ? FLAGS[error.field]?.('') : undefined;
  return optionsTyped(flag === undefined ? said : flag + said.slice((error as ValueError).field.length));
}

const optionsTyped = (text: string): string =>
  text
    .replace(OPTION, (_, name: string, value: string) => FLAGS[name]!(value.replace(/['"]/g, '')))
    .replace('(maxCategories)', '(--max-categories)')
    .replace(/the target that is used(?=:|$)/, '$& (--keep <columns> keeps what was left out)')
    .replace('Say decimal or thousands', 'Say --decimal or --thousands')
    .replace(/with na(?= or|$)/, 'with --na');

interface Kind {
  /** How to have it otherwise; what has no other way says nothing. */
  readonly otherwise?: (column: string) => string;
  /** That is an option of reading, which every command has; the others are of training. */
  readonly isOfReading?: true;
  /** What is said of many columns at once. */
  readonly many?: string;
}

/** Kinds of notes of the reader and the encoder. */
const KINDS: Readonly<Record<string, Kind>> = {
  dialect: { otherwise: () => '--delimiter, --decimal and --thousands say otherwise', isOfReading: true },
  comment: { otherwise: () => '--comment none keeps them', isOfReading: true },
  index: {},
  renamed: { many: 'were renamed' },
  filled: { otherwise: () => '--missing refuse stops there', many: 'had missing cells, which were filled' },
  odd: {
    otherwise: () => '--missing refuse stops there, and --na names such marks',
    many: 'are numbers but for a few cells, which were taken for missing',
  },
  skipped: { otherwise: () => '--unlabelled refuse stops there' },
  'left out': { otherwise: (column) => `--keep ${typed(column)} keeps it`, many: 'were left out' },
  other: { otherwise: () => '--max-categories sets the limit', many: 'have rare texts, which became (other)' },
  date: { otherwise: (column) => `--drop ${typed(column)} leaves it out`, many: 'are dates' },
  unknown: { many: 'have texts that were not there in training' },
  extra: { many: 'are not used' },
};

/** The option that undoes what notes of a kind say, as the end of a sentence. */
function remedyOf(kind: string, column: string, command: 'train' | 'predict'): string {
  const { otherwise, isOfReading } = KINDS[kind] ?? {};
  return otherwise === undefined || (command === 'predict' && !isOfReading) ? '' : `; ${otherwise(column)}`;
}

/** A note as one sentence, with the option that undoes what it says. */
export function sentenceOf({ kind, column = '', text }: Note, command: 'train' | 'predict' = 'train'): string {
  const said = optionsTyped(text)
    .replace(/\.$/, '')
    .replace(
      / the (mean|median) (-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)(?=;|$)/,
      (_, how, x) => ` the ${how} ${Number(Number(x).toPrecision(6))}`,
    );
  return `${said}${remedyOf(kind, column, command)}.`;
}

/** More columns than this are said in one sentence. */
const MANY = 4;
/** As many of them are named. */
const NAMED = 6;

/** The sentences for a terminal: what was done to many columns in one. */
export function sentencesOf(notes: readonly Note[], command: 'train' | 'predict'): string[] {
  const kinds = [...new Set(notes.map(({ kind }) => kind))];
  return kinds.flatMap((kind) => {
    const own = notes.filter((note) => note.kind === kind);
    const many = KINDS[kind]?.many;
    if (own.length <= MANY || many === undefined) return own.map((note) => sentenceOf(note, command));
    const names = own.slice(0, NAMED).map(({ column }) => JSON.stringify(column));
    const rest = own.length > NAMED ? ` and ${own.length - NAMED} more` : '';
    return [`${whole(own.length)} columns ${many}: ${names.join(', ')}${rest}${remedyOf(kind, '<columns>', command)}.`];
  });
}

/** An argument as a shell takes it. */
const typed = (text: string): string => (/^[\w.:+-]+$|^<columns>$/.test(text) ? text : `"${text}"`);
