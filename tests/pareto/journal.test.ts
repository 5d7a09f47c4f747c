import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import {
  add,
  type CompressOptions,
  compress,
  FormatError,
  type Journal,
  memoryJournal,
  StateError,
  tensor,
  ValueError,
} from '../../src/index.ts';
import { journalFile } from '../../src/node/index.ts';
import { classifier, data, RECIPES, recipe } from './tools.ts';

const folder = mkdtempSync(join(tmpdir(), 'whittle-journal-'));
afterAll(() => rmSync(folder, { recursive: true }));
let files = 0;
const newPath = (): string => join(folder, `${files++}.jsonl`);

const model = classifier();
const recipes = RECIPES.slice(0, 4);
const run = (journal: Journal, options: CompressOptions = {}) =>
  compress(model, data(), { recipes, journal, ...options });

/** The lines of a search that went to its end. */
async function lines(): Promise<readonly string[]> {
  const journal = memoryJournal();
  await run(journal);
  return journal.entries;
}
const whole = lines();

describe('a search with a journal', () => {
  test('goes on where another ended, after any line, and comes to the same', async () => {
    const entries = await whole;
    expect(entries).toHaveLength(5);
    const all = String(JSON.stringify(await run(memoryJournal(entries))));
    for (let n = 0; n <= entries.length; n++) {
      const journal = memoryJournal(entries.slice(0, n));
      const resumed: number[] = [];
      const found = await run(journal, { onProgress: (each) => void resumed.push(each.resumed) });
      expect(JSON.stringify(found)).toBe(all);
      expect(resumed.at(-1)).toBe(Math.max(0, n - 1));
      expect(journal.entries).toEqual(entries);
    }
  });

  test('has a failure in it too, with its reason', async () => {
    const journal = memoryJournal();
    const impossible = recipe({ prune: { structure: 'neurons', amount: 0.5, criterion: 'gamma', epochs: 1 } }); // no BatchNorm
    const { failures } = await run(journal, { recipes: [impossible] });
    expect(failures).toHaveLength(1);
    const again = await run(memoryJournal(journal.entries), { recipes: [impossible] });
    expect(again.failures).toEqual(failures);
  });

  test('of other limits goes on as well, for these decide on no trial', async () => {
    const entries = await whole;
    const found = await run(memoryJournal(entries), { budget: 10, maxDamage: { accuracy: 1 } });
    expect(found.points.map(({ meets }) => meets)).toEqual([false, false, false, false]);
  });

  test('lets other work in between trials that it has, and hears its signal there', async () => {
    const controller = new AbortController();
    let finished = 0;
    const onProgress = (): void => {
      if (finished++ === 0) setTimeout(() => controller.abort(), 0);
      for (const until = performance.now() + 15; performance.now() < until; ); // longer than what is let pass without a breath
    };
    const search = run(memoryJournal(await whole), { onProgress, signal: controller.signal });
    await expect(search).rejects.toMatchObject({ name: 'AbortError' });
    expect(finished).toBeLessThan(recipes.length);
  });

  test('of another seed of what is drawn goes on where nothing is drawn, and no further', async () => {
    const entries = await whole;
    const journal = memoryJournal(entries);
    await run(journal, { seed: 5 });
    expect(journal.entries).toEqual(entries);
    const drawn = memoryJournal();
    await run(drawn, { strategy: 'random', trials: 1 });
    const other = run(memoryJournal(drawn.entries), { strategy: 'random', trials: 1, seed: 5 });
    await expect(other).rejects.toThrow('journal: it is of another model');
  });

  test.each<[string, () => Promise<unknown>]>([
    ['another model', async () => compress(classifierOf(), data(), { recipes, journal: memoryJournal(await whole) })],
    ['other recipes', async () => run(memoryJournal(await whole), { recipes: RECIPES })],
    ['other seeds', async () => run(memoryJournal(await whole), { seeds: [1] })],
    ['another strategy', async () => run(memoryJournal(await whole), { strategy: 'random' })],
    ['another rate', async () => run(memoryJournal(await whole), { learningRate: 0.5 })],
    ['batches of another size', async () => run(memoryJournal(await whole), { batchSize: 16 })],
    [
      'other data',
      async () => {
        const { x, y, validation, test: judged } = data();
        return compress(
          model,
          { x, y, validation: judged, test: validation },
          { recipes, journal: memoryJournal(await whole) },
        );
      },
    ],
  ])('of %s is refused', async (_, search) => {
    await expect(search()).rejects.toMatchObject({
      constructor: StateError,
      message: expect.stringMatching(/^journal: it is of another model/),
    });
  });
});

function classifierOf(): typeof model {
  const other = classifier();
  const [first, ...rest] = other.getWeights();
  other.setWeights([add(first!, tensor(1e-6)), ...rest]);
  return other;
}

describe('lines of a journal that are none', () => {
  const changed = async (at: number, change: (line: string) => string): Promise<unknown> => {
    const entries = (await whole).map((line, i) => (i === at ? change(line) : line));
    return run(memoryJournal(entries)).catch((error: unknown) => error);
  };
  const swap =
    (field: string, value: unknown) =>
    (line: string): string =>
      JSON.stringify({ ...(JSON.parse(line) as object), [field]: value });
  test.each<[number, (line: string) => string, string]>([
    [0, () => '', 'line 1: is no JSON'],
    [0, () => 'null', 'line 1: is not the head'],
    [0, swap('journal', 'x'), 'line 1: is not the head'],
    [0, swap('version', 2), 'line 1: is of version 2, and this reader knows 1'],
    [1, (line) => line.slice(0, -9), 'line 2: is no JSON'],
    [1, () => '3', 'line 2: has no trial'],
    [1, swap('trial', 'first'), 'line 2: has no trial'],
    [2, swap('file', undefined), 'line 3: has neither a file nor why there is none'],
    [2, swap('file', 7), 'line 3: has neither a file nor why there is none'],
    [2, swap('file', '%%%'), 'line 3: has a file that is not what its digest says'],
    [2, swap('file', ''), 'line 3: has a file that is not what its digest says'],
    [2, swap('sha256', 'ab'), 'line 3: has a file that is not what its digest says'],
    [
      2,
      (line) =>
        JSON.stringify({
          ...(JSON.parse(line) as object),
          file: btoa('abc'),
          sha256: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
        }),
      'line 3: has a file that is no network for these samples',
    ],
  ])('are refused by their number: %i', async (at, change, message) => {
    const error = await changed(at, change);
    expect(error).toBeInstanceOf(FormatError);
    expect((error as Error).message).toContain(message);
  });

  test('are refused where a trial comes twice, and of other trials are no matter', async () => {
    const entries = await whole;
    await expect(run(memoryJournal([...entries, entries[2]!]))).rejects.toThrow(
      'line 6: has a trial that another line has',
    );
    const other = JSON.stringify({ trial: { seed: 9 }, failed: 'of no matter' });
    await run(memoryJournal([...entries, other]));
  });

  test('whatever they are, end in an error of the library or the same result', async () => {
    const entries = await whole;
    const all = JSON.stringify(await run(memoryJournal(entries)));
    const mutation = fc.tuple(
      fc.nat(entries.length - 1),
      fc.nat(5000),
      fc.constantFrom('', '"', '0', '}', 'x', '\\', ','),
    );
    await fc.assert(
      fc.asyncProperty(mutation, async ([at, place, text]) => {
        const line = entries[at]!;
        const hurt = entries.map((each, i) =>
          i === at ? line.slice(0, place % line.length) + text + line.slice((place % line.length) + 1) : each,
        );
        const found = await run(memoryJournal(hurt)).catch((error: unknown) => error);
        if (found instanceof Error) expect([FormatError, StateError]).toContain(found.constructor);
        else expect(JSON.stringify(found)).toBe(all);
      }),
      { numRuns: 40 },
    );
  });

  test('are refused by memoryJournal where they are no texts', () => {
    expect(() => memoryJournal([3 as never])).toThrow(ValueError);
    expect(() => memoryJournal('{}' as never)).toThrow(ValueError);
  });
});

describe('a journal in a file', () => {
  test('has every line when append returns, and drops one that was not written whole', async () => {
    const path = newPath();
    const journal = journalFile(path);
    expect(journal.entries).toEqual([]);
    for (const line of await whole) {
      await journal.append(line);
      expect(readFileSync(path, 'utf8').endsWith(`${line}\n`)).toBe(true);
    }
    expect(journal.entries).toEqual(await whole);
    const text = readFileSync(path, 'utf8');
    for (const half of ['{"trial":', 'ü'.slice(0, 1)]) {
      writeFileSync(path, text + half);
      const again = journalFile(path);
      expect(again.entries).toEqual(await whole);
      await again.append('next');
      expect(readFileSync(path, 'utf8')).toBe(`${text}next\n`);
    }
    writeFileSync(path, Buffer.concat([Buffer.from(text), Buffer.from('ü').subarray(0, 1)])); // cut within a character
    expect(journalFile(path).entries).toEqual(await whole);
  });

  test('is not written to by two', async () => {
    const path = newPath();
    const one = journalFile(path);
    const other = journalFile(path);
    await one.append('first');
    expect(() => other.append('other')).toThrow('has changed since it was read: another search writes to it');
    expect(readFileSync(path, 'utf8')).toBe('first\n');
  });

  test('is text', () => {
    const path = newPath();
    writeFileSync(path, Uint8Array.of(0xff, 0xfe, 0x0a));
    expect(() => journalFile(path)).toThrow(FormatError);
    expect(() => journalFile(join(folder, 'none', 'there')).append('line')).toThrow('ENOENT');
  });
});
