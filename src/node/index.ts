import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { FormatError, StateError } from '../base/errors.ts';
import { type Table, type TableOptions, tableFromBytes } from '../data/table.ts';
import type { Journal } from '../pareto/types.ts';

/**
 * Files, for Node, Bun and Deno: the only part of whittle-ml that touches a disk.
 */

/**
 * Writes a file so that a reader, or a restart after a crash, finds the old content or the new and nothing between:
 * into a temporary file beside it, flushed, then renamed. Throws the system's error; the target is then as before.
 *
 * @example
 * writeFileAtomic(path, saveModel(model));
 * loadModel(readBytes(path)).predict(x).shape; // [ 200, 2 ]
 */
export function writeFileAtomic(path: string, content: Uint8Array | string): void {
  const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    const file = openSync(temporary, 'w');
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
  flushFolder(dirname(path));
}

/** The rename itself survives a power cut only once its folder is flushed; Windows cannot open folders and need not. */
function flushFolder(path: string): void {
  if (process.platform === 'win32') return;
  const folder = openSync(path, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

/**
 * A sink for ModelCheckpoint: each save replaces the file, or goes where `path(epoch)` says.
 *
 * @example
 * model.fit(x, y, { epochs: 2, callbacks: [new ModelCheckpoint(checkpointFile(path), { monitor: 'loss' })] });
 * loadModel(readBytes(path)).predict(x).shape; // [ 200, 2 ]
 */
export function checkpointFile(path: string | ((epoch: number) => string)): (bytes: Uint8Array, epoch: number) => void {
  return (bytes, epoch) => writeFileAtomic(typeof path === 'string' ? path : path(epoch), bytes);
}

/**
 * A sink for CSVLogger: the file always holds whole lines.
 *
 * @example
 * model.fit(x, y, { epochs: 2, callbacks: [new CSVLogger(lineFile(path))] });
 * readCSV(readBytes(path)).names; // [ 'epoch', 'loss', 'accuracy', 'learning_rate' ]
 */
export function lineFile(path: string): (line: string) => void {
  let text = '';
  return (line) => {
    text += `${line}\n`;
    writeFileAtomic(path, text);
  };
}

/**
 * A journal of `compress` in a file, of which every line is on the disk before the search goes on: however the program ends, a
 * search with the same file goes on from there. The file is made if it is not there, and a last line that was not written whole
 * is dropped. One search at a time: throws StateError at a line that somebody else has written since. Throws FormatError for a
 * file that is no text, and the system's error.
 *
 * @example
 * const data = { x, y, validation: [x, y], test: [xTest, yTest] } as const;
 * const recipes = usualRecipes().slice(0, 2);
 * await compress(model, data, { recipes, journal: journalFile(path) });
 * journalFile(path).entries.length; // 3
 * const again = await compress(model, data, { recipes, journal: journalFile(path) }); // nothing is run
 * again.points.length; // 2
 */
export function journalFile(path: string): Journal {
  const bytes = existsSync(path) ? readBytes(path) : new Uint8Array();
  const whole = bytes.lastIndexOf(0x0a) + 1;
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(0, whole));
  } catch {
    throw new FormatError('journal', path, 'is no text');
  }
  let length = whole;
  let size = bytes.length; // with what was not written whole
  const entries = text.split('\n').slice(0, -1);
  const append = (entry: string): void => {
    const line = new TextEncoder().encode(`${entry}\n`);
    const isNew = !existsSync(path);
    const file = openSync(path, isNew ? 'wx' : 'r+');
    try {
      if (fstatSync(file).size !== size)
        throw new StateError('journalFile', `${path} has changed since it was read: another search writes to it`);
      ftruncateSync(file, length);
      for (let at = 0; at < line.length; ) at += writeSync(file, line, at, line.length - at, length + at);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    if (isNew) flushFolder(dirname(path));
    length += line.length;
    size = length;
    entries.push(entry);
  };
  return { entries, append };
}

/**
 * A file's bytes, for `loadModel` and its like.
 *
 * @example
 * writeFileAtomic(path, encodeNetwork(toNetwork(model)));
 * decodeNetwork(readBytes(path)).network.inputs; // [ { name: 'input', shape: [ 4 ], dtype: 'float32' } ]
 */
export function readBytes(path: string): Uint8Array {
  return new Uint8Array(readFileSync(path));
}

/**
 * A CSV file, plain or gzipped, as a table: see `tableFromBytes`.
 *
 * @example
 * writeFileAtomic(path, csv);
 * const { features, task } = await readTable(path, { target: 'quality' });
 * features.shape; // [ 30, 2 ]
 * task; // classification
 */
export function readTable(path: string, options: TableOptions & { maxBytes?: number }): Promise<Table> {
  return tableFromBytes(readBytes(path), options);
}
