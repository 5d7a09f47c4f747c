/** `fit` with `anomaly: true`: the first number that is not finite, by operation, layer, step and direction. */
import { describe, expect, test } from 'vitest';
import {
  add,
  BatchNorm,
  type Callback,
  Dense,
  Dropout,
  digest,
  type FitOptions,
  Layer,
  log,
  mean,
  mul,
  type Optimizer,
  Sequential,
  SGD,
  type Shape,
  StateError,
  sqrt,
  square,
  sub,
  type Tensor,
} from '../../src/index.ts';
import { list, noise, of, warnings } from './tools.ts';

const draw = noise(12);
const N = 12;
const inputs = list(N * 2, draw);
const x = of(inputs, [N, 2], 'float32');
const y = of(list(N, draw), [N, 1], 'float32');

class Own extends Layer {
  override readonly type = 'own';
  private readonly body: (x: Tensor) => Tensor;
  constructor(body: (x: Tensor) => Tensor, name = 'mine') {
    super({ name });
    this.body = body;
  }
  override build(shape: Shape): Shape {
    return shape;
  }
  override call(t: Tensor): Tensor {
    return this.body(t);
  }
  override clone(): Own {
    return new Own(this.body);
  }
}

function network(between: Layer[], optimizer: Optimizer = new SGD()): Sequential {
  const model = new Sequential([new Dense(3, { activation: 'relu', inputShape: [2] }), ...between, new Dense(1)], {
    seed: 8,
  });
  model.compile({ optimizer, loss: 'mse' });
  return model;
}

function saidOf(model: Sequential, options: FitOptions = {}, given: Tensor = x): string {
  try {
    model.fit(given, y, { batchSize: 4, shuffle: false, anomaly: true, ...options });
  } catch (error) {
    expect(error).toBeInstanceOf(StateError);
    return (error as Error).message;
  }
  return 'nothing';
}

describe('the first number that is not finite', () => {
  test('going forward is told with its operation, layer and step', () => {
    const said = saidOf(network([new Own((t) => log(sub(t, 100)))]));
    expect(said).toBe(
      'fit: going forward in step 1 (epoch 1, batch 1), log of layer mine gave NaN at [0, 0] of [4, 3]',
    );
  });

  test('in a later epoch is told with that', () => {
    const spoil: Callback = {
      onBatchEnd: (batch, _, m) => {
        if (batch === 1 && m.steps === 5) m.layers[2]!.weights[0]!.value.storage.array.fill(3.4e38);
      },
    };
    const said = saidOf(network([new Own((t) => add(t, 9))]), { epochs: 4, callbacks: [spoil] });
    expect(said).toMatch(
      /^fit: going forward in step 6 \(epoch 2, batch 3\), dense of layer dense_1 gave -?Infinity at /,
    );
  });

  test('going backward is told with the operation whose gradient it is', () => {
    // √0 is 0, and its slope infinite
    const said = saidOf(network([new Own((t) => sqrt(mul(square(t), 0)), 'root')]));
    expect(said).toMatch(
      /^fit: going backward in step 1 \(epoch 1, batch 1\), the gradient through sqrt of layer root became -?Infinity at \[0, 0\] of \[4, 3\]$/,
    );
  });

  test('of the loss, of the optimizer, of samples and of weights is told as such', () => {
    const model = network([]);
    model.compile({ loss: (a, p) => mean(log(sub(sub(p, a), 1e4))) });
    expect(saidOf(model)).toMatch(
      /^fit: going forward in step 1 .*, log of the loss gave NaN at \[0, 0\] of \[4, 1\]$/,
    );
    const fast = saidOf(network([], new SGD({ learningRate: 3e38 })), { batchSize: N });
    expect(fast).toMatch(
      /^fit: in step 1 \(epoch 1, batch 1\), SGD made of dense\/bias -?Infinity at \[\d\] of \[3\]$/,
    );
    const bad = of(
      inputs.map((value, i) => (i === 2 * 9 ? Number.NaN : value)),
      [N, 2],
      'float32',
    );
    expect(saidOf(network([]), {}, bad)).toBe(
      'fit: before anything is computed in step 3 (epoch 1, batch 3), the inputs of sample 9 are not finite',
    );
    const lost = network([]);
    lost.weights[3]!.value.storage.array[0] = Infinity;
    expect(saidOf(lost)).toContain('(epoch 1, batch 1), the first weights that are not finite are those of dense_1');
  });

  test('is looked for in steps of a model whose steps are recorded', () => {
    const model = network([]);
    for (let i = 0; i < 4; i++)
      model.trainOnBatch(of(inputs.slice(0, 8), [4, 2], 'float32'), of(list(4, draw), [4, 1], 'float32'));
    expect(model.replayStatus.isReplaying).toBe(true);
    const { replayed } = model.replayStatus;
    model.layers[1]!.weights[0]!.value.storage.array.fill(3e38);
    expect(saidOf(model, { epochs: 3 })).toMatch(/(square of the loss|dense of layer dense_1) gave -?Infinity/);
    expect(model.replayStatus.replayed).toBe(replayed);
  });

  test('where there is none, training has the bits that it has otherwise', async () => {
    const make = (): Sequential => network([new BatchNorm(), new Dropout(0.2)], new SGD({ momentum: 0.9 }));
    const plain = make();
    plain.fit(x, y, { epochs: 5, batchSize: 4, validationSplit: 0.25, accumulate: 2 });
    const watched = make();
    const said = await warnings(() =>
      watched.fit(x, y, { epochs: 5, batchSize: 4, validationSplit: 0.25, accumulate: 2, anomaly: true }),
    );
    expect(said).toEqual([]);
    expect(digest(watched)).toBe(digest(plain));
    expect(watched.replayStatus).toMatchObject({ replayed: 0, recorded: 0 });
    expect(watched.replayStatus.reason).toContain('anomaly');
  });

  test('ends training, which can go on afterwards', () => {
    const model = network([], new SGD({ learningRate: 3e38 }));
    const before = model.getWeights();
    expect(saidOf(model)).toContain('SGD made of');
    model.setWeights(before);
    model.optimizer.learningRate = 0.01;
    expect(model.fit(x, y, { epochs: 3 }).epochs).toEqual([0, 1, 2]);
    expect(() => model.fit(x, y, { anomaly: 1 as never })).toThrow(/anomaly must be true or false/);
  });
});
