import open from 'open';

/** Shows a file with the program that the system has for it. Resolves when that was started, or rejects. */
export async function openFile(path: string): Promise<void> {
  const started = await open(path);
  started.on('error', () => {});
}
