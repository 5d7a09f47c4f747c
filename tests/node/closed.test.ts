import { closeSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { gzipSync } from 'node:zlib';
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

describe('what is written and read', () => {
  const at = (name: string): string => join(folder, name);

  test.each([
    ['a text', 'é,\n😀', new TextEncoder().encode('é,\n😀')],
    ['no text', '', new Uint8Array(0)],
    ['bytes', Uint8Array.of(0, 255, 10), Uint8Array.of(0, 255, 10)],
    ['a part of a longer array', Uint8Array.of(1, 2, 3, 4).subarray(1, 3), Uint8Array.of(2, 3)],
  ])('is what was given: %s', (_, content, bytes) => {
    writeFileAtomic(at('given'), 'something longer from before');
    writeFileAtomic(at('given'), content);
    expect(readBytes(at('given'))).toEqual(bytes);
  });

  test('is plain bytes of their own, and no Buffer', () => {
    writeFileAtomic(at('plain'), 'abc');
    const bytes = readBytes(at('plain'));
    expect(Object.getPrototypeOf(bytes)).toBe(Uint8Array.prototype);
    expect([bytes.byteOffset, bytes.buffer.byteLength]).toEqual([0, 3]);
  });

  test('goes where the path of an epoch says, or to one file, which holds the last', () => {
    const each = checkpointFile((epoch) => at(`epoch-${epoch}`));
    const last = checkpointFile(at('last'));
    for (const epoch of [0, 1, 7]) for (const sink of [each, last]) sink(Uint8Array.of(epoch), epoch);
    for (const epoch of [0, 1, 7]) expect([...readBytes(at(`epoch-${epoch}`))]).toEqual([epoch]);
    expect(readdirSync(folder).filter((name) => name.startsWith('epoch-'))).toHaveLength(3);
    expect([...readBytes(at('last'))]).toEqual([7]);
  });

  test('is whole lines, all of one sink and none of one before', () => {
    lineFile(at('lines'))('old');
    const sink = lineFile(at('lines'));
    for (const line of ['a,b', '', '1,2']) sink(line);
    expect(readFileSync(at('lines'), 'utf8')).toBe('a,b\n\n1,2\n');
  });

  test('leaves no temporary file, and throws what the system said, where it cannot be written', () => {
    writeFileAtomic(at('kept'), 'before');
    const files = readdirSync(folder);
    expect(() => writeFileAtomic(folder, 'x')).toThrow(/EISDIR|ENOTDIR|EEXIST|EPERM/);
    expect(() => writeFileAtomic(at('none/x'), 'x')).toThrow('ENOENT');
    expect(() => readBytes(at('none'))).toThrow('ENOENT');
    expect(readdirSync(folder)).toEqual(files);
    expect(readdirSync(join(folder, '..')).filter((name) => name.startsWith(`${basename(folder)}.`))).toEqual([]);
  });

  test('is a table with every option', async () => {
    writeFileSync(at('t.csv'), 'a;b\n1;3\n;5\n3;9\n');
    const options = { target: 'b', delimiter: ';', missing: 'mean', task: 'regression' } as const;
    expect((await readTable(at('t.csv'), options)).features.toArray()).toEqual([[1], [2], [3]]);
    writeFileSync(at('t.csv.gz'), gzipSync('a,b\n1,0\n2,1\n'));
    await expect(readTable(at('t.csv.gz'), { target: 'b', maxBytes: 3 })).rejects.toThrow('the limit is 3');
  });
});
