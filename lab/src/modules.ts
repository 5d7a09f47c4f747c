import { WhittleError } from 'whittle-ml';
import type { RawTable } from 'whittle-ml/data';
import { MISSING } from 'whittle-ml/data';
import { type ModuleText, toModule } from 'whittle-ml/export';
import { type Answers, answersOf } from './answers.ts';
import { areTexts, type Model, type Trained, trainedOf } from './models.ts';
import { UsageError } from './options.ts';
import { FileError } from './write.ts';

/** Networks as modules: made of a model, with what is known of its table, and asked for rows of another one. */

/** What an exported module says of the table that its network was trained on, so that another one is read alike. */
export interface ModuleTable extends Trained {
  readonly target: string;
  /** The columns that the answer is told from. */
  readonly used: readonly string[];
  /** Those whose cells are taken as they are written: categories and dates. */
  readonly texts: readonly string[];
}

/** What is used of a module that `toModule` made. */
export interface NetworkModule {
  readonly path: string;
  readonly predict: (row: object, na: readonly string[] | undefined) => unknown;
  /** Undefined for a regression. */
  readonly classes: readonly string[] | undefined;
  /** Undefined for a module that `whittle export` did not write. */
  readonly table: ModuleTable | undefined;
}

/** Whether a file is a module by its name. */
export const isModule = (path: string): boolean => /\.m?js$/.test(path);

/** The module of a model as `toModule` makes it. Throws FileError for what modules cannot do. */
export function moduleOf(
  { network, encoder, trained }: Model,
  path: string,
  name: string,
  isReadable: boolean,
): ModuleText {
  const na = trained?.na ?? MISSING;
  const taken = areAlike(na, MISSING) ? na.filter((mark) => mark !== '-') : na;
  const spec = encoder.columns.find(
    (column) => column.kind === 'category' && column.categories.some((text) => taken.includes(text)),
  );
  if (spec !== undefined)
    throw new FileError(
      `${path}: cannot become a module: "${spec.name}" has a category that modules take for a missing value (${na.filter((mark) => mark !== '').join(', ')})`,
    );
  try {
    return toModule(network, { name, encoder, na, minify: !isReadable });
  } catch (error) {
    if (!(error instanceof WhittleError)) throw error;
    throw new FileError(`${path}: cannot become a module: ${error.message.replace(/^toModule: /, '')}`);
  }
}

/** The module of a model with one more export, `table`: what `predict` of this command reads other tables by. */
export function exportedModule(model: Model, path: string, name: string, isReadable: boolean): ModuleText {
  const { source, types } = moduleOf(model, path, name, isReadable);
  const { encoder, trained } = model;
  if (trained === undefined) return { source, types };
  const { columns } = encoder;
  const table: ModuleTable = {
    ...trained,
    target: encoder.targetName!,
    used: columns.map((column) => column.name),
    texts: columns.flatMap((column) => (column.kind === 'number' || isNumeric(column) ? [] : [column.name])),
  };
  const said = isReadable ? '// How the table was written that the network was trained on.\n' : '';
  return {
    source: `${source}${said}export const table = ${JSON.stringify(table)};\n`,
    types: `${types}/** How the table was written that the network was trained on: what \`whittle predict\` reads others by. */\nexport declare const table: object;\n`,
  };
}

const areAlike = (a: readonly string[], b: readonly string[]): boolean => a.join('\n') === b.join('\n');

const isNumeric = (column: { readonly kind: string; readonly numeric?: boolean }): boolean => column.numeric === true;

/** Runs the text of a module, which needs nothing beside itself, and returns what it exports. */
export async function imported(source: Uint8Array | string): Promise<Readonly<Record<string, unknown>>> {
  const found: unknown = await import(`data:text/javascript;base64,${Buffer.from(source).toString('base64')}`);
  return Object(found) as Record<string, unknown>;
}

/**
 * Runs a module that `toModule` made with an encoder. Throws FileError for a text that does not export what it has to, which
 * is not run, and for a module that does not answer its own self-test.
 */
export async function readModule(bytes: Uint8Array, path: string): Promise<NetworkModule> {
  const refuse = (problem: string): never => {
    throw new FileError(`${path}: ${problem}`);
  };
  const text = new TextDecoder().decode(bytes);
  const has = (name: string): boolean => new RegExp(`^.*\\bexport function ${name}\\(`, 'm').test(text);
  if (!has('run') || !has('selfTest')) return refuse('is no module of a network, as whittle export writes them');
  if (!has('predict'))
    return refuse('the module has no predict, so nothing says what its inputs mean. Export it with its encoder?');
  const exported = await imported(bytes).catch((error: unknown) => refuse(`cannot be run: ${said(error)}`));
  const { predict, selfTest, classes, table } = exported;
  if (typeof predict !== 'function' || typeof selfTest !== 'function' || !(classes === undefined || areTexts(classes)))
    return refuse('is no module of a network, as whittle export writes them');
  if (!passes(selfTest)) return refuse('its self-test fails, so it does not answer what its network did');
  try {
    const ask: NetworkModule['predict'] = (row, na) => predict(row, na);
    return { path, predict: ask, classes, table: table === undefined ? undefined : moduleTableOf(table) };
  } catch (error) {
    if (error instanceof SyntaxError) return refuse(error.message);
    throw error;
  }
}

/** Whether a module says that it computes what it has to; one that has lost a part of itself may throw. */
export function passes(selfTest: unknown): boolean {
  try {
    return typeof selfTest === 'function' && selfTest() === true;
  } catch {
    return false;
  }
}

/** Throws SyntaxError for what is no `ModuleTable`. */
function moduleTableOf(given: unknown): ModuleTable {
  const trained = trainedOf(given);
  const { target, used, texts } = Object(given) as Record<string, unknown>;
  if (typeof target !== 'string' || !areTexts(used) || !areTexts(texts))
    throw new SyntaxError('"table" must have target, used and texts');
  return { ...trained, target, used, texts };
}

const said = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** As many columns are told. */
const MANY = 8;

const lackText = (lacks: readonly string[], names: readonly string[]): string => {
  const listed = (some: readonly string[]): string =>
    `${some
      .slice(0, MANY)
      .map((name) => JSON.stringify(name))
      .join(', ')}${some.length > MANY ? ` and ${some.length - MANY} more` : ''}`;
  return lacks.length === 1
    ? `column ${listed(lacks)}: is not in the table, which has ${listed(names)}`
    : `columns ${listed(lacks)}: are not in the table, which has ${listed(names)}`;
};

/** What the module says of every row. Throws UsageError, with the first line, for rows that it refuses. */
export function moduleAnswers(module: NetworkModule, table: RawTable, file: string): Answers {
  const { classes, path } = module;
  const labels: string[] = [];
  const probabilities: number[] = [];
  const numbers: number[] = [];
  const refused: string[] = [];
  const lacks = module.table?.used.filter((name) => !table.names.includes(name)) ?? [];
  if (lacks.length > 0) throw new UsageError(`${file}: ${lackText(lacks, table.names)}`);
  const cells = rowsOf(table, module.table);
  // Cells are missing by the marks that this table was read with, which may be others than those of training
  const { na } = table.dialect;
  const marks = areAlike(na, module.table?.na ?? MISSING) ? undefined : na;
  for (let row = 0; row < table.rows; row++) {
    try {
      const answer = module.predict(cells(row), marks);
      const { label, probabilities: own } = Object(answer) as Record<string, unknown>;
      if (classes !== undefined && typeof label === 'string' && isNumbers(own) && own.length === classes.length) {
        labels.push(label);
        probabilities.push(...own);
      } else if (classes === undefined && typeof answer === 'number') numbers.push(answer);
      else throw new FileError(`${path}: its predict answers no rows of a table: was it made with a TableEncoder?`);
    } catch (error) {
      if (error instanceof FileError) throw error;
      if (!(error instanceof RangeError)) throw new FileError(`${path}: its predict fails: ${said(error)}`);
      refused.push(`line ${table.line(row)}: ${error.message.replace(/^predict: /, '')}`);
    }
  }
  if (refused.length > 0) {
    const more = refused.length - 1;
    const rest = more === 0 ? '' : `, and ${more} more ${more === 1 ? 'row is' : 'rows are'} refused`;
    throw new UsageError(`${file}: ${refused[0]}${rest}`);
  }
  return answersOf(classes === undefined ? { numbers } : { labels, probabilities, classes }, null);
}

const isNumbers = (list: unknown): list is number[] => Array.isArray(list) && list.every((x) => typeof x === 'number');

/**
 * The rows of a table as a module takes them: numbers, texts, and null where a cell is missing by the marks of this table. Where
 * nothing says which columns are texts, those are in which a text stands, or all where numbers are written as programs do.
 */
function rowsOf(table: RawTable, trained: ModuleTable | undefined): (row: number) => Record<string, unknown> {
  const { names, dialect } = table;
  const isPlain = dialect.decimal === '.' && dialect.thousands === '';
  const isText = (name: string, texts: number): boolean =>
    trained === undefined ? isPlain || texts > 0 : trained.texts.includes(name);
  const columns = names.flatMap((name, index): (readonly [string, (row: number) => unknown])[] => {
    if (trained !== undefined && !trained.used.includes(name)) return [];
    const { numbers, texts } = table.column(index);
    const isTexts = isText(name, texts);
    const words = isTexts || texts > 0 ? table.texts(index) : undefined;
    const wordAt = (row: number): unknown => words?.texts[words.codes[row]!] ?? null;
    return [[name, (row) => (isTexts || Number.isNaN(numbers[row]!) ? wordAt(row) : numbers[row]!)]];
  });
  return (row) => Object.fromEntries(columns.map(([name, cell]) => [name, cell(row)]));
}
