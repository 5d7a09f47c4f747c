import { describe, expect, test } from 'vitest';
import { augment, mixup } from '../../src/data/index.ts';
import {
  Adam,
  type Augment,
  categoricalCrossentropy,
  Dense,
  Dropout,
  digest,
  type FitOptions,
  Flatten,
  fromData,
  input,
  Model,
  mul,
  oneHot,
  Random,
  Sequential,
  ShapeError,
  StateError,
  slice,
  type Tensor,
  ValueError,
} from '../../src/index.ts';
import { warnings } from './tools.ts';

const N = 40;
const x = new Random(5).uniform([N, 6, 6, 1]);
const y = fromData(Int32Array.from({ length: N }, (_, i) => (i * 7) % 3));

function model(seed = 1): Sequential {
  const made = new Sequential(
    [
      new Flatten({ inputShape: [6, 6, 1] }),
      new Dense(8, { activation: 'relu' }),
      new Dropout(0.2),
      new Dense(3, { activation: 'softmax' }),
    ],
    { seed },
  );
  made.compile({
    optimizer: new Adam({ learningRate: 0.01 }),
    loss: 'sparseCategoricalCrossentropy',
    metrics: ['accuracy'],
  });
  return made;
}

const moved: Augment = ([x, y], epoch) => [augment(x, { shift: 1, rotate: 10, noise: 0.01, seed: 3, epoch }), y];

describe('samples of an epoch', () => {
  test('are those that the function gives: as if each epoch were a fit of its own', () => {
    const [a, b] = [model(), model()];
    const whole = a.fit(x, y, { epochs: 3, batchSize: 16, augment: moved });
    const losses = [0, 1, 2].map((epoch) => {
      const [own, labels] = moved([x, y], epoch) as [Tensor, Tensor];
      return b.fit(own, labels, { batchSize: 16 }).history.loss![0];
    });
    expect(whole.history.loss).toEqual(losses);
    expect(digest(a)).toBe(digest(b));
    const plain = model();
    plain.fit(x, y, { epochs: 3, batchSize: 16 });
    expect(digest(a)).not.toBe(digest(plain));
  });

  test('that are the samples themselves change nothing', () => {
    const [a, b] = [model(), model()];
    const options = { epochs: 3, batchSize: 16, validationSplit: 0.25 };
    expect(a.fit(x, y, { ...options, augment: (samples) => samples }).history).toEqual(b.fit(x, y, options).history);
    expect(digest(a)).toBe(digest(b));
  });

  test('are other ones each epoch, in a later fit too, and so training resumes', () => {
    const [a, b, c] = [model(), model(), model()];
    const epochs: number[] = [];
    const heard: Augment = (samples, epoch) => {
      epochs.push(epoch);
      return moved(samples, epoch);
    };
    a.fit(x, y, { epochs: 4, batchSize: 16, augment: heard });
    expect(epochs).toEqual([0, 1, 2, 3]);
    b.fit(x, y, { epochs: 2, batchSize: 16, augment: heard });
    b.fit(x, y, { epochs: 2, batchSize: 16, augment: heard });
    expect(epochs.slice(4)).toEqual([0, 1, 2, 3]);
    c.fit(x, y, { epochs: 2, batchSize: 16, augment: heard });
    c.fit(x, y, { epochs: 4, initialEpoch: 2, batchSize: 16, augment: heard });
    expect(epochs.slice(8)).toEqual([0, 1, 2, 3]);
    expect([digest(b), digest(c)]).toEqual([digest(a), digest(a)]);
  });

  test('do not keep steps from being repeated: they are recorded once', () => {
    const made = model();
    made.fit(x, y, { epochs: 5, batchSize: 20, augment: moved });
    expect(made.replayStatus).toMatchObject({ isReplaying: true, eager: 2, recorded: 1, replayed: 8 });
    const eager = model();
    eager.compile({
      optimizer: new Adam({ learningRate: 0.01 }),
      loss: 'sparseCategoricalCrossentropy',
      replay: false,
    });
    eager.fit(x, y, { epochs: 5, batchSize: 20, augment: moved });
    expect(digest(eager)).toBe(digest(made));
  });

  test('are the same in fitAsync', async () => {
    const [a, b] = [model(), model()];
    const options = { epochs: 3, batchSize: 16, validationSplit: 0.25, augment: moved };
    expect((await b.fitAsync(x, y, options)).history).toEqual(a.fit(x, y, options).history);
    expect(digest(b)).toBe(digest(a));
  });

  test('are made of what is trained on alone; held-out samples stay', () => {
    const made = model();
    const shapes: (readonly number[])[] = [];
    const { history, left } = made.fit(x, y, {
      validationSplit: 0.25,
      augment: ([own, labels]) => {
        shapes.push(own.shape, labels.shape);
        expect(own.data).toEqual(x.data.subarray(0, 30 * 36));
        return [mul(own, 0), labels];
      },
    });
    expect(shapes).toEqual([[30, 6, 6, 1], [30]]);
    const rest = [[30, null]] as const;
    const { loss } = made.evaluate(slice(x, [...rest]), slice(y, [...rest]));
    expect(history.val_loss![0]).toBeCloseTo(loss!, 6);
    expect(left!()!.train.xs[0]!.data).toEqual(x.data.subarray(0, 30 * 36));
  });

  test('may be mixtures, for which classes are one-hot rows', () => {
    const made = model();
    made.compile({
      optimizer: new Adam({ learningRate: 0.01 }),
      loss: categoricalCrossentropy(),
      metrics: ['accuracy'],
    });
    const { history } = made.fit(x, oneHot(y, 3), {
      epochs: 30,
      batchSize: 8,
      augment: ([own, rows], epoch) => mixup(own, rows, { alpha: 0.4, epoch }),
    });
    expect(history.loss!.at(-1)).toBeLessThan(history.loss![0]!);
    expect(history.accuracy!.every((share) => share >= 0 && share <= 1)).toBe(true);
    const sparse = (): unknown => model().fit(x, y, { augment: ([own, labels]) => mixup(own, labels) });
    expect(sparse).toThrow('oneHot() makes rows of labels');
  });

  test('may be nested arrays, keep their weights, and go without those of weight 0', () => {
    const weights = Float32Array.from({ length: N }, (_, i) => (i === 3 ? 0 : 1 + (i % 2)));
    const [a, b] = [model(), model()];
    const spoiled: Augment = ([own, labels]) => {
      const images = own.toArray() as number[][][][];
      images[3]![0]![0]![0] = Number.NaN;
      return [images, [...labels.data]];
    };
    const options = { epochs: 2, batchSize: 16, validationSplit: 0.25, sampleWeight: weights };
    expect(a.fit(x, y, { ...options, augment: spoiled }).history).toEqual(b.fit(x, y, options).history);
    expect(digest(a)).toBe(digest(b));
  });

  test('of several inputs and outputs are lists', () => {
    const [p, q] = [input([2]), input([3])];
    const two = new Model([p, q], [new Dense(1).apply(p), new Dense(2).apply(q)], { seed: 1 });
    two.compile({ loss: 'mse' });
    const random = new Random(1);
    const xs = [random.normal([8, 2]), random.normal([8, 3])];
    const ys = [random.normal([8, 1]), random.normal([8, 2])];
    const seen: unknown[] = [];
    const half: Augment<readonly Tensor[], readonly Tensor[]> = ([a, b]) => {
      seen.push(
        a.map(({ shape }) => shape),
        b.map(({ shape }) => shape),
      );
      return [a.map((t) => mul(t, 0.5)), b];
    };
    two.fit(xs, ys, { augment: half });
    expect(seen).toEqual([
      [
        [8, 2],
        [8, 3],
      ],
      [
        [8, 1],
        [8, 2],
      ],
    ]);
  });

  test('are refused where they do not fit, by their name, and the model can be trained on', () => {
    const made = model();
    const fitting = (augment: unknown) => () => made.fit(x, y, { augment } as FitOptions);
    expect(fitting({ shift: 1 })).toThrow(ValueError);
    expect(fitting({ shift: 1 })).toThrow('augment() of whittle-ml/data');
    expect(fitting(([own]: [Tensor]) => own)).toThrow('fit: what augment gives must be a list [x, y]');
    expect(fitting(() => [slice(x, [[0, 4]]), slice(y, [[0, 4]])])).toThrow(ShapeError);
    expect(fitting(() => [slice(x, [[0, 4]]), slice(y, [[0, 4]])])).toThrow(
      'augment gives 4 samples of 40, and must give as many, in their order',
    );
    expect(fitting(() => [x, slice(y, [[0, 4]])])).toThrow('x of augment and y of augment must have the same number');
    expect(fitting(() => [x, fromData(new Int32Array(N).fill(3))])).toThrow('y of augment');
    expect(made.steps).toBe(0);
    expect(made.fit(x, y).epochs).toEqual([0]);
    const inside = (): unknown =>
      made.fit(x, y, {
        augment: (samples) => {
          made.fit(x, y);
          return samples;
        },
      });
    expect(inside).toThrow(StateError);
  });

  test('are what is named where a loss is not finite', async () => {
    const bad: Augment = ([own, labels]) => {
      const { data, shape } = own;
      const numbers = data.slice() as Float32Array;
      numbers[7 * 36] = Number.NaN;
      return [fromData(numbers, shape), labels];
    };
    const [text] = await warnings(() => model().fit(x, y, { augment: bad }));
    expect(text).toContain('the inputs of sample 7 are not finite');
  });
});
