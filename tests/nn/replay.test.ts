import { describe, expect, test } from 'vitest';
import {
  Adam,
  add,
  assign,
  backend,
  cast,
  cosineDecay,
  cpu,
  Dense,
  Dropout,
  digest,
  eye,
  Flatten,
  flip,
  fromData,
  Layer,
  type Loss,
  l1l2,
  type Metric,
  matmul,
  mean,
  meanSquaredError,
  mul,
  oneHot,
  PruningSchedule,
  prod,
  Random,
  RMSprop,
  reference,
  Sequential,
  SGD,
  setBackend,
  square,
  step,
  sub,
  sum,
  type Tensor,
  tensor,
  wasm,
} from '../../src/index.ts';
import type { CompileOptions, FitOptions } from '../../src/nn/model.ts';
import { list, noise, of } from './tools.ts';

const draw = noise(11);
const N = 70;
const x = of(list(N * 6, draw), [N, 6], 'float32');
const labels = tensor(Int32Array.from({ length: N }, () => Math.floor(1.5 * (draw() + 1))));
const oneHotLabels = of(
  [...labels.data].flatMap((c) => [0, 1, 2].map((j) => Number(j === c))),
  [N, 3],
  'float32',
);
const targets = of(list(N * 2, draw), [N, 2], 'float32');

const sampleWeight = of(
  list(N, () => Math.abs(draw())),
  [N],
  'float32',
);

const classifier = (): Sequential =>
  new Sequential(
    [
      new Dense(9, { activation: 'relu', inputShape: [6], kernelRegularizer: l1l2({ l1: 1e-3, l2: 1e-3 }) }),
      new Dropout(0.3),
      new Dense(8, { activation: 'tanh', activityRegularizer: l1l2({ l2: 1e-3 }) }),
      new Dropout(0.2),
      new Dense(3, { activation: 'softmax' }),
    ],
    { seed: 4 },
  );
const regressor = (): Sequential =>
  new Sequential(
    [new Flatten({ inputShape: [6] }), new Dense(7, { activation: 'gelu' }), new Dense(2, { useBias: false })],
    { seed: 9 },
  );

interface Scenario {
  readonly make: () => Sequential;
  readonly y: Tensor;
  readonly compile: () => Omit<CompileOptions, 'replay'>;
  readonly fitOptions?: (model: Sequential) => FitOptions;
}

const scenarios: Readonly<Record<string, Scenario>> = {
  'dropout, penalties, integer labels and a partial last batch': {
    make: classifier,
    y: labels,
    compile: () => ({ optimizer: new Adam(), loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy'] }),
  },
  'a schedule, momentum and clipping': {
    make: regressor,
    y: targets,
    compile: () => ({
      optimizer: new SGD({
        learningRate: cosineDecay(0.1, 20),
        momentum: 0.9,
        nesterov: true,
        globalClipNorm: 0.5,
        clipValue: 0.2,
      }),
      loss: 'mse',
      metrics: ['mae', 'r2'],
    }),
  },
  'amsgrad, weight decay, class weights and sample weights': {
    make: classifier,
    y: oneHotLabels,
    compile: () => ({
      optimizer: new Adam({ amsgrad: true, weightDecay: 0.01 }),
      loss: 'categoricalCrossentropy',
      metrics: ['accuracy', 'f1'],
    }),
    fitOptions: () => ({
      classWeight: { 0: 1, 1: 2, 2: 0.5 },
      sampleWeight,
    }),
  },
  'masks that appear during training': {
    make: classifier,
    y: labels,
    compile: () => ({ optimizer: new RMSprop({ momentum: 0.5 }), loss: 'sparseCategoricalCrossentropy' }),
    fitOptions: () => ({ callbacks: [new PruningSchedule({ finalSparsity: 0.7, begin: 7, end: 25, frequency: 4 })] }),
  },
  'layers that are frozen and freed during training': {
    make: classifier,
    y: labels,
    compile: () => ({ optimizer: new Adam(), loss: 'sparseCategoricalCrossentropy' }),
    fitOptions: () => ({
      callbacks: [
        {
          onBatchBegin: (batch, model) => {
            model.layer(0).trainable = batch % 3 !== 0;
          },
        },
      ],
    }),
  },
  'callbacks that read and write weights and the rate': {
    make: regressor,
    y: targets,
    compile: () => ({ optimizer: new Adam(), loss: 'huber' }),
    fitOptions: () => ({
      callbacks: [
        {
          onBatchEnd: (batch, _, model) => {
            if (batch !== 2) return;
            model.setWeights(model.getWeights().map((w) => mul(w, 0.9)));
            model.optimizer.learningRate *= 0.95;
          },
        },
      ],
    }),
  },
  'a binary loss with smoothing': {
    make: () =>
      new Sequential([new Dense(5, { activation: 'silu', inputShape: [6] }), new Dense(2, { activation: 'sigmoid' })]),
    y: of(
      list(N * 2, () => Number(draw() > 0)),
      [N, 2],
      'float32',
    ),
    compile: () => ({
      optimizer: 'rmsprop',
      loss: 'binaryCrossentropy',
      metrics: ['accuracy'],
    }),
  },
};

const tables = { wasm: wasm(), cpu, reference };

describe.each(Object.keys(scenarios))('replayed steps equal eager ones to the bit: %s', (name) => {
  const { make, y, compile, fitOptions } = scenarios[name]!;

  test.each(Object.keys(tables))('%s', (table) => {
    const before = setBackend(tables[table as keyof typeof tables]);
    try {
      const options = { epochs: 9, batchSize: 16, ...fitOptions?.(make()) };
      const [replayed, eager] = [make(), make()];
      replayed.compile(compile());
      eager.compile({ ...compile(), replay: false });
      const history = replayed.fit(x, y, { ...options, ...fitOptions?.(replayed) });
      expect(eager.fit(x, y, { ...options, ...fitOptions?.(eager) }).history).toEqual(history.history);
      expect(digest(replayed)).toBe(digest(eager));
      expect(replayed.replayStatus.replayed).toBeGreaterThan(9);
      expect(eager.replayStatus.replayed).toBe(0);
    } finally {
      setBackend(before);
    }
  });
});

/** Two like models on one batch: one replays, one does not. */
function twins(make: () => Sequential, options: () => Omit<CompileOptions, 'replay'>): [Sequential, Sequential] {
  const [replayed, eager] = [make(), make()];
  replayed.compile(options());
  eager.compile({ ...options(), replay: false });
  return [replayed, eager];
}

const plain = (): Omit<CompileOptions, 'replay'> => ({ optimizer: new Adam(), loss: 'mse' });

describe('trainOnBatch', () => {
  test('replays from the third step on, with the bits of eager steps at every tenth', () => {
    const [replayed, eager] = twins(regressor, plain);
    const wanted = Array.from({ length: 60 }, (_, i) => [
      eager.trainOnBatch(x, targets),
      i % 10 === 0 ? digest(eager) : '',
    ]);
    wanted.forEach(([logs, sha256], i) => {
      expect(replayed.trainOnBatch(x, targets)).toEqual(logs);
      expect(replayed.replayStatus.isReplaying).toBe(i >= 2);
      if (i % 10 === 0) expect(digest(replayed)).toBe(sha256);
    });
    expect(replayed.replayStatus).toEqual({
      isReplaying: true,
      reason: 'the step repeats a recorded one',
      eager: 2,
      recorded: 1,
      replayed: 58,
    });
  });

  test('reads new numbers from the same tensors, and from views', () => {
    const [replayed, eager] = twins(regressor, plain);
    const batch = tensor(x.data, { shape: [N, 6] });
    const reversed = flip(x, [0]);
    for (let i = 0; i < 8; i++) {
      assign(batch, mul(batch, 0.9));
      for (const model of [replayed, eager]) {
        model.trainOnBatch(batch, targets);
        model.trainOnBatch(reversed, targets);
      }
    }
    expect(digest(replayed)).toBe(digest(eager));
  });

  test('keeps apart models that take turns, more than may stay in the heap', () => {
    const pairs = Array.from({ length: 11 }, () => twins(regressor, plain));
    for (let i = 0; i < 5; i++) for (const pair of pairs) for (const model of pair) model.trainOnBatch(x, targets);
    expect(new Set(pairs.flat().map(digest)).size).toBe(1);
  });

  test('goes on when the backend changes, and when the heap grows', () => {
    const [replayed, eager] = twins(classifier, () => ({ ...plain(), loss: 'sparseCategoricalCrossentropy' }));
    const { heap } = wasm();
    const before = backend().kernels;
    const blocks: number[] = [];
    try {
      for (const table of [wasm(), cpu, wasm(), reference, wasm()]) {
        setBackend(table);
        for (let i = 0; i < 6; i++) for (const model of [replayed, eager]) model.trainOnBatch(x, labels);
        const { growths } = heap.counters();
        while (heap.counters().growths === growths) blocks.push(heap.allocateBytes(16 * 1024 * 1024));
      }
    } finally {
      for (const block of blocks) heap.releaseBytes(block);
      setBackend(before);
    }
    expect(digest(replayed)).toBe(digest(eager));
    expect(replayed.replayStatus.replayed).toBeGreaterThan(5);
  });
});

describe('a step is not repeated, and the status says why,', () => {
  const halved = (yTrue: Tensor, yPred: Tensor): Tensor => mean(mul(square(sub(yTrue, yPred)), 0.5), { axis: 1 });
  class Shift extends Layer {
    override readonly type = 'shift';
    override build(shape: readonly number[]): readonly number[] {
      return shape;
    }
    override call(t: Tensor): Tensor {
      return add(t, 1);
    }
    override clone(): Shift {
      return new Shift();
    }
  }
  class ReplayableShift extends Shift {
    override readonly replayable = true;
  }
  const run = (model: Sequential, options: CompileOptions, y = targets) => {
    model.compile(options);
    for (let i = 0; i < 4; i++) model.trainOnBatch(x, y);
    return model.replayStatus;
  };
  const shifted = (layer: Layer): Sequential => new Sequential([new Dense(2, { inputShape: [6] }), layer]);

  test('when the loss is a function of the user, unless it says that it is replayable', () => {
    expect(run(regressor(), { loss: halved }).reason).toBe('the loss custom does not say that it is replayable');
    const status = run(regressor(), { loss: { name: 'halved', call: halved, replayable: true } });
    expect(status).toMatchObject({ isReplaying: true, replayed: 2 });
  });

  test('when a layer is, unless it says so', () => {
    expect(run(shifted(new Shift()), { loss: 'mse' }).reason).toBe('layer shift does not say that it is replayable');
    expect(run(shifted(new ReplayableShift()), { loss: 'mse' }).isReplaying).toBe(true);
  });

  test('when numbers are read during the step', () => {
    const reading: Loss = {
      ...meanSquaredError(),
      call: (t, p) => mul(square(sub(t, p)), t.data[0]! > 0 ? 1 : 2),
    };
    const status = run(regressor(), { loss: reading });
    expect(status).toMatchObject({
      isReplaying: false,
      replayed: 0,
      reason: 'numbers of a tensor are read during the step',
    });
  });

  test('when compile was told so', () => {
    expect(run(regressor(), { loss: 'mse', replay: false }).reason).toBe('compile was told replay: false');
  });
});

describe('a replayable loss or layer', () => {
  const distance = (p: Tensor, q: Tensor): Tensor => mean(square(sub(p, q)), { axis: 1 });
  /** Losses of ten steps of a model with this loss, `between` done after each; and how many steps were repeated. */
  const losses = (replay: boolean, call: (yTrue: Tensor, yPred: Tensor) => Tensor, between = (): void => {}) => {
    const model = regressor();
    model.compile({
      optimizer: new Adam({ learningRate: 0.05 }),
      loss: { name: 'own', call, replayable: true },
      replay,
    });
    const list = Array.from({ length: 10 }, () => {
      const { loss } = model.trainOnBatch(x, targets);
      between();
      return loss;
    });
    return { list, replayed: model.replayStatus.replayed };
  };

  test('sees the weights of another model where they are, though they move', () => {
    const run = (replay: boolean, trains: (other: Sequential, step: number) => void) => {
      const other = regressor();
      other.compile(plain());
      let step = 0;
      return losses(
        replay,
        (yTrue, yPred) => add(distance(yTrue, yPred), mean(square(other.weights[0]!.value))),
        () => trains(other, step++),
      );
    };
    const byBatch = (other: Sequential, step: number): void => void (step === 4 && other.trainOnBatch(x, targets));
    const byFit = (other: Sequential, step: number): void => void (step === 4 && other.fit(x, targets, { epochs: 2 }));
    for (const trains of [byBatch, byFit]) {
      const [replayed, eager] = [run(true, trains), run(false, trains)];
      expect(replayed.list).toEqual(eager.list);
      expect(replayed.replayed).toBeGreaterThan(2);
    }
  });

  test('may use eye and oneHot', () => {
    const call = (yTrue: Tensor, yPred: Tensor): Tensor => {
      const rows = matmul(oneHot(tensor(new Int32Array(N)), 2), eye(2));
      return add(distance(yTrue, yPred), mean(mul(rows, yPred), { axis: 1 }));
    };
    expect(losses(true, call)).toEqual({ ...losses(false, call), replayed: 8 });
  });

  test('is not repeated when it draws numbers or a permutation or makes a step of its own', () => {
    const random = new Random(3);
    const drawing =
      (kind: 'uniform' | 'normal') =>
      (yTrue: Tensor, yPred: Tensor): Tensor =>
        add(distance(yTrue, yPred), mul(random[kind]([N]), 1e-3));
    const permuted = (yTrue: Tensor, yPred: Tensor): Tensor =>
      add(distance(yTrue, yPred), mul(cast(random.permutation(N), 'float32'), 1e-3));
    const stepping = (yTrue: Tensor, yPred: Tensor): Tensor => {
      const factor = step(() => add(tensor([1]), 1).item());
      return mul(distance(yTrue, yPred), factor);
    };
    for (const call of [drawing('uniform'), drawing('normal'), permuted, stepping])
      expect(losses(true, call).replayed).toBe(0);
  });

  test('goes on when the heap grows in the middle of a repeated step', () => {
    const { heap } = wasm();
    const large = tensor(new Float32Array(3 * 1024 * 1024).fill(1e-9)); // outside the heap: copied for each call
    const call = (yTrue: Tensor, yPred: Tensor): Tensor =>
      add(
        mul(distance(yTrue, yPred), prod(mul(yPred, 0)).shape.length === 0 ? 1 : 0),
        mul(sum(large), prod(add(mul(yPred, 0), 1))),
      );
    const blocks: number[] = [];
    const fill = (): void => {
      const { growths } = heap.counters();
      for (;;) {
        const block = heap.tryAllocateBytes(1024 * 1024);
        if (block === 0) break;
        blocks.push(block);
      }
      expect(heap.counters().growths).toBe(growths);
    };
    let count = 0;
    const replayed = losses(true, call, () => {
      if (count++ === 5) fill();
    });
    for (const block of blocks) heap.releaseBytes(block);
    expect(replayed.list).toEqual(losses(false, call).list);
  });
});

describe('errors in a repeated step', () => {
  test('a label out of range is refused, weights and optimizer stay, and training goes on', () => {
    const [replayed, eager] = twins(classifier, () => ({ ...plain(), loss: 'sparseCategoricalCrossentropy' }));
    const wrong = tensor(Int32Array.from(labels.data, (label, i) => (i === 5 ? 3 : label)));
    for (let i = 0; i < 3; i++) for (const model of [replayed, eager]) model.trainOnBatch(x, labels);
    const before = digest(replayed);
    expect(() => replayed.trainOnBatch(x, wrong)).toThrow(
      'trainOnBatch: y of sample 5 must be a whole number from 0 to 2, got 3',
    );
    expect(digest(replayed)).toBe(before);
    for (const model of [replayed, eager]) model.trainOnBatch(x, labels);
    expect(digest(replayed)).toBe(digest(eager));
  });

  test('a schedule that gives no number leaves the weights as they were', () => {
    const model = regressor();
    let rate = 0.1;
    model.compile({ optimizer: new SGD({ learningRate: () => rate }), loss: 'mse' });
    for (let i = 0; i < 3; i++) model.trainOnBatch(x, targets);
    const before = digest(model);
    rate = Number.NaN;
    expect(() => model.trainOnBatch(x, targets)).toThrow('learningRate');
    expect(digest(model)).toBe(before);
  });

  test('outputs that a metric kept are stale in the next step', () => {
    const kept: Tensor[] = [];
    const metric: Metric = {
      name: 'keeper',
      create: () => ({ update: (_, yPred) => void kept.push(yPred), result: () => 0 }),
    };
    const model = regressor();
    model.compile({ ...plain(), metrics: [metric] });
    for (let i = 0; i < 5; i++) model.trainOnBatch(x, targets);
    expect(kept).toHaveLength(5);
    for (const t of kept.slice(0, 4)) expect(() => t.data).toThrow('finished step');
  });
});

describe('memory', () => {
  test('a typed array that holds samples may be changed while a fit runs, and keeps the changes', async () => {
    const values = Float32Array.from(x.data);
    const own = fromData(values, [N, 6]);
    const model = regressor();
    model.compile(plain());
    const write = { onBatchEnd: (batch: number): void => void (batch === 1 && values.fill(7, 0, 3)) };
    await model.fitAsync(own, targets, { epochs: 2, batchSize: 16, callbacks: [write] });
    expect([...values.subarray(0, 4)]).toEqual([7, 7, 7, values[3]]);
  });

  test('slots and masks that are replaced do not pile up', () => {
    const model = regressor();
    model.compile(plain());
    const parameters = model.weights;
    const again = (): void => {
      model.trainOnBatch(x, targets);
      model.optimizer.restore(parameters, model.optimizer.state(parameters));
      parameters[0]!.mask = tensor(new Uint8Array(parameters[0]!.value.size).fill(1), {
        shape: parameters[0]!.shape,
        dtype: 'bool',
      });
    };
    for (let i = 0; i < 20; i++) again();
    const { used } = wasm().heap.counters();
    for (let i = 0; i < 100; i++) again();
    expect(wasm().heap.counters().used).toBe(used);
  });

  test('fit puts weights, moments and samples back into the arrays that they came from, also when it throws', () => {
    const model = regressor();
    model.compile(plain());
    model.build([6]);
    const arrays = model.weights.map(({ value }) => value.data);
    const samples = [x.data, targets.data];
    const seen: boolean[] = [];
    const inspect = { onBatchEnd: (): void => void seen.push(model.weights[0]!.value.data !== arrays[0]) };
    model.fit(x, targets, { epochs: 2, callbacks: [inspect] });
    expect(seen).toContain(true);
    expect(model.weights.every(({ value }, i) => value.data === arrays[i])).toBe(true);
    const before = wasm().heap.counters();
    const fail = {
      onBatchEnd: (batch: number): void => {
        if (batch === 2) throw new Error('stop');
      },
    };
    expect(() => model.fit(x, targets, { epochs: 2, batchSize: 16, callbacks: [fail] })).toThrow('stop');
    expect(model.weights.every(({ value }, i) => value.data === arrays[i])).toBe(true);
    expect([x.data, targets.data].every((array, i) => array === samples[i])).toBe(true);
    expect(wasm().heap.counters().used).toBe(before.used);
  });

  test('two fits in flight at once give what they give alone', async () => {
    const models = [classifier(), classifier(), classifier()] as const;
    for (const model of models) model.compile({ ...plain(), loss: 'sparseCategoricalCrossentropy' });
    models[0].fit(x, labels, { epochs: 6 });
    await Promise.all([models[1].fitAsync(x, labels, { epochs: 6 }), models[2].fitAsync(x, labels, { epochs: 6 })]);
    expect(new Set(models.map(digest)).size).toBe(1);
  });
});
