import { describe, expect, test } from 'vitest';
import { FormatError } from '../../src/base/errors.ts';
import { readCSV, TableEncoder, type TableEncoderJSON } from '../../src/data/index.ts';
import { mutants } from '../mutants.ts';

const text = 'x,d,c,id,y\n1,2020-01-01,red,1,no\n,2020-01-05,,2,yes\n4,,blue,3,no\n7,2020-03-01,green,4,yes\n';
const table = readCSV(text);
const classes = new TableEncoder({
  target: 'y',
  missing: 'category',
  rare: 'other',
  maxCategories: 2,
  scale: 'standard',
  clip: 4,
  drop: ['id'],
}).fit(table);
const numbers = new TableEncoder({
  target: 'x',
  task: 'regression',
  unlabelled: 'skip',
  missing: 'mean',
  scaleTarget: true,
}).fit(table);
const plain = (encoder: TableEncoder): TableEncoderJSON => JSON.parse(JSON.stringify(encoder)) as TableEncoderJSON;

/** What an encoder makes of the table, as one text. */
const bits = (encoder: TableEncoder): string => {
  const { features, target, notes } = encoder.transform(table);
  return JSON.stringify([[...features.data], [...target!.data], features.dtype, target!.dtype, notes]);
};

describe.each([
  ['a classification', classes],
  ['a regression', numbers],
])('the JSON of %s', (_, encoder) => {
  const json = plain(encoder);

  test('gives an encoder of the same bits', () => {
    const again = TableEncoder.fromJSON(json);
    expect(bits(again)).toBe(bits(encoder));
    expect(plain(again)).toEqual(json);
    expect(again.featureNames).toEqual(encoder.featureNames);
    expect([again.task, again.classNames, again.taskReason, again.targetName]).toEqual([
      encoder.task,
      encoder.classNames,
      encoder.taskReason,
      encoder.targetName,
    ]);
    expect(again.notes).toEqual([]);
  });

  test('is refused by the field that is missing, of another type or none that is known', () => {
    let refused = 0;
    for (const { path, fields, text: mutant } of mutants(json)) {
      const changed: unknown = JSON.parse(mutant);
      let found: TableEncoder;
      try {
        found = TableEncoder.fromJSON(changed);
      } catch (error) {
        refused++;
        expect(error, path).toBeInstanceOf(FormatError);
        const { field, message } = error as FormatError;
        expect(message).toMatch(/^table encoder: /);
        // The field itself, or where what it says is contradicted.
        const last = fields.at(-1)!;
        const related =
          field.includes(last) || path.startsWith(field) || field.startsWith('columns') || /fill|other/.test(field);
        expect(related, `${path}: ${message}`).toBe(true);
        continue;
      }
      // What is taken says of itself what stands there, and works or refuses the table in words.
      expect(plain(found), path).toEqual(changed);
      try {
        found.transform(table);
      } catch (error) {
        expect(error, path).toBeInstanceOf(FormatError);
      }
    }
    expect(refused).toBeGreaterThan(300);
  });
});

const put = (changes: object): unknown => ({ ...plain(classes), ...changes });
const column = (changes: object, index: number): unknown =>
  put({ columns: classes.columns.map((spec, i) => (i === index ? { ...spec, ...changes } : spec)) });

describe('an encoder in JSON', () => {
  test.each([
    [null, 'JSON', 'must be an object'],
    [[], 'JSON', 'must be an object'],
    [put({ format: 'other' }), 'format', 'must be "whittle-table-encoder"'],
    [put({ version: 2 }), 'version', 'must be 1'],
    [put({ columns: [] }), 'columns', 'is empty'],
    [put({ columns: [classes.columns[0], classes.columns[0]] }), 'columns', 'holds a text twice'],
    [put({ ignored: ['x'] }), 'columns', 'holds a text twice'],
    [put({ ignored: ['y'] }), 'columns', 'holds a text twice'],
    [put({ clip: 0 }), 'clip', 'must be positive'],
    [column({ kind: 'text' }, 0), 'columns[0].kind', 'must be "number" or "date" or "category"'],
    [column({ fill: 'red' }, 0), 'columns[0].fill', 'must be a finite number'],
    [column({ marked: false }, 0), 'columns[0].scaling.center', 'holds 2 numbers, not 1'],
    [column({ format: 'y' }, 1), 'columns[1].format', 'must be "y-m-d" or'],
    [column({ fill: 'none' }, 2), 'columns[2].fill', 'is none of the categories'],
    [column({ other: 'none' }, 2), 'columns[2].other', 'is none of the categories'],
    [column({ categories: [], fill: null, other: null }, 2), 'columns[2].categories', 'is empty'],
    [column({ categories: ['a', 'a'] }, 2), 'columns[2].categories', 'holds a text twice'],
    [column({ scaling: { center: [0], scale: [-1] } }, 2), 'columns[2].scaling.scale[0]', 'must be positive'],
    [put({ target: { ...plain(classes).target, classes: ['no'] } }), 'target.classes', 'holds fewer than 2'],
    [
      { ...plain(numbers), target: { ...plain(numbers).target, scaling: { center: [], scale: [1] } } },
      'target.scaling.center',
      'holds 0 numbers, not 1',
    ],
    [
      JSON.parse(JSON.stringify(classes).replace('{', '{"__proto__":1,')),
      '__proto__',
      'this reader does not know the field',
    ],
  ])('is refused: %#', (json, field, problem) => {
    expect(() => TableEncoder.fromJSON(json)).toThrow(FormatError);
    expect(() => TableEncoder.fromJSON(json)).toThrow(`table encoder: ${field}: ${problem}`);
  });
});

test('an encoder is copied with its options, unfitted; one from JSON has none to copy', () => {
  for (const encoder of [classes, numbers]) {
    const copy = encoder.clone();
    expect(() => copy.columns).toThrow('is not fitted');
    expect(plain(copy.fit(table))).toEqual(plain(encoder));
  }
  expect(() => TableEncoder.fromJSON(plain(classes)).clone()).toThrow(
    'TableEncoder.clone: this encoder came from JSON. Make a new one',
  );
});
