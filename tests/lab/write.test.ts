import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkFolder, writeFiles } from '../../lab/src/write.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'whittle-write-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('writeFiles', () => {
  test('writes texts, bytes and pieces of text, in folders below, and leaves nothing else', async () => {
    const out = join(folder, 'whole');
    const bytes = Uint8Array.of(0, 255, 7);
    function* pieces(): Iterable<string> {
      yield 'a,b\n';
      yield '1,2\n';
    }
    await writeFiles(out, { 'report.json': '{}', 'models/a.safetensors': bytes, 'models/b.csv': pieces() });
    expect(readdirSync(out).sort()).toEqual(['models', 'report.json']);
    expect(readdirSync(join(out, 'models')).sort()).toEqual(['a.safetensors', 'b.csv']);
    expect([...readFileSync(join(out, 'models/a.safetensors'))]).toEqual([...bytes]);
    expect(readFileSync(join(out, 'models/b.csv'), 'utf8')).toBe('a,b\n1,2\n');
  });

  test('removes what it wrote, and the folders that it made, when one file cannot be written', async () => {
    const out = join(folder, 'half');
    function* broken(): Iterable<string> {
      yield 'begun';
      throw new TypeError('stopped');
    }
    await expect(writeFiles(out, { 'models/a': 'x', 'report.json': broken() })).rejects.toThrow(
      new TypeError('stopped'),
    );
    expect(existsSync(out)).toBe(false);
    mkdirSync(join(out, 'index.html'), { recursive: true });
    writeFileSync(join(out, 'models'), 'a file');
    await expect(writeFiles(out, { 'report.json': '{}', 'models/a': 'x' })).rejects.toThrow('cannot');
    await expect(writeFiles(out, { 'report.json': '{}', 'index.html': 'x' })).rejects.toThrow('cannot write to');
    expect(readdirSync(out).sort()).toEqual(['index.html', 'models']);
  });
});

describe('checkFolder', () => {
  test.skipIf(process.platform === 'win32')(
    'refuses what is no ordinary file, which a new file would replace',
    async () => {
      const pipe = join(folder, 'pipe');
      execFileSync('mkfifo', [pipe]);
      await expect(checkFolder(folder, ['pipe'])).rejects.toThrow('pipe: it is no ordinary file');
      expect(statSync(pipe).isFIFO()).toBe(true);
    },
  );

  test.skipIf(process.platform !== 'linux')('ends where no folders can be made', async () => {
    await expect(checkFolder('/proc/whittle/deep', ['a'])).rejects.toThrow('cannot make the folder /proc/whittle/deep');
    await expect(writeFiles('/proc/whittle', { a: '' })).rejects.toThrow('cannot make the folder /proc/whittle');
  });

  test('leaves nothing behind', async () => {
    await checkFolder(join(folder, 'new', 'deep'), ['report.json', 'models/a', 'models/b']);
    expect(existsSync(join(folder, 'new'))).toBe(false);
  });

  test('keeps what is there', async () => {
    const out = join(folder, 'kept');
    mkdirSync(join(out, 'models'), { recursive: true });
    writeFileSync(join(out, 'models', 'a'), 'old');
    await checkFolder(out, ['report.json', 'models/a']);
    expect(readFileSync(join(out, 'models', 'a'), 'utf8')).toBe('old');
    expect(readdirSync(out)).toEqual(['models']);
  });

  test('names what is in the way', async () => {
    const out = join(folder, 'taken');
    mkdirSync(join(out, 'index.html'), { recursive: true });
    writeFileSync(join(out, 'models'), 'a file');
    await expect(checkFolder(out, ['index.html'])).rejects.toThrow(/index\.html: it is a folder$/);
    await expect(checkFolder(out, ['models/a'])).rejects.toThrow(/models: it is a file$/);
    expect(readdirSync(out).sort()).toEqual(['index.html', 'models']);
  });
});
