import { describe, expect, test } from 'vitest';
import { type EncoderOptions, MinMaxScaler, readCSV, StandardScaler, TableEncoder } from '../../src/data/index.ts';
import { toModule } from '../../src/export/module.ts';
import { Dense, predictNetwork, Random, Sequential, toNetwork, ValueError } from '../../src/index.ts';
import { imported } from './imported.ts';
import { type Predicting, told } from './rows.ts';

const CSV = `price,rooms,kind,code,quality
1.5,3,house,1,good
2,,flat,2,bad
-7e2,5,house,1,good
4.25,1,,3,bad
3,2,castle,2,fine
5,9,"a ""b"", <c>",1,fine
6,2,flat,2,good
8,4,house,3,bad
`;

type Row = Readonly<Record<string, unknown>>;

/** Rows that fit and rows that do not. */
const ROWS: readonly Row[] = [
  { price: 1.5, rooms: 3, kind: 'house', code: 1, quality: 'good', more: 'is ignored' },
  { price: '2.50', rooms: '', kind: 'flat', code: '2.0' },
  { price: ' 7 ', rooms: null, kind: ' castle ', code: 3 },
  { price: -1e9, rooms: Number.NaN, kind: 'a "b", <c>', code: '1' },
  { price: 1, rooms: 'NA', kind: undefined, code: 2 },
  { price: 1, rooms: '-', kind: '-', code: '-' },
  { price: 1, rooms: 2, kind: 'tent', code: 1 },
  { price: 1, rooms: 2, kind: true, code: 9 },
  { price: 1, rooms: 2, kind: 'flat', code: 'x' },
  { price: '0x10', rooms: 2, kind: 'flat', code: 1 },
  { price: 'dear', rooms: 2, kind: 'flat', code: 1 },
  { price: 1e300, rooms: 2, kind: 'flat', code: 1 },
  { price: 1, rooms: 2, kind: 'flat' },
];

const OPTIONS: readonly EncoderOptions[] = [
  { missing: 'median', scale: 'standard' },
  { missing: 'category', unknown: 'zeros', clip: 1.5, scale: 'standard' },
  { missing: 'frequent', scale: 'minmax' },
  { missing: 'mean' },
  { missing: 'mean', types: { code: 'category' }, unknown: 'zeros', odd: 'missing' },
];

function networkFor(encoder: TableEncoder, outputs: number, activation: 'softmax' | 'sigmoid' | 'linear') {
  const width = encoder.featureNames.length;
  const model = new Sequential([
    new Dense(5, { activation: 'tanh', inputShape: [width] }),
    new Dense(outputs, { activation }),
  ]);
  return toNetwork(model);
}

async function predicted(predict: Predicting['predict'], row: Row): Promise<unknown> {
  try {
    return predict(row);
  } catch (error) {
    expect((error as Error).message).toMatch(/^predict: column \w+ (is|has) /);
    return null;
  }
}

describe.each(OPTIONS)('with the encoder of %o', (options) => {
  test.each([
    ['quality', 3, 'softmax'],
    ['price', 1, 'linear'],
  ] as const)('rows get the answers of the library: %s', async (target, outputs, activation) => {
    const encoder = new TableEncoder({ ...options, target });
    encoder.fit(readCSV(CSV));
    const network = networkFor(encoder, outputs, activation);
    for (const minify of [false, true]) {
      const { source } = toModule(network, { encoder, minify });
      const { predict } = (await imported(source)) as Predicting;
      let answers = 0;
      for (const row of ROWS) {
        const { [target]: _, ...rest } = { price: 1, quality: 'good', ...row } as Row;
        const wanted = told(encoder, network, rest);
        expect(await predicted(predict, rest), JSON.stringify(rest)).toEqual(wanted);
        if (wanted !== null) answers++;
      }
      expect(answers).toBeGreaterThan(1);
    }
  });
});

test('an encoder from JSON does, and one number for two classes', async () => {
  const encoder = new TableEncoder({ target: 'kind', task: 'classification' });
  encoder.fit(readCSV('size,kind\n1,dog\n3,cat\n2,dog'));
  const network = networkFor(encoder, 1, 'sigmoid');
  const { source, types } = toModule(network, { encoder: JSON.parse(JSON.stringify(encoder)) });
  const { predict, classes } = (await imported(source)) as Predicting;
  expect(classes).toEqual(['cat', 'dog']);
  expect(types).toContain('classes: readonly ["cat", "dog"]');
  expect(predict({ size: 2 })).toEqual(told(encoder, network, { size: 2 }));
});

test('an encoder without a target gives what the network gives', async () => {
  const encoder = new TableEncoder();
  encoder.fit(readCSV('a,b\n1,2\n3,4'));
  const network = networkFor(encoder, 2, 'linear');
  const { predict, run } = (await imported(toModule(network, { encoder }).source)) as Predicting;
  expect(predict({ b: 5, a: 7 })).toEqual(run([7, 5]));
});

test.each([new StandardScaler(), new MinMaxScaler({ featureRange: [-1, 2] })])(
  'numbers are scaled as by %s',
  async (scaler) => {
    const x = new Random(1, 'scaler').normal([20, 3], 5, 100);
    scaler.fit(x);
    const network = toNetwork(new Sequential([new Dense(2, { activation: 'tanh', inputShape: [3] })], { seed: 1 }));
    for (const encoder of [scaler, scaler.toJSON()]) {
      const { predict } = (await imported(toModule(network, { encoder }).source)) as never as {
        predict: (x: ArrayLike<number>) => Float32Array;
      };
      expect([...predict(x.data)]).toEqual([...predictNetwork(network, scaler.transform(x)).data]);
      expect(() => predict([1, Number.NaN, 2])).toThrow('predict: number 1 is out of range: NaN');
      for (const [given, got] of [
        [undefined, 'no list'],
        [x, 'no list'],
        [[1, 2], '2'],
        [['a', 'b', 'c'], 'string at 0'],
      ])
        expect(() => predict(given as never)).toThrow(
          new RangeError(`predict: the scaler takes numbers, samples of 3 one behind the other, got ${got}`),
        );
    }
  },
);

describe('what does not fit is refused', () => {
  const encoder = new TableEncoder({ target: 'y' });
  encoder.fit(readCSV('a,y\n1,0.25\n3,4.5\n7,1.75'));
  const network = networkFor(encoder, 1, 'linear');

  test('other numbers of features or of answers', () => {
    const wide = new TableEncoder({ target: 'y' });
    wide.fit(readCSV('a,b,y\n1,2,0.25\n3,2,4.5\n7,1,1.75'));
    expect(() => toModule(network, { encoder: wide })).toThrow(/the encoder makes 2 numbers and the network takes 1/);
    expect(() => toModule(networkFor(encoder, 2, 'linear'), { encoder })).toThrow(/asks for 1 outputs for "y"/);
  });

  test('anything else', () => {
    const circular: { self?: object } = {};
    circular.self = circular;
    const own = [TableEncoder, encoder.toJSON, () => encoder, [encoder], Promise.resolve(encoder), { toJSON: encoder }];
    const texts = ['standard', '{}', JSON.stringify(encoder)];
    const others = [{}, null, 1n, 3, true, Symbol('s'), { type: 'Scaler' }, { format: 'csv' }, circular, network];
    for (const other of [...own, ...texts, ...others]) {
      const make = (): unknown => toModule(network, { encoder: other as never });
      expect(make).toThrow(ValueError);
      expect(make).toThrow(/^toModule: encoder must be a fitted TableEncoder, StandardScaler or MinMaxScaler/);
      if (typeof other === 'string') expect(make).toThrow(/\. Of a text give JSON\.parse\(text\)$/);
    }
    expect(() => toModule(network, { encoder: { ...encoder.toJSON(), clip: 'x' } as never })).toThrow(/clip/);
    expect(() => toModule(network, { encoder: new TableEncoder() })).toThrow(/not fitted/);
  });

  test('logits where probabilities are wanted', async () => {
    const classes = new TableEncoder({ target: 'kind', task: 'classification' });
    classes.fit(readCSV('size,kind\n1,dog\n3,cat\n2,dog'));
    const { predict } = (await imported(
      toModule(networkFor(classes, 2, 'linear'), { encoder: classes }).source,
    )) as Predicting;
    expect(() => predict({ size: 100 })).toThrow('predict: the network gives no probabilities');
  });
});
