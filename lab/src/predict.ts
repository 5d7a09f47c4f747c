import { basename, dirname, resolve } from 'node:path';
import { predictNetwork } from 'whittle-ml';
import type { Note, RawTable } from 'whittle-ml/data';
import { type Answers, decodedAnswers } from './answers.ts';
import { type Cells, csvOf, dialectFor } from './csv.ts';
import { inputsOf, type Model, readModel, type Trained } from './models.ts';
import { isModule, moduleAnswers, readModule } from './modules.ts';
import { type PredictFlags, UsageError } from './options.ts';
import { inWords, type NewTable, readBytes, readNew } from './reading.ts';
import type { Surroundings } from './surroundings.ts';
import { sentencesOf } from './words.ts';
import { checkFolder, isOther, writeFiles } from './write.ts';

/** What is told of a file that is no network. */
const ORDER = 'The network comes first, a .safetensors file of models/ or points/, or a module; then the table';

/** As many names of columns are told. */
const MANY = 6;

/** What answers rows of tables, and what it knows of the one that it was trained on. */
interface Answering {
  readonly trained: Trained | undefined;
  /** The name of what is predicted, and of the columns that this is told from; null where nothing says. */
  readonly knows: { readonly target: string; readonly used: readonly string[] } | null;
  /** Throws UsageError for a table that does not fit. */
  answer(table: RawTable, file: string): { readonly answers: Answers; readonly notes: readonly Note[] };
}

async function answering(bytes: Uint8Array, path: string): Promise<Answering> {
  if (!isModule(path)) return ofNetwork(readModel(bytes, path, ORDER));
  const module = await readModule(bytes, path);
  const { table: trained } = module;
  return {
    trained,
    knows: trained ?? null,
    answer: (table, file) => ({ answers: moduleAnswers(module, table, file), notes: [] }),
  };
}

function ofNetwork({ network, encoder, trained }: Model): Answering {
  return {
    trained,
    knows: { target: encoder.targetName!, used: encoder.columns.map(({ name }) => name) },
    answer(table, file) {
      const { features, notes } = inWords(file, () => encoder.transform(table, { target: false }));
      return { answers: decodedAnswers(encoder, predictNetwork(network, inputsOf(network, features)), table), notes };
    },
  };
}

/** Writes a copy of a table with a prediction for every row. */
export async function predict(model: string, file: string, flags: PredictFlags, around: Surroundings): Promise<void> {
  const modelPath = resolve(around.folder, model);
  const tablePath = resolve(around.folder, file);
  const out = flags.out === '-' ? null : resolve(around.folder, flags.out);
  const { trained, knows, answer } = await answering(await readBytes(modelPath), model);
  const read = await readNew(tablePath, file, flags, trained);
  const { table, matched } = named(read, knows, trained, file);
  if (out !== null) {
    for (const path of [modelPath, tablePath]) await checkNotRead(out, path, flags.out);
    await checkFolder(dirname(out), [basename(out)]);
  }
  const { answers, notes: found } = answer(table, file);
  const text = csvOf(
    dialectFor(table.dialect),
    read.rowName === undefined ? table : withRowNames(table, read.rowName),
    answers,
  );
  const isNew = ({ kind, column = '' }: Note): boolean =>
    kind === 'filled' && trained?.complete.includes(column) === true;
  const notes = found.map((note) =>
    isNew(note) ? { ...note, text: `${note.text}; in training there was none` } : note,
  );
  const told = out === null ? around.errors : around.output;
  for (const sentence of sentencesOf([...table.notes, ...read.notes, ...matched, ...notes], 'predict'))
    told.write(`${sentence}\n`);
  if (answers.score !== null) told.write(`${answers.score}\n`);
  if (out === null) for (const piece of text) around.output.write(piece);
  else await writeFiles(dirname(out), { [basename(out)]: text });
  told.write(`${table.rows} ${table.rows === 1 ? 'row' : 'rows'} predicted${out === null ? '' : `: ${out}`}\n`);
}

/** With the names of the rows in front, as they stood. */
const withRowNames = (table: Cells, rowName: (row: number) => string): Cells => ({
  names: ['', ...table.names],
  rows: table.rows,
  cells: (row) => [rowName(row), ...table.cells(row)],
});

/**
 * A table without a header gets the names of the one that the network was trained on: of all its columns, or of all but
 * the target, and a note says so. Throws UsageError for another number of columns, and where the one that is not there may
 * be a last one that is not used, as delimiters at the end of rows make it.
 */
function named(
  { table, isByPlace }: NewTable,
  knows: Answering['knows'],
  trained: Trained | undefined,
  file: string,
): { table: RawTable; matched: readonly Note[] } {
  if (!isByPlace || trained === undefined || knows === null) return { table, matched: [] };
  const count = table.names.length;
  const { target, used } = knows;
  const others = trained.names.filter((name) => name !== target);
  const names = [trained.names, others].find(({ length }) => length === count);
  if (names === undefined) {
    const both = `${trained.names.length} (${others.length} without the target)`;
    throw new UsageError(`${file}: has ${count} columns and no header, and the network was trained on ${both}`);
  }
  const last = trained.names.at(-1)!;
  if (names === others && last !== target && !used.includes(last)) {
    throw new UsageError(
      `${file}: has ${count} columns, one fewer than in training, and no header: is it ${JSON.stringify(target)} that is not ` +
        `there, or ${JSON.stringify(last)}, which the network does not use? Give it a header`,
    );
  }
  const listed = names.slice(0, MANY).map((name) => JSON.stringify(name));
  const rest = count > MANY ? ` and ${count - MANY} more` : '';
  const but = names === others ? `, all but the target ${JSON.stringify(target)}` : '';
  const reason = table.dialect.header ? 'The first line has other names than training' : 'There is no header';
  const text = `${reason}, so its columns are taken, in their order, for ${listed.join(', ')}${rest}${but}`;
  const own: RawTable = {
    names,
    rows: table.rows,
    dialect: table.dialect,
    notes: table.notes,
    column: (index) => ({ ...table.column(index), name: names[index]! }),
    texts: (index) => table.texts(index),
    prepareTexts: (indices) => table.prepareTexts(indices),
    line: (row) => table.line(row),
    cells: (row) => table.cells(row),
  };
  return { table: own, matched: [{ kind: 'renamed', text }] };
}

/** Throws UsageError if the output is a file that is read. */
async function checkNotRead(out: string, path: string, shown: string): Promise<void> {
  if (!(await isOther(out, path))) throw new UsageError(`--out ${shown} is a file that is read: name another one`);
}
