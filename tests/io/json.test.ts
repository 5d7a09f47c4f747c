import { describe, expect, test } from 'vitest';
import { Fields, restOf } from '../../src/io/fields.ts';
import { type JsonOptions, type JsonValue, parseJson } from '../../src/io/json.ts';

describe('parseJson', () => {
  const parse = (text: string, options?: JsonOptions): JsonValue =>
    parseJson(text, (problem, at) => new Error(`${problem} at ${at}`), options);

  test.each(['0', '-0', '1E5', '1e+21', '1e-7', '-1.25E+2', '0.5', '5e-324', '-1.7976931348623157e+308', '1e999'])(
    'reads %s as JSON.parse does',
    (text) => {
      expect(Object.is(parse(text), JSON.parse(text))).toBe(true);
    },
  );

  test.each(['1.', '.5', '+1', '01', '1e', '1e+', '-', '0x1', 'tru', 'nul', 'True', '"\t"', '[1,]', '{"a":1,}', '1\f'])(
    'refuses %j, as JSON.parse does',
    (text) => {
      expect(() => JSON.parse(text)).toThrow();
      expect(() => parse(text)).toThrow(/ at \d+$/);
    },
  );

  test('takes every blank of JSON around every sign, and no other', () => {
    expect(parse(' \t\r\n[\r1 ,\t"a b"\n,\r\nnull\r]\r\n')).toEqual([1, 'a b', null]);
    expect(() => parse('\u00a01')).toThrow('expected a JSON value at 0');
  });

  test.each([
    [16, undefined],
    [1, { maxDepth: 1 }],
    [3, { maxDepth: 3 }],
  ] as const)('takes %i levels and no more', (depth, options) => {
    const nested = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);
    expect(parse(nested(depth), options)).toBeInstanceOf(Array);
    expect(() => parse(nested(depth + 1), options)).toThrow(`more than ${depth} levels of nesting at ${depth}`);
    const objects = (levels: number): string => `${'{"k":'.repeat(levels - 1)}{}${'}'.repeat(levels - 1)}`;
    expect(parse(objects(depth), options)).toBeInstanceOf(Map);
    expect(() => parse(objects(depth + 1), options)).toThrow(`more than ${depth} levels of nesting at ${5 * depth}`);
  });

  test('points at where a thing begins, and shows 60 characters of a key', () => {
    expect(() => parse('["a","bc')).toThrow('a string has no end at 5');
    expect(() => parse('["a","\\x"]')).toThrow('an escape sequence that JSON does not know at 5');
    expect(() => parse('["a","\\ud800"]')).toThrow('half of a surrogate pair in a string at 5');
    const key = 'k'.repeat(61);
    expect(() => parse(`{"${key}":1,"${key}":2}`)).toThrow(`the key "${key.slice(1)}" comes twice at 67`);
    expect(() => parse('{"a":1 2}')).toThrow('expected } at the end of an object at 7');
    expect(() => parse('[1 2]')).toThrow('expected ] at the end of an array at 3');
    expect(() => parse('[1] 2')).toThrow('text after the end of the JSON value at 4');
  });

  test.each(['1.0', '-1', '1e2', '01', '1E0'])('%s is no plain integer', (text) => {
    expect(() => parse(text, { integersOnly: true })).toThrow('at 0');
    expect(parse('[0,10,9007199254740991]', { integersOnly: true })).toEqual([0, 10, 9007199254740991]);
  });
});

describe('Fields', () => {
  const fields = (text: string): Fields => Fields.parse(text, 'root', 'test file', 'metadata.root');

  test('takes a count of 0, a number of -0, a text of nothing, false and an empty list', () => {
    const all = fields('{"count":0,"number":-0,"text":"","flag":false,"list":[],"inner":{"count":1},"none":null}');
    expect(all.isNull('count')).toBe(false);
    expect(all.count('count')).toBe(0);
    expect(Object.is(all.number('number'), -0)).toBe(true);
    expect(all.text('text')).toBe('');
    expect(all.flag('flag')).toBe(false);
    expect(all.list('list')).toEqual([]);
    expect(all.inner('inner').count('count')).toBe(1);
    expect(all.isNull('none')).toBe(true);
    expect(all.has('none')).toBe(false);
    all.done();
  });

  test.each<[string, (all: Fields) => unknown, string]>([
    ['{', () => 0, 'metadata.root: expected a key in quotes, at character 1'],
    ['[]', () => 0, 'root: must be an object'],
    ['{}', (all) => all.take('a'), 'root.a: is missing'],
    ['{"a":1}', (all) => all.text('a'), 'root.a: must be a string'],
    ['{"a":1e999}', (all) => all.number('a'), 'root.a: must be a finite number'],
    ['{"a":-1}', (all) => all.count('a'), 'root.a: must be a non-negative integer'],
    ['{"a":0}', (all) => all.flag('a'), 'root.a: must be true or false'],
    ['{"a":"x"}', (all) => all.list('a'), 'root.a: must be a list'],
    ['{"a":{"b":{"c":1}}}', (all) => all.inner('a').inner('b').text('c'), 'root.a.b.c: must be a string'],
    [
      '{"a":1,"b":["c"]}',
      (all) => restOf(all),
      'root.b: must be a finite number, boolean or string, or a list of numbers',
    ],
    [`{"${'k'.repeat(61)}":1}`, (all) => all.done(), `root.${'k'.repeat(60)}: this reader does not know the field`],
  ])('of %s say where and what', (text, take, message) => {
    expect(() => take(fields(text))).toThrow(`test file: ${message}`);
  });

  test('what is taken is taken once, and the rest is the rest', () => {
    const all = fields('{"a":1,"b":2,"c":[0,1],"__proto__":true}');
    all.take('a');
    expect(() => all.take('a')).toThrow('root.a: is missing');
    expect(Object.entries(restOf(all))).toEqual([
      ['b', 2],
      ['c', [0, 1]],
      ['__proto__', true],
    ]);
  });
});
