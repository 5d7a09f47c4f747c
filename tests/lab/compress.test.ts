import { spawn } from 'node:child_process';
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseHTML } from 'linkedom';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { decodeNetwork } from 'whittle-ml';
import type { CompressReport } from '../../lab/src/types-compress.ts';
import { whittle } from './run.ts';

const WINE = fileURLToPath(new URL('../../data/wine.csv', import.meta.url));
const MAIN = fileURLToPath(new URL('../../lab/dist/main.js', import.meta.url));
const KILL = new URL('./kill-after.mjs', import.meta.url).href;

/** Networks from scratch, which are followed whatever is drawn. */
const BASELINES = 8;

/** A few recipes with few epochs on a small table. */
const SEARCH = [WINE, '--target', 'class', '--epochs', '4', '--strategy', 'random', '--trials', '6', '--seed', '1'];

let folder = '';
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'whittle-compress-'));
  await compress('whole', ...SEARCH);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const compress = (out: string, ...args: readonly string[]) =>
  whittle(folder, ['compress', ...args, '--out', out, '--no-progress']);
const textOf = (...path: readonly string[]): string => readFileSync(join(folder, ...path), 'utf8');
const reportOf = (out: string): CompressReport => JSON.parse(textOf(out, 'report.json'));

/** What must be the same on every machine. */
const sameIn = ({ points, failures, best, reason, original, damage, findings }: CompressReport): unknown => ({
  ...{ failures, best, reason, damage, findings, original: fixed(original) },
  points: points.map(fixed),
});
const fixed = <T extends CompressReport['original']>({ tables: _, bytes: { gzip: __, ...bytes }, ...rest }: T) => ({
  ...rest,
  bytes,
});

describe('a search on a table', () => {
  test('says in JSON, in the terminal and on the page the same, and writes the networks of the front', async () => {
    const { code, out, err } = await compress('again', ...SEARCH);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const report = reportOf('again');
    expect(report.points).toHaveLength(6 + BASELINES);
    expect(report.points.filter(({ isBaseline }) => isBaseline)).toHaveLength(BASELINES);
    const front = report.points.filter(({ isDominated }) => !isDominated);
    const rows = out.split('\n').filter((line) => /^│ (\* )?\d/.test(line));
    expect(
      rows.map((row) =>
        row
          .split('│')
          .slice(1, 4)
          .map((cell) => cell.trim().replace('* ', '')),
      ),
    ).toEqual(
      [...front]
        .sort((p, q) => p.bytes.file - q.bytes.file)
        .map(({ number, name, bytes }) => [String(number), name, bytes.file.toLocaleString('en-US')]),
    );
    const { document } = parseHTML(textOf('again', 'report.html'));
    const bytes = [...document.querySelectorAll('td[data-label="bytes"]')].map((cell) => cell.textContent);
    expect(bytes.sort()).toEqual(report.points.map((p) => p.bytes.file.toLocaleString('en-US')).sort());
    const wanted = front.map(({ file }) => file!.replace('points/', ''));
    expect(readdirSync(join(folder, 'again', 'points')).sort()).toEqual(wanted.sort());
    for (const name of wanted) expect(out).toContain(name);
    expect(report.points.filter(({ isDominated }) => isDominated).map(({ file }) => file)).toEqual(
      report.points.filter(({ isDominated }) => isDominated).map(() => null),
    );
    expect(out.trimEnd().split('\n').at(-1)).toBe(`Report: ${join(folder, 'again', 'report.html')}`);
    expect(report.data.split).toEqual({ train: 106, validation: 36, test: 36 });
  });

  test('gives the same with workers, to the bit', async () => {
    expect((await compress('workers', ...SEARCH, '--workers', '2')).code).toBe(0);
    expect(sameIn(reportOf('workers'))).toEqual(sameIn(reportOf('whole')));
  });

  test('figures of several kinds are there, and finite', () => {
    const { points, original, best, damage } = reportOf('whole');
    const told = points.find(({ number }) => number === damage?.number)!;
    expect({ number: told.number, ...told.damage }).toEqual(damage);
    for (const { bytes, tables, energy, validation, test: tested, lost, smaller, damage: own } of points) {
      const [output] = own.report.outputs;
      expect(output?.kind === 'classes' && output.accuracy.after.share).toBe(tested.score);
      expect(own.lines[0]).toContain('36 samples');
      expect(lost.validation!.lost).toBeCloseTo(original.validation.score - validation.score, 12);
      expect(lost.test!.lost).toBeCloseTo(original.test.score - tested.score, 12);
      expect(bytes.gzip).toBeGreaterThan(0);
      expect(tables.map(({ name }) => name)).toEqual(original.tables.map(({ name }) => name));
      for (const { latency, load, memory } of tables)
        for (const x of [latency.batch1, latency.batch64, load, memory.batch1]) expect(x).toBeGreaterThan(0);
      expect(energy.source).toContain('a model, no measurement');
      for (const { low, score, high } of [validation, tested]) expect(low <= score && score <= high).toBe(true);
      expect(smaller).toBe(original.bytes.file / bytes.file);
    }
    const meeting = points.filter(({ meets }) => meets).map(({ bytes }) => bytes.file);
    expect(points.find(({ number }) => number === best)?.bytes.file).toBe(
      meeting.length === 0 ? undefined : Math.min(...meeting),
    );
  });

  test('a network of it predicts', async () => {
    const { points } = reportOf('whole');
    const { file } = points.find((point) => point.file !== null)!;
    const { code, out } = await whittle(folder, ['predict', join('whole', file!), WINE, '--out', 'said.csv']);
    expect(code).toBe(0);
    expect(out).toContain('178 rows predicted');
  });
});

describe('a call with the same folder', () => {
  test('runs nothing again, says so, and judges by other limits and saves others where it is told to', async () => {
    cpSync(join(folder, 'whole'), join(folder, 'judged'), { recursive: true });
    const journal = textOf('judged', 'journal.jsonl');
    const { points } = reportOf('judged');
    const smallest = Math.min(...points.map(({ bytes }) => bytes.file));
    const limits = ['--budget', `${smallest - 1}`, '--max-damage', '0.5', '--save', 'all'];
    const { code, out } = await compress('judged', ...SEARCH, ...limits);
    expect(code).toBe(0);
    expect(out).toContain(
      `The search goes on: ${6 + BASELINES} trials are in ${join(folder, 'judged', 'journal.jsonl')}.`,
    );
    expect(out).toContain('No network is within the limits');
    const again = reportOf('judged');
    expect(textOf('judged', 'journal.jsonl')).toBe(journal);
    expect(again.points.map(({ digest }) => digest)).toEqual(points.map(({ digest }) => digest));
    expect(again.best).toBeNull();
    for (const { file } of again.points) expect(existsSync(join(folder, 'judged', file!))).toBe(true);
  });

  test.each([1, 2, 5])(
    'goes on after it was killed behind trial %i, and ends with the same to the bit',
    async (kept) => {
      const out = `killed-${kept}`;
      // The head and its folder come to the disk first
      const signal = await new Promise((resolve) => {
        const child = spawn(
          process.execPath,
          ['--import', KILL, MAIN, 'compress', ...SEARCH, '--out', out, '--no-progress'],
          { cwd: folder, env: { ...process.env, INIT_CWD: folder, KILL_AFTER: String(2 + kept) } },
        );
        child.on('close', (_, name) => resolve(name));
      });
      expect(signal).toBe('SIGKILL');
      const before = textOf(out, 'journal.jsonl');
      expect(before.trimEnd().split('\n')).toHaveLength(1 + kept);
      expect(existsSync(join(folder, out, 'report.json'))).toBe(false);
      const { code, out: said } = await compress(out, ...SEARCH);
      expect(code).toBe(0);
      expect(said).toContain(`The search goes on: ${kept === 1 ? '1 trial is' : `${kept} trials are`} in `);
      expect(textOf(out, 'journal.jsonl').startsWith(before)).toBe(true);
      expect(textOf(out, 'journal.jsonl')).toBe(textOf('whole', 'journal.jsonl'));
      expect(sameIn(reportOf(out))).toEqual(sameIn(reportOf('whole')));
    },
  );

  test('is refused with the remedy where it is another search, and nothing is changed', async () => {
    const journal = textOf('whole', 'journal.jsonl');
    const report = textOf('whole', 'report.json');
    const { code, err } = await compress('whole', ...SEARCH, '--seeds', '2');
    expect({ code, err }).toEqual({
      code: 2,
      err: `whittle: ${join('whole', 'journal.jsonl')}: is the journal of a call with another table, network or search: name another folder with --out, or remove it\n`,
    });
    expect([textOf('whole', 'journal.jsonl'), textOf('whole', 'report.json')]).toEqual([journal, report]);
  });

  test('is refused with the remedy where another call writes to its journal', async () => {
    const out = 'two';
    const line = JSON.stringify({ trial: { seed: 9 }, failed: 'of another call' });
    const watcher = setInterval(() => {
      // The other call goes on once this one has read the journal, which its first line shows
      const path = join(folder, out, 'journal.jsonl');
      if (!existsSync(path)) return;
      clearInterval(watcher);
      appendFileSync(path, `${line}\n`);
    });
    const { code, err } = await compress(out, ...SEARCH);
    clearInterval(watcher);
    expect({ code, err }).toEqual({
      code: 2,
      err: `whittle: ${join(out, 'journal.jsonl')}: another call writes to it: name another folder with --out, or wait until that one has ended, and call again\n`,
    });
    expect(existsSync(join(folder, out, 'report.json'))).toBe(false);
  });

  test('is refused where the journal is none', async () => {
    cpSync(join(folder, 'whole'), join(folder, 'broken'), { recursive: true });
    const lines = textOf('broken', 'journal.jsonl').split('\n');
    writeFileSync(join(folder, 'broken', 'journal.jsonl'), [...lines.slice(0, 2), '{', ...lines.slice(2)].join('\n'));
    const { code, err } = await compress('broken', ...SEARCH);
    expect({ code, err }).toEqual({
      code: 2,
      err: `whittle: ${join('broken', 'journal.jsonl')}: line 3: is no JSON: remove it to begin anew\n`,
    });
  });
});

describe('a network that was trained before', () => {
  const table = [WINE, '--target', 'class', '--epochs', '4'];
  beforeAll(async () => {
    const left = ['--no-students', '--no-smallest', '--no-criteria', '--no-progress'];
    await whittle(folder, [...table, '--seed', '3', '--out', 'trained', ...left]);
  });
  const models = join('trained', 'models');
  const few = ['--strategy', 'random', '--trials', '2'];

  test('is made smaller as it is', async () => {
    const from = join(models, 'teacher.safetensors');
    const { code, err } = await compress('from', ...table, ...few, '--seed', '3', '--model', from, '--save', 'best');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const { options, model, original, best, points } = reportOf('from');
    expect(options.model).toBe(from);
    expect(model).toMatch(/teacher\.safetensors, [\d,]+ parameters$/);
    const teacher = JSON.parse(textOf('trained', 'report.json')).forms[0];
    expect(original.test.score).toBe(teacher.score.mean);
    expect(original.bytes.file).toBe(teacher.bytes.mean);
    expect(points.filter(({ file }) => file !== null).map(({ number }) => number)).toEqual(best === null ? [] : [best]);
  });

  test.each([
    [
      'another seed, whose test samples trained it',
      ['teacher', '--seed', '4'],
      /with these options and seed.*--seed of its run/,
    ],
    ['other columns', ['teacher', '--seed', '3', '--drop', 'hue'], /the network|options and seed/],
    [
      'integers',
      ['int8', '--seed', '3'],
      /int8\.safetensors: cannot be trained any more: .*quantized.*teacher\.safetensors/,
    ],
  ])('is refused with %s', async (_, [name, ...args], message) => {
    const from = join(models, `${name}.safetensors`);
    const { code, out, err } = await compress('refused', ...table, ...args, '--model', from);
    expect(err).toMatch(message);
    expect(err.match(/\n/g)).toHaveLength(1);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(existsSync(join(folder, 'refused'))).toBe(false);
  });
});

describe('images', () => {
  /** Bars, poles and slopes of 6 x 6 pixels, some brighter than others. */
  function images(): string {
    const pixel = (kind: number, i: number, row: number, column: number): number => {
      const isOn = [row === 2 || row === 3, column === 2 || column === 3, row === column][kind]!;
      return (isOn ? 150 : 20) + ((37 * i + 11 * row + 5 * column) % 90);
    };
    const names = ['bar', 'pole', 'slope'];
    const rows = Array.from({ length: 60 }, (_, i) => [
      ...Array.from({ length: 36 }, (_, at) => pixel(i % 3, i, Math.floor(at / 6), at % 6)),
      names[i % 3],
    ]);
    return [[...Array.from({ length: 36 }, (_, at) => `p${at}`), 'kind'], ...rows].join('\n');
  }

  test.each([
    ['cnn', 'conv'],
    ['mobilenet', 'conv'],
    ['mlp', 'dense'],
  ])('are what a %s of a table with --image takes, and its small networks predict', async (kind, op) => {
    writeFileSync(join(folder, 'images.csv'), images());
    const of = ['images.csv', '--target', 'kind', '--image', '6x6x1', '--model', kind];
    const few = ['--strategy', 'random', '--trials', '3', '--epochs', '3', '--save', 'all'];
    const { code, err } = await compress(kind, ...of, ...few);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const { points, failures, model, original } = reportOf(kind);
    expect(failures).toEqual([]);
    expect(model).toContain(kind === 'mlp' ? '-3' : kind);
    for (const { smaller, bytes, macs, file } of points) {
      expect(smaller).toBe(original.bytes.file / bytes.file);
      expect(macs).toBeLessThanOrEqual(original.macs);
      const { network } = decodeNetwork(readFileSync(join(folder, kind, file!)));
      expect(network.inputs[0]!.shape).toEqual([6, 6, 1]);
      expect(network.nodes.some((node) => node.op === op)).toBe(true);
    }
    const said = await whittle(folder, ['predict', join(kind, points[0]!.file!), 'images.csv', '--out', 'said.csv']);
    expect(said.code).toBe(0);
    expect(said.out).toContain('60 rows predicted');
  });

  test('of the digits need no table', async () => {
    const few = ['--strategy', 'random', '--trials', '1', '--epochs', '1'];
    const { code, err } = await compress('digits', '--model', 'cnn', ...few);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const { model, points } = reportOf('digits');
    expect(model).toBe('cnn of 38,602 parameters on images of 8×8×1');
    expect(points).toHaveLength(1 + BASELINES);
  });
});

test('several seeds are told of one by one, and as means of each recipe', async () => {
  const { code, out } = await compress('seeds', ...SEARCH.slice(0, -4), '--trials', '2', '--seeds', '3');
  expect(code).toBe(0);
  const { points, recipes, options } = reportOf('seeds');
  expect(options.seeds).toEqual([0, 1, 2]);
  expect(recipes.map(({ points: own }) => own)).toEqual(
    Array.from({ length: 2 + BASELINES }, (_, i) => [3 * i + 1, 3 * i + 2, 3 * i + 3]),
  );
  for (const { points: own, bytes, validation, test: tested, meets, name } of recipes) {
    const of = own.map((number) => points[number - 1]!);
    expect(of.map((point) => point.name)).toEqual([name, name, name]);
    expect(bytes.values).toEqual(of.map((point) => point.bytes.file));
    expect(validation.mean).toBeCloseTo(of.reduce((sum, point) => sum + point.validation.score, 0) / 3, 12);
    expect([tested.min, tested.max]).toEqual([
      Math.min(...of.map((point) => point.test.score)),
      Math.max(...of.map((point) => point.test.score)),
    ]);
    expect(meets).toBe(of.filter((point) => point.meets).length);
  }
  expect(out).toContain('Recipes that no other one beats on average over the seeds: mean (min..max)');
  expect(reportOf('whole').recipes).toEqual([]);
});

test('numbers are judged by R², and halving tells the epochs of what it tried', async () => {
  const rows = Array.from({ length: 60 }, (_, i) => [i % 7, (i * 5) % 11, 2 * (i % 7) - ((i * 5) % 11)]);
  writeFileSync(join(folder, 'numbers.csv'), ['a,b,y', ...rows].join('\n'));
  const args = ['--target', 'y', '--task', 'regression', '--strategy', 'halving', '--trials', '4', '--epochs', '20'];
  const { code, out } = await compress('numbers', 'numbers.csv', ...args, '--max-damage', '20', '--save', 'all');
  expect(code).toBe(0);
  const { scoreName, points, findings } = reportOf('numbers');
  expect(scoreName).toBe('R²');
  expect(points.map(({ effort }) => effort)).toEqual([
    ...[0.25, 0.25, 0.25, 0.25, 0.5, 0.5, 1],
    ...Array.from({ length: BASELINES }, () => 1),
  ]);
  expect(findings[0]).toContain('hundredths of R² lost');
  expect(out).toMatch(/│ +hundredths lost │/);
  expect(out).toMatch(/25 % of the epochs|50 % of the epochs/);
});

describe('what is wrong is one line, exit code 2, and nothing is written', () => {
  beforeAll(() => writeFileSync(join(folder, 'file'), ''));
  const table = [WINE, '--target', 'class'];
  test.each<[string, readonly string[], RegExp]>([
    ['an unknown option', ['--bugdet', '20kB'], /unknown option '--bugdet'.*--budget/],
    ['a budget in no unit', ['--budget', '20zB'], /--budget.*'20zB'.*20000, 20kB/],
    ['a budget of nothing', ['--budget', '0'], /--budget.*number of bytes/],
    ['a negative budget', ['--budget', '-3kB'], /--budget.*number of bytes/],
    ['damage past all points', ['--max-damage', '101'], /--max-damage.*points from 0 to 100/],
    ['an unknown strategy', ['--strategy', 'best'], /--strategy.*grid, random, halving/],
    ['trials of a grid', ['--trials', '3'], /--trials needs --strategy random or halving/],
    [
      'more trials than recipes',
      [...table, '--strategy', 'random', '--trials', '9999'],
      /--trials 9999 is more than there are: 33 recipes besides those from scratch/,
    ],
    ['too many workers', ['--workers', '65'], /--workers.*0 to 64/],
    ['what cannot be saved', ['--save', 'none'], /--save.*front, all, best/],
    [
      'a model that is neither',
      [...table, '--model', 'vgg'],
      /It must be mlp, cnn, mobilenet, or the file of a network/,
    ],
    ['a model that is a table', [...table, '--model', WINE], /wine\.csv: is no network: .* a \.safetensors file/],
    ['an option of training alone', ['--no-light'], /unknown option '--no-light'/],
    ['a table without a target', [WINE], /a table needs --target/],
    ['an output below a file', [...table, '--out', join('file', 'deep')], /a part of the path is no folder/],
  ])('%s', async (_, args, message) => {
    const before = readdirSync(folder);
    const { code, out, err } = await whittle(folder, ['compress', ...args]);
    expect(err).toMatch(message);
    expect(err).toMatch(/^whittle: .*\n$/);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(readdirSync(folder)).toEqual(before);
  });
});
