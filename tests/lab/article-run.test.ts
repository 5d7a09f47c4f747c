// In a process of its own: it trains for long.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Figures, Verdict } from '../../lab/src/article/claim.ts';
import { type Loaded, libraryDigest, loadClaims } from '../../lab/src/article/load.ts';
import { run } from '../../lab/src/article/run.ts';
import { CLOCK, SMALL } from './article-fixture.ts';
import { DIGITS, type Ended } from './run.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'whittle-article-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** The command, called from `folder`, on claims of the test or, without any, the real ones. */
async function article(args: readonly string[], claims?: readonly Loaded[]): Promise<Ended> {
  let out = '';
  let err = '';
  const output = new PassThrough();
  output.on('data', (data: Buffer) => {
    out += data.toString();
  });
  const errors = {
    write: (text: string) => {
      err += text;
    },
  };
  const around = { folder, version: '1.2.3', digits: DIGITS, output, errors, ...(claims && { claims }) };
  const code = await run(args, around);
  await new Promise((resolve) => output.end(resolve));
  return { code, out, err };
}

/** A claim that counts its measurements. */
function counted(digest = 'a'): { readonly loaded: Loaded; readonly seeds: number[] } {
  const seeds: number[] = [];
  const measure = (seed: number): Figures => {
    seeds.push(seed);
    return { before: 1, after: 3 + seed, loss: 0 };
  };
  return { loaded: { ...SMALL, digest, claim: { ...SMALL.claim, measure } }, seeds };
}

const read = (path: string): string => readFileSync(join(folder, path), 'utf8');

describe('the cache', () => {
  const CACHED = 'article/cache/I.1-small.json';

  test('spares a second measurement, to the same files', async () => {
    const { loaded, seeds } = counted();
    expect((await article([], [loaded])).code).toBe(0);
    const first = [read('article/claims.json'), read('article/index.html')];
    expect(await article([], [loaded])).toMatchObject({ code: 0, err: '' });
    expect(seeds).toEqual([0, 1, 2, 3, 4]);
    expect([read('article/claims.json'), read('article/index.html')]).toEqual(first);
  });

  test.each([
    ['another module', 'b', []],
    ['other seeds', 'a', ['--seeds', '6']],
    ['--quick', 'a', ['--quick']],
    ['--no-cache', 'a', ['--no-cache']],
  ])('is not used with %s', async (_, digest, args) => {
    await article([], [counted().loaded]);
    const { loaded, seeds } = counted(digest);
    expect(await article(args, [loaded])).toMatchObject({ code: 0, err: '' });
    expect(seeds.length).toBeGreaterThanOrEqual(5);
  });

  test('--no-cache keeps nothing', async () => {
    await article(['--no-cache'], [counted().loaded]);
    expect(existsSync(join(folder, 'article/cache'))).toBe(false);
  });

  test.each([
    ['half a file', (text: string) => text.slice(0, 60)],
    ['another program’s file', () => '[1, 2]'],
    ['another claim’s file', (text: string) => text.replace('I.1-small', 'I.1-other')],
    ['rows that are none', (text: string) => JSON.stringify({ ...JSON.parse(text), rows: [null] })],
    ['figures that are none', (text: string) => text.replace('"before": 1', '"before": "1"')],
    ['too few seeds', (text: string) => JSON.stringify({ ...JSON.parse(text), rows: [] })],
  ])('%s is said in one line, and measured again', async (_, spoil) => {
    await article([], [counted().loaded]);
    writeFileSync(join(folder, CACHED), spoil(read(CACHED)));
    const { loaded, seeds } = counted();
    const { code, err } = await article([], [loaded]);
    expect(code).toBe(0);
    expect(err).toMatch(/^article: .*I\.1-small\.json holds .* so they are measured again\n$/);
    expect(seeds).toHaveLength(5);
    expect(await article([], [loaded])).toMatchObject({ err: '' });
    expect(seeds).toHaveLength(5);
  });
});

describe('options', () => {
  test.each([
    ['an unknown option', ['--sed'], /unknown option '--sed'/],
    ['an argument', ['I.1'], /too many arguments/],
    ['too few seeds', ['--seeds', '4'], /--seeds.*integer from 5 to 1000/],
    ['half a seed', ['--seeds', '5.5'], /--seeds.*integer from 5/],
    ['a language that it does not speak', ['--lang', 'fr'], /--lang.*en, zh/],
    [
      'a claim that is none',
      ['--only', 'I.1-small,I.9'],
      /--only knows no claim or section "I\.9"; there are I\.1-small/,
    ],
    ['an empty folder', ['--out', ''], /--out is empty/],
    ['no claim', ['--only', ''], /--only is empty/],
  ])('%s is one sentence and exit code 2, and nothing is written', async (_, args, message) => {
    const { code, out, err } = await article(args, [SMALL, CLOCK]);
    expect(err).toMatch(message);
    expect(err).toMatch(/^article: [^\n]*\n$/);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(existsSync(join(folder, 'article'))).toBe(false);
  });

  test('a folder that is a file is one too', async () => {
    writeFileSync(join(folder, 'taken'), '');
    const { code, err } = await article(['--out', 'taken'], [SMALL]);
    expect({ code, err }).toMatchObject({ code: 2, err: expect.stringMatching(/^article: .*it is a file\n$/) });
    mkdirSync(join(folder, 'half/index.html'), { recursive: true });
    expect(await article(['--out', 'half'], [SMALL])).toMatchObject({ code: 2 });
  });

  test('a figure that is no number names claim, seed and figure, and is exit code 1', async () => {
    const claim = {
      ...SMALL.claim,
      measure: (seed: number): Figures => ({ before: 1, after: 1 / (seed - 3), loss: 0 }),
    };
    const { code, err } = await article([], [{ ...SMALL, claim }]);
    expect({ code, err }).toEqual({
      code: 1,
      err: 'article: I.1-small, seed 3: after is Infinity, and must be a number\n',
    });
  });

  test('--help names every option', async () => {
    const { code, out } = await article(['--help'], []);
    expect(code).toBe(0);
    for (const option of ['seeds', 'quick', 'only', 'lang', 'out', 'record', 'no-progress', 'no-cache'])
      expect(out).toContain(`--${option}`);
  });

  test('--quick leaves some, and --only takes ids and sections, with the part of the article or without', async () => {
    const measured = async (...args: string[]): Promise<string[]> => {
      await article([...args, '--no-cache'], [SMALL, CLOCK]);
      const { claims } = JSON.parse(read('article/claims.json')) as { claims: { id: string }[] };
      return claims.map(({ id }) => id);
    };
    expect(await measured()).toEqual(['I.1-small', 'II.6.1-clock']);
    expect(await measured('--quick')).toEqual(['I.1-small']);
    expect(await measured('--only', '6.1')).toEqual(['II.6.1-clock']);
    expect(await measured('--only', 'I.1-small')).toEqual(['I.1-small']);
    expect(await measured('--only', 'I.1, II.6.1-clock')).toEqual(['I.1-small', 'II.6.1-clock']);
  });

  test('--only keeps what the cache has of the others on the page, and leaves it out of the table', async () => {
    await article([], [SMALL, CLOCK]);
    const { out } = await article(['--only', 'II.6.1', '--no-progress'], [SMALL, CLOCK]);
    expect(out).not.toContain('I.1-small');
    expect(read('article/index.html')).toContain('id="I.1-small"');
  });

  test('progress is a line a claim in a log, and none where it is not wanted', async () => {
    expect((await article([], [SMALL])).out).toContain('I.1-small (5 steps)\n');
    expect((await article(['--no-cache', '--no-progress'], [SMALL])).out).not.toContain('steps');
  });

  test('--record writes the verdicts that tests hold', async () => {
    await article(['--record', 'sub/verdicts.json'], [SMALL, CLOCK]);
    expect(JSON.parse(read('sub/verdicts.json'))).toEqual({ 'I.1-small': 'holds' });
  });
});

describe('files of claims', () => {
  const claims = () => join(folder, 'claims');
  const put = (path: string, text: string): void => {
    mkdirSync(claims(), { recursive: true });
    writeFileSync(join(folder, path), text);
  };
  const of = (id: string, more = '', before = ''): string =>
    `${before}export const claim = { id: '${id}', section: 'I.1', arms: { a: {} }, effect: { of: 'a', smallest: 1 }, reasons: {}, ${more} };\n`;
  const load = () => loadClaims(claims(), folder);

  test('have digests of all that they import from beside them', async () => {
    put('helper.js', 'export const help = 1;\n');
    put('claims/a.js', of('I.1-a', 'help', "import { help } from '../helper.js';\n"));
    put('claims/b.js', of('I.1-b'));
    const [a, b] = await load();
    put('helper.js', 'export const help = 2;\n');
    const [a2, b2] = await load();
    expect(a2!.digest).not.toBe(a!.digest);
    expect(b2!.digest).toBe(b!.digest);
    expect(libraryDigest()).toMatch(/^[0-9a-f]{64}$/);
  });

  test.each([
    ['no claim', 'export const other = 1;', /x\.js has no claim: export const claim/],
    ['an id with a slash', of('a/b'), /id "a\/b" must be letters/],
    ['a figure that is no arm', of('a', "reasons: { holds: { en: '{b}', zh: '' } }"), /\{b\}, which is no arm/],
    ['no smallest effect', of('a', "effect: { of: 'a', smallest: NaN }"), /smallest must be a number/],
    [
      'an example that is not run',
      of('a', "example: { before: '', after: 'y' }"),
      /shows examples\/y\.ts, and does not import/,
    ],
  ])('%s is refused by name', async (_, text, message) => {
    put('claims/x.js', text);
    await expect(load()).rejects.toThrow(message);
  });

  test('two of one id are refused', async () => {
    put('claims/x.js', of('a'));
    put('claims/y.js', of('a'));
    await expect(load()).rejects.toThrow('two files have the claim a');
  });
});

test('the verdicts of the quick claims are those that were recorded', { timeout: 300_000 }, async () => {
  const { code, err } = await article(['--quick', '--no-cache', '--no-progress', '--record', 'verdicts.json']);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  const recorded = readFileSync(new URL('./article-verdicts.json', import.meta.url), 'utf8');
  const verdicts = JSON.parse(read('verdicts.json')) as Record<string, Verdict>;
  expect(verdicts).toEqual(JSON.parse(recorded));
  const unexplained = (await loadClaims()).filter(
    ({ claim: { id, reasons } }) => id in verdicts && !reasons[verdicts[id]!],
  );
  expect(unexplained.map(({ claim }) => claim.id)).toEqual([]);
});
