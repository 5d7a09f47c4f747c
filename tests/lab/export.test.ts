import { linkSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encodeNetwork, predictNetwork } from 'whittle-ml';
import { readCSV, TableEncoder } from 'whittle-ml/data';
import { toC, toModule } from 'whittle-ml/export';
import { decodeNetwork } from 'whittle-ml/io';
import { reference } from '../../kernels/reference/reference.ts';
import { inputsComment } from '../../lab/src/c-inputs.ts';
import { readModel } from '../../lab/src/models.ts';
import { FRUIT, fruitModel, QUARTERS, quarterModel } from './fixture-models.ts';
import { whittle } from './run.ts';

let folder = '';
const MODELS = {
  kinds: () => fruitModel({ target: 'kind' }),
  grams: () => fruitModel({ target: 'grams' }, { form: 'float32' }),
  marked: () => fruitModel({ target: 'kind', missing: 'category' }),
  strict: () => fruitModel({ target: 'grams', drop: ['size'], unknown: 'error', missing: 'error' }),
  quarters: () => quarterModel('images'),
} as const;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'whittle-export-'));
  for (const [name, make] of Object.entries(MODELS)) write(`${name}.safetensors`, make());
  write('fruit.csv', FRUIT);
  write('quarters.csv', QUARTERS);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const write = (name: string, content: string | Uint8Array): void => writeFileSync(join(folder, name), content);
const read = (name: string): string => readFileSync(join(folder, name), 'utf8');
const model = (name: string) => readModel(readFileSync(join(folder, `${name}.safetensors`)), name);

async function done(...args: readonly string[]): Promise<string> {
  const { code, err, out } = await whittle(folder, args);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  return out;
}

/** What `predict` writes of a table, by the network and by its module. */
async function both(name: string, text: string, ...args: readonly string[]): Promise<readonly [string, string]> {
  write('new.csv', text);
  const answers: string[] = [];
  for (const file of [`${name}.safetensors`, join('modules', `${name}.mjs`)]) {
    await done('predict', file, 'new.csv', '--out', 'out.csv', ...args);
    answers.push(read('out.csv'));
  }
  return answers as [string, string];
}

describe('a module', () => {
  beforeAll(async () => {
    for (const name of Object.keys(MODELS)) await done('export', `${name}.safetensors`, '--out', 'modules');
  });

  test('may end in .js, and goes to folders with a dot', async () => {
    await done('export', 'kinds.safetensors', '--out', 'plain/fruit.js');
    expect(readdirSync(join(folder, 'plain')).sort()).toEqual(['fruit.d.ts', 'fruit.js']);
    expect(read('plain/fruit.js')).toContain('export function selfTest');
    await done('export', 'kinds.safetensors', '--out', 'new.folder/');
    await done('export', 'kinds.safetensors', '--out', 'new.folder', '--name', 'again');
    expect(readdirSync(join(folder, 'new.folder'))).toHaveLength(4);
  });

  test('stands beside its types, with its bytes told, and needs nothing else', async () => {
    const out = await done('export', 'kinds.safetensors', '--out', 'apart', '--name', 'fruit');
    expect(readdirSync(join(folder, 'apart')).sort()).toEqual(['fruit.d.mts', 'fruit.mjs']);
    const bytes = statSync(join(folder, 'apart', 'fruit.mjs')).size.toLocaleString('en-US');
    expect(out).toContain(`${join(folder, 'apart', 'fruit.mjs')}: ${bytes} bytes\n`);
    expect(out).toContain('Its self-test passes here.');
    const source = read('apart/fruit.mjs');
    const { network, encoder } = model('kinds');
    expect(source.startsWith(toModule(network, { encoder, minify: true, name: 'fruit' }).source)).toBe(true);
    expect(source).not.toMatch(/\bimport\b|\brequire\b/);
    const types = read('apart/fruit.d.mts');
    expect(types).toContain('export declare function predict<Own extends Row>(row: Own, na?: readonly string[])');
    expect(types).toContain('export declare const table: object;');
    const module: unknown = await import(pathToFileURL(join(folder, 'apart', 'fruit.mjs')).href);
    expect(module).toMatchObject({ classes: ['cherry', 'lime', 'plum, blue'], table: { target: 'kind' } });
  });

  test('goes to the file that is named, and is readable where that is asked for', async () => {
    await done('export', 'kinds.safetensors', '--out', 'deep/er/one.mjs', '--readable');
    expect(readdirSync(join(folder, 'deep', 'er')).sort()).toEqual(['one.d.mts', 'one.mjs']);
    expect(read('deep/er/one.mjs')).toContain('// one, by whittle-ml');
    expect(read('deep/er/one.mjs').length).toBeGreaterThan(read('modules/kinds.mjs').length);
  });

  test.each(['kinds', 'grams', 'marked'])(
    '%s: predicts the same text as the network, also of rows with gaps',
    async (name) => {
      const [network, module] = await both(name, FRUIT);
      expect(module).toBe(network);
      expect(network.split('\n').filter((line) => /^,/.test(line))).toHaveLength(3);
    },
  );

  test('says the same of texts that training has not seen, of columns in another order, and of more of them', async () => {
    const rows = 'note,grams,code,grade,color,size\na,21.5,1,1.0,purple,2.5\nb,61,03,.5,,NA\n"c,d",41,9,7,-,4\n';
    const [network, module] = await both('kinds', rows);
    expect(module).toBe(network);
    expect(module.split('\n')[3]).toMatch(/^"c,d",41,9,7,-,4,/);
  });

  test('says the same of decimal commas and groups, of no header, and of no rows', async () => {
    const german = FRUIT.replace(/"plum, blue"/g, 'plum')
      .replaceAll(',', ';')
      .replaceAll('.', ',');
    const [network, module] = await both('grams', german);
    expect(module).toBe(network);
    expect(module).toContain(';');
    const bare = FRUIT.slice(FRUIT.indexOf('\n') + 1);
    const [one, other] = await both('kinds', bare, '--no-header');
    expect(other).toBe(one);
    const [none, empty] = await both('kinds', 'size,color,code,grade,grams\n');
    expect(empty).toBe(none);
    expect(empty).toBe('size,color,code,grade,grams,prediction,p(cherry),p(lime),"p(plum, blue)"\n');
  });

  test('knows the marks and the decimal comma of its training', async () => {
    const csv = 'size;kind\n'.concat(
      ...Array.from({ length: 40 }, (_, i) => `${i % 10 === 3 ? '-999' : `1.${100 + i},5`};${'ab'[i % 2]}\n`),
    );
    write('marks.safetensors', fruitModel({ target: 'kind', types: {} }, { csv, flags: { na: ['-999'] } }));
    await done('export', 'marks.safetensors', '--out', 'modules');
    const [network, module] = await both('marks', 'size\n1.120\n-999\n1130,5\n', '--delimiter', ';');
    expect(module).toBe(network);
    expect(read('modules/marks.mjs')).toContain('"na":["","-999"],"decimal":","');
  });

  test('takes for missing what training did, or --na says, and other usual marks for texts', async () => {
    const kinds = ['NA', 'red', 'blue', '?'];
    const csv = 'size,color,kind\n'.concat(
      ...Array.from({ length: 40 }, (_, i) => `${i % 10 === 3 ? -1 : 100 + i},${kinds[i % 4]},${'ab'[i % 2]}\n`),
    );
    for (const missing of ['mean', 'category'] as const) {
      const options = { target: 'kind', types: {}, missing };
      write('own.safetensors', fruitModel(options, { csv, flags: { na: ['?', '-1'] } }));
      await done('export', 'own.safetensors', '--out', 'modules');
      const rows = 'size,color\n-1,NA\n120,?\n,null\n7,\n110,red\n100,-1\n-999,-\n';
      const lines = new Set<string>();
      for (const na of [[], ['--na', '-999'], ['--na', '?,-1'], ['--na', 'red']]) {
        const [network, module] = await both('own', rows, ...na);
        expect(module).toBe(network);
        lines.add(network);
      }
      expect(lines.size).toBe(3);
      const [one, other] = await both('kinds', FRUIT.replaceAll('red', 'NA').replaceAll('green', '?'), '--na', 'blue');
      expect(other).toBe(one);
    }
    expect(read('modules/own.d.mts')).toContain('and these: "", "?", "-1" are missing cells');
  });

  test('of images predicts what the network does', async () => {
    const [network, module] = await both('quarters', QUARTERS);
    expect(module).toBe(network);
    expect(network.split('\n')[1]).toContain('top left,top left,');
  });

  test('that toModule wrote by itself predicts too', async () => {
    const { network, encoder } = model('kinds');
    write('modules/bare.mjs', toModule(network, { encoder, minify: false }).source);
    await done('predict', 'modules/bare.mjs', 'fruit.csv', '--out', 'bare.csv');
    await done('predict', 'kinds.safetensors', 'fruit.csv', '--out', 'out.csv');
    expect(read('bare.csv')).toBe(read('out.csv'));
  });

  test('names the line of the first row that it refuses, and writes nothing', async () => {
    write('odd.csv', 'size,color,code,grade,grams\n2,red,01,1,20\n\n2,red,01,1,heavy\n2,red,01,1,x\n');
    rmSync(join(folder, 'odd-out.csv'), { force: true });
    const { code, err } = await whittle(folder, ['predict', 'modules/kinds.mjs', 'odd.csv', '--out', 'odd-out.csv']);
    expect({ code, err }).toEqual({
      code: 2,
      err: 'whittle: odd.csv: line 4: column grams is no number: heavy, and 1 more row is refused\n',
    });
    expect(readdirSync(folder)).not.toContain('odd-out.csv');
    write('odd.csv', 'color,code,grade,kind\nred,09,1,cherry\n');
    const strict = await whittle(folder, ['predict', 'modules/strict.mjs', 'odd.csv']);
    expect(strict.err).toMatch(/odd\.csv: line 2: column code has a category that .*: 09\n$/);
  });
});

describe('C', () => {
  /** Inputs and outputs of a row by the rules that a header states. */
  function byComment(comment: string, row: Readonly<Record<string, string | undefined>>): number[] {
    return comment.split('\n').flatMap((line) => {
      const [, from, to, rule = ''] = /input\[(\d+)\](?: to input\[(\d+)\])?: (.*)$/.exec(line) ?? [];
      if (from === undefined) return [];
      const number = (text: string): number => Number(text);
      const category =
        /^where ("(?:[^"\\]|\\.)*") is (missing|"(?:[^"\\]|\\.)*")(.*?) (\S+), else (\S+?)( \*\/)?$/.exec(rule);
      if (category !== null) {
        const [, name = '', value = '', more = '', one = '', zero = ''] = category;
        const cell = row[String(JSON.parse(name))] ?? '';
        const isIt =
          value === 'missing' || (cell === '' && more.includes('or missing'))
            ? cell === ''
            : cell === JSON.parse(value);
        return [number(isIt ? one : zero)];
      }
      const [, names = '', center = '', scale = ''] = /^(.*) as \(x - (\S+)\) \/ ([^;]+)/.exec(rule)!;
      const [first = '', last] = [...names.matchAll(/"([^"]*)"/g)].map((match) => match[1]);
      const columns = last === undefined ? [first] : Object.keys(row).slice(Number(from), Number(to) + 1);
      const fill = /; (\S+) for a missing one/.exec(rule)?.[1];
      return columns.map((name) => {
        const scaled = (number(row[name] || fill || 'NaN') - number(center)) / number(scale);
        return Math.max(-4, Math.min(4, scaled));
      });
    });
  }

  const rows = (csv: string): Record<string, string>[] => {
    const table = readCSV(csv);
    return Array.from({ length: table.rows }, (_, row) =>
      Object.fromEntries(table.cells(row).map((cell, i) => [table.names[i]!, cell])),
    );
  };

  test.each(['kinds', 'grams', 'marked', 'quarters'])(
    '%s: the rules in the header make what the encoder makes',
    async (name) => {
      await done('export', `${name}.safetensors`, '--as', 'c', '--out', 'code');
      const { network, encoder } = model(name);
      const { source, header } = toC(network, { name });
      expect(read(`code/${name}.c`)).toBe(source);
      const text = read(`code/${name}.h`);
      expect(text.endsWith(header)).toBe(true);
      const comment = text.slice(0, -header.length);
      const csv = name === 'quarters' ? QUARTERS : FRUIT;
      const { features } = encoder.transform(readCSV(csv), { target: false });
      const width = features.shape[1]!;
      for (const [i, row] of rows(csv).entries()) {
        const made = byComment(comment, { ...row, grade: row.grade && String(Number(row.grade)) });
        expect(made.map(Math.fround)).toEqual([...features.data.slice(i * width, (i + 1) * width)]);
      }
    },
  );

  test('with inputs in int8 the rules in the header make what the network makes', async () => {
    await done('export', 'kinds.safetensors', '--as', 'c', '--out', 'bytes', '--int8-inputs');
    const { network, encoder } = model('kinds');
    const { source, header } = toC(network, { name: 'kinds', inputs: 'int8' });
    expect(read('bytes/kinds.c')).toBe(source);
    const text = read('bytes/kinds.h');
    const comment = text.slice(0, -header.length);
    const [, scaleName = '', zeroName = ''] =
      /the nearest whole number to it \/ (\w+) \+ (\w+), of two the even one, from -128 to 127/.exec(comment)!;
    const macro = (name: string): number =>
      Number(new RegExp(`#define ${name} \\(?(\\S+?)f?\\)?(?: |$)`, 'm').exec(header)![1]);
    const [scale, zero] = [macro(scaleName), macro(zeroName)];
    const { features } = encoder.transform(readCSV(FRUIT), { target: false });
    const wanted = new Int8Array(features.size);
    reference.quantize(features.size, Float32Array.from(features.data), Math.fround(scale), zero, wanted);
    const made = rows(FRUIT).flatMap((row) => byComment(comment, row));
    const int8 = made.map((x) => Math.max(-128, Math.min(127, Math.round(Math.fround(x) / scale + zero))));
    expect(int8).toEqual([...wanted]);
    const { code, err } = await whittle(folder, ['export', 'grams.safetensors', '--as', 'c', '--int8-inputs']);
    expect({ code, err }).toEqual({
      code: 2,
      err: expect.stringMatching(/cannot be written in C: .*not read as int8/),
    });
  });

  test('says what the outputs are, of a regression on its own scale', async () => {
    await done('export', 'kinds.safetensors', '--out', 'code/fruit.c', '--logits', '--plain');
    expect(readdirSync(join(folder, 'code'))).toContain('fruit.h');
    expect(read('code/fruit.h')).toContain('output[2]: the logit of "plum, blue" */');
    expect(read('code/fruit.c')).toBe(
      toC(model('kinds').network, { name: 'fruit', logits: true, storage: 'plain' }).source,
    );
    await done('export', 'grams.safetensors', '--as', 'c', '--out', 'code');
    const [, scale, center] = /of which y \* (\S+) \+ (\S+) is "grams"/.exec(read('code/grams.h'))!;
    const { network, encoder } = model('grams');
    const { features } = encoder.transform(readCSV(FRUIT), { target: false });
    const outputs = predictNetwork(network, features);
    const { numbers } = encoder.decode(outputs);
    expect([...outputs.data].map((y) => y * Number(scale) + Number(center))).toEqual([...numbers!]);
  });

  test('takes a name that C can have of the name of the file', async () => {
    write('07-int8.safetensors', readFileSync(join(folder, 'kinds.safetensors')));
    const out = await done('export', '07-int8.safetensors', '--as', 'c', '--out', 'named');
    expect(readdirSync(join(folder, 'named')).sort()).toEqual(['network_07_int8.c', 'network_07_int8.h']);
    expect(out).toContain('network_07_int8_self_test()');
    expect(out).toMatch(/^input\[0\]: "size" as \(x - /m);
  });

  test('a name of the table does not end the comment, dates are days, and a sigmoid tells the second class', () => {
    const csv = `"a*/ /* b",day,kind\n${Array.from({ length: 20 }, (_, i) => `${i},2024-01-${10 + (i % 9)},${'xy'[i % 2]}`).join('\n')}\n`;
    const encoder = new TableEncoder({ target: 'kind', scale: 'standard' }).fit(readCSV(csv));
    const comment = inputsComment({ ...model('kinds'), encoder, trained: undefined }, 1, false);
    expect(comment.match(/\*\//g)).toHaveLength(1);
    expect(comment).toContain('"a* / / * b" as');
    expect(comment).toMatch(/"day" as \(x - 197\d+[^;]*; x in days since 1970-01-01/);
    expect(comment).toContain('output[0]: the probability of "y" */');
  });
});

describe('is refused in one line, exit code 2, with nothing written:', () => {
  beforeAll(() => {
    mkdirSync(join(folder, 'taken', 'kinds.mjs'), { recursive: true });
    write('self.mjs', readFileSync(join(folder, 'kinds.safetensors')));
    mkdirSync(join(folder, 'linked'), { recursive: true });
    linkSync(join(folder, 'kinds.safetensors'), join(folder, 'linked', 'kinds.h'));
    write('script.mjs', 'globalThis.ranByMistake = true;\n');
    write(
      'broken.mjs',
      'export function run() {}\nexport function predict() {}\nexport function selfTest() { return 1 +; }\n',
    );
    write(
      'other.mjs',
      'export function run() {}\nexport function predict() {}\nexport function selfTest() { return false; }\n',
    );
    const { network, encoder } = model('kinds');
    write('alone.mjs', toModule(network, { minify: true }).source);
    const { columns, ...rest } = encoder.toJSON();
    const withMark = columns.map((spec) =>
      spec.kind === 'category' && spec.name === 'color' ? { ...spec, categories: ['NA', 'green', 'red'] } : spec,
    );
    const metadata = { encoder: JSON.stringify({ ...rest, columns: withMark }) };
    write('marks.safetensors', encodeNetwork(network, { metadata }));
    const { metadata: known } = decodeNetwork(readFileSync(join(folder, 'kinds.safetensors')));
    const table = JSON.stringify({ ...JSON.parse(known.get('table')!), ranges: [[2, 1]] });
    const whole = readFileSync(join(folder, 'kinds.safetensors'));
    write('cut.safetensors', whole.subarray(0, whole.length - 9));
    write(
      'bad.safetensors',
      whole.map((byte, at) => (at === 20 ? 0 : byte)),
    );
    write('narrow.csv', 'size,color\n1,red\n');
    write('narrower.csv', 'size,color,code,grade\n1,red,01,1\n');
    write('ranges.safetensors', encodeNetwork(network, { metadata: { encoder: known.get('encoder')!, table } }));
    const source = read('modules/kinds.mjs');
    write('no-target.mjs', source.replace('"target":"kind"', '"target":1'));
    write('no-names.mjs', source.replace('"names":', '"nomes":'));
    const changed = source.replace(/("[^"]{400,}")/, (digits) => digits.replace(/(.{200})(.)(.)/, '$1$3$2'));
    expect(changed).not.toBe(source);
    write('changed.mjs', changed);
  });

  test.each<[string, readonly string[], RegExp]>([
    ['a model that is not there', ['export', 'none'], /none: there is no such file/],
    [
      'a table in place of a model',
      ['export', 'fruit.csv'],
      /fruit\.csv: is no network: .*\. Give a network that a run has left in models\/ or points\/, a \.safetensors file/,
    ],
    ['a file without its end', ['export', 'cut.safetensors'], /cut\.safetensors: is damaged or cut off: /],
    [
      'a file with a byte of its header changed',
      ['export', 'bad.safetensors'],
      /bad\.safetensors: is damaged or cut off: /,
    ],
    [
      'a table without a column, asked of a module',
      ['predict', 'modules/kinds.mjs', 'narrow.csv'],
      /narrow\.csv: columns "code", "grade", "grams": are not in the table, which has "size", "color"/,
    ],
    [
      'the same of one column',
      ['predict', 'modules/kinds.mjs', 'narrower.csv'],
      /narrower\.csv: column "grams": is not in the table, which has "size", "color", "code", "grade"/,
    ],
    ['a folder where the module goes', ['export', 'kinds.safetensors', '--out', 'taken'], /kinds\.mjs: it is a folder/],
    ['the model as output', ['export', 'self.mjs'], /self\.mjs is the file that is read/],
    [
      'the model by another name',
      ['export', 'kinds.safetensors', '--as', 'c', '--out', 'linked'],
      /linked.kinds\.h is the file/,
    ],
    ['a file of the other language', ['export', 'kinds.safetensors', '--as', 'module', '--out', 'a.c'], /ends in \.c/],
    ['a file of a third language', ['export', 'kinds.safetensors', '--out', 'a.ts'], /ends in \.ts.*\.mjs or \.js/],
    ['a header', ['export', 'kinds.safetensors', '--as', 'c', '--out', 'a.h'], /ends in \.h.*end it in \.c/],
    ['a module of C', ['export', 'kinds.safetensors', '--as', 'c', '--out', 'a.js'], /ends in \.js/],
    ['two names', ['export', 'kinds.safetensors', '--out', 'a.mjs', '--name', 'b'], /names the file already/],
    [
      'a name that C has not',
      ['export', 'kinds.safetensors', '--as', 'c', '--name', '1-a'],
      /"1-a" is no name in C.* network_1_a/,
    ],
    ['a name with a folder', ['export', 'kinds.safetensors', '--name', 'a/b'], /without folder/],
    ['a category that modules take for a gap', ['export', 'marks.safetensors'], /marks\.safetensors: .*"color".*NA/],
    ['ranges that are none', ['export', 'ranges.safetensors'], /"ranges" of "table"/],
    [
      'a script that is no module of a network, unrun',
      ['predict', 'script.mjs', 'fruit.csv'],
      /script\.mjs: is no module/,
    ],
    ['a module that is no JavaScript', ['predict', 'broken.mjs', 'fruit.csv'], /broken\.mjs: cannot be run/],
    ['a module that fails its self-test', ['predict', 'other.mjs', 'fruit.csv'], /other\.mjs: its self-test fails/],
    [
      'a module with other weights',
      ['predict', 'changed.mjs', 'fruit.csv'],
      /changed\.mjs: its self-test fails|cannot be run/,
    ],
    ['a module without an encoder', ['predict', 'alone.mjs', 'fruit.csv'], /alone\.mjs: the module has no predict/],
    [
      'a module whose table is none',
      ['predict', 'no-names.mjs', 'fruit.csv'],
      /no-names\.mjs: "table" must have names/,
    ],
    ['a module without a target', ['predict', 'no-target.mjs', 'fruit.csv'], /must have target, used and texts/],
    ['the module as output', ['predict', 'alone.mjs', 'fruit.csv', '--out', 'alone.mjs'], /alone\.mjs/],
  ])('%s', async (_name, args, message) => {
    const before = readdirSync(folder, { recursive: true }).sort();
    const { code, out, err } = await whittle(folder, args);
    expect(err).toMatch(/^whittle: [^\n]+\n$/);
    expect(err).toMatch(message);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(readdirSync(folder, { recursive: true }).sort()).toEqual(before);
    expect(globalThis).not.toHaveProperty('ranByMistake');
  });
});
