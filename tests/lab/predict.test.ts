import {
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encodeNetwork, Random } from 'whittle-ml';
import { type EncoderOptions, parseCSV, readCSV, TableEncoder } from 'whittle-ml/data';
import { compileNetwork } from 'whittle-ml/infer';
import { decodeNetwork } from 'whittle-ml/io';
import { cpu } from 'whittle-ml/kernels';
import { prepare, understand } from '../../lab/src/prepare.ts';
import type { JobReport } from '../../lab/src/types.ts';
import { type Ended, whittle } from './run.ts';

let folder = '';
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'whittle-predict-'));
  writeFileSync(join(folder, 'fruit.csv'), csv(fruit));
  writeFileSync(join(folder, 'bare.csv'), csv(fruit, { header: false }));
  await trained('fruit', 'fruit.csv', '--target', 'kind');
  await trained('grams', 'fruit.csv', '--target', 'grams');
  await trained('bare', 'bare.csv', '--target', '3', '--no-header');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const NAMES = ['size', 'color', 'kind', 'grams'] as const;
type Fruit = Readonly<Record<(typeof NAMES)[number], string>>;

/** Cherries are small and red, limes green and larger, plums between; a size is missing now and then. */
const fruit: readonly Fruit[] = Array.from({ length: 90 }, (_, i) => {
  const noise = new Random(i, 'fruit').uniform([2]).data;
  const [kind, color, size] = [
    ['cherry', 'red', 2] as const,
    ['lime', 'green', 6] as const,
    ['plum', 'blue', 4] as const,
  ][i % 3]!;
  const own = (size + noise[0]!).toFixed(2);
  return { kind, color, size: i % 20 === 7 ? '' : own, grams: (10 * size + 5 * noise[1]!).toFixed(1) };
});

function csv(rows: readonly Partial<Fruit>[], { header = true, names = NAMES as readonly string[] } = {}): string {
  const lines = rows.map((row) => names.map((name) => row[name as keyof Fruit] ?? '').join(','));
  return `${[...(header ? [names.join(',')] : []), ...lines].join('\n')}\n`;
}

/** What runs have said, by their folders. */
const outputs = new Map<string, string>();

async function trained(run: string, ...args: readonly string[]): Promise<void> {
  const { code, err, out } = await whittle(folder, [
    ...args,
    '--out',
    run,
    '--epochs',
    '30',
    '--no-progress',
    '--no-criteria',
  ]);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  outputs.set(run, out);
}

const model = (run: string, form = 'teacher'): string => join(run, 'models', `${form}.safetensors`);

/** Predicts a file that is made for it. */
async function predicted(run: string, text: string, ...args: readonly string[]): Promise<Ended & { text: string }> {
  writeFileSync(join(folder, 'new.csv'), text);
  rmSync(join(folder, 'predictions.csv'), { force: true });
  const ended = await whittle(folder, ['predict', model(run), 'new.csv', ...args]);
  const out = join(folder, 'predictions.csv');
  return { ...ended, text: existsSync(out) ? readFileSync(out, 'utf8') : '' };
}

test('a run leaves eight networks, each with the encoder of its training rows, which the report speaks of', async () => {
  expect(readdirSync(join(folder, 'fruit', 'models')).sort()).toEqual([
    ...[
      'combined',
      'int8',
      'neurons-pruned',
      'pruned',
      'smallest',
      'sparse-panels',
      'student-distilled',
      'teacher',
    ].map((form) => `${form}.safetensors`),
  ]);
  const options = {
    ...{ columns: 'useful', missing: 'mean', unlabelled: 'skip' },
    ...{ rare: 'other', odd: 'missing' },
  };
  const data = understand('fruit.csv', readCSV(csv(fruit)), { ...options, target: 'kind' } as EncoderOptions);
  const { encoder } = prepare(data, 0);
  expect(encoder.featureNames).toEqual(['size', 'color=blue', 'color=green', 'color=red', 'grams']);
  for (const file of readdirSync(join(folder, 'fruit', 'models'))) {
    const { metadata } = decodeNetwork(readFileSync(join(folder, 'fruit', 'models', file)));
    expect({ file, encoder: JSON.parse(metadata.get('encoder')!) }).toEqual({ file, encoder: encoder.toJSON() });
  }

  const ofAll = new TableEncoder({ missing: 'mean' }).fit(readCSV(csv(fruit)));
  const [{ fill }, { fill: other }] = [encoder.columns[0]!, ofAll.columns[0]!];
  expect(fill).not.toBe(other);
  const note = `"size": missing cells (5) filled with the mean ${Number((fill as number).toPrecision(6))}`;
  const { data: told } = JSON.parse(readFileSync(join(folder, 'fruit', 'report.json'), 'utf8')) as JobReport;
  expect(told.notes).toEqual([`${note}; --missing refuse stops there.`]);
  expect(told.target).toBe('kind');
  expect(outputs.get('fruit')).toContain(`${told.notes[0]}\n`);
  expect((await predicted('fruit', csv(fruit))).out).toContain(`${note}.`);
});

test('every row keeps its cells and gets a class and its probabilities', async () => {
  const { code, err, out, text } = await predicted('fruit', csv(fruit));
  expect({ code, err }).toEqual({ code: 0, err: '' });
  const { header, rows } = parseCSV(text);
  expect(header).toEqual([...NAMES, 'prediction', 'p(cherry)', 'p(lime)', 'p(plum)']);
  expect(rows.map((row) => row.slice(0, 4))).toEqual(fruit.map((each) => NAMES.map((name) => each[name])));
  let right = 0;
  for (const [, , kind, , prediction, ...p] of rows) {
    const numbers = p.map(Number);
    expect(numbers.reduce((sum, x) => sum + x)).toBeCloseTo(1, 5);
    expect(prediction).toBe(['cherry', 'lime', 'plum'][numbers.indexOf(Math.max(...numbers))]);
    if (prediction === kind) right++;
  }
  expect(right).toBeGreaterThan(80);
  expect(out).toContain(
    `accuracy ${(right / 90).toFixed(3)} on 90 rows. Of rows that the network was trained on this is no test.`,
  );
  expect(out).toContain('90 rows predicted');
});

test('predictions are those of decodeNetwork, compileNetwork and TableEncoder', async () => {
  for (const [run, form] of [
    ['fruit', 'combined'],
    ['grams', 'student-distilled'],
  ] as const) {
    const { network, metadata } = decodeNetwork(readFileSync(join(folder, model(run, form))));
    const encoder = TableEncoder.fromJSON(JSON.parse(metadata.get('encoder')!));
    writeFileSync(join(folder, 'new.csv'), csv(fruit));
    await whittle(folder, ['predict', model(run, form), 'new.csv']);
    const { header, rows } = parseCSV(readFileSync(join(folder, 'predictions.csv'), 'utf8'));
    const { features } = encoder.transform(readCSV(csv(fruit)), { target: false });
    const outputs = compileNetwork(network, 90, cpu).run(features.data as Float32Array);
    const width = outputs.length / 90;
    const answers = encoder.decode(
      Array.from({ length: 90 }, (_, i) => [...outputs.slice(i * width, (i + 1) * width)]),
    );
    const from = header.indexOf('prediction');
    rows.forEach((row, i) => {
      if (run === 'fruit') {
        expect(row.slice(from + 1).map((cell) => Math.fround(Number(cell)))).toEqual([
          ...outputs.slice(3 * i, 3 * i + 3),
        ]);
      } else expect(Number(row[from])).toBe((answers as { numbers: ArrayLike<number> }).numbers[i]);
    });
  }
});

describe('a table of another form', () => {
  const answers = (text: string): string[] => {
    const { header, rows } = parseCSV(text);
    return rows.map((row) => row.slice(header.indexOf('prediction')).join(' '));
  };
  let usual: string[] = [];
  beforeAll(async () => {
    usual = answers((await predicted('fruit', csv(fruit))).text);
  });

  test('has columns in another order, more of them, and no target', async () => {
    const rows = fruit.map((each, i) => ({ ...each, note: `text ${i}` }));
    const { text, out } = await predicted('fruit', csv(rows, { names: ['note', 'grams', 'size', 'color'] }));
    expect(answers(text)).toEqual(usual);
    expect(out).toContain('note');
    expect(out).not.toContain('accuracy');
  });

  test('has semicolons and decimal commas, and is written so', async () => {
    const { text } = await predicted('fruit', csv(fruit).replaceAll(',', ';').replaceAll('.', ','));
    const { header, rows } = parseCSV(text, { delimiter: ';' });
    expect(rows.map((row) => row.slice(header.indexOf('prediction')).join(' ').replaceAll(',', '.'))).toEqual(usual);
  });

  test('has no header: with the target or without, columns are taken by their place', async () => {
    const without = csv(fruit, { header: false, names: ['size', 'color', 'grams'] });
    const bare = answers((await predicted('bare', csv(fruit, { header: false }))).text);
    expect(bare).toEqual(usual);
    expect(answers((await predicted('bare', without)).text)).toEqual(usual);
    expect(answers((await predicted('fruit', without, '--no-header')).text)).toEqual(usual);
    const { code, err } = await predicted('bare', csv(fruit, { header: false, names: ['size', 'color'] }));
    expect(code).toBe(2);
    expect(err).toMatch(/new\.csv: has 2 columns and no header, .* 4 \(3 without the target\)/);
  });

  test('has no header, and which columns were taken for which is said', async () => {
    const without = await predicted('bare', csv(fruit, { header: false, names: ['size', 'color', 'grams'] }));
    expect(without.out).toMatch(
      /^There is no header, so its columns are taken, in their order, for "column 1", "column 2", "column 4", all but the target "column 3"\.$/m,
    );
    const full = await predicted('bare', csv(fruit, { header: false }));
    expect(full.out).toMatch(/ for "column 1", "column 2", "column 3", "column 4"\.$/m);
    // An empty last column is one, and no sign that the target is not there.
    const open = csv(
      fruit.map(({ grams: _, ...each }) => each),
      { header: false },
    );
    const empty = await predicted('bare', open);
    expect(empty.out).toMatch(/ for "column 1", "column 2", "column 3", "column 4"\.$/m);
    // Nor is it when training had one for nothing.
    writeFileSync(join(folder, 'open.csv'), open);
    const { code } = await whittle(folder, [
      'open.csv',
      '--target',
      '3',
      '--no-header',
      '--epochs',
      '1',
      '--no-criteria',
      '--out',
      'open',
    ]);
    expect(code).toBe(0);
    const closed = await predicted('open', open.replaceAll(/,$/gm, ''));
    expect(closed).toMatchObject({ code: 2, text: '' });
    expect(closed.err).toMatch(
      /new\.csv: has 3 columns, .* is it "column 3" that is not there, or "column 4", which .* not use\?/,
    );
  });

  test('has a header though training had none: its names are found, or its columns taken by their place', async () => {
    const known = await predicted(
      'bare',
      csv(fruit, { names: ['grams', 'color', 'size'] }).replace('grams,color,size', 'column 4,column 2,column 1'),
    );
    expect(answers(known.text)).toEqual(usual);
    expect(known.out).not.toContain('in their order');
    const other = await predicted('bare', csv(fruit, { names: ['size', 'color', 'grams'] }));
    expect(answers(other.text)).toEqual(usual);
    expect(other.out).toMatch(
      /^The first line has other names than training, so its columns are taken, in their order, /m,
    );
  });

  test('has a first line of texts and gaps, which is no header', async () => {
    const { code, text } = await predicted('bare', 'small,,22\n2.5,red,22\n');
    expect({ code, rows: answers(text).length }).toEqual({ code: 0, rows: 2 });
  });

  test('has names of rows, with a delimiter above them or without, and keeps them where it can', async () => {
    const [head, ...rows] = csv(fruit).trim().split('\n');
    const numbered = rows.map((row, i) => `"r ${i}",${row}`).join('\n');
    const { text } = await predicted('fruit', `"",${head}\n${numbered}\n`);
    expect(answers(text)).toEqual(usual);
    expect(text).toMatch(/^,size,color,kind,grams,prediction,.*\nr 0,/);
    const short = (await predicted('fruit', `${head}\n${numbered}\n`)).text;
    expect(answers(short)).toEqual(usual);
    expect(short).toMatch(/^size,color,/);
  });

  test('has a color that training has not seen, and cells without a value', async () => {
    const text = 'size,color,grams\n2.5,purple,22\n2.5,,22\n2.5,red,\n,red,22\n';
    const { code, out, text: written } = await predicted('fruit', text);
    expect(code).toBe(0);
    expect(out).toMatch(/^"color": .*category.* the first "purple" in line 2.*\.$/m);
    expect(out).toMatch(/^"color": 1 cell is missing, the first in line 3, and none was when.*\.$/m);
    expect(out).toMatch(/^"grams": .*filled with the mean \S+; in training there was none\.$/m);
    expect(out).toMatch(/^"size": .*filled with the mean [\d.]+\.$/m);
    const { rows } = parseCSV(written);
    expect(rows.map((row) => row.slice(0, 3).join())).toEqual(['2.5,purple,22', '2.5,,22', '2.5,red,', ',red,22']);
    for (const row of rows) expect(row.slice(4).reduce((sum, p) => sum + Number(p), 0)).toBeCloseTo(1, 5);
  });

  test('has no rows', async () => {
    const { code, out, text } = await predicted('fruit', 'size,color,grams\n');
    expect(code).toBe(0);
    expect(text).toBe('size,color,grams,prediction,p(cherry),p(lime),p(plum)\n');
    expect(out).toContain('0 rows predicted');
  });
});

describe('what can be read in two ways', () => {
  /** Weights in the German way: light ones below a thousand, heavy ones above. */
  const kinds = Array.from({ length: 60 }, (_, i) =>
    i % 2 === 0 ? `${900 + i},50;light;0${i % 2}` : `4.${100 + i},25;heavy;01`,
  );
  const answers = (text: string): string[] =>
    text
      .trim()
      .split('\n')
      .slice(1)
      .map((line) => line.split(';').at(-3)!);
  beforeAll(async () => {
    writeFileSync(join(folder, 'kinds.csv'), `weight;name;kind\n${kinds.join('\n')}\n`);
    writeFileSync(join(folder, 'typed.csv'), csv(fruit).replaceAll(',', '|'));
    await trained('kinds', 'kinds.csv', '--target', 'kind', '--drop', 'name');
    await trained('typed', 'typed.csv', '--target', 'kind', '--delimiter', 'pipe', '--quote', 'none');
  });

  test('is read as in training, and said', async () => {
    const { code, out, text } = await predicted('kinds', 'weight;note\n4.130;a\n905;b\n4.141;c\n');
    expect(code).toBe(0);
    expect(answers(text)).toEqual(['01', '00', '01']);
    expect(out).toMatch(
      /^Numbers are read as in training, with , before fractions and \. between thousands, though .*: "4\.130" in line 2 is 4130; --delimiter, .*\.$/m,
    );
  });

  test('is read as it was typed', async () => {
    const { out, text } = await predicted('kinds', 'weight\n4.130\n905\n', '--decimal', '.');
    expect(answers(text.replaceAll(',', ';'))).toEqual(['00', '00']);
    expect(out).not.toContain('as in training');
  });

  test('is none where training would read texts, or where its comma stands between cells', async () => {
    const plain = await predicted('kinds', 'weight;note\n4130.25;a\n905.5;b\n');
    expect(answers(plain.text)).toEqual(['01', '00']);
    expect(plain.out).not.toContain('as in training');
    const commas = await predicted('kinds', 'weight,note\n4130.125,a\n905.500,b\n');
    expect(answers(commas.text.replaceAll(',', ';'))).toEqual(['01', '00']);
  });

  test('what was typed for training is typed for others', async () => {
    const { text } = await predicted('typed', 'size|color|grams\n6.5|green|a;b\n'.replace('a;b', '62'));
    expect(text).toMatch(/^size\|color\|grams\|prediction\|.*\n6\.5\|green\|62\|lime\|/);
    const { metadata } = decodeNetwork(readFileSync(join(folder, model('typed'))));
    expect(JSON.parse(metadata.get('table')!)).toMatchObject({
      delimiter: '|',
      quote: '',
      decimal: '.',
      thousands: '',
    });
    const free = decodeNetwork(readFileSync(join(folder, model('kinds')))).metadata.get('table')!;
    expect(JSON.parse(free)).toMatchObject({ decimal: ',', thousands: '.' });
    expect(free).not.toContain('delimiter');
  });
});

test('a regression gives numbers on the scale of the file, and says how good they are', async () => {
  const { code, out, text } = await predicted('grams', csv(fruit));
  expect(code).toBe(0);
  const { header, rows } = parseCSV(text);
  expect(header).toEqual([...NAMES, 'prediction']);
  const truth = fruit.map(({ grams }) => Number(grams));
  const guess = rows.map((row) => Number(row[4]));
  const mean = truth.reduce((sum, x) => sum + x) / 90;
  const sum = (f: (x: number, i: number) => number): number => truth.reduce((all, x, i) => all + f(x, i), 0);
  const r2 = 1 - sum((x, i) => (x - guess[i]!) ** 2) / sum((x) => (x - mean) ** 2);
  expect(r2).toBeGreaterThan(0.5);
  expect(out).toContain(`R² ${r2.toFixed(3)}`);
});

test('--out - writes the table and nothing else to the standard output', async () => {
  const { code, out, err } = await predicted('fruit', csv(fruit.slice(0, 5)), '--out', '-');
  expect(code).toBe(0);
  expect(parseCSV(out).rows).toHaveLength(5);
  expect(err).toContain('5 rows predicted');
});

describe('is refused in one line, exit code 2, with nothing written:', () => {
  const refused = async (args: readonly string[], message: RegExp): Promise<void> => {
    const before = readdirSync(folder).sort();
    const { code, out, err } = await whittle(folder, ['predict', ...args]);
    expect(err).toMatch(/^whittle: [^\n]+\n$/);
    expect(err).toMatch(message);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(readdirSync(folder).sort()).toEqual(before);
  };
  beforeAll(() => {
    rmSync(join(folder, 'predictions.csv'), { force: true });
    writeFileSync(join(folder, 'new.csv'), csv(fruit));
    writeFileSync(join(folder, 'misfit.csv'), 'colour,grams,size\nred,heavy,2\n');
    mkdirSync(join(folder, 'a folder'));
    linkSync(join(folder, 'new.csv'), join(folder, 'the same.csv'));
    const { network, metadata } = decodeNetwork(readFileSync(join(folder, model('fruit'))));
    const write = (name: string, texts: Record<string, string>): void =>
      writeFileSync(join(folder, name), encodeNetwork(network, { metadata: texts }));
    write('no encoder', {});
    write('no json', { encoder: '{' });
    write('no encoder of ours', { encoder: '{"a":1}' });
    const grams = decodeNetwork(readFileSync(join(folder, model('grams')))).metadata;
    write('of another network', { encoder: grams.get('encoder')! });
    write('no notation', {
      encoder: metadata.get('encoder')!,
      table: JSON.stringify({ names: [], header: true, na: [], complete: [] }),
    });
    write('no table', { encoder: metadata.get('encoder')!, table: '[]' });
  });

  test.each<[string, readonly string[], RegExp]>([
    ['a table that does not fit, by column', [model('fruit'), 'misfit.csv'], /misfit\.csv: .*color.*/],
    ['a model that is not there', ['none', 'new.csv'], /none: there is no such file/],
    [
      'a table in place of a model',
      ['new.csv', model('fruit')],
      /new\.csv: is no network: .*\. The network comes first/,
    ],
    ['a network without an encoder', ['no encoder', 'new.csv'], /no encoder: the network has no encoder/],
    ['an encoder that is no JSON', ['no json', 'new.csv'], /no json: its metadata are no JSON/],
    ['an encoder of something else', ['no encoder of ours', 'new.csv'], /no encoder of ours: is no network/],
    [
      'the encoder of another network',
      ['of another network', 'new.csv'],
      /takes \[5\], and its encoder makes 7 numbers/,
    ],
    ['what says nothing of its table', ['no table', 'new.csv'], /no table: .*"table" must have names/],
    ['what does not say how numbers are written', ['no notation', 'new.csv'], /no notation: .* decimal and thousands/],
    ['the table as output', [model('fruit'), 'new.csv', '--out', 'new.csv'], /--out new\.csv is a file that is read/],
    ['the table by another name', [model('fruit'), 'new.csv', '--out', 'the same.csv'], /is a file that is read/],
    ['the model as output', [model('fruit'), 'new.csv', '--out', model('fruit')], /is a file that is read/],
    ['a folder as output', [model('fruit'), 'new.csv', '--out', 'a folder'], /a folder: it is a folder/],
  ])('%s', async (_name, args, message) => refused(args, message));
});
