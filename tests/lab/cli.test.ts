import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ValueError } from 'whittle-ml';
import { run, type Surroundings } from '../../lab/src/cli.ts';
import type { JobOptions } from '../../lab/src/types.ts';
import { writeFiles } from '../../lab/src/write.ts';
import { fixture } from './fixture.ts';

const MAIN = fileURLToPath(new URL('../../lab/dist/main.js', import.meta.url));
const DIGITS = fileURLToPath(new URL('../../data/digits.csv.gz', import.meta.url));

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'whittle-'));
  writeFileSync(join(folder, 'good.csv'), 'a,b,kind\n1,2,x\n3,4,y\n5,6,x\n');
  writeFileSync(join(folder, 'ragged.csv'), 'a,b\n1,2\n1,2,3\n');
  writeFileSync(join(folder, 'holes.csv'), 'a,b,kind\n1,,x\n3,4,y\n');
  writeFileSync(join(folder, 'empty.csv'), '');
  writeFileSync(join(folder, 'binary.csv'), Uint8Array.of(0xff, 0xfe, 0, 1));
  mkdirSync(join(folder, 'taken', 'index.html'), { recursive: true });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** The built command, called from `folder`. */
function whittle(args: readonly string[]): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [MAIN, ...args], { cwd: folder, env: { ...process.env, INIT_CWD: folder } });
    let [out, err] = ['', ''];
    child.stdout.on('data', (data) => {
      out += data;
    });
    child.stderr.on('data', (data) => {
      err += data;
    });
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, out, err }));
  });
}

describe('a wrong option or file is one line on stderr, exit code 2, and nothing is written', () => {
  const good = ['--csv', 'good.csv', '--target', 'kind'];
  const cases: readonly (readonly [string, readonly string[], RegExp])[] = [
    ['an unknown option', ['--sed', '1'], /unknown option '--sed'.*--seed/],
    ['an argument too many', ['digits'], /too many arguments/],
    ['a negative seed', ['--seed', '-1'], /--seed.*'-1'.*integer from 0/],
    ['a seed past what is exact', ['--seed', '9007199254740993'], /--seed.*integer/],
    ['no seeds', ['--seeds', '0'], /--seeds.*integer from 1/],
    ['text for epochs', ['--epochs', 'many'], /--epochs.*'many'.*integer from 1/],
    ['half an epoch', ['--epochs', '0.5'], /--epochs.*integer/],
    ['an option without its value', ['--out'], /--out.*argument missing/],
    ['an unknown task', [...good, '--task', 'clustering'], /--task.*classification, regression/],
    ['an unknown way with empty cells', [...good, '--missing', 'zero'], /--missing.*error, mean/],
    ['a target without a file', ['--target', 'kind'], /--target needs --csv/],
    ['a task without a file', ['--task', 'regression'], /--task needs --csv/],
    ['a file without a target', ['--csv', 'good.csv'], /--csv needs --target/],
    ['a file that is not there', ['--csv', 'none.csv', '--target', 'a'], /none\.csv: there is no such file/],
    ['a folder in place of a file', ['--csv', 'taken', '--target', 'a'], /taken: it is a folder/],
    [
      'a target that is no column',
      ['--csv', 'good.csv', '--target', 'c'],
      /--target must be one of "a", "b", "kind", got "c"/,
    ],
    ['rows of different lengths', ['--csv', 'ragged.csv', '--target', 'a'], /ragged\.csv: csv: .*2/],
    ['empty cells', ['--csv', 'holes.csv', '--target', 'kind'], /row 1, column "b": the cell is empty.*--missing mean/],
    ['an empty file', ['--csv', 'empty.csv', '--target', 'a'], /empty\.csv: csv/],
    ['bytes that are no text', ['--csv', 'binary.csv', '--target', 'a'], /binary\.csv: .*UTF-8/],
    ['texts as the target of a regression', [...good, '--task', 'regression'], /regression needs numbers/],
    ['an output that is a file', ['--out', 'good.csv'], /good\.csv: it is a file/],
    ['an output below a file', ['--out', 'new/../good.csv/sub/deeper'], /no folder/],
    ['an output whose page is a folder', ['--out', 'taken'], /index\.html: it is a folder/],
    ['an output with a name too long', ['--out', join('new', 'x'.repeat(300))], /too long/],
  ];

  test.concurrent.each(cases)('%s', async (_name, args, message) => {
    const { code, out, err } = await whittle(args);
    expect(err).toMatch(message);
    expect(err.match(/\n/g)).toHaveLength(1);
    expect(err).toMatch(/^whittle: .*\n$/);
    expect({ code, out }).toEqual({ code: 2, out: '' });
  });

  test('nothing is left behind', () => {
    expect(readdirSync(folder).sort()).toEqual([
      ...['binary.csv', 'empty.csv', 'good.csv', 'holes.csv', 'ragged.csv', 'taken'],
    ]);
    expect(readdirSync(join(folder, 'taken'))).toEqual(['index.html']);
  });
});

test.concurrent('--help and --version say what they should and end with 0', async () => {
  const [help, version] = await Promise.all([whittle(['--help']), whittle(['--version'])]);
  for (const option of ['--seed', '--seeds', '--epochs', '--out', '--csv', '--target', '--task', '--missing']) {
    expect(help.out).toContain(`${option} <`);
  }
  expect(help).toMatchObject({ code: 0, err: '' });
  expect(version).toEqual({ code: 0, out: '0.1.0\n', err: '' });
});

describe('run', () => {
  interface Called {
    rows: number;
    name: string;
    options: JobOptions;
  }

  /** The command with a job that only ticks; `fail` is what it throws at the end. */
  async function call(args: readonly string[], fail?: Error): Promise<Ended & { called: Called[] }> {
    let err = '';
    const output = new PassThrough();
    const called: Called[] = [];
    const around: Surroundings = {
      async runJob(table, { name }, options, progress) {
        called.push({ rows: table.features.shape[0]!, name, options });
        for (const stage of ['teacher', 'students']) {
          progress.stage(stage, 2);
          progress.tick('first');
          progress.tick('second');
        }
        if (fail !== undefined) throw fail;
        return fixture(options.seeds.length, name);
      },
      defaultEpochs: 60,
      version: '0.1.0',
      digits: DIGITS,
      folder,
      output,
      errors: {
        write: (text) => {
          err += text;
        },
      },
    };
    const code = await run(args, around);
    return { code, out: String(output.read() ?? ''), err, called };
  }

  test('runs the digits with the defaults, writes report and page, and shows the tables', async () => {
    const { code, out, err, called } = await call([]);
    expect({ code, err, called }).toEqual({
      code: 0,
      err: '',
      called: [{ rows: 1797, name: 'digits', options: { seeds: [0], epochs: 60 } }],
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
    const { code, out, called } = await call([...args, '--csv', 'holes.csv', '--target', 'kind', '--missing', 'mean']);
    expect({ code, called }).toEqual({
      code: 0,
      called: [{ rows: 2, name: 'holes.csv', options: { seeds: [7, 8, 9], epochs: 5 } }],
    });
    expect(out).not.toContain('teacher (2 steps)');
    expect(existsSync(join(folder, 'deep', 'er', 'index.html'))).toBe(true);
  });

  test('an output that cannot be written is found before the job begins', async () => {
    const { code, called } = await call(['--out', 'taken']);
    expect({ code, called }).toEqual({ code: 2, called: [] });
  });

  test('a job that refuses the table is one line and leaves no folder', async () => {
    const fail = new ValueError('runJob', 'rows', 'at least 30', 3);
    const { code, err } = await call(['--out', 'refused/here'], fail);
    expect({ code, err }).toEqual({ code: 2, err: 'whittle: runJob: rows must be at least 30, got 3\n' });
    expect(existsSync(join(folder, 'refused'))).toBe(false);
  });

  test('a defect of the job is thrown, not called a wrong option', async () => {
    await expect(call(['--out', 'refused'], new TypeError('oops'))).rejects.toThrow('oops');
    expect(existsSync(join(folder, 'refused'))).toBe(false);
  });
});

test('writeFiles removes what it wrote when one file cannot be written', async () => {
  const out = join(folder, 'half');
  await expect(writeFiles(out, { 'report.json': '{}', 'a/b.html': 'x' })).rejects.toThrow('cannot write to');
  expect(existsSync(out)).toBe(false);
  mkdirSync(join(folder, 'half', 'index.html'), { recursive: true });
  await expect(writeFiles(out, { 'report.json': '{}', 'index.html': 'x' })).rejects.toThrow('cannot write to');
  expect(readdirSync(out)).toEqual(['index.html']);
});
