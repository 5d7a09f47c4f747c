import { mkdir, open, rename, rm, rmdir, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** A folder or file that cannot be used, in words for the person who named it. */
export class FileError extends Error {}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of the path is no folder',
  EEXIST: 'it is a file',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full',
  ENAMETOOLONG: 'the name is too long',
};

/** The system's error as a few words. */
export function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return REASONS[code] ?? (error instanceof Error ? error.message : String(error));
}

/** What a file holds: text, bytes, or text piece by piece. */
export type Content = string | Uint8Array | Iterable<string>;

/** Files by their path below a folder, such as `models/teacher.safetensors`. */
export type Files = Readonly<Record<string, Content>>;

/** Whether the file system says so; anything else that is thrown while writing is somebody else's. */
const isOfSystem = (error: unknown): boolean => error instanceof Error && 'syscall' in error;

/** A folder for results: makes it and a file in it, then removes what it made, so that a long run cannot end in vain. */
export async function checkFolder(folder: string, names: readonly string[]): Promise<void> {
  const paths = names.map((name) => join(folder, name));
  const made: string[] = [];
  try {
    for (const path of paths) {
      const there = await stat(path).catch(() => undefined);
      if (there?.isDirectory()) throw new FileError(`cannot write ${path}: it is a folder`);
      // A device or a pipe would be replaced, not written to.
      if (there !== undefined && !there.isFile()) throw new FileError(`cannot write ${path}: it is no ordinary file`);
    }
    for (const place of new Set(paths.map((path) => dirname(path)))) {
      made.unshift(...(await makeFolder(place)));
      const probe = temporaryName(join(place, 'probe'));
      await write(probe, '').finally(() => rm(probe, { force: true }));
    }
  } catch (error) {
    throw isOfSystem(error) ? new FileError(`cannot write to ${folder}: ${reasonOf(error)}`) : error;
  } finally {
    await removeEmpty(made);
  }
}

/**
 * Writes the files under temporary names, to the disk, and renames them only when all are complete; when anything fails
 * it removes what it wrote and the folders that it made.
 */
export async function writeFiles(folder: string, files: Files): Promise<void> {
  const pending = Object.entries(files).map(([name, content]) => {
    const path = join(folder, name);
    return { content, path, temporary: temporaryName(path) };
  });
  const made: string[] = [];
  const renamed: string[] = [];
  try {
    for (const place of new Set(pending.map(({ path }) => dirname(path)))) made.unshift(...(await makeFolder(place)));
    for (const { temporary, content } of pending) await write(temporary, content);
    for (const { temporary, path } of pending) {
      await rename(temporary, path);
      renamed.push(path);
    }
  } catch (error) {
    const rest = [...pending.map(({ temporary }) => temporary), ...renamed];
    await Promise.all(rest.map((path) => rm(path, { force: true }).catch(() => undefined)));
    await removeEmpty(made);
    throw isOfSystem(error) ? new FileError(`cannot write to ${folder}: ${reasonOf(error)}`) : error;
  }
}

const temporaryName = (path: string): string => join(dirname(path), `.${basename(path)}.${process.pid}.tmp`);

/**
 * Makes the folder and returns the folders that were missing, deepest first. One by one: Node's own way never ends where a
 * file system, such as that of processes, takes no folders.
 */
export async function makeFolder(folder: string): Promise<string[]> {
  const missing: string[] = [];
  for (let at = folder; await isMissing(at); at = dirname(at)) missing.push(at);
  const made: string[] = [];
  try {
    for (const path of missing.reverse()) {
      await mkdir(path);
      made.unshift(path);
    }
    const there = await stat(folder);
    if (!there.isDirectory()) throw new FileError(`cannot make the folder ${folder}: it is a file`);
    return made;
  } catch (error) {
    await removeEmpty(made);
    throw error instanceof FileError ? error : new FileError(`cannot make the folder ${folder}: ${reasonOf(error)}`);
  }
}

/** Whether the system says so; a path that may not be looked at is not missing. */
const isMissing = (path: string): Promise<boolean> =>
  stat(path).then(
    () => false,
    (error) => error instanceof Error && 'code' in error && error.code === 'ENOENT',
  );

/** Whether a file that is written, if it is there already, is another one than a file that is read, whatever they are called. */
export async function isOther(written: string, read: string): Promise<boolean> {
  const there = await stat(written).catch(() => undefined);
  const source = await stat(read);
  return there === undefined || there.dev !== source.dev || there.ino !== source.ino;
}

/** Removes no folder that holds anything. */
async function removeEmpty(folders: readonly string[]): Promise<void> {
  for (const folder of folders) await rmdir(folder).catch(() => undefined);
}

async function write(path: string, content: Content): Promise<void> {
  const file = await open(path, 'wx');
  try {
    await writeFile(file, content);
    await file.sync();
  } finally {
    await file.close();
  }
}
