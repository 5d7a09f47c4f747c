import { describe, expect, test } from 'vitest';
import { parse, type Typed } from '../../lab/src/options.ts';

let shown = '';
const typed = (...args: readonly string[]): Typed =>
  parse(args, {
    defaultEpochs: 60,
    version: '1.2.3',
    show: (text) => {
      shown += text;
    },
  });

test('without anything the digits are trained on, with the defaults', () => {
  expect(typed()).toEqual({
    command: 'train',
    file: undefined,
    flags: {
      seed: 0,
      seeds: 1,
      epochs: 60,
      out: 'report',
      progress: true,
      model: 'mlp',
      light: true,
      criteria: true,
      students: true,
      smallest: true,
    },
  });
});

test('a table is an argument or the value of --csv', () => {
  const wanted = { command: 'train', file: 'a.csv', flags: { target: 'y' } };
  expect(typed('a.csv', '--target', 'y')).toMatchObject(wanted);
  expect(typed('--target', 'y', 'a.csv')).toMatchObject(wanted);
  expect(typed('--csv', 'a.csv', '--target', 'y')).toMatchObject(wanted);
});

test('everything that says how a table is written and encoded is passed on', () => {
  const args = [
    '--delimiter',
    'tab',
    '--decimal',
    ',',
    '--thousands',
    'none',
    '--no-header',
    '--na',
    '?,-999',
    '--na',
    'x',
  ];
  const { flags } = typed('a.csv', '--target', '3', '--drop', 'a,b', '--drop', 'c', '--keep', '1', ...args);
  expect(flags).toMatchObject({
    ...{ delimiter: '\t', decimal: ',', thousands: '', header: false, na: ['?', '-999', 'x'] },
    ...{ target: '3', drop: ['a,b', 'c'], keep: ['1'] },
  });
  const more = [
    '--missing',
    'category',
    '--unlabelled',
    'refuse',
    '--max-categories',
    '7',
    '--encoding',
    'windows-1252',
  ];
  expect(typed('a.csv', '--target', 'y', '--header', '--task', 'regression', '--open', ...more).flags).toMatchObject({
    ...{ header: true, task: 'regression', open: true, missing: 'category', unlabelled: 'refuse', maxCategories: 7 },
    encoding: 'windows-1252',
  });
});

test('an image is height, width and channels, with an x or a × between', () => {
  const image = (text: string) => typed('a.csv', '--target', 'y', '--model', 'cnn', '--image', text).flags;
  expect(image('28x28x1')).toMatchObject({ model: 'cnn', image: [28, 28, 1] });
  expect(image('6×5×3')).toMatchObject({ image: [6, 5, 3] });
  expect(typed('--no-criteria').flags).toMatchObject({ criteria: false });
  expect(typed('--no-students').flags).toMatchObject({ students: false, smallest: true });
  expect(typed('--no-smallest').flags).toMatchObject({ students: true, smallest: false });
  expect(typed('--model', 'mobilenet', '--no-light').flags).toMatchObject({ model: 'mobilenet', light: false });
  const alone = typed('a.csv', '--target', 'y', '--image', '8x8x1');
  expect(alone.flags).toMatchObject({ model: 'mlp', image: [8, 8, 1] }); // the perceptron takes pixels, too
  expect(typed('--model', 'cnn').flags).not.toHaveProperty('image'); // the digits have theirs
});

test('predict has options of its own, behind it', () => {
  expect(typed('predict', 'm.safetensors', 'new.csv')).toEqual({
    ...{ command: 'predict', model: 'm.safetensors', file: 'new.csv' },
    flags: { out: 'predictions.csv' },
  });
  expect(typed('predict', 'm', 'n', '--out', '-', '--delimiter', ';', '--no-header', '--quote', 'none').flags).toEqual({
    ...{ out: '-', delimiter: ';', header: false, quote: '' },
  });
});

test('compress has those of training and its own, behind it', () => {
  const flags = {
    ...{ seed: 0, seeds: 1, epochs: 60, out: 'compressed', progress: true, model: 'mlp' },
    ...{ maxDamage: 2, strategy: 'grid', workers: 0, save: 'front' },
  };
  expect(typed('compress')).toEqual({ command: 'compress', file: undefined, flags });
  const args = ['--max-damage', '0.5', '--strategy', 'halving', '--trials', '8', '--workers', '2', '--save', 'all'];
  expect(typed('compress', 'a.csv', '--target', 'y', '--delimiter', ';', '--open', ...args).flags).toEqual({
    ...{ ...flags, target: 'y', delimiter: ';', open: true, maxDamage: 0.5 },
    ...{ strategy: 'halving', trials: 8, workers: 2, save: 'all' },
  });
});

test.each([
  ['20000', 20_000],
  ['20kB', 20_000],
  ['20 KB', 20_000],
  ['1.5MB', 1_500_000],
  ['2KiB', 2048],
  ['1MiB', 1_048_576],
  ['7B', 7],
])('a budget of %s is %i bytes', (text, budget) => {
  expect(typed('compress', '--budget', text).flags).toMatchObject({ budget });
});

test('the model to make smaller is a kind, or else a file', () => {
  expect(typed('compress', '--model', 'cnn').flags).toMatchObject({ model: 'cnn' });
  expect(typed('compress', '--model', './vgg').flags).toMatchObject({ model: { file: './vgg' } });
});

test('what is exported is a module, or C where that is said or the file ends so', () => {
  expect(typed('export', 'm')).toEqual({ command: 'export', model: 'm', flags: { out: '.' } });
  const args = ['--as', 'c', '--out', 'code', '--name', 'leaf', '--plain', '--logits'];
  expect(typed('export', 'm', ...args)).toEqual({
    command: 'export',
    model: 'm',
    flags: { as: 'c', out: 'code', name: 'leaf', plain: true, logits: true },
  });
  expect(typed('export', 'm', '--out', 'a.c', '--plain').flags).toMatchObject({ out: 'a.c', plain: true });
  expect(typed('page', 'm')).toEqual({ command: 'page', model: 'm', flags: {} });
  expect(typed('page', 'm', '--out', 'a.html', '--name', 'x', '--open').flags).toEqual({
    ...{ out: 'a.html', name: 'x', open: true },
  });
});

describe('refuses', () => {
  const cases: readonly (readonly [string, readonly string[], RegExp])[] = [
    ['two tables', ['a.csv', '--csv', 'b.csv', '--target', 'y'], /two tables are given, a\.csv and --csv b\.csv/],
    ['a third argument of predict', ['predict', 'm', 'n', 'o'], /too many arguments/],
    ['predict without a table', ['predict', 'm'], /missing required argument 'file'/],
    ['options of the job before predict', ['--epochs', '3', 'predict', 'm', 'n'], /--epochs stands before predict/],
    ['options of the job behind predict', ['predict', 'm', 'n', '--target', 'y'], /unknown option '--target'/],
    ['options of the job before compress', ['--epochs', '3', 'compress'], /--epochs stands before compress/],
    ['a second table of compress', ['compress', 'a', 'b', '--target', 'y'], /too many arguments/],
    ['a target of compress without a table', ['compress', '--target', 'y'], /whittle compress data\.csv --target/],
    [
      'a cnn of compress of what shape',
      ['compress', 'a', '--target', 'y', '--model', 'cnn'],
      /--model cnn needs --image/,
    ],
    ['an empty output of compress', ['compress', '--out', ''], /--out is empty/],
    ['export without a model', ['export'], /missing required argument 'model'/],
    ['a table of export', ['export', 'm', 'a.csv'], /too many arguments/],
    ['options of the job before export', ['--epochs', '3', 'export', 'm'], /--epochs stands before export/],
    ['another language', ['export', 'm', '--as', 'rust'], /--as.*module, c/],
    ['C that is readable', ['export', 'm', '--as', 'c', '--readable'], /--readable is of modules/],
    ['a module of logits', ['export', 'm', '--logits'], /--logits needs --as c/],
    ['a module of plain numbers', ['export', 'm', '--out', 'a.mjs', '--plain'], /--plain needs --as c/],
    ['an empty name of an export', ['export', 'm', '--name', ''], /--name is empty/],
    ['options of the job before page', ['--seed', '3', 'page', 'm'], /--seed stands before page/],
    ['an empty output of page', ['page', 'm', '--out', ''], /--out is empty/],
    ['an empty name of a table', ['', '--target', 'y'], /the file is empty/],
    ['an empty target', ['a.csv', '--target', ''], /--target is empty/],
    ['an empty name of an output', ['predict', 'm', 'n', '--out', ''], /--out is empty/],
    ['--no-header without a table', ['--no-header'], /--no-header needs a table/],
    ['--drop without a table', ['--drop', 'a'], /--drop needs a table/],
    ['an unknown model', ['--model', 'vgg'], /--model.*mlp, cnn, mobilenet/],
    ['a kind of network that is none', ['compress', '--model', 'conv'], /mlp, cnn, mobilenet, or the file.*\.\/conv/],
    [
      'a command with letters changed',
      ['compres', 'a.csv', '--target', 'y'],
      /no command compres\. Did you mean compress\?/,
    ],
    ['a command by another name', ['pages', 'm'], /no command pages\. Did you mean page\?.*\.\/pages/],
    ['a command in capitals', ['Predict', 'm', 'n'], /no command Predict\. Did you mean predict\?/],
    [
      'an image of two sides',
      ['--model', 'cnn', '--image', '8x8'],
      /--image.*height x width x channels, such as 28x28x1/,
    ],
    ['an image without a pixel', ['--model', 'cnn', '--image', '8x0x1'], /--image.*height x width x channels/],
    ['a table for a cnn without its image', ['a.csv', '--target', 'y', '--model', 'cnn'], /--model cnn needs --image/],
    ['no categories', ['a.csv', '--target', 'y', '--max-categories', '0'], /--max-categories.*integer from 1/],
  ];
  test.each(cases)('%s', (_name, args, message) => {
    expect(() => typed(...args)).toThrow(message);
  });
});

test('help names the argument, every option and the other command', () => {
  shown = '';
  expect(() => typed('--help')).toThrow();
  for (const word of [
    '[file]',
    'compress',
    'predict',
    'export',
    'page',
    '--target',
    '--drop',
    '--keep',
    '--missing',
    '--unlabelled',
    '--na',
    '--open',
    '--model',
    '--image',
    '--no-light',
  ])
    expect(shown).toContain(word);
  expect(shown).not.toContain('--csv');
  shown = '';
  expect(() => typed('compress', '--help')).toThrow();
  for (const word of [
    '[file]',
    '--budget',
    '--max-damage',
    '--strategy',
    '--trials',
    '--workers',
    '--save',
    '--target',
  ])
    expect(shown).toContain(word);
  shown = '';
  expect(() => typed('predict', '--help')).toThrow();
  for (const word of ['<model>', '<file>', '--out', '--no-header']) expect(shown).toContain(word);
  shown = '';
  expect(() => typed('export', '--help')).toThrow();
  for (const word of ['<model>', '--as', '--out', '--name', '--readable', '--plain', '--logits'])
    expect(shown).toContain(word);
  shown = '';
  expect(() => typed('page', '--help')).toThrow();
  for (const word of ['<model>', '--out', '--name', '--open']) expect(shown).toContain(word);
});
