import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, test } from 'vitest';
import { readImages, some } from '../../bench/papers/images.ts';
import { caffeLenet5, dense } from '../../bench/papers/networks.ts';
import { parsePapersOptions } from '../../bench/papers/options.ts';
import type { Paper } from '../../bench/papers/paper.ts';
import { NAMES, papersOf } from '../../bench/papers/papers.ts';
import { Progress, span } from '../../bench/papers/progress.ts';
import { renderPaper } from '../../bench/papers/report.ts';
import { run } from '../../bench/papers/run.ts';
import { spreadOf, uncertainty } from '../../bench/papers/statistics.ts';
import type { Cell } from '../../bench/papers/store.ts';
import { decodeWeight } from '../../src/graph/decode.ts';
import { decodeNetwork } from '../../src/io/network-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'papers-'));
afterAll(() => rmSync(folder, { recursive: true }));

const SIDE = 16;

function idx(shape: readonly number[], data: Uint8Array): Uint8Array {
  const head = new DataView(new ArrayBuffer(4 + 4 * shape.length));
  head.setUint32(0, 0x0800 + shape.length);
  shape.forEach((n, i) => {
    head.setUint32(4 + 4 * i, n);
  });
  return Buffer.concat([new Uint8Array(head.buffer), data]);
}

/** Bars: that of class c is bright in row c and the row after it. */
function bars(n: number): { images: Uint8Array; labels: Uint8Array } {
  const pixels = new Uint8Array(n * SIDE * SIDE);
  const labels = Uint8Array.from({ length: n }, (_, i) => i % 10);
  for (let i = 0; i < pixels.length; i++) {
    const row = Math.floor(i / SIDE) % SIDE;
    const label = labels[Math.floor(i / (SIDE * SIDE))]!;
    pixels[i] = row - label === 2 || row - label === 3 ? 255 - (i % 7) : (i * 31) % 40;
  }
  return { images: idx([n, SIDE, SIDE], pixels), labels: idx([n], labels) };
}

const NAMES_OF_FILES = [
  'train-images-idx3-ubyte',
  'train-labels-idx1-ubyte',
  't10k-images-idx3-ubyte',
  't10k-labels-idx1-ubyte',
] as const;

function folderOf(name: string, files: Readonly<Record<string, Uint8Array>> = {}): string {
  const path = join(folder, name);
  mkdirSync(path);
  const [train, test] = [bars(60), bars(30)];
  const all = [train.images, train.labels, test.images, test.labels];
  NAMES_OF_FILES.forEach((file, i) => {
    writeFileSync(join(path, file), all[i]!);
  });
  for (const [file, bytes] of Object.entries(files)) writeFileSync(join(path, file), bytes);
  return path;
}

const plain = folderOf('plain');

async function papers(args: readonly string[], fashion = join(folder, 'none')) {
  const text = { output: '', errors: '' };
  const sinkOf = (name: keyof typeof text) => ({
    write: (part: string): void => {
      text[name] += part;
    },
  });
  const code = await run(args, { folder, output: sinkOf('output'), errors: sinkOf('errors') }, fashion);
  return { code, ...text };
}

describe('images', () => {
  test('plain, packed and dotted names hold the same images', async () => {
    const packed = folderOf('packed');
    for (const [i, name] of NAMES_OF_FILES.entries()) {
      const bytes = readFileSync(join(packed, name));
      rmSync(join(packed, name));
      if (i % 2 === 0) writeFileSync(join(packed, `${name}.gz`), gzipSync(bytes));
      else writeFileSync(join(packed, name.replace('-idx', '.idx')), bytes);
    }
    const [p, q] = await Promise.all([readImages(plain), readImages(packed)]);
    expect(q).toEqual(p);
    expect(p.name).toBe('other images');
    expect([p.train.labels.length, p.test.labels.length, p.train.height, p.train.width]).toEqual([60, 30, SIDE, SIDE]);
    expect([...p.train.pixels.subarray(2 * SIDE, 2 * SIDE + 3)]).toEqual([251, 250, 249]);
  });

  test('some are always the same ones, with their own labels', async () => {
    const { train } = await readImages(plain);
    const few = some(train, 12);
    expect(few).toEqual(some(train, 12));
    expect(new Set(few.labels).size).toBeGreaterThan(3);
    few.labels.forEach((label, i) => {
      expect(few.pixels[(i * SIDE + label + 2) * SIDE]).toBeGreaterThan(200);
    });
    expect(some(train, 60)).toBe(train);
  });
});

describe('what is wrong gives one line and exit code 2', () => {
  const lacking = folderOf('lacking');
  rmSync(join(lacking, 't10k-images-idx3-ubyte'));
  const swapped = folderOf('swapped', { 'train-labels-idx1-ubyte': bars(60).images });
  const short = folderOf('short', { 't10k-labels-idx1-ubyte': bars(29).labels });
  const wild = folderOf('wild', { 'train-labels-idx1-ubyte': idx([60], new Uint8Array(60).fill(10)) });
  const cut = folderOf('cut', { 'train-images-idx3-ubyte': bars(60).images.subarray(0, 99) });
  const broken = folderOf('broken', { 'train-images-idx3-ubyte': gzipSync(bars(60).images).subarray(0, 50) });
  const sized = folderOf('sized', { 't10k-images-idx3-ubyte': idx([30, 8, 8], new Uint8Array(30 * 64)) });
  const few = folderOf('few', { 'train-images-idx3-ubyte': bars(4).images, 'train-labels-idx1-ubyte': bars(4).labels });
  mkdirSync(join(folder, 'strange'));
  writeFileSync(join(folder, 'strange', 'distillation.json'), '{}');
  const file = join(plain, NAMES_OF_FILES[0]);
  for (const name of ['papers.md', 'lenet-5.json']) mkdirSync(join(folder, `full-${name}`, name), { recursive: true });
  test.each([
    [['--mnist', 'nowhere'], 'nowhere has no train-images-idx3-ubyte, plain or .gz'],
    [['--mnist', lacking], 'lacking has no t10k-images-idx3-ubyte, plain or .gz'],
    [
      ['--mnist', swapped],
      'train-labels-idx1-ubyte is no such file: idx: shape: [60, 16, 16] are no labels but images',
    ],
    [['--mnist', short], 't10k-labels-idx1-ubyte is no such file: 29 labels for 30 images'],
    [['--mnist', wild], 'train-labels-idx1-ubyte is no such file: a label is 10, and there are 10 classes'],
    [['--mnist', cut], 'train-images-idx3-ubyte is no such file: idx: data'],
    [['--mnist', broken], 'train-images-idx3-ubyte is no such file: gzip'],
    [['--mnist', sized], 'sized has training images of 16x16 and test images of 8x8'],
    [['--mnist', few], 'train-images-idx3-ubyte has 4 images: at least 10 are needed'],
    [
      [],
      'there are no images: give --mnist the folder of the four IDX files of MNIST, or install dataset-fashion-mnist',
    ],
    [['--mnist', plain, '--out', 'strange'], 'distillation.json holds no results of this command'],
    [['--mnist', plain, '--out', file], `papers.md cannot be written (EEXIST`],
    [['--mnist', plain, '--quick', '--out', file], `${file}/quick/papers.md cannot be written (ENOTDIR`],
    [['--mnist', plain, '--out', 'full-papers.md'], 'papers.md cannot be written (EISDIR'],
    [['--mnist', plain, '--out', 'full-lenet-5.json'], 'lenet-5.json cannot be read (EISDIR'],
    [['--only', 'lenet-6'], `--only knows no paper "lenet-6"; there are ${NAMES.join(', ')}`],
    [['--seeds', '0'], '--seeds must be a whole number from 1 to 100, got "0"'],
    [['--seeds', 'many'], '--seeds must be a whole number from 1 to 100, got "many"'],
    [['--mnist', ''], '--mnist is empty'],
    [['--fast'], "Unknown option '--fast'; --help lists the options"],
  ])('%j', async (args, message) => {
    const { code, output, errors } = await papers(args);
    expect(errors).toContain(message);
    expect(errors.startsWith('papers: ')).toBe(true);
    expect(errors.indexOf('\n')).toBe(errors.length - 1);
    expect([code, output]).toEqual([2, '']);
  });
});

test('help lists every option and paper', async () => {
  const { code, output } = await papers(['--help']);
  expect(code).toBe(0);
  for (const word of ['--mnist', '--only', '--seeds', '--quick', '--out', '--help', ...NAMES])
    expect(output).toContain(word);
});

test('without options all papers run with three seeds, quickly with one', () => {
  const options = parsePapersOptions([], folder, NAMES);
  expect(options).toMatchObject({ help: false, mnist: null, only: NAMES, seeds: 3, quick: false });
  expect(parsePapersOptions(['--quick'], folder, NAMES).seeds).toBe(1);
  const some = parsePapersOptions(['--only', `${NAMES[1]}, ${NAMES[0]}`, '--mnist', 'a', '--out=b'], folder, NAMES);
  expect(some).toMatchObject({ only: NAMES.slice(0, 2), mnist: join(folder, 'a'), out: join(folder, 'b') });
});

describe('a run', () => {
  const read = (path: string): { cells: Cell[] } => JSON.parse(readFileSync(path, 'utf8')) as { cells: Cell[] };

  test('of all papers ends in tables, results and files of networks that can be read', async () => {
    const { code, output, errors } = await papers(['--mnist', plain, '--quick', '--out', 'all']);
    expect(code).toBe(0);
    const out = join(folder, 'all', 'quick');
    expect(output).toContain(readFileSync(join(out, 'papers.md'), 'utf8'));
    expect(output).toContain('on other images (quick: says nothing about the paper)');
    expect(output).not.toContain('published');
    expect(errors).toMatch(/^lenet-300-100, seed 1, dense: 100 %, \d+ % of all, .* left$/m);
    for (const [i, { name, rows }] of papersOf(NAMES, true).entries()) {
      const { cells } = read(join(out, `${NAMES[i]}.json`));
      expect(cells.map(({ row }) => row)).toEqual(rows.map((row) => row.name));
      for (const cell of cells) {
        expect(cell).toMatchObject({ seed: 1, of: 30 });
        if (cell.parts === undefined) continue;
        expect(Object.values(cell.parts).reduce((sum, bytes) => sum + bytes, 0)).toBe(cell.bytes);
        expect(name).toMatch(/^lenet/);
      }
    }
    const models = readdirSync(out).find((name) => /^lenet-300-100-/.test(name))!;
    const file = readFileSync(join(out, models, 'coded-7-1.safetensors'));
    const cellOf = (name: string): Cell => read(join(out, 'lenet-300-100.json')).cells.find(({ row }) => row === name)!;
    const coded = cellOf('7 % kept, shared, coded');
    expect(file.length).toBe(coded.bytes);
    const { network } = decodeNetwork(new Uint8Array(file));
    expect(coded.kept).toEqual(
      Object.fromEntries(
        [...network.weights].flatMap(([key, weight]) => {
          const own = decodeWeight(weight)!;
          return key.endsWith('/bias') ? [] : [[key, [own.filter((x) => x !== 0).length, own.length]]];
        }),
      ),
    );
    const counts = Object.values(coded.kept!);
    const [kept, of] = [0, 1].map((i) => counts.reduce((sum, count) => sum + count[i]!, 0));
    expect(kept! / of!).toBeCloseTo(0.07, 3);
    expect(cellOf('7 % kept').kept).toEqual(coded.kept);
    for (const [key, { encoding }] of network.weights) {
      expect([key, encoding.type]).toEqual([key, key.endsWith('/bias') ? 'float16' : 'palette']);
      if (encoding.type === 'palette') expect(encoding.centroids.length).toBeLessThanOrEqual(9);
    }
  });

  test('goes on from what is there, with more seeds too, and gives what a run at once gives', async () => {
    const args = ['--mnist', plain, '--quick', '--only', 'lenet-300-100', '--out', 'all'];
    const out = join(folder, 'all', 'quick');
    const path = join(out, 'lenet-300-100.json');
    const whole = read(path).cells;
    writeFileSync(path, JSON.stringify({ ...read(path), cells: whole.slice(0, 1) }));
    for (const name of readdirSync(out)) if (/^lenet-300-100-/.test(name)) rmSync(join(out, name), { recursive: true });
    await papers(args);
    const figures = ({ seconds, ...cell }: Cell) => cell;
    expect(read(path).cells.map(figures)).toEqual(whole.map(figures));
    expect(read(path).cells[0]).toEqual(whole[0]);
    const again = await papers(args);
    expect(again.errors).toBe('');
    expect(again.output).toContain('| dense |');
    const { output } = await papers([...args, '--seeds', '2']);
    expect(output).toContain('Seeds 1, 2.');
    const more = read(path).cells;
    expect(more.slice(0, whole.length).map(figures)).toEqual(whole.map(figures));
    expect(more.slice(whole.length).map(({ row, seed }) => [row, seed])).toEqual(whole.map(({ row }) => [row, 2]));
  });

  test('says which of its models is damaged', async () => {
    const args = ['--mnist', plain, '--quick', '--only', 'lenet-300-100', '--out', 'all', '--seeds', '1'];
    const out = join(folder, 'all', 'quick');
    const path = join(out, 'lenet-300-100.json');
    const held = readFileSync(path);
    const model = join(out, readdirSync(out).find((name) => /^lenet-300-100-/.test(name))!, 'dense-1.model');
    const bytes = readFileSync(model);
    writeFileSync(path, JSON.stringify({ ...read(path), cells: [] }));
    writeFileSync(model, bytes.subarray(0, 1000));
    const { code, errors } = await papers(args);
    expect(code).toBe(2);
    expect(errors).toContain(`${model} cannot be read (`);
    expect(errors).toContain('remove it, and it is trained again\n');
    writeFileSync(path, held);
    writeFileSync(model, bytes);
  });

  test('refuses results of other images', async () => {
    const other = folderOf('other', { 't10k-labels-idx1-ubyte': idx([30], new Uint8Array(30)) });
    const { code, errors } = await papers(['--quick', '--out', 'all', '--mnist', other]);
    expect(code).toBe(2);
    expect(errors).toContain('holds results of other images or other settings: give another folder to --out');
  });

  test('finds Fashion-MNIST by itself', async () => {
    const { code, output, errors } = await papers(['--quick', '--out', 'all'], plain);
    expect([code, errors]).toEqual([0, '']);
    expect(output).toContain('60 images to train on and 30 to test');
  });
});

describe('tables', () => {
  const paper: Paper = {
    name: 'some',
    title: 'Some paper',
    source: 'Someone 2000.',
    settings: {},
    rows: [
      {
        name: 'dense',
        cost: 1,
        published: { error: 0.0164, bytes: 1_070_000 },
        run: () => ({ wrong: 0, of: 1, epochs: 1 }),
      },
      {
        name: 'coded',
        cost: 1,
        published: { error: 0.0158, bytes: 27_000, bits: 10.1, kept: { a: 0.08 } },
        run: () => ({ wrong: 0, of: 1, epochs: 1 }),
      },
      { name: 'not run', cost: 1, run: () => ({ wrong: 0, of: 1, epochs: 1 }) },
    ],
    differs: ['In this.'],
    leftOut: ['That.'],
  };
  const machine = 'A machine.';
  const cells: Cell[] = [
    { row: 'dense', seed: 1, wrong: 150, of: 10_000, bytes: 1_066_000, epochs: 40, seconds: 100, machine },
    { row: 'dense', seed: 2, wrong: 170, of: 10_000, bytes: 1_066_000, epochs: 40, seconds: 120, machine },
    {
      ...{ row: 'coded', seed: 1, wrong: 140, of: 10_000, bytes: 1_500, epochs: 10, seconds: 9, machine },
      parts: { values: 500, positions: 700, header: 300 },
      kept: { a: [800, 10_000], b: [700, 1_000] },
    },
  ];

  test('say mean and worst beside what is published, and where the bits are', () => {
    const text = renderPaper(paper, cells, { name: 'MNIST' }, false);
    expect(text).toContain(
      '| dense | 1.60 %, worst 1.70 % | 1.64 % | 1,066,000 | 1,070,000 | – | – | 40 | 110, worst 120 |',
    );
    expect(text).toContain('| coded | 1.40 % | 1.58 % | 1,500 | 27,000 | 8.00 | 10.10 | 10 | 9 |');
    expect(text).toContain('| coded | 2.67 | 3.73 | 1.60 | 8.00 |');
    expect(text).toContain('| coded | 8.0 % | 70.0 % | 1,500 |\n| coded, published | 8.0 % | – | – |');
    expect(text).toContain(
      'Seeds 1, 2. Errors are of 10,000 test images, which decide nothing: one of 1.40 % is known to ±0.23 %.',
    );
    expect(text).toContain('Of fewer seeds than the others: coded.');
    expect(text).toContain('- In this.');
    expect(text).toContain('- That.');
    expect(text).not.toContain('not run');
  });

  test('name kernels that the networks have', () => {
    const image = { images: new Uint8Array(28 * 28), labels: new Int32Array(1), count: 1, height: 28, width: 28 };
    const makers = { 'lenet-300-100': dense(300, 100), 'lenet-5': caffeLenet5 };
    for (const paper of papersOf(NAMES, false)) {
      const named = paper.rows.flatMap(({ published }) => Object.keys(published?.kept ?? {}));
      const make = makers[paper.name as keyof typeof makers];
      const kernels = make?.(image as never, 1, {}).weights.map(({ name }) => name) ?? [];
      expect(named.filter((name) => !kernels.includes(name))).toEqual([]);
      expect(named.length > 0).toBe(make !== undefined);
    }
  });

  test('of other images leave out what is published of MNIST', () => {
    const text = renderPaper(paper, cells, { name: 'Fashion-MNIST' }, false);
    expect(text).toContain('on Fashion-MNIST');
    expect(text).not.toContain('published');
    expect(text).not.toContain('27,000');
    expect(renderPaper(paper, cells, { name: 'MNIST' }, true)).not.toContain('published');
  });

  test('say that nothing has been run', () => {
    expect(renderPaper(paper, [], { name: 'MNIST' }, false)).toContain('Nothing has been run.');
  });

  test('the spread of figures is their mean and the largest', () => {
    expect(spreadOf([3, 1, 2])).toEqual({ mean: 2, worst: 3, seeds: 3 });
    expect(() => spreadOf([])).toThrow(RangeError);
    expect(uncertainty(0.0164, 10_000)).toBeCloseTo(0.00249, 5);
    expect(uncertainty(0, 100)).toBe(0);
  });
});

test('progress says what is left by what the part took that is done', () => {
  const lines: string[] = [];
  let now = 0;
  const progress = new Progress(
    4,
    (line) => lines.push(line),
    () => now,
  );
  now = 600;
  progress.at('a', 1, 0.5);
  now = 605;
  progress.at('a', 1, 0.6); // too soon to say
  now = 1200;
  progress.at('a', 1, 1);
  now = 2400;
  progress.at('b', 3, 1 / 3);
  expect(lines).toEqual([
    'a: 50 %, 13 % of all, 1 h 10 min left\n',
    'a: 100 %, 25 % of all, 1 h 0 min left\n',
    'b: 33 %, 50 % of all, 40 min left\n',
  ]);
  expect([span(5), span(150), span(3600)]).toEqual(['5.00 s', '3 min', '1 h 0 min']);
});
