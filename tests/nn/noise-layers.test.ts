/** Layers of noise, and a dropout whose numbers go together. */
import { describe, expect, test } from 'vitest';
import {
  AlphaDropout,
  compileInference,
  Dense,
  Dropout,
  digest,
  encodeNetwork,
  FormatError,
  GaussianDropout,
  GaussianNoise,
  type Layer,
  type LayerOptions,
  loadModel,
  monteCarlo,
  ones,
  parameter,
  Sequential,
  type Shape,
  SpatialDropout2D,
  saveModel,
  sum,
  type Tensor,
  toNetwork,
  ValueError,
  valueAndGrad,
} from '../../src/index.ts';
import { decodeSafetensors, encodeSafetensors } from '../../src/io/index.ts';
import { list, mean, noise, of } from './tools.ts';

type Options = LayerOptions & { readonly training?: boolean };
const makers: Record<string, (options: Options) => Layer> = {
  GaussianNoise: (o) => new GaussianNoise(0.7, o),
  GaussianDropout: (o) => new GaussianDropout(0.3, o),
  AlphaDropout: (o) => new AlphaDropout(0.3, o),
  'Dropout with a noiseShape': (o) => new Dropout(0.4, { ...o, noiseShape: [1, 3] }),
};
const SHAPE: Shape = [4, 3];
const cases = Object.entries(makers);
const alone = (
  make: (o: Options) => Layer,
  training = false,
  seed = 5,
  dtype: 'float32' | 'float64' = 'float32',
): Sequential => new Sequential([make({ inputShape: SHAPE, training })], { seed, dtype });
const draw = noise(21);
const x = of(list(16 * 12, draw), [16, 4, 3], 'float32');
const deviation = (values: readonly number[]): number => {
  const middle = mean(values);
  return Math.sqrt(mean(values.map((v) => (v - middle) ** 2)));
};

describe.each(cases)('%s', (_, make) => {
  test('gives on what it reads outside of training, and draws by the step and the name in it', () => {
    const model = alone(make);
    expect(model.predict(x).data).toEqual(x.data);
    const once = model.forward(x, { training: true }).data;
    expect(once).not.toEqual(x.data);
    expect(model.forward(x, { training: true }).data).toEqual(once);
    expect(model.forward(x, { training: true, step: 1 }).data).not.toEqual(once);
    expect(alone(make, false, 6).forward(x, { training: true }).data).not.toEqual(once);
    expect(alone(make, true).predict(x).data).toEqual(once);
  });

  test.each(['float32', 'float64'] as const)(
    'trains to the same bits eager and replayed, from a file too: %s',
    (dtype) => {
      const train = (replay: boolean): Sequential => {
        const model = new Sequential(
          [make({ inputShape: SHAPE }), new Dense(2, { activation: 'relu' }), new Dense(2)],
          { seed: 3, dtype },
        );
        model.compile({ optimizer: 'adam', loss: 'mse', replay });
        return model;
      };
      const [xs, ys] = [of([...x.data], [16, 4, 3], dtype), of(list(16 * 8, noise(2)), [16, 4, 2], dtype)];
      const [repeated, eager] = [train(true), train(false)];
      const first = repeated.fit(xs, ys, { epochs: 6, batchSize: 4 });
      expect(eager.fit(xs, ys, { epochs: 6, batchSize: 4 }).history).toEqual(first.history);
      expect(digest(repeated)).toBe(digest(eager));
      expect(repeated.replayStatus.replayed).toBeGreaterThan(10);
      const loaded = loadModel(saveModel(eager));
      expect(loaded.layers[0]!.constructor).toBe(repeated.layers[0]!.constructor);
      repeated.fit(xs, ys, { epochs: 2 });
      loaded.fit(xs, ys, { epochs: 2 });
      expect(digest(loaded)).toBe(digest(repeated));
      const copy = repeated.layers[0]!.clone();
      expect([copy.type, (copy as Dropout).rate]).toEqual([
        repeated.layers[0]!.type,
        (repeated.layers[0] as Dropout).rate,
      ]);
    },
  );

  test('is left out of programs, or refused where it never rests', () => {
    const program = compileInference(alone(make), 16);
    expect(program.run(Float32Array.from(x.data))).toEqual(x.data);
    expect(() => compileInference(alone(make, true), 16)).toThrow(/draws numbers/);
    expect(monteCarlo(alone(make), x, { passes: 3 }).deviation.data.some((v) => v > 0)).toBe(true);
  });
});

describe('what is drawn', () => {
  const many = ones([4000, ...SHAPE]);
  const numbers = (make: (o: Options) => Layer, from: Tensor = many): number[] => [
    ...alone(make).forward(from, { training: true }).data,
  ];

  test('has the mean and deviation that it should', () => {
    const added = numbers(makers.GaussianNoise!);
    expect(mean(added)).toBeCloseTo(1, 1.7);
    expect(deviation(added)).toBeCloseTo(0.7, 1.7);
    const factors = numbers(makers.GaussianDropout!);
    expect(mean(factors)).toBeCloseTo(1, 1.7);
    expect(deviation(factors)).toBeCloseTo(Math.sqrt(0.3 / 0.7), 1.7);
    const normal = alone((o) => new GaussianNoise(1, o)).forward(of(Array(48000).fill(0), [4000, 4, 3], 'float32'), {
      training: true,
    });
    const alpha = numbers((o) => new AlphaDropout(0.3, { ...o, name: 'other' }), normal);
    expect(mean(alpha)).toBeCloseTo(0, 1.5);
    expect(deviation(alpha)).toBeCloseTo(1, 1.5);
    const lowest = Math.min(...numbers(makers.AlphaDropout!));
    expect(numbers(makers.AlphaDropout!).filter((v) => v === lowest).length / 48000).toBeCloseTo(0.3, 1.7);
  });

  test('of a noiseShape is the same along axes of 1', () => {
    const values = numbers(makers['Dropout with a noiseShape']!);
    const kept = Math.fround(1 / 0.6);
    let dropped = 0;
    for (let i = 0; i < values.length; i += 12)
      for (let c = 0; c < 3; c++) {
        const column = [0, 1, 2, 3].map((row) => values[i + 3 * row + c]);
        expect(column).toEqual(Array(4).fill(column[0] === 0 ? 0 : kept));
        dropped += Number(column[0] === 0);
      }
    expect(dropped / 12000).toBeCloseTo(0.4, 1.7);
    const images = ones([50, 2, 2, 3]);
    const shaped = new Sequential([new Dropout(0.5, { inputShape: [2, 2, 3], noiseShape: [1, 1, 3], name: 'drop' })]);
    const spatial = new Sequential([new SpatialDropout2D(0.5, { inputShape: [2, 2, 3], name: 'drop' })]);
    const how = { training: true };
    expect(shaped.forward(images, how).data).toEqual(spatial.forward(images, how).data);
    const plain = new Sequential([new Dropout(0.5, { inputShape: [2, 2, 3], noiseShape: [2, 2, 3], name: 'drop' })]);
    const usual = new Sequential([new Dropout(0.5, { inputShape: [2, 2, 3], name: 'drop' })]);
    expect(plain.forward(images, how).data).toEqual(usual.forward(images, how).data);
  });

  test('is what gradients are multiplied with', () => {
    for (const [name, make] of cases) {
      const model = alone(make, false, 5, 'float64');
      const at = parameter(of([...x.data], [16, 4, 3], 'float64'));
      const { grads } = valueAndGrad(() => sum(model.forward(at, { training: true })), [at]);
      const up = model.forward(
        of(
          [...x.data].map((v) => v + 1),
          [16, 4, 3],
          'float64',
        ),
        { training: true },
      ).data;
      const now = model.forward(at, { training: true }).data;
      const slopes = [...up].map((v, i) => v - now[i]!);
      [...grads[0]!.data].forEach((g, i) => {
        expect(g, name).toBeCloseTo(slopes[i]!, 6);
      });
    }
  });

  test('at rate 0 is nothing', () => {
    const still: ((o: Options) => Layer)[] = [
      (o) => new GaussianNoise(0, o),
      (o) => new GaussianDropout(0, o),
      (o) => new AlphaDropout(0, o),
    ];
    for (const make of still) expect(alone(make).forward(x, { training: true }).data).toEqual(x.data);
  });
});

describe('options that cannot be', () => {
  test('are refused', () => {
    for (const rate of [-0.1, 1, Number.NaN, '0.5' as never]) {
      expect(() => new GaussianDropout(rate)).toThrow(ValueError);
      expect(() => new AlphaDropout(rate)).toThrow(ValueError);
    }
    expect(() => new GaussianNoise(-1)).toThrow(/deviation must be at least 0/);
    expect(new GaussianNoise(7).rate).toBe(7);
    expect(() => new AlphaDropout(0.5, { training: 1 as never })).toThrow(ValueError);
    for (const wrong of [3, null, [1, null], [null, -1], [null, null, 3]])
      expect(() => new Dropout(0.5, { noiseShape: wrong as never })).toThrow(ValueError);
    const drawn = [[null, 1, 3] as const, [1, 3]].map((noiseShape) => {
      const model = new Sequential([new Dropout(0.5, { inputShape: [4, 3], noiseShape, name: 'drop' })]);
      return [...model.forward(ones([2, 4, 3]), { training: true }).data];
    });
    expect(drawn[0]).toEqual(drawn[1]); // Keras's null for the samples
    expect(new Dropout(0.5, { noiseShape: [null, 1, 3] }).clone().options.noiseShape).toEqual([1, 3]);
    const built = (noiseShape: Shape) => (): unknown =>
      new Sequential([new Dropout(0.5, { inputShape: SHAPE, noiseShape })]);
    for (const shape of [[3], [4, 2], [0, 3], [1, 4, 3]]) expect(built(shape)).toThrow(/noiseShape/);
    expect(
      () => new Sequential([new SpatialDropout2D(0.5, { inputShape: [2, 2, 3], noiseShape: [1, 1, 3] } as never)]),
    ).toThrow(/noiseShape/);
  });

  test('are refused in files', () => {
    const bytes = encodeNetwork(
      toNetwork(new Sequential([new GaussianDropout(0.3, { inputShape: SHAPE }), new Dense(1)])),
    );
    const changed = (from: string, to: string) => (): unknown => {
      const { tensors, metadata } = decodeSafetensors(bytes);
      const entries = [...metadata].map(([key, text]) => {
        if (key === 'whittle') expect(text).toContain(from);
        return [key, text.replace(from, to)] as const;
      });
      return loadModel(encodeSafetensors(tensors, Object.fromEntries(entries)));
    };
    expect(changed('"noise":"factor"', '"noise":"alpha"')).not.toThrow();
    expect(changed('"noise":"factor"', '"noise":"other"')).toThrow(FormatError);
    expect(changed('"noise":"factor"', '"noise":"factor","noiseShape":[1,3]')).toThrow(/noiseShape/);
    expect(changed('"rate":0.3', '"rate":1')).toThrow(/rate that is not below 1/);
    expect(changed('"noise":"factor"', '"noise":"added"')).toThrow(/without a deviation/);
    expect(changed('"noise":"factor"', '"noise":"added","deviation":2')).not.toThrow();
    expect(changed('"noise":"factor"', '"noise":"factor","deviation":2')).toThrow(
      /without a deviation, or the reverse/,
    );
    expect(changed('"noise":"factor"', '"noiseShape":[1,9]')).toThrow(/noiseShape/);
    expect(changed('"noise":"factor"', '"noiseShape":"1"')).toThrow(FormatError);
    expect(changed('"noise":"factor"', '"noiseShape":[1,3]')).not.toThrow();
  });
});
