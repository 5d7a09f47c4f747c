import { stat } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { predictNetwork } from 'whittle-ml';
import type { Note, RawTable, ReadOptions, TableEncoder } from 'whittle-ml/data';
import { answersOf } from './answers.ts';
import { type Cells, csvOf, dialectFor } from './csv.ts';
import { readModel, type Trained } from './models.ts';
import { type PredictFlags, UsageError } from './options.ts';
import { inWords, readBytes, readNamed } from './reading.ts';
import type { Surroundings } from './surroundings.ts';
import { sentencesOf } from './words.ts';
import { checkFolder, writeFiles } from './write.ts';

/** Writes a copy of a table with a prediction for every row. */
export async function predict(model: string, file: string, flags: PredictFlags, around: Surroundings): Promise<void> {
  const modelPath = resolve(around.folder, model);
  const tablePath = resolve(around.folder, file);
  const out = flags.out === '-' ? null : resolve(around.folder, flags.out);
  const { network, encoder, trained } = readModel(await readBytes(modelPath), model);
  const { table: read, rowName } = await readNamed(tablePath, file, flags, readingOf(trained));
  const table = named(read, encoder, trained, file);
  if (out !== null) {
    for (const path of [modelPath, tablePath]) await checkOther(out, path, flags.out);
    await checkFolder(dirname(out), [basename(out)]);
  }
  const { features, notes: found } = inWords(file, () => encoder.transform(table, { target: false }));
  const answers = answersOf(encoder, predictNetwork(network, features), table);
  const text = csvOf(dialectFor(table.dialect), rowName === undefined ? table : withRowNames(table, rowName), answers);
  const isNew = ({ kind, column = '' }: Note): boolean =>
    kind === 'filled' && trained?.complete.includes(column) === true;
  const notes = found.map((note) =>
    isNew(note) ? { ...note, text: `${note.text}; in training there was none` } : note,
  );
  const told = out === null ? around.errors : around.output;
  for (const sentence of sentencesOf([...table.notes, ...notes], 'predict')) told.write(`${sentence}\n`);
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

/** A table is read as the one that the network was trained on, as far as that is a matter of taste. */
const readingOf = (trained: Trained | undefined): ReadOptions =>
  trained === undefined ? {} : { na: trained.na, ...(trained.header ? {} : { header: false }) };

/**
 * A table without a header gets the names of the one that the network was trained on: of all its columns, or of all but
 * the target. Throws UsageError for another number of columns.
 */
function named(table: RawTable, encoder: TableEncoder, trained: Trained | undefined, file: string): RawTable {
  if (table.dialect.header || trained === undefined) return table;
  const count = table.names.length;
  const others = trained.names.filter((name) => name !== encoder.targetName);
  const names = [trained.names, others].find(({ length }) => length === count);
  if (names === undefined) {
    const both = `${trained.names.length} (${others.length} without the target)`;
    throw new UsageError(`${file}: has ${count} columns and no header, and the network was trained on ${both}`);
  }
  return {
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
}

/** Throws UsageError if the output is a file that is read, whatever it is called. */
async function checkOther(out: string, path: string, shown: string): Promise<void> {
  const there = await stat(out).catch(() => undefined);
  const read = await stat(path);
  if (there !== undefined && there.dev === read.dev && there.ino === read.ino) {
    throw new UsageError(`--out ${shown} is a file that is read: name another one`);
  }
}
