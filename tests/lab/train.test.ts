import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { StateError, ValueError } from 'whittle-ml';
import type { Surroundings } from '../../lab/src/surroundings.ts';
import type { JobOptions } from '../../lab/src/types.ts';
import { fixture } from './fixture.ts';
import { type Ended, whittle } from './run.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'whittle-train-'));
  const odd = Array.from({ length: 24 }, (_, i) => [
    100 + i,
    i === 9 ? '?' : i % 14,
    i % 3,
    i === 5 ? '' : 'xy'[i % 2],
  ]);
  writeFileSync(join(folder, 'odd.csv'), ['no;the size;a, b;kind', ...odd.map((row) => row.join(';'))].join('\n'));
  mkdirSync(join(folder, 'taken', 'index.html'), { recursive: true });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('training', () => {
  interface Called {
    rows: number;
    name: string;
    options: JobOptions;
  }

  /** The command with a job that only ticks; `fail` is what it throws at the end. */
  async function call(
    args: readonly string[],
    { fail, ...instead }: Partial<Surroundings> & { fail?: Error } = {},
  ): Promise<Ended & { called: Called[] }> {
    const called: Called[] = [];
    const runJob: Surroundings['runJob'] = async ({ name, rows }, options, progress) => {
      called.push({ rows: rows.length, name, options });
      for (const stage of ['teacher', 'students']) {
        progress.stage(stage, 2);
        progress.tick('first');
        progress.tick('second');
      }
      if (fail !== undefined) throw fail;
      return { report: fixture(options.seeds.length, name), networks: [] };
    };
    return { ...(await whittle(folder, args, { runJob, ...instead })), called };
  }

  test('runs the digits with the defaults, writes report and page, and shows the tables', async () => {
    const { code, out, err, called } = await call([]);
    expect({ code, err, called }).toEqual({
      code: 0,
      err: '',
      called: [
        {
          rows: 1797,
          name: 'digits',
          options: {
            seeds: [0],
            epochs: 60,
            model: 'mlp',
            as: 'columns',
            light: true,
            criteria: true,
            students: true,
            smallest: true,
          },
        },
      ],
    });
    expect(out).toMatch(/^teacher \(2 steps\)\nstudents \(2 steps\)\n/);
    expect(out).toContain('use --seeds 5');
    expect(out.trimEnd().split('\n').at(-1)).toBe(`Report: ${join(folder, 'report', 'index.html')}`);
    expect(readdirSync(join(folder, 'report')).sort()).toEqual(['index.html', 'report.json']);
    expect(JSON.parse(readFileSync(join(folder, 'report', 'report.json'), 'utf8'))).toEqual(fixture());
    expect(readFileSync(join(folder, 'report', 'index.html'), 'utf8')).toMatch(/^<!doctype html>[\s\S]*<\/html>\n$/);
  });

  test('passes seeds, epochs and a file of the caller on, and is silent about progress on request', async () => {
    const args = ['--seed', '7', '--seeds', '3', '--epochs', '5', '--no-progress', '--out', 'deep/er'];
    const { code, out, called } = await call([...args, '--csv', 'odd.csv', '--target', 'kind']);
    expect({ code, called }).toEqual({
      code: 0,
      called: [
        {
          rows: 23,
          name: 'odd.csv',
          options: {
            seeds: [7, 8, 9],
            epochs: 5,
            model: 'mlp',
            as: 'columns',
            light: false,
            criteria: true,
            students: true,
            smallest: true,
          },
        },
      ],
    });
    expect(out).not.toContain('teacher (2 steps)');
    expect(existsSync(join(folder, 'deep', 'er', 'index.html'))).toBe(true);
  });

  test.each([
    [['--image', '2x1x1'], { model: 'mlp', as: 'images', light: true }],
    [['--image', '1x1x2', '--model', 'mlp', '--no-light'], { model: 'mlp', as: 'images', light: false }],
    [['--image', '2x1x1', '--model', 'mobilenet'], { model: 'mobilenet', as: 'images', light: true }],
    [[], { model: 'mlp', as: 'columns', light: false }],
  ])('a table with %j is trained on as it says', async (args, options) => {
    const table = ['odd.csv', '--target', 'kind', '--drop', 'no', '--out', 'as'];
    const { code, err, called } = await call([...table, ...args]);
    expect({ code, err, called }).toMatchObject({ code: 0, err: '', called: [{ options }] });
  });

  test('the digits are columns, and images where that is said', async () => {
    const { called } = await call(['--image', '4x16x1', '--out', 'as']);
    expect(called).toMatchObject([{ options: { model: 'mlp', as: 'images', light: true } }]);
  });

  test('an output that cannot be written is found before the job begins', async () => {
    const { code, called } = await call(['--out', 'taken']);
    expect({ code, called }).toEqual({ code: 2, called: [] });
  });

  test('a job that refuses the table is one line and leaves no folder', async () => {
    const fail = new ValueError('runJob', 'rows', 'at least 30', 3);
    const { code, err } = await call(['--out', 'refused/here'], { fail });
    expect({ code, err }).toEqual({ code: 2, err: 'whittle: runJob: rows must be at least 30, got 3\n' });
    expect(existsSync(join(folder, 'refused'))).toBe(false);
  });

  test('a defect of the job is thrown, not called a wrong option', async () => {
    await expect(call(['--out', 'refused'], { fail: new TypeError('oops') })).rejects.toThrow('oops');
    expect(existsSync(join(folder, 'refused'))).toBe(false);
  });

  test('what was done to the table is said, with the option that undoes it', async () => {
    const { out } = await call(['odd.csv', '--target', 'kind', '--no-progress']);
    expect(out).toMatch(/^The file was read with ; between cells; --delimiter, .* say otherwise\.$/m);
    expect(out).toMatch(/^"no": left out.*; --keep no keeps it\.$/m);
    expect(out).toMatch(/^"the size": .*filled with the mean \d\.\d+; --missing refuse stops there\.$/m);
    expect(out).toMatch(/^"kind": .*no value in the target.*; --unlabelled refuse stops there\.$/m);
  });

  test('columns are named or counted, and names may hold commas and figures', async () => {
    const args = ['odd.csv', '--no-progress', '--target', '4'];
    expect((await call(args)).called).toMatchObject([{ rows: 23 }]);
    const dropped = await call([...args, '--drop', 'the size,1']);
    expect(dropped.out).not.toMatch(/"no"|filled/);
    expect((await call([...args, '--drop', 'a, b'])).code).toBe(0);
    expect(await call([...args, '--drop', '9'])).toMatchObject({
      code: 2,
      err: expect.stringMatching(/--drop must be.* got 9/),
    });
    expect(await call([...args, '--types', 'a, b=category', '--types', 'no=number,2=category'])).toMatchObject({
      code: 0,
    });
    expect(await call([...args, '--types', 'no'])).toMatchObject({
      code: 2,
      err: expect.stringMatching(/column=type/),
    });
  });

  test('a name comes before a number', async () => {
    const rows = Array.from({ length: 24 }, (_, i) => `${i % 4},${i % 2},${'ab'[i % 2]}`);
    writeFileSync(join(folder, 'years.csv'), ['2020,2021,3', ...rows].join('\n'));
    const target = async (column: string): Promise<string> => {
      let task = '';
      const runJob: Surroundings['runJob'] = async (data) => {
        task = data.taskReason;
        return { report: fixture(), networks: [] };
      };
      await call(['years.csv', '--header', '--target', column], { runJob });
      return task;
    };
    expect(await target('3')).toContain('"3" holds texts');
    expect(await target('2')).toContain('"2021" has 2 distinct integers');
    expect(await target('2020')).toContain('"2020" has 4 distinct integers');
  });

  test('--open shows the page, and a page that cannot be shown is no failure', async () => {
    const opened: string[] = [];
    const open = async (path: string): Promise<void> => void opened.push(path);
    expect((await call([], { open })).code).toBe(0);
    expect(opened).toEqual([]);
    expect((await call(['--open'], { open })).code).toBe(0);
    expect(opened).toEqual([join(folder, 'report', 'index.html')]);
    const { code, out } = await call(['--open'], { open: () => Promise.reject(new Error('no browser')) });
    expect(code).toBe(0);
    expect(out).toMatch(/could not be opened: .*no browser/);
  });

  test('a job that breaks down says so with exit code 1', async () => {
    const { code, err } = await call(['--out', 'broken'], { fail: new StateError('job', 'broke down') });
    expect({ code, err }).toEqual({ code: 1, err: 'whittle: job: broke down\n' });
    expect(existsSync(join(folder, 'broken'))).toBe(false);
  });
});
