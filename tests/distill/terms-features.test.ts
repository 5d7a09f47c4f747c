import { describe, expect, test } from 'vitest';
import {
  Adam,
  Add,
  Concat,
  Conv2D,
  cpu,
  Dense,
  distill,
  Flatten,
  fromData,
  GlobalAvgPool2D,
  hintLoss,
  input,
  Model,
  noGrad,
  Random,
  Sequential,
  setBackend,
  type Tensor,
  wasm,
} from '../../src/index.ts';
import { threeClasses, values } from '../compress/tools.ts';

/** Images of 8x8 with a bright quarter, of which the class is the place. */
function quarters(n: number, seed = 1): [x: Tensor, y: Tensor] {
  const noise = new Random(seed, 'quarters').normal([n, 8, 8, 1]).data;
  const y = Int32Array.from({ length: n }, (_, i) => i % 4);
  const isBright = (i: number, place: number): boolean =>
    Number(place >= 32) === y[i]! >> 1 && Number(place % 8 >= 4) === (y[i]! & 1);
  const x = Float32Array.from(noise, (value, at) => 0.4 * value + Number(isBright(Math.floor(at / 64), at % 64)));
  return [fromData(x, [n, 8, 8, 1]), fromData(y)];
}

/** A residual network with a layer that is used twice, named alike whatever its width. */
function residual(channels: number, seed: number): Model {
  const x = input([8, 8, 1]);
  const shared = new Conv2D(channels, 3, { padding: 'same', activation: 'relu', name: 'shared' });
  const first = new Conv2D(channels, 3, { padding: 'same', activation: 'relu', name: 'first' }).apply(x);
  const sum = new Add({ name: 'sum' }).apply([first, shared.apply(shared.apply(first))]);
  const pooled = new GlobalAvgPool2D({ name: 'pooled' }).apply(sum);
  const flat = new Flatten({ name: 'flat' }).apply(pooled);
  return new Model(x, new Dense(4, { activation: 'softmax', name: 'classes' }).apply(flat), { seed });
}

const dense = (hidden: number, seed: number, activation: 'relu' | 'tanh' = 'relu'): Sequential =>
  new Sequential(
    [
      new Dense(hidden, { activation, inputShape: [5], name: 'hidden' }),
      new Dense(3, { activation: 'softmax', name: 'classes' }),
    ],
    { seed },
  );

const TERMS = {
  attention: { kind: 'attention', student: 'sum' },
  'attention of two layers': { kind: 'attention', student: 'first', teacher: 'shared' },
  relational: { kind: 'relational', student: 'pooled' },
  similarity: { kind: 'similarity', student: 'sum' },
  contrastive: { kind: 'contrastive', student: 'sum', width: 8, negatives: 12 },
  'contrast in the batch': { kind: 'contrastive', student: 'pooled', width: 8, negatives: 0 },
  hint: { kind: 'hint', student: 'sum' },
} as const;

describe.each(Object.entries(TERMS))('the term %s', (_, term) => {
  const [x, y] = quarters(18);
  const trained = (weight: number, extra: { replay?: boolean; table?: typeof cpu; held?: boolean } = {}) => {
    const student = residual(3, 2);
    student.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy', replay: extra.replay ?? true });
    const before = setBackend(extra.table ?? wasm());
    let replayed = 0;
    const count = { onTrainEnd: (model: Model) => (replayed = model.replayStatus.replayed) };
    try {
      const { model, history } = distill({
        ...{ teacher: residual(5, 1), student, x, y, epochs: 3, batchSize: 8, callbacks: [count] },
        terms: weight < 0 ? [] : [{ ...term, weight }],
        ...(extra.held === true && { validationData: quarters(6, 9) }),
      });
      return { weights: model.getWeights().map(values), history: history.history, replayed };
    } finally {
      setBackend(before);
    }
  };
  const full = trained(1);

  test('changes nothing to the bit at a weight of 0, and something at 1', () => {
    const none = trained(-1).weights;
    expect(trained(0).weights).toEqual(none);
    expect(full.weights).not.toEqual(none);
  });

  test('is the same replayed and step by step, in JavaScript and WebAssembly, and beside held-out samples', () => {
    expect(full.replayed).toBeGreaterThan(3);
    const eager = trained(1, { replay: false });
    expect(eager.replayed).toBe(0);
    expect(eager.weights).toEqual(full.weights);
    expect(trained(1, { table: cpu }).weights).toEqual(full.weights);
    const held = trained(1, { held: true });
    expect(held.weights).toEqual(full.weights);
    expect(held.history.val_loss!.every(Number.isFinite)).toBe(true);
  });
});

describe('a term alone', () => {
  const [x] = threeClasses(60);
  const features = (model: Sequential): Tensor => {
    const tap = new Sequential([model.layer('hidden').clone() as Dense], { seed: 0 });
    tap.setWeights(model.getWeights().slice(0, 2));
    return tap.predict(x);
  };
  const teacher = dense(6, 1);

  test('a hint drives the features together', () => {
    const [teacher, student] = [dense(6, 1, 'tanh'), dense(6, 2, 'tanh')];
    const before = noGrad(() => hintLoss(features(teacher), features(student))).item();
    const { model } = distill({
      ...{ teacher, student, x, alpha: 1, temperature: 1, epochs: 150, optimizer: new Adam({ learningRate: 0.01 }) },
      terms: [{ kind: 'hint', student: 'hidden', weight: 100, projection: false }],
    });
    expect(noGrad(() => hintLoss(features(teacher), features(model as Sequential))).item()).toBeLessThan(before / 50);
  });

  test.each([
    { kind: 'relational', student: 'hidden' },
    { kind: 'similarity', student: 'hidden' },
    { kind: 'contrastive', student: 'hidden', width: 8, negatives: 30 },
    { kind: 'hint', student: 'hidden' },
  ] as const)('$kind is learned', (term) => {
    const { history } = distill({
      ...{ teacher, student: dense(4, 2), x, alpha: 1, epochs: 60, optimizer: new Adam({ learningRate: 0.01 }) },
      terms: [{ ...term, weight: 30 }],
    });
    const name = Object.keys(history.history).find((key) => key.endsWith(`${term.kind}_loss`))!;
    const losses = history.history[name]!;
    expect(losses.at(-1)!).toBeLessThan(0.9 * losses[0]!);
  });
});

test('networks with several inputs, in float64 too', () => {
  const two = (units: number, seed: number, dtype: 'float32' | 'float64'): Model => {
    const inputs = [input([3]), input([2])];
    const hidden = new Dense(units, { activation: 'tanh', name: 'hidden' }).apply(new Concat().apply(inputs));
    return new Model(inputs, new Dense(3, { activation: 'softmax' }).apply(hidden), { seed, dtype });
  };
  const drawn = (width: number, dtype: 'float32' | 'float64'): Tensor =>
    new Random(width).normal([20, width], 0, 1, dtype);
  for (const dtype of ['float32', 'float64'] as const) {
    const x = [drawn(3, dtype), drawn(2, dtype)];
    const { history } = distill({
      ...{ teacher: two(7, 1, dtype), student: two(4, 2, dtype), x, alpha: 1, epochs: 40 },
      optimizer: new Adam({ learningRate: 0.01 }),
      terms: [
        { kind: 'contrastive', student: 'hidden', width: 6, negatives: 8 },
        { kind: 'relational', student: 'hidden' },
      ],
    });
    for (const name of ['contrastive_loss', 'relational_loss'])
      expect(history.history[name]!.at(-1)!).toBeLessThan(history.history[name]![0]!);
  }
});

test('refuses what does not fit, by the name of the term', () => {
  const [x, y] = quarters(8);
  const given = { teacher: residual(5, 1), student: residual(3, 2), x, y };
  const refusal =
    (term: object): (() => unknown) =>
    () =>
      distill({ ...given, terms: [term as never] });
  expect(refusal({ kind: 'attention', student: 'pooled' })).toThrow(
    /terms\[0\] \(attention\) compares values without places/,
  );
  expect(refusal({ kind: 'relational', student: 'sum', distance: 0, angle: 0 })).toThrow(/angle of terms\[0\]/);
  expect(refusal({ kind: 'contrastive', student: 'sum', width: 0 })).toThrow(/width of terms\[0\]/);
  expect(refusal({ kind: 'contrastive', student: 'sum', temperature: 0 })).toThrow(/temperature of terms\[0\]/);
  expect(refusal({ kind: 'attention', student: 'sum', width: 3 })).toThrow(/width/);
});
