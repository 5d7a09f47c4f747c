import { ValueError, type WhittleError } from 'whittle-ml';
import type { EncoderOptions, Note, NoteKind, ReadOptions } from 'whittle-ml/data';
import { whole } from './format.ts';

type OptionName = keyof ReadOptions | keyof EncoderOptions;

/** `missing: 'mean'` is typed `--missing mean`. */
const asIs =
  (name: OptionName) =>
  (value: string): string =>
    `--${name} ${/^(["']).\1$/.test(value) ? typed(bare(value)) : bare(value)}`.trimEnd();

/** What one types for an option of the library, with its value as messages write it, or with none (empty); null: nothing. */
const FLAGS: Readonly<Record<OptionName, ((value: string) => string) | null>> = {
  delimiter: (value) =>
    value === '"\\t"' ? '--delimiter tab' : value === '" "' ? '--delimiter blanks' : asIs('delimiter')(value),
  decimal: asIs('decimal'),
  thousands: asIs('thousands'),
  header: (value) => (value === 'false' ? '--no-header' : '--header'),
  quote: (value) => (value === "''" ? '--quote none' : asIs('quote')(value)),
  comment: asIs('comment'),
  na: asIs('na'),
  sameNames: null,
  encoding: asIs('encoding'),
  target: asIs('target'),
  task: asIs('task'),
  drop: asIs('drop'),
  keep: asIs('keep'),
  columns: null,
  types: (value) => {
    const [, name, type, others] = TYPE.exec(value) ?? [];
    return name === undefined ? '--types' : `--types ${typed(`${bare(name)}=${type}`)}${bare(others!)}`;
  },
  missing: asIs('missing'),
  maxCategories: (value) => `--max-categories ${value}`.trimEnd(),
  rare: null,
  unknown: null,
  unlabelled: asIs('unlabelled'),
  odd: () => '--missing mean',
  scale: null,
  clip: null,
  scaleTarget: null,
  maxDistinctIntegers: null,
  maxCells: null,
};

const flagOf = (name: string): ((value: string) => string) | null =>
  Object.hasOwn(FLAGS, name) ? FLAGS[name as OptionName] : null;

const bare = (value: string): string => (value.startsWith('"') ? String(JSON.parse(value)) : value.replaceAll("'", ''));

/** An argument as a shell takes it. */
const typed = (text: string): string =>
  /^[\w.,:+=/-]+$/.test(text) ? text : /["$`\\!]/.test(text) ? `'${text.replaceAll("'", `'\\''`)}'` : `"${text}"`;

/** Words of a file stand in these in all messages. */
const QUOTED = String.raw`"(?:[^"\\]|\\.)*"`;
/** `{ "a": 'date' }`, and after it other types. */
const TYPE = new RegExp(String.raw`^\{ (${QUOTED}): '([^']*)' \}(.*)$`);
const VALUE = String.raw`(?:\{ ${QUOTED}: '[^']*' \}|'[^']*'(?:, '[^']*')*|${QUOTED}|true|false|\d+)(?: or '[^']*')?`;
const NAME = Object.keys(FLAGS)
  .filter((name) => flagOf(name) !== null)
  .join('|');
/** What messages say of options in other ways. */
const OTHERS: Readonly<Record<string, string>> = {
  '(maxCategories)': '(--max-categories)',
  'the target that is used': 'the target that is used (--keep <columns> keeps what was left out)',
  'Say decimal or thousands': 'Say --decimal or --thousands',
  'with na': 'with --na',
};
/** `header: false`, `missing: 'mean', 'median' or 'frequent'`: an option as messages write it; quoted words are none. */
const OPTION = new RegExp(
  String.raw`\b(${NAME}): (${VALUE})|${QUOTED}|\(maxCategories\)|the target that is used(?=:|$)|Say decimal or thousands|with na(?= or|$)`,
  'g',
);

const optionsTyped = (text: string): string =>
  text.replace(OPTION, (found: string, name?: string, value = '') =>
    name === undefined ? (OTHERS[found] ?? found) : flagOf(name)!(value),
  );

/** An error of the library in the words of somebody who types options. */
export function asTyped(error: WhittleError): string {
  const said = error.message.slice(error.op.length + 2).replace(/^file: /, '');
  const flag = error instanceof ValueError ? flagOf(error.field)?.('') : undefined;
  return optionsTyped(flag === undefined ? said : flag + said.slice((error as ValueError).field.length));
}

interface Kind {
  /** How to have it otherwise, by a column as it is typed; what has no other way says nothing. */
  readonly otherwise?: (column: string) => string;
  /** That is an option of reading, which every command has; the others are of training. */
  readonly isOfReading?: true;
  /** What is said of many columns at once. */
  readonly many?: string;
  /** What is said of each of them all the same. */
  readonly each?: RegExp;
}

/** Kinds of notes of the reader and the encoder. */
const KINDS: Readonly<Record<NoteKind, Kind>> = {
  dialect: { otherwise: () => '--delimiter, --decimal and --thousands say otherwise', isOfReading: true },
  comment: { otherwise: () => '--comment none keeps them', isOfReading: true },
  index: {},
  renamed: { many: 'were renamed' },
  filled: {
    otherwise: () => '--missing refuse stops there',
    many: 'had missing cells, which were filled',
    each: new RegExp(`^${QUOTED}: .*? filled( with .*)$`),
  },
  odd: {
    otherwise: () => '--missing refuse stops there, and --na names such marks',
    many: 'are numbers but for a few cells, which were taken for missing',
  },
  skipped: { otherwise: () => '--unlabelled refuse stops there' },
  'left out': { otherwise: (column) => `--keep ${column} keeps it`, many: 'were left out' },
  other: { otherwise: () => '--max-categories sets the limit', many: 'have rare texts, which became (other)' },
  date: { otherwise: (column) => `--drop ${column} leaves it out`, many: 'are dates' },
  unknown: { many: 'have texts that were not there in training' },
  extra: { many: 'are not used' },
};

/** The option that undoes what notes of a kind say, as the end of a sentence. */
function remedyOf(kind: NoteKind, column: string, command: 'train' | 'predict'): string {
  const { otherwise, isOfReading } = KINDS[kind];
  return otherwise === undefined || (command === 'predict' && !isOfReading) ? '' : `; ${otherwise(column)}`;
}

/** A note as one sentence, with the option that undoes what it says. */
export function sentenceOf({ kind, column = '', text }: Note, command: 'train' | 'predict' = 'train'): string {
  return `${optionsTyped(text).replace(/\.$/, '')}${remedyOf(kind, typed(column), command)}.`;
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
    const { many, each } = KINDS[kind];
    if (own.length <= MANY || many === undefined) return own.map((note) => sentenceOf(note, command));
    const names = own.slice(0, NAMED).map(({ column, text }) => JSON.stringify(column) + (each?.exec(text)?.[1] ?? ''));
    const rest = own.length > NAMED ? ` and ${own.length - NAMED} more` : '';
    return [`${whole(own.length)} columns ${many}: ${names.join(', ')}${rest}${remedyOf(kind, '<columns>', command)}.`];
  });
}
