import ts from 'typescript';
import { describe, expect, test } from 'vitest';
import { TableEncoder, tableOf } from '../../src/data/index.ts';
import { toModule } from '../../src/export/module.ts';
import { Dense, Sequential, toNetwork } from '../../src/index.ts';
import { imported } from './imported.ts';
import { type Predicting, told } from './rows.ts';

/** What ends strings, comments, lines, scripts and objects, what is in no UTF-8, and names that objects and modules have. */
const HOSTILE = [
  ...[
    '"',
    "'",
    '\\',
    '\\"',
    '`',
    '$&',
    '*/',
    '//',
    '</script>',
    '<SCRIPT',
    '<!--',
    ']]>',
    '\n',
    '\r',
    '\u2028',
    '\u2029',
    '\u0001',
  ],
  ...[
    '\ud800',
    '\udfff',
    '__proto__',
    'constructor',
    'toString',
    'hasOwnProperty',
    'eval(',
    'softmax(',
    'ROUND',
    'run',
    '🦊',
  ],
];
const ALL = HOSTILE.join(' ');

const faultsOf = (types: string): readonly unknown[] =>
  ts.transpileModule(types, { reportDiagnostics: true }).diagnostics ?? [];

/** Throws where a text is no UTF-8, or ends a script of a page. */
function checkText(text: string): void {
  expect(new TextDecoder().decode(new TextEncoder().encode(text)) === text).toBe(true);
  expect(text).not.toMatch(/<\/|<!--|<script/i);
}

describe('names of any letters are no code', () => {
  test.each([...HOSTILE, ALL])('of a network and its layers: %j', async (name) => {
    const network = toNetwork(new Sequential([new Dense(2, { inputShape: [3], name })], { seed: 1 }));
    for (const minify of [false, true]) {
      const { source, types } = toModule(network, { name, minify });
      checkText(source);
      checkText(types);
      expect(faultsOf(types)).toEqual([]);
      const { outputs, selfTest, run } = await imported(source);
      expect(outputs[0]!.name).toBe(name);
      expect(selfTest()).toBe(true);
      expect(() => run([1])).toThrow(RangeError);
    }
  });

  test('of columns, categories, classes and the target', async () => {
    const names = [...HOSTILE, ALL];
    const records = names.map((_, i) =>
      Object.fromEntries([
        ...names.map((name, j) => [name, names[(i * (j + 1)) % names.length]!]),
        ['</script> */', names[i]],
      ]),
    );
    const encoder = new TableEncoder({ target: '</script> */', missing: 'category' });
    encoder.fit(tableOf(records));
    const inputShape = [encoder.featureNames.length];
    const units = encoder.classNames!.length;
    const network = toNetwork(
      new Sequential([new Dense(units, { activation: 'softmax', inputShape, name: ALL })], { seed: 1 }),
    );
    for (const minify of [false, true]) {
      const { source, types } = toModule(network, { name: ALL, minify, encoder });
      checkText(source);
      checkText(types);
      expect(faultsOf(types)).toEqual([]);
      const { predict, classes } = (await imported(source)) as Predicting;
      expect(classes).toEqual(encoder.classNames);
      for (const record of records) expect(predict(record)).toEqual(told(encoder, network, record));
      for (const name of names) {
        const { [name]: _, ...rest } = records[3]!;
        expect(() => predict(rest)).toThrow(`predict: column ${name} is not there`);
      }
    }
  });
});

test('names of layers stand beside their calls in a text to read', () => {
  const network = toNetwork(new Sequential([new Dense(2, { inputShape: [3], name: 'first layer' })]));
  expect(toModule(network, { minify: false }).source).toMatch(/\/\/ first layer\n {2}dense/);
});

test('names that are those of helpers bring none along', () => {
  const network = toNetwork(new Sequential([new Dense(2, { inputShape: [3], name: 'softmax(REAL)' })]));
  const { source } = toModule(network, { minify: false });
  expect(source).toContain('name: "softmax(REAL)"');
  expect(source).not.toMatch(/function softmax|const REAL/);
});
