import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Ended } from './run.ts';

const MAIN = fileURLToPath(new URL('../../lab/dist/main.js', import.meta.url));

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'whittle-'));
  writeFileSync(join(folder, 'good.csv'), 'a,b,kind\n1,2,x\n3,4,y\n5,6,x\n');
  writeFileSync(join(folder, 'ragged.csv'), 'a,b\n1,2\n1,2,3\n');
  writeFileSync(join(folder, 'holes.csv'), 'a,b,kind\n1,,x\n3,4,y\n5,6,x\n');
  writeFileSync(join(folder, 'empty.csv'), '');
  writeFileSync(join(folder, 'binary.csv'), Uint8Array.of(0xff, 0xfe, 0, 1));
  writeFileSync(join(folder, 'bare.csv'), '5.1,3.5,setosa\n4.9,3.0,virginica\n');
  writeFileSync(join(folder, 'page.html'), '<!DOCTYPE html><html><body>404</body></html>');
  const odd = Array.from({ length: 24 }, (_, i) => [
    100 + i,
    i === 9 ? '?' : i % 14,
    i % 3,
    i === 5 ? '' : 'xy'[i % 2],
  ]);
  writeFileSync(join(folder, 'odd.csv'), ['no;the size;a, b;kind', ...odd.map((row) => row.join(';'))].join('\n'));
  const pixels = Array.from({ length: 30 }, (_, i) => [
    ...Array.from({ length: 9 }, (__, p) => (i * p) % 7),
    'ab'[i % 2],
    i % 2,
  ]);
  const names = [...Array.from({ length: 9 }, (_, p) => `p${p}`), 'note', 'y'];
  writeFileSync(join(folder, 'pixels.csv'), [names, ...pixels].join('\n'));
  mkdirSync(join(folder, 'taken', 'index.html'), { recursive: true });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

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
  const pixels = ['pixels.csv', '--target', 'y', '--drop', 'note'];
  const cases: readonly (readonly [string, readonly string[], RegExp])[] = [
    ['an unknown option', ['--sed', '1'], /unknown option '--sed'.*--seed/],
    ['an argument too many', ['a.csv', 'b.csv', '--target', 'x'], /too many arguments/],
    ['a table that is a word', ['digits', '--target', 'x'], /digits: there is no such file/],
    ['a negative seed', ['--seed', '-1'], /--seed.*'-1'.*integer from 0/],
    ['a seed past what is exact', ['--seed', '9007199254740993'], /--seed.*integer/],
    ['no seeds', ['--seeds', '0'], /--seeds.*integer from 1/],
    ['text for epochs', ['--epochs', 'many'], /--epochs.*'many'.*integer from 1/],
    ['half an epoch', ['--epochs', '0.5'], /--epochs.*integer/],
    ['an option without its value', ['--out'], /--out.*argument missing/],
    ['an unknown task', [...good, '--task', 'clustering'], /--task.*classification, regression/],
    ['an unknown way with empty cells', [...good, '--missing', 'zero'], /--missing.*refuse, mean, median/],
    ['an unknown model', ['--model', 'vgg'], /--model.*mlp, cnn, mobilenet/],
    ['a cnn on a table of what shape', [...good, '--model', 'cnn'], /--model cnn needs --image/],
    [
      'an image that digits are not',
      ['--model', 'cnn', '--image', '7x9x1'],
      /digits: --image 7x9x1 is 63 .*64 columns .*"pixel0"/,
    ],
    [
      'an image too small for a convolution and a pool',
      ['--model', 'cnn', '--image', '3x3x1', ...pixels],
      /4×4 pixels, and 3×3×1/,
    ],
    [
      'texts as pixels',
      ['--model', 'mobilenet', '--image', '3x3x1', ...pixels.slice(0, -2)],
      /"note" holds categories/,
    ],
    [
      'a number as what an image is',
      ['--model', 'mobilenet', '--image', '3x3x1', '--task', 'regression', ...pixels],
      /"y" is a number/,
    ],
    ['a target without a file', ['--target', 'kind'], /--target needs a table/],
    ['a task without a file', ['--task', 'regression'], /--task needs a table/],
    ['a file without a target', ['--csv', 'good.csv'], /a table needs --target/],
    ['a file that is not there', ['--csv', 'none.csv', '--target', 'a'], /none\.csv: there is no such file/],
    ['a folder in place of a file', ['--csv', 'taken', '--target', 'a'], /taken: it is a folder/],
    [
      'a target that is no column',
      ['--csv', 'good.csv', '--target', 'c'],
      /good\.csv: --target must be one of "a", "b", "kind", got "c"/,
    ],
    [
      'rows of different lengths',
      ['--csv', 'ragged.csv', '--target', 'a'],
      /ragged\.csv: line 3: has 3 cells, the header has 2/,
    ],
    [
      'empty cells',
      ['holes.csv', '--target', 'kind', '--missing', 'refuse'],
      /holes\.csv: column "b": 1 cell is missing, the first in line 2\. Fill with --missing mean, median,/,
    ],
    ['few rows', ['good.csv', '--target', 'kind'], /good\.csv: has 3 rows, and the job needs at least 20/],
    ['no target', ['holes.csv', '--target', 'b', '--unlabelled', 'refuse'], /line 2\. .* --unlabelled skip\?/],
    [
      'data in place of names',
      ['bare.csv', '--target', '3'],
      /bare\.csv: header: looks like data.*--no-header\)\? .*--header$/m,
    ],
    ['an HTML page', ['page.html', '--target', 'a'], /page\.html: is an HTML page/],
    ['a wrong delimiter', ['odd.csv', '--target', 'no', '--delimiter', ','], /separated by ; \(--delimiter ";"\)/],
    ['a delimiter of two characters', [...good, '--delimiter', '::'], /--delimiter must be/],
    [
      'too many classes',
      ['odd.csv', '--target', 'no', '--task', 'classification', '--max-categories', '5'],
      /--max-categories/,
    ],
    ['an empty file', ['--csv', 'empty.csv', '--target', 'a'], /empty\.csv: is empty/],
    ['bytes that are no text', ['--csv', 'binary.csv', '--target', 'a'], /binary\.csv: is text in UTF-16/],
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
      ...['bare.csv', 'binary.csv', 'empty.csv', 'good.csv', 'holes.csv', 'odd.csv', 'page.html', 'pixels.csv'],
      'ragged.csv',
      'taken',
    ]);
    expect(readdirSync(join(folder, 'taken'))).toEqual(['index.html']);
  });
});

test.concurrent('--help and --version say what they should and end with 0', async () => {
  const [help, version] = await Promise.all([whittle(['--help']), whittle(['--version'])]);
  for (const option of ['--seed', '--seeds', '--epochs', '--out', '--target', '--task', '--missing', '--types']) {
    expect(help.out).toContain(`${option} <`);
  }
  expect(help).toMatchObject({ code: 0, err: '' });
  expect(version).toEqual({ code: 0, out: '0.1.0\n', err: '' });
});
