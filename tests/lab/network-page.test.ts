import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { AxeResults } from 'axe-core';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { predictNetwork } from 'whittle-ml';
import { readCSV, TableEncoder, tableOf } from 'whittle-ml/data';
import { inputsOf, type Model, readModel } from '../../lab/src/models.ts';
import { factsOf } from '../../lab/src/network-facts.ts';
import { findChromium, QUIET_FLAGS } from '../../scripts/find-chromium.mjs';
import { FRUIT, fruitModel, QUARTERS, quarterModel } from './fixture-models.ts';
import { whittle } from './run.ts';

const EVIL = '</script><img src=x onerror="document.title=1">';
/** Numbers in the German way, with a mark of its own for those that are missing. */
const GERMAN = 'size;kind\n'.concat(
  ...Array.from(
    { length: 40 },
    (_, i) => `${i % 10 === 3 ? '-999' : `${i < 20 ? '' : '1.'}${100 + i},5`};${'ab'[i % 2]}\n`,
  ),
);
const MODELS = {
  kinds: () => fruitModel({ target: 'kind' }),
  grams: () => fruitModel({ target: 'grams' }, { form: 'float32' }),
  marked: () => fruitModel({ target: 'kind', missing: 'category' }),
  evil: () =>
    fruitModel(
      { target: 'kind' },
      {
        csv: FRUIT.replace('size,', `"${EVIL.replaceAll('"', '""')}",`)
          .replaceAll('red', '<b>red</b>')
          .replaceAll('lime', '<i>'),
      },
    ),
  quarters: () => quarterModel('images'),
  pixels: () => quarterModel('columns'),
  german: () => fruitModel({ target: 'kind', types: {} }, { csv: GERMAN, flags: { na: ['-999'] } }),
} as const;
type Name = keyof typeof MODELS;
const NAMES = Object.keys(MODELS) as Name[];

let folder = '';
const models = {} as Record<Name, Model>;
const told: Partial<Record<Name, string>> = {};
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'whittle-network-page-'));
  for (const name of NAMES) {
    const bytes = MODELS[name]();
    writeFileSync(join(folder, `${name}.safetensors`), bytes);
    models[name] = readModel(bytes, name);
    const { code, err, out } = await whittle(folder, ['page', `${name}.safetensors`]);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    told[name] = out;
  }
  writeFileSync(join(folder, 'fruit.csv'), FRUIT);
  writeFileSync(join(folder, 'quarters.csv'), QUARTERS);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const pageText = (name: string): string => readFileSync(join(folder, `${name}.html`), 'utf8');

/** What the engine says of a row. */
function engine(
  name: Name,
  row: Readonly<Record<string, string | number>>,
): { label: string | undefined; numbers: number[] } {
  const { network, encoder } = models[name];
  const names = encoder.columns.map((spec) => spec.name);
  const quoted = (cells: readonly unknown[]): string =>
    cells.map((cell) => `"${String(cell).replaceAll('"', '""')}"`).join(',');
  const table = readCSV(`${quoted(names)}\n${quoted(names.map((each) => row[each] ?? ''))}\n`);
  const { features } = encoder.transform(table, { target: false });
  const { labels, probabilities, numbers } = encoder.decode(predictNetwork(network, inputsOf(network, features)));
  return { label: labels?.[0], numbers: [...(probabilities?.data ?? numbers!)] };
}

describe('the text of the page', () => {
  test('has its script and style by their digests alone, and says how large it is', () => {
    for (const name of NAMES) {
      const text = pageText(name);
      const [policy = ''] = /(?<=Content-Security-Policy" content=")[^"]*/.exec(text) ?? [];
      const digest = `'sha256-[\\w+/=]{44}'`;
      expect(policy).toMatch(
        new RegExp(
          `^default-src 'none'; style-src ${digest}; script-src ${digest}; base-uri 'none'; form-action 'none'$`,
        ),
      );
      expect(text.match(/<script/g)).toHaveLength(1);
      expect(told[name]).toContain(
        `${join(folder, `${name}.html`)}: ${Buffer.byteLength(text).toLocaleString('en-US')} bytes`,
      );
    }
  });

  test('is called as asked, goes where it is asked to, and shows what was there with --open', async () => {
    const shown: string[] = [];
    const args = ['page', 'kinds.safetensors', '--out', 'new/fruit.html', '--name', 'Which <fruit>?', '--open'];
    const { code } = await whittle(folder, args, { open: async (path) => void shown.push(path) });
    expect({ code, shown }).toEqual({ code: 0, shown: [join(folder, 'new', 'fruit.html')] });
    const text = pageText('new/fruit');
    expect(text).toContain('<h1>Which &lt;fruit&gt;?</h1>');
    const bytes = readFileSync(join(folder, 'kinds.safetensors')).length.toLocaleString('en-US');
    expect(text).toContain(`<dd>${bytes} bytes</dd>`);
  });

  test.each<[string, readonly string[], RegExp]>([
    ['the model as output', ['page', 'kinds.safetensors', '--out', 'kinds.safetensors'], /is the file that is read/],
    ['a folder as output', ['page', 'kinds.safetensors', '--out', 'new'], /it is a folder/],
    ['a table', ['page', 'fruit.csv'], /fruit\.csv: is no network/],
  ])('%s is refused', async (_name, args, message) => {
    const { code, err } = await whittle(folder, args);
    expect(code).toBe(2);
    expect(err).toMatch(message);
  });
});

describe('the fields', () => {
  test('say what training had, what fills a gap, and where none may be', () => {
    const { fields, classes, target, image } = factsOf(models.kinds);
    expect({ classes, target, image }).toEqual({
      classes: ['cherry', 'lime', 'plum, blue'],
      target: 'kind',
      image: null,
    });
    const sizes = FRUIT.split('\n')
      .slice(1)
      .flatMap((line) => line.split(',')[0] || [])
      .map(Number);
    const [size, color] = fields;
    expect(size).toMatchObject({ kind: 'number', range: [Math.min(...sizes), Math.max(...sizes)] });
    expect(Number(size!.gap)).toBeCloseTo(sizes.reduce((sum, x) => sum + x) / sizes.length, 2);
    expect(color).toEqual({
      ...{ name: 'color', kind: 'category', isNumeric: false, choices: ['blue', 'green', 'red'], first: 'blue' },
      ...{ gap: 'none of these', range: null },
    });
    const strict = readModel(fruitModel({ target: 'kind', drop: ['size'], missing: 'error' }), 'strict');
    expect(factsOf(strict).fields.map(({ gap }) => gap)).toEqual([null, null, null, null]);
  });

  test('of dates begin with a day of training', () => {
    const days = tableOf(Array.from({ length: 9 }, (_, i) => ({ day: `2024-03-0${i + 1}`, y: i })));
    const encoder = new TableEncoder({ target: 'y', task: 'regression', missing: 'mean', scale: 'standard' }).fit(days);
    const { fields } = factsOf({ ...models.grams, encoder, trained: undefined });
    expect(fields).toEqual([
      { name: 'day', kind: 'date', isNumeric: false, choices: [], first: '2024-03-05', gap: '2024-03-05', range: null },
    ]);
  });

  test('are pixels for a network of images, and for columns that are named so, with those that it is not told', () => {
    const { image } = factsOf(models.quarters);
    expect(image).toMatchObject({ height: 8, width: 8, channels: 1, blank: 0, full: 16 });
    expect(image!.names).toHaveLength(64);
    const square = factsOf(models.pixels).image!;
    expect([square.names[0], square.names[1], square.names.length]).toEqual([null, 'pixel1', 64]);
    const { trained, ...rest } = models.quarters;
    expect(factsOf({ ...rest, trained: { ...trained!, ranges: undefined } }).image).toBeNull();
    const bright = trained!.ranges!.map(() => [-20, 6] as const);
    expect(factsOf({ ...rest, trained: { ...trained!, ranges: bright } }).image).toMatchObject({ blank: 6, full: -20 });
  });
});

const binary = findChromium();

describe.skipIf(binary === null)('the page in a browser', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: binary!, args: QUIET_FLAGS });
  });
  afterAll(() => browser?.close());

  /** Opens a page as if by double click, does something with it, and expects no error and no other file. */
  async function open(name: string, options: BrowserContextOptions, use: (page: Page) => Promise<void>): Promise<void> {
    const context = await browser.newContext(options);
    const page = await context.newPage();
    const said: string[] = [];
    page.on('pageerror', (error) => said.push(String(error)));
    page.on('console', (message) => said.push(message.text()));
    const requests: string[] = [];
    page.on('request', (request) => requests.push(request.url()));
    const url = pathToFileURL(join(folder, `${name}.html`)).href;
    await page.goto(url);
    expect(await page.locator('#test').textContent()).toBe('passed here');
    await use(page);
    expect({ said, requests: requests.filter((each) => !each.startsWith('blob:')) }).toEqual({
      said: [],
      requests: [url],
    });
    await context.close();
  }
  const narrow = { viewport: { width: 360, height: 740 } };
  const wide = { viewport: { width: 1200, height: 900 } };

  const shownBars = (page: Page): Promise<(readonly string[])[]> =>
    page
      .locator('#bars li')
      .evaluateAll((items) =>
        items.map((item) => ['.name', '.share'].map((part) => item.querySelector(part)!.textContent)),
      );
  const percent = (p: number): string => `${(100 * p).toFixed(1)}\u00a0%`;

  /** Expects the page to say what the engine does. */
  async function expectAnswer(page: Page, name: Name, row: Readonly<Record<string, string | number>>): Promise<void> {
    const { label, numbers } = engine(name, row);
    const { encoder } = models[name];
    const said = await page.locator('#said').textContent();
    if (label === undefined) expect(said).toBe(`${encoder.targetName}: ${Number(numbers[0]!.toPrecision(6))}`);
    else {
      expect(said).toBe(`${encoder.targetName}: ${label}, ${percent(Math.max(...numbers))}`);
      expect(await shownBars(page)).toEqual(encoder.classNames!.map((each, i) => [each, percent(numbers[i]!)]));
    }
  }

  /** Fills the form by labels, and returns the row that stands there. */
  async function fill(page: Page, row: Readonly<Record<string, string>>): Promise<Record<string, string>> {
    for (const [label, value] of Object.entries(row)) {
      const field = page.getByLabel(label, { exact: true });
      if ((await field.evaluate(({ tagName }) => tagName)) === 'SELECT') await field.selectOption(value);
      else await field.fill(value);
    }
    const values = await page
      .locator('.field')
      .evaluateAll((all) =>
        all
          .map((one) => [one.querySelector('label')!.textContent, one.querySelector('input, select')!])
          .map(([label, input]) => [label, (input as HTMLInputElement).value]),
      );
    return Object.fromEntries(values) as Record<string, string>;
  }

  test('answers the row in the form as the engine does, from the first on', async () => {
    await open('kinds', wide, async (page) => {
      await expectAnswer(page, 'kinds', await fill(page, {}));
      const first = await page.locator('#said').textContent();
      await expectAnswer(
        page,
        'kinds',
        await fill(page, { size: '2.3', color: 'red', code: 'b2', grade: '1.5', grams: '21' }),
      );
      expect(await page.locator('#said').textContent()).toContain('kind: cherry, ');
      expect(await page.locator('#said').textContent()).not.toBe(first);
      await expectAnswer(page, 'kinds', await fill(page, { size: '', color: '', grams: '1e2' }));
      expect(await page.locator('.field.out label').allTextContents()).toEqual(['grams']);
      expect(await page.locator('#said').getAttribute('role')).toBe('status');
      const widths = await page
        .locator('.fill')
        .evaluateAll((all) => all.map((one) => (one as HTMLElement).style.width));
      expect(widths.map(Number.parseFloat).reduce((sum, x) => sum + x)).toBeCloseTo(100, 3);
    });
    for (const name of ['grams', 'marked'] as const)
      await open(name, narrow, async (page) => {
        await expectAnswer(page, name, await fill(page, { size: '5.5', color: 'green' }));
        await expectAnswer(page, name, await fill(page, { size: '' }));
      });
  });

  test('says which field is no number, and shows no bars then', async () => {
    await open('kinds', wide, async (page) => {
      await page.getByLabel('size').press('End');
      await page.getByLabel('size').pressSequentially('e');
      expect(await page.locator('#said').textContent()).toBe('column size is no number');
      expect(await shownBars(page)).toEqual([]);
      await page.getByLabel('size').press('Backspace');
      await expectAnswer(page, 'kinds', await fill(page, {}));
    });
  });

  /** The predictions of the command. */
  async function predictions(model: string, text: string): Promise<string> {
    writeFileSync(join(folder, 'new.csv'), text);
    const { code } = await whittle(folder, ['predict', `${model}.safetensors`, 'new.csv', '--out', 'out.csv']);
    expect(code).toBe(0);
    return readFileSync(join(folder, 'out.csv'), 'utf8');
  }

  test.each<[Name, string]>([
    ['kinds', FRUIT],
    ['kinds', `note,prediction,${FRUIT.replaceAll(/\n(?=.)/g, '\n"a, ""b""",1,')}`],
    [
      'grams',
      FRUIT.replaceAll('"plum, blue"', 'plum').replaceAll(',', ';').replaceAll('.', ',').replaceAll('\n', '\r\n'),
    ],
    ['marked', FRUIT.replaceAll(',', '\t').replaceAll('"plum\t blue"', '"plum, blue"')],
    ['quarters', QUARTERS],
    ['pixels', QUARTERS],
    ['german', GERMAN],
    ['german', 'size;note\n1.130;a\n-999;b\n118;0,5\n'],
  ])('%s: predicts a table as the command does, to the letter, and hands it out as a file', async (name, csv) => {
    const wanted = await predictions(name, csv);
    await open(name, wide, async (page) => {
      await page.getByLabel('Rows', { exact: true }).fill(csv);
      await page.getByRole('button', { name: 'Predict these rows' }).click();
      expect(await page.locator('#read').textContent()).toMatch(/^\d+ rows predicted\.$/);
      expect(await page.locator('#predictions').inputValue()).toBe(wanted);
      const [download] = await Promise.all([
        page.waitForEvent('download'),
        page.getByRole('link', { name: 'Download predictions.csv' }).click(),
      ]);
      expect(download.suggestedFilename()).toBe('predictions.csv');
      expect(readFileSync(await download.path(), 'utf8')).toBe(wanted);
    });
  });

  test('takes a file that is chosen, and one that is dropped', async () => {
    const wanted = await predictions('kinds', FRUIT);
    await open('kinds', wide, async (page) => {
      await page.getByLabel('A file').setInputFiles(join(folder, 'fruit.csv'));
      await page.locator('#out').waitFor();
      expect(await page.locator('#predictions').inputValue()).toBe(wanted);
      await page.evaluate(() => {
        const dataTransfer = new DataTransfer();
        dataTransfer.items.add(new File(['size,color,code,grade,grams\n2,red,b2,1,20\n'], 'a.csv'));
        document.getElementById('drop')!.dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true }));
      });
      await page.getByText('1 row predicted.').waitFor();
      expect((await page.locator('#predictions').inputValue()).split('\n')[1]).toMatch(/^2,red,b2,1,20,cherry,/);
    });
  });

  test('reads a file as the encoding that it is in, and refuses bytes that are of another', async () => {
    const cells = 'size,color,code,grade,grams\n2,ré“d,b2,1,20\n';
    const old = Buffer.from(cells.replace('“', '\x93'), 'latin1');
    const wide16 = Buffer.from(`\ufeff${cells}`, 'utf16le');
    const chosen = (buffer: Buffer): { name: string; mimeType: string; buffer: Buffer } => ({
      ...{ name: 'a.csv', mimeType: 'text/csv', buffer },
    });
    await open('kinds', narrow, async (page) => {
      const file = page.getByLabel('A file');
      const read = (): Promise<string> => page.getByLabel('Rows', { exact: true }).inputValue();
      await file.setInputFiles(chosen(Buffer.from(cells)));
      await page.getByText('1 row predicted.').waitFor();
      expect(await read()).toBe(cells);
      await file.setInputFiles(chosen(old));
      await page.getByText('the file is not UTF-8 text. If an old Excel').waitFor();
      expect([await read(), await page.locator('#out').isVisible()]).toEqual(['', false]);
      await page.getByLabel('written in').selectOption('windows-1252');
      await page.getByText('1 row predicted.').waitFor();
      expect(await read()).toBe(cells);
      expect((await page.locator('#predictions').inputValue()).split('\n')[1]).toMatch(/^2,ré“d,b2,1,20,/);
      await file.setInputFiles(chosen(wide16));
      await page.getByText('1 row predicted.').waitFor();
      expect(await read()).toBe(cells);
      // Rows that are typed are of no file any more
      await page.getByLabel('Rows', { exact: true }).fill('size\n1\n');
      await page.getByLabel('written in').selectOption('utf-8');
      expect(await read()).toBe('size\n1\n');
    });
  });

  test.each([
    ['', 'there are no rows'],
    ['size,color\n1,red\n', 'line 2: column code is not there'],
    ['size,color,code,grade,grams\n\n2,red,b2,1,20\n2,red,b2,1,heavy\n', 'line 4: column grams is no number: heavy'],
    ['size,color,code,grade,grams\n"2\n",red,b2,1,20\n2,red\n', 'line 4: has 2 cells, the header has 5'],
    ['size,color,code,grade,grams\n2,"red,b2,1,20\n', 'line 2: has a quote that is never closed'],
  ])('refuses rows with their line, and keeps no older answer: %j', async (text, problem) => {
    await open('kinds', narrow, async (page) => {
      await page.getByLabel('Rows', { exact: true }).fill('size,color,code,grade,grams\n2,red,b2,1,20\n');
      await page.locator('#ask').click();
      expect(await page.locator('#load').isVisible()).toBe(true);
      await page.getByLabel('Rows', { exact: true }).fill(text);
      await page.locator('#ask').click();
      expect(await page.locator('#read').textContent()).toBe(problem);
      expect([await page.locator('#load').isVisible(), await page.locator('#out').isVisible()]).toEqual([false, false]);
    });
  });

  /** The pixels that the page shows in numbers. */
  const pixels = async (page: Page): Promise<number[]> =>
    ((await page.locator('#numbers').textContent()) ?? '').trim().split(/\s+/).map(Number);
  const rowOf = (values: readonly number[]): Record<string, number> =>
    Object.fromEntries(values.map((value, i) => [`pixel${i}`, value]));

  async function draw(page: Page, points: readonly (readonly [x: number, y: number])[]): Promise<void> {
    await page.locator('#paper').scrollIntoViewIfNeeded();
    const box = (await page.locator('#paper').boundingBox())!;
    const at = ([x, y]: readonly [number, number]) =>
      [box.x + (x * box.width) / 8, box.y + (y * box.height) / 8] as const;
    await page.mouse.move(...at(points[0]!));
    await page.mouse.down();
    for (const point of points.slice(1)) await page.mouse.move(...at(point), { steps: 4 });
    await page.mouse.up();
  }

  test.each<['quarters' | 'pixels', BrowserContextOptions]>([
    ['quarters', wide],
    ['pixels', narrow],
  ])('%s: a drawing becomes pixels as those of training, and the answer is that of the engine', async (name, size) => {
    await open(name, size, async (page) => {
      expect(await page.locator('#said').textContent()).toBe('Nothing is drawn.');
      expect(new Set(await pixels(page))).toEqual(new Set([0]));
      await page.getByLabel('Move it to the middle').uncheck();
      await draw(page, [[1, 1], [3, 1], [3, 3], [1, 3], [1, 2], [3, 2]]); // biome-ignore format: points
      const values = await pixels(page);
      expect(values).toHaveLength(64);
      expect(Math.max(...values)).toBe(16);
      expect(values.filter((value, i) => value > 0 && (i % 8 > 3 || i > 31))).toEqual([]);
      await expectAnswer(page, name, rowOf(values));
      expect(await page.locator('#said').textContent()).toContain('where: top left, ');
      // Moved and sized it covers the whole frame
      await page.getByLabel('Move it to the middle').check();
      const moved = await pixels(page);
      for (const corner of [9, 14, 49, 54]) expect(moved[corner]).toBeGreaterThan(0);
      await expectAnswer(page, name, rowOf(moved));
      await draw(page, [[6, 6]]);
      expect(await pixels(page)).not.toEqual(moved);
      await page.getByRole('button', { name: 'Take back' }).click();
      expect(await pixels(page)).toEqual(moved);
      await page.getByRole('button', { name: 'Clear' }).click();
      expect(new Set(await pixels(page))).toEqual(new Set([0]));
      expect(await page.locator('#said').textContent()).toBe('Nothing is drawn.');
      expect(await shownBars(page)).toEqual([]);
    });
  });

  test('each pixel counts the inked ones of its 16 cells', async () => {
    await open('quarters', wide, async (page) => {
      await page.getByLabel('Move it to the middle').uncheck();
      await draw(page, [[4, 4], [4, 4.001]]); // biome-ignore format: points
      const values = await pixels(page);
      const { radius } = factsOf(models.quarters).image!;
      const wanted = Array.from({ length: 64 }, (_, pixel) => {
        let count = 0;
        for (let r = 0; r < 4; r++)
          for (let c = 0; c < 4; c++)
            if (Math.hypot((pixel % 8) + (c + 0.5) / 4 - 4, Math.floor(pixel / 8) + (r + 0.5) / 4 - 4) <= radius)
              count++;
        return count;
      });
      expect(values).toEqual(wanted);
      expect(Math.max(...wanted)).toBeGreaterThan(3);
    });
  });

  test('a drawing by the keyboard: the pen moves, draws, and takes back', async () => {
    await open('quarters', wide, async (page) => {
      await page.getByLabel('Move it to the middle').uncheck();
      const paper = page.locator('#paper');
      await paper.focus();
      for (let i = 0; i < 6; i++) await paper.press('ArrowRight');
      expect(await page.locator('#pen').textContent()).toBe('Pen up, row 4, column 7.');
      await paper.press(' ');
      for (let i = 0; i < 8; i++) await paper.press('ArrowUp');
      expect(await page.locator('#pen').textContent()).toBe('Pen down, row 0, column 7.');
      const values = await pixels(page);
      expect(values.filter((_, i) => i % 8 === 6 && i < 32).every((value) => value > 0)).toBe(true);
      await expectAnswer(page, 'quarters', rowOf(values));
      await paper.press(' ');
      await paper.press('ArrowDown');
      expect(await pixels(page)).toEqual(values);
      await paper.press('Backspace');
      expect(new Set(await pixels(page))).toEqual(new Set([0]));
      await paper.press(' ');
      await paper.press('Delete');
      expect(await page.locator('#pen').textContent()).toBe('The paper is empty.');
      await page.keyboard.press('Tab');
      expect(await page.evaluate(() => document.activeElement?.id)).toBe('undo');
    });
  });

  test('a finger draws and does not scroll', async () => {
    await open('quarters', { ...narrow, hasTouch: true, isMobile: true }, async (page) => {
      await page.locator('#paper').tap();
      expect(Math.max(...(await pixels(page)))).toBeGreaterThan(3);
      expect(await page.locator('#paper').evaluate((paper) => getComputedStyle(paper).touchAction)).toBe('none');
    });
  });

  test('names of a table are texts, whatever stands in them', async () => {
    await open('evil', wide, async (page) => {
      expect(await page.title()).toBe('evil');
      await expectAnswer(page, 'evil', await fill(page, { [EVIL]: '3', color: '<b>red</b>' }));
      expect(await page.locator('main img, main b, main i').count()).toBe(0);
      expect(await shownBars(page)).toContainEqual(['<i>', expect.any(String)]);
    });
  });

  test('a network that fails its test is said to, and a script or style of somebody else does nothing', async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(pathToFileURL(join(folder, 'kinds.html')).href);
    const ran = await page.evaluate(() => {
      const script = document.createElement('script');
      script.textContent = 'document.title = "taken over"';
      document.body.append(script);
      document.body.setAttribute('style', 'opacity: .5');
      const link = document.createElement('a');
      link.setAttribute('onclick', 'document.title = "taken over"');
      link.click();
      return [document.title, getComputedStyle(document.body).opacity];
    });
    expect(ran).toEqual(['kinds', '1']);
    // The same page without a policy and with another digest of the answers
    const other = pageText('kinds')
      .replace(/<meta http-equiv[^>]*>/, '')
      .replace(/(return \w+===)-?\d+/, '$11');
    writeFileSync(join(folder, 'failing.html'), other);
    await page.goto(pathToFileURL(join(folder, 'failing.html')).href);
    expect(await page.locator('#test').textContent()).toBe('FAILED: do not trust the answers');
    await context.close();
  });

  test.each(NAMES)('%s: nothing is wider than a telephone', async (name) => {
    await open(name, narrow, async (page) => {
      for (const width of [360, 700, 900, 1200]) {
        await page.setViewportSize({ width, height: 740 });
        const found = await page.evaluate((wanted) => {
          for (const fold of document.querySelectorAll('details')) fold.open = true;
          const out = [...document.querySelectorAll('main *:not(.sideways *)')].filter((node) => {
            const box = node.getBoundingClientRect();
            return box.width > 1 && (box.left < 0 || box.right > wanted + 0.5);
          });
          return { width: document.documentElement.scrollWidth, out: out.map((node) => node.outerHTML.slice(0, 120)) };
        }, width);
        expect(found).toEqual({ width, out: [] });
      }
    });
  });

  const AXE = createRequire(import.meta.url).resolve('axe-core');

  test.each<[Name, 'light' | 'dark', BrowserContextOptions]>([
    ['kinds', 'light', wide],
    ['kinds', 'dark', narrow],
    ['grams', 'dark', wide],
    ['quarters', 'light', narrow],
    ['quarters', 'dark', wide],
    ['evil', 'light', narrow],
  ])('%s, %s: the rules for contrast, labels and structure find nothing', async (name, colorScheme, size) => {
    const context = await browser.newContext({ ...size, colorScheme, bypassCSP: true });
    const page = await context.newPage();
    await page.goto(pathToFileURL(join(folder, `${name}.html`)).href);
    if (name === 'quarters')
      await draw(page, [[1, 1], [6, 6]]); // biome-ignore format: points
    else await page.getByLabel('grade').selectOption('2');
    const csv = name === 'quarters' ? QUARTERS : 'size\n1\n';
    await page.getByLabel('Rows', { exact: true }).fill(csv);
    await page.locator('#ask').click();
    await page.addScriptTag({ path: AXE });
    const broken = await page.evaluate(async () => {
      for (const fold of document.querySelectorAll('details')) fold.open = true;
      const { axe } = globalThis as unknown as { axe: { run(): Promise<AxeResults> } };
      const { violations } = await axe.run();
      return violations.map(({ id, nodes }) => [id, nodes.slice(0, 3).map(({ html }) => html.slice(0, 150))]);
    });
    expect(broken).toEqual([]);
    await context.close();
  });
});
