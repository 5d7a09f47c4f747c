import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { type Table, type TableOptions, tableFromBytes } from '../data/table.ts';

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
