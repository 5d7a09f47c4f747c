import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  Adam,
  add,
  type CompileOptions,
  cast,
  concat,
  cpu,
  Dense,
  DisposedError,
  digest,
  flip,
  fromData,
  type Kernels,
  keep,
  type Loss,
  matmul,
  meanAbsoluteError,
  meanSquaredError,
  mul,
  Parameter,
  parameter,
  Sequential,
  SGD,
  setBackend,
  slice,
  split,
  stack,
  step,
  type Tensor,
  tensor,
  transpose,
  valueAndGrad,
  wasm,
} from '../../src/index.ts';
import { reduceLoss } from '../../src/nn/losses.ts';
import { tensorOf } from '../../src/nn/parameter.ts';
import { copied, type Setting, Trainer } from '../../src/nn/trainer.ts';
import { list, noise, of } from './tools.ts';

const draw = noise(23);
const matrix = (rows: number, cols: number): Tensor => of(list(rows * cols, draw), [rows, cols], 'float32');
const whole = (...values: number[]): number[] => values.map((v) => Math.round(5 * v));

/** Targets of three types whose numbers fit into no other: what the wrong recording reads is not what was given. */
const x4 = matrix(4, 3);
const x6 = matrix(6, 3);
const real4 = matrix(4, 2);
const real6 = matrix(6, 2);
const int4 = tensor(Int32Array.from(whole(...real4.data), (v) => 1000 * v));
const integers = fromData(int4.data, [4, 2]);
const bytes = fromData(Uint8Array.from(list(8, () => Math.floor(100 * (draw() + 1)))), [4, 2]);
const weight4 = fromData(Float32Array.of(0.5, 1.25, 0.125, 2));
const weight6 = fromData(Float32Array.of(0.5, 1.25, 0.125, 2, 0.75, 1.5));
const count4 = fromData(Int32Array.of(1, 70_000, 3, 4));
const byte4 = fromData(Uint8Array.of(1, 2, 3, 4));
const mask = fromData(Uint8Array.of(1, 0, 1, 1, 0, 1), [3, 2], 'bool');
const otherMask = fromData(Uint8Array.of(0, 1, 1, 1, 1, 0), [3, 2], 'bool');

/** A loss that takes targets of any type. */
const casting = (loss: Loss): Loss => ({
  ...loss,
  call: (t, p) => loss.call(mul(cast(t, 'float32'), 1e-3), p),
});
const LOSSES = [casting(meanSquaredError()), casting(meanAbsoluteError())].map((loss) => [
  { loss, weight: 1, metrics: [] },
]);

interface Step {
  readonly optimizer?: 0 | 1;
  readonly loss?: 0 | 1;
  /** Which of the two weights are trained. */
  readonly trained?: readonly number[];
  readonly wants?: boolean;
  readonly mask?: Tensor;
  readonly batch?: readonly [x: Tensor, y: Tensor, weights?: Tensor];
}

/** Two weights of one shape, and a trainer that runs steps on them. */
function world(obstacle: string | null) {
  const made = (seed: number): Parameter =>
    new Parameter(`p${seed}`, parameter(of(list(6, noise(seed)), [3, 2], 'float32')));
  const weights = [made(1), made(2)] as const;
  const optimizers = [new Adam({ learningRate: 0.05 }), new SGD({ learningRate: 0.05, momentum: 0.9 })] as const;
  const trainer = new Trainer();
  const seen: number[][] = [];
  const step = (one: Step): number => {
    const { optimizer = 0, loss = 0, trained = [0, 1], wants = false, batch = [x4, real4] } = one;
    weights[0].mask = one.mask ?? null;
    const setting: Setting = {
      optimizer: optimizers[optimizer],
      objectives: LOSSES[loss]!,
      parameters: trained.map((i) => weights[i]!),
      moved: [],
      weights: () => weights,
      obstacle: () => obstacle,
      wantsPredictions: wants,
    };
    return trainer.step(
      batch.map((t) => copied(t!)),
      setting,
      ([x, y, sampleWeights = null]) => {
        let predictions: Tensor[] | null = null;
        const { value, grads } = valueAndGrad(() => {
          const output = add(matmul(x!, weights[0].value), mul(matmul(x!, weights[1].value), 0.5));
          if (wants) predictions = [output];
          return reduceLoss(setting.objectives[0]!.loss.call(y!, output), sampleWeights);
        }, setting.parameters.map(tensorOf));
        setting.optimizer.apply(setting.parameters, grads);
        return { loss: value, losses: [], predictions };
      },
      ([, y], { predictions }) => seen.push([...y!.data, ...predictions![0]!.data]),
    );
  };
  const numbers = (): number[][] => weights.map(({ value }) => [...value.data]);
  return { step, seen, numbers, weights, optimizers, trainer };
}

/** Steps of several kinds that differ in one thing. */
const KINDS: Readonly<Record<string, readonly Step[]>> = {
  'the optimizer': [{ optimizer: 0 }, { optimizer: 1 }],
  'the loss': [{ loss: 0 }, { loss: 1 }],
  'whether outputs are looked at': [{ wants: false }, { wants: true }],
  'which weights are trained': [{}, { trained: [0] }, { trained: [1] }],
  'the mask': [{}, { mask }, { mask: otherMask }],
  'the batch size': [{ batch: [x4, real4] }, { batch: [x6, real6] }],
  'the presence of sample weights': [{ batch: [x4, real4, weight4] }, { batch: [x4, real4] }],
  'the type of the targets': [{ batch: [x4, bytes] }, { batch: [x4, integers] }, { batch: [x4, real4] }],
  'the type of sample weights': [
    { batch: [x4, real4, byte4] },
    { batch: [x4, real4, count4] },
    { batch: [x4, real4, weight4] },
  ],
  'many things': [
    { batch: [x4, integers, count4] },
    { batch: [x6, real6, weight6], wants: true },
    { batch: [x6, real6], trained: [1] },
    { batch: [x4, real4, weight4], loss: 1 },
    { batch: [x4, bytes] },
    { batch: [x4, real4], loss: 1, trained: [0] },
    { wants: true },
  ],
};

const tables: Readonly<Record<string, Kernels>> = { wasm: wasm(), cpu };

describe.each(Object.entries(tables))('steps that differ, taking turns, are kept apart with %s:', (table, kernels) => {
  let before: Kernels;
  beforeAll(() => {
    before = setBackend(kernels);
  });
  afterAll(() => {
    setBackend(before);
  });

  test.each(Object.keys(KINDS))('%s', (name) => {
    const [replayed, eager] = [world(null), world('eager')];
    let last: boolean[] = [];
    for (let round = 0; round < 7; round++) {
      last = KINDS[name]!.map((one) => {
        expect(replayed.step(one)).toBe(eager.step(one));
        return replayed.trainer.status.isReplaying;
      });
      expect(replayed.numbers()).toEqual(eager.numbers());
      expect(replayed.seen).toEqual(eager.seen);
    }
    expect(eager.trainer.status.replayed).toBe(0);
    // The heap holds what one setting needs: with masks or optimizers that take turns it is another each time.
    if (table === 'wasm' && ['the optimizer', 'the mask'].includes(name)) return;
    expect(last).toEqual(last.map(() => true));
  });

  test('more of them than are kept', () => {
    const [replayed, eager] = [world(null), world('eager')];
    const steps = Array.from({ length: 10 }, (_, i): Step => {
      const batch = [slice(x6, [[0, 1 + (i % 5)]]), slice(real6, [[0, 1 + (i % 5)]])] as const;
      return { batch, wants: i < 5 };
    });
    for (let round = 0; round < 4; round++) for (const one of steps) expect(replayed.step(one)).toBe(eager.step(one));
    expect(replayed.numbers()).toEqual(eager.numbers());
    for (let i = 0; i < 4; i++) expect(replayed.step(steps[9]!)).toBe(eager.step(steps[9]!));
    expect(replayed.trainer.status.isReplaying).toBe(true);
  });

  test('those before and after a state of the optimizer is restored', () => {
    const worlds = [world(null), world('eager')] as const;
    for (const { step, optimizers, weights, trainer } of worlds) {
      for (let i = 0; i < 4; i++) step({});
      const state = optimizers[0].state(weights);
      for (let i = 0; i < 3; i++) step({});
      const wasReplaying = trainer.status.isReplaying;
      optimizers[0].restore(weights, state);
      step({});
      expect(trainer.status.isReplaying).toBe(false);
      for (let i = 0; i < 3; i++) step({});
      expect(trainer.status.isReplaying).toBe(wasReplaying);
    }
    const [replayed, eager] = worlds;
    expect(replayed.trainer.status.isReplaying).toBe(true);
    expect(replayed.numbers()).toEqual(eager.numbers());
  });
});

/** Two like models of three layers of one shape, one of which repeats its steps. */
function twins(): [replayed: Sequential, eager: Sequential] {
  const make = (replay: boolean): Sequential => {
    const layers = [0, 1, 2].map((i) => new Dense(3, { activation: 'tanh', ...(i === 0 && { inputShape: [3] }) }));
    const model = new Sequential(layers, { seed: 3 });
    const loss = { ...casting(meanSquaredError()), replayable: true };
    model.compile({ optimizer: new Adam({ learningRate: 0.02 }), loss, metrics: ['mae'], replay });
    return model;
  };
  return [make(true), make(false)];
}

const x8 = matrix(8, 3);
const y8 = matrix(8, 3);
const w8 = of(
  list(8, () => 1 + draw()),
  [8],
  'float32',
);

describe('trainOnBatch', () => {
  test('keeps apart batches and frozen layers that take turns, to the bit', () => {
    const integersOf = (t: Tensor): Tensor =>
      fromData(
        Int32Array.from(t.data, (v) => 1000 * v),
        t.shape,
      );
    const x5 = slice(x8, [[0, 5]]);
    const y5 = slice(y8, [[0, 5]]);
    const w5 = slice(w8, [[0, 5]]);
    const kinds: ((model: Sequential) => unknown)[] = [
      (model) => model.trainOnBatch(x8, integersOf(y8), w8),
      (model) => model.trainOnBatch(x8, y8, w8),
      (model) => model.trainOnBatch(x8, y8),
      (model) => model.trainOnBatch(x5, y5),
      (model) => model.trainOnBatch(x5, y5, w5),
      ...[0, 1].map((i) => (model: Sequential) => {
        model.layer(i).trainable = false;
        const logs = model.trainOnBatch(x8, y8);
        model.layer(i).trainable = true;
        return logs;
      }),
    ];
    const [replayed, eager] = twins();
    let last: boolean[] = [];
    for (let round = 0; round < 6; round++) {
      last = kinds.map((kind) => {
        expect(kind(replayed)).toEqual(kind(eager));
        return replayed.replayStatus.isReplaying;
      });
      expect(digest(replayed)).toBe(digest(eager));
    }
    expect(last).toEqual(kinds.map(() => true));
    expect(eager.replayStatus.replayed).toBe(0);
  });

  test('after another loss, optimizer or metrics were compiled repeats no step with the old ones', () => {
    const [replayed, eager] = twins();
    const again: ((replay: boolean) => CompileOptions)[] = [
      (replay) => ({ optimizer: new Adam(), loss: 'mae', replay }),
      (replay) => ({ optimizer: new SGD({ momentum: 0.5 }), loss: 'mae', metrics: ['mse'], replay }),
    ];
    for (const options of [null, ...again]) {
      if (options !== null) {
        replayed.compile(options(true));
        eager.compile(options(false));
      }
      for (let i = 0; i < 5; i++) expect(replayed.trainOnBatch(x8, y8)).toEqual(eager.trainOnBatch(x8, y8));
      expect(replayed.replayStatus.isReplaying).toBe(true);
    }
    expect(digest(replayed)).toBe(digest(eager));
  });

  test('repeats no step once compile forbids it, with the same loss and optimizer too, and the heap is free again', () => {
    const before = setBackend(wasm());
    try {
      const [model, eager] = twins();
      const { loss, optimizer } = model;
      const train = (): void => {
        for (let i = 0; i < 4; i++) expect(model.trainOnBatch(x8, y8)).toEqual(eager.trainOnBatch(x8, y8));
      };
      train();
      expect(model.replayStatus.isReplaying).toBe(true);
      model.compile({ optimizer, loss, metrics: ['mae'], replay: false });
      expect(wasm().heap.has(model.weights[0]!.value.data)).toBe(false);
      const { replayed } = model.replayStatus;
      train();
      expect(model.replayStatus).toMatchObject({ isReplaying: false, replayed });
      expect(digest(model)).toBe(digest(eager));
    } finally {
      setBackend(before);
    }
  });

  /** The numbers of t as a part of more numbers. */
  const views: Readonly<Record<string, (t: Tensor) => Tensor>> = {
    'front views of longer arrays': (t) => slice(concat([t, mul(t, 7)]), [[0, t.shape[0]!]]),
    'views from the middle of arrays': (t) => slice(concat([mul(t, 7), t, t]), [[t.shape[0]!, 2 * t.shape[0]!]]),
    'views of the end of arrays': (t) => slice(concat([mul(t, 7), t]), [[t.shape[0]!, null]]),
    'every second row': (t) =>
      slice(concat(split(t, t.shape[0]!).flatMap((row) => [row, mul(row, 7)])), [[0, null, 2]]),
    'reversed rows': (t) => flip(keep(flip(t, [0])), [0]),
    'transposed arrays': (t) => (t.rank === 2 ? transpose(keep(transpose(t))) : t),
    'single columns of a matrix': (t) => (t.rank === 1 ? slice(stack([mul(t, 7), t, t], 1), [null, 1]) : t),
  };

  test.each(Object.keys(views))('reads %s as it reads their copies, each time anew', (name) => {
    const view = views[name]!;
    const [replayed, copies] = twins();
    copies.compile({ optimizer: new Adam({ learningRate: 0.02 }), loss: replayed.loss, metrics: ['mae'] });
    for (let i = 0; i < 5; i++) {
      // other numbers and another array in each step
      const batch = [x8, y8, w8].map((t) => mul(t, 1 - i / 10)) as [Tensor, Tensor, Tensor];
      const seen = batch.map(view) as [Tensor, Tensor, Tensor];
      expect(seen.map(({ data }) => [...data])).toEqual(batch.map(({ data }) => [...data]));
      expect(replayed.trainOnBatch(...seen)).toEqual(copies.trainOnBatch(...batch));
    }
    expect(replayed.replayStatus.isReplaying).toBe(true);
    expect(digest(replayed)).toBe(digest(copies));
  });

  test.each(Object.keys(views))('and fit reads %s so', (name) => {
    const view = views[name]!;
    const [fitted, copies] = twins();
    const options = { batchSize: 3, epochs: 2 };
    fitted.fit(view(x8), view(y8), { ...options, sampleWeight: view(w8) });
    copies.fit(x8, y8, { ...options, sampleWeight: w8 });
    expect(digest(fitted)).toBe(digest(copies));
  });

  test('refuses a batch of a step that has ended, in repeated steps too', () => {
    const [model] = twins();
    for (let i = 0; i < 4; i++) model.trainOnBatch(x8, y8);
    const stale = step(() => mul(x8, 2));
    const before = digest(model);
    expect(() => model.trainOnBatch(stale, y8)).toThrow(DisposedError);
    expect(() =>
      model.trainOnBatch(
        x8,
        step(() => mul(y8, 2)),
      ),
    ).toThrow(DisposedError);
    expect(digest(model)).toBe(before);
  });
});
