import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkpointFile, lineFile, readBytes, readTable, writeFileAtomic } from '../../src/node/index.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'whittle-closed-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('every file that is opened', () => {
  /** The number that the system gives the next file: the lowest that is free. */
  const next = (): number => {
    const file = openSync(join(folder, 'next'), 'w');
    closeSync(file);
    return file;
  };
  const path = (): string => join(folder, 'closed.csv');
  const ways: readonly (readonly [string, () => unknown])[] = [
    ['writeFileAtomic of a text', () => writeFileAtomic(path(), 'a,b\n1,2\n3,4\n')],
    ['writeFileAtomic of bytes', () => writeFileAtomic(path(), Uint8Array.of(97, 44, 98, 10, 49, 44, 50))],
    ['writeFileAtomic that fails', () => expect(() => writeFileAtomic(folder, 'x')).toThrow()],
    ['checkpointFile', () => checkpointFile(path())(Uint8Array.of(97), 0)],
    ['lineFile', () => ['a,b', '1,2', '3,4'].forEach(lineFile(path()))],
    ['readBytes', () => readBytes(path())],
    ['readTable', () => readTable(path(), { target: 'b', task: 'regression' })],
  ];

  test.each(ways)('is closed again: %s', async (_, run) => {
    writeFileSync(path(), 'a,b\n1,2\n3,4\n');
    await run();
    const free = next();
    for (let i = 0; i < 8; i++) await run();
    expect(next()).toBeLessThan(free + 8);
  });
});
