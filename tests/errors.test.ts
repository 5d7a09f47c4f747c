import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { describe, expect, test } from 'vitest';
import { show, type WhittleError } from '../src/base/errors.ts';
import { MAX_SIZE } from '../src/base/shape.ts';
import { parseIDX } from '../src/data/index.ts';
import * as w from '../src/index.ts';
import { decodeSafetensors } from '../src/io/index.ts';

function caught(body: () => unknown): WhittleError & Record<string, unknown> {
  try {
    body();
  } catch (error) {
    if (error instanceof w.WhittleError) return error as WhittleError & Record<string, unknown>;
    throw error;
  }
  return expect.fail('nothing was thrown');
}

interface Row {
  readonly body: () => unknown;
  readonly type: abstract new (...args: never[]) => Error;
  readonly code: string;
  readonly fields: Record<string, unknown>;
  readonly text: string;
}

/** One message of each style: which operation, what is wrong, what came, and the usual remedy where there is one. */
const rows: Record<string, Row> = {
  'shapes that do not fit, with a remedy': {
    body: () => w.matmul(w.zeros([2, 3]), w.zeros([4, 5])),
    type: w.ShapeError,
    code: 'shape',
    fields: {
      op: 'matmul',
      shapes: [
        [2, 3],
        [4, 5],
      ],
    },
    text: 'matmul: inner sizes 3 and 4 differ, got [2, 3] and [4, 5]. Transpose one operand?',
  },
  'shapes that do not fit, in the words of a layer': {
    body: () => w.dense(w.zeros([32, 784]), w.zeros([100, 64]), null),
    type: w.ShapeError,
    code: 'shape',
    fields: {
      op: 'dense',
      shapes: [
        [32, 784],
        [100, 64],
      ],
    },
    text: 'dense: inputs have 784 features but weights expect 100, got [32, 784] and [100, 64]',
  },
  'a shape that is none': {
    body: () => w.zeros([2, -1]),
    type: w.ShapeError,
    code: 'shape',
    fields: { op: 'zeros', shapes: [] },
    text: 'zeros: dimension 1 must be an integer of at least 0, got -1',
  },
  'element types that do not fit': {
    body: () => w.add(w.zeros([2]), w.zeros([2], 'float64')),
    type: w.DTypeError,
    code: 'dtype',
    fields: { op: 'add', dtypes: ['float32', 'float64'] },
    text: 'add: element types differ, got float32 and float64. cast() one operand?',
  },
  'a loss that is no number': {
    body: () => w.backward(w.zeros([32, 10])),
    type: w.GradientError,
    code: 'gradient',
    fields: { op: 'backward' },
    text: 'backward: needs a scalar loss, got [32, 10]. Reduce it with mean() first?',
  },
  'a tensor of a finished step': {
    body: () => w.step(() => w.zeros([2])).data,
    type: w.DisposedError,
    code: 'disposed',
    fields: { op: 'data' },
    text: 'data: a tensor of a finished step was used; keep() it inside the step to use it later',
  },
  'an option out of range': {
    body: () => new w.Adam({ learningRate: -0.001 }),
    type: w.ValueError,
    code: 'value',
    fields: { op: 'Adam', field: 'learningRate', value: -0.001 },
    text: 'Adam: learningRate must be positive, got -0.001',
  },
  'an argument out of range': {
    body: () => w.dropout(w.zeros([2]), 1.5, new w.Random(0)),
    type: w.ValueError,
    code: 'value',
    fields: { op: 'dropout', field: 'rate', value: 1.5 },
    text: 'dropout: rate must be between 0 and 1, got 1.5',
  },
  'a choice that is none lists the good ones': {
    body: () => w.tensor([1], { dtype: 'float16' as never }),
    type: w.DTypeError,
    code: 'dtype',
    fields: { op: 'tensor', dtypes: ['float16'] },
    text: 'tensor: the element types are float32, float64, int32, int8, uint8, bool, got float16',
  },
  'a size past the limit': {
    body: () => w.zeros([2 ** 20, 2 ** 20]),
    type: w.LimitError,
    code: 'limit',
    fields: { op: 'zeros', asked: 2 ** 40, limit: MAX_SIZE },
    text: 'zeros: the size of shape [1048576, 1048576] is 1099511627776, the limit is 2147483647',
  },
  'a call out of order': {
    body: () => w.step(async () => 1),
    type: w.StateError,
    code: 'state',
    fields: { op: 'step' },
    text: 'step: the body must not be async',
  },
};

describe('messages', () => {
  test.each(Object.entries(rows))('tell of %s in one sentence, with the facts as fields', (_, row) => {
    const error = caught(row.body);
    expect(error).toBeInstanceOf(row.type);
    expect(error).toBeInstanceOf(Error);
    expect(error.message).toBe(row.text);
    expect(error.code).toBe(row.code);
    expect(error.name).toBe(row.type.name);
    expect(Object.fromEntries(Object.keys(row.fields).map((key) => [key, error[key]]))).toEqual(row.fields);
  });

  test('tell of bytes and text that are not what they claim, with the place', () => {
    const error = new w.FormatError('safetensors', 'header', 'ends early', 8);
    expect([error.message, error.code, error.format, error.field, error.offset]).toEqual([
      'safetensors: header: ends early (at byte 8)',
      'format',
      'safetensors',
      'header',
      8,
    ]);
    expect(new w.FormatError('CSV', 'row 2', 'is short').message).toBe('CSV: row 2: is short');
  });

  test('tell of the first byte of a file, and of values that are 0, empty or false, as of any other', () => {
    expect(new w.FormatError('idx', 'magic', 'is wrong', 0)).toMatchObject({
      message: 'idx: magic: is wrong (at byte 0)',
      offset: 0,
    });
    for (const read of [
      () => parseIDX(Uint8Array.of(1, 0, 8, 1)),
      () => parseIDX(new Uint8Array(3)),
      () => decodeSafetensors(new Uint8Array(7)),
      () => decodeSafetensors(new Uint8Array(8).fill(255)),
    ]) {
      const error = caught(read);
      expect(error.message).toMatch(/ \(at byte 0\)$/);
      expect(error.offset).toBe(0);
    }
    for (const [value, text] of [
      [0, '0'],
      ['', '""'],
      [false, 'false'],
    ] as const) {
      const error = new w.ValueError('fit', 'epochs', 'positive', value);
      expect(error).toMatchObject({ message: `fit: epochs must be positive, got ${text}`, value });
    }
    expect(new w.LimitError('heap', 'the size', 0, 0).message).toBe('heap: the size is 0, the limit is 0');
    expect(new w.ShapeError('add', [[0], []], 'differ').message).toBe('add: differ, got [0] and []');
  });

  test('begin with the name of their class in minified code too', async () => {
    const files = ['../src/base/errors.ts', '../src/gpu/errors.ts'].map((path) =>
      fileURLToPath(new URL(path, import.meta.url)),
    );
    const bundle = await rolldown({
      input: 'all',
      plugins: [
        {
          name: 'all',
          resolveId: (id) => (id === 'all' ? id : null),
          load: (id) => (id === 'all' ? files.map((file) => `export * from ${JSON.stringify(file)};`).join('') : null),
        },
      ],
      logLevel: 'silent',
    });
    const { output } = await bundle.generate({ format: 'esm', minify: true, codeSplitting: false });
    await bundle.close();
    const code = output[0].code;
    expect(code).not.toMatch(/class \w*Error/);
    const made: Record<string, new (...args: unknown[]) => WhittleError> = await import(
      /* @vite-ignore */ `data:text/javascript,${encodeURIComponent(code)}`
    );
    const classes = Object.entries(made).filter(([name]) => /Error$/.test(name) && name !== 'WhittleError');
    const said = classes.map(([name, Class]) => [
      name,
      String(new Class('op', [], [], 'x', 'y')),
      new Class('op', []).code,
    ]);
    expect(said.map(([name]) => name)).toHaveLength(10);
    for (const [name, text, code] of said) {
      expect(text).toMatch(new RegExp(`^${name}: op: `));
      expect(code).toBe(name === 'DeviceLostError' ? 'device' : name!.slice(0, -'Error'.length).toLowerCase());
    }
  });

  test('show values shortly and without doubt', () => {
    const cases: [unknown, string][] = [
      [Number.NaN, 'NaN'],
      ['1', '"1"'],
      [' "1"\n', '" \\"1\\"\\n"'],
      ['x'.repeat(60), `"${'x'.repeat(60)}"`],
      ['x'.repeat(61), `"${'x'.repeat(57)}..."`],
      ['x'.repeat(99), `"${'x'.repeat(57)}..."`],
      [undefined, 'undefined'],
      [null, 'null'],
      [[1, 'a', [2]], '[1, "a", [2]]'],
      [[], '[]'],
      [Array(8).fill(0), '[0, 0, 0, 0, 0, 0, 0, 0]'],
      [Array(9).fill(0), '[0, 0, 0, 0, 0, 0, 0, 0, ...]'],
      [Array(20).fill(0), '[0, 0, 0, 0, 0, 0, 0, 0, ...]'],
      [new Map(), 'an object of Map'],
      [{}, '{}'],
      [{ a: 1, b: { c: 2 } }, '{ a, b }'],
      [Object.fromEntries(Array.from('abcdefghij', (field) => [field, 1])), '{ a, b, c, d, e, f, g, h }'],
      [Object.create(null), 'an object of no class'],
      [() => 0, 'an object of Function'],
    ];
    for (const [value, text] of cases) expect(show(value)).toBe(text);
  });
});
