import { mkdir, open, rename, rm, rmdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';

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

/** A folder for results: makes it and a file in it, then removes what it made, so that a long run cannot end in vain. */
export async function checkFolder(folder: string, names: readonly string[]): Promise<void> {
  const made = await makeFolder(folder);
  try {
    for (const name of names) {
      const there = await stat(join(folder, name)).catch(() => undefined);
      if (there?.isDirectory()) throw new FileError(`cannot write ${join(folder, name)}: it is a folder`);
    }
    const probe = temporaryName(folder, 'probe');
    await write(probe, '').finally(() => rm(probe, { force: true }));
  } catch (error) {
    throw error instanceof FileError ? error : new FileError(`cannot write to ${folder}: ${reasonOf(error)}`);
  } finally {
    await removeEmpty(made);
  }
}

/**
 * Writes the files under temporary names, to the disk, and renames them only when all are complete; when anything fails
 * it removes what it wrote and the folders that it made.
 */
export async function writeFiles(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  const made = await makeFolder(folder);
  const pending = Object.entries(files).map(([name, text]) => ({
    text,
    temporary: temporaryName(folder, name),
    path: join(folder, name),
  }));
  const renamed: string[] = [];
  try {
    for (const { temporary, text } of pending) await write(temporary, text);
    for (const { temporary, path } of pending) {
      await rename(temporary, path);
      renamed.push(path);
    }
  } catch (error) {
    const rest = [...pending.map(({ temporary }) => temporary), ...renamed];
    await Promise.all(rest.map((path) => rm(path, { force: true })));
    await removeEmpty(made);
    throw new FileError(`cannot write to ${folder}: ${reasonOf(error)}`);
  }
}

const temporaryName = (folder: string, name: string): string => join(folder, `.${name}.${process.pid}.tmp`);

/** Makes the folder and returns the folders that were missing, deepest first. */
async function makeFolder(folder: string): Promise<string[]> {
  const missing: string[] = [];
  for (let at = folder; await isMissing(at); at = dirname(at)) missing.push(at);
  try {
    await mkdir(folder, { recursive: true });
    return missing;
  } catch (error) {
    await removeEmpty(missing);
    throw new FileError(`cannot make the folder ${folder}: ${reasonOf(error)}`);
  }
}

/** Whether the system says so; a path that may not be looked at is not missing. */
const isMissing = (path: string): Promise<boolean> =>
  stat(path).then(
    () => false,
    (error) => error instanceof Error && 'code' in error && error.code === 'ENOENT',
  );

/** Removes no folder that holds anything. */
async function removeEmpty(folders: readonly string[]): Promise<void> {
  for (const folder of folders) await rmdir(folder).catch(() => undefined);
}

async function write(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx');
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}
