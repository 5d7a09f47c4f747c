import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import {
  Adagrad,
  Adam,
  AdamW,
  assign,
  BatchNorm,
  backend,
  Conv2D,
  cpu,
  Dense,
  Flatten,
  fromData,
  gather,
  l2,
  matmul,
  mean,
  mul,
  type Model,
  type Optimizer,
  Proximal,
  prune,
  Random,
  RMSprop,
  reference,
  reshape,
  type SharedGradient,
  Sequential,
  SGD,
  setBackend,
  shareWeights,
  type ShareOptions,
  square,
  sub,
  type Tensor,
  valueAndGrad,
  wasm,
  wasmSupport,
} from '../../src/index.ts';

const before = backend().kernels;
afterEach(() => void setBackend(before));

const random = new Random(5, 'tests');
const x = random.normal([40, 6, 6, 2]);
const y = random.normal([40, 3]);

const small = (optimizer: Optimizer, rules: object = {}): Sequential => {
  const model = new Sequential(
    [
      new Conv2D(4, 3, { activation: 'relu', inputShape: [6, 6, 2] }),
      new BatchNorm(),
      new Flatten(),
      new Dense(8, { activation: 'relu', ...rules }),
      new Dense(3),
    ],
    { seed: 3 },
  );
  model.compile({ optimizer, loss: 'meanSquaredError' });
  return model;
};

/** Of each shared weight how many different numbers it has, and whether members of each cluster are one, to the bit. */
function check(model: Model, most: number): void {
  for (const { name, value, sharing, mask } of model.weights) {
    if (sharing === null) continue;
    const seen = new Map<number, number>();
    (sharing.codes.data as Int32Array).forEach((code, i) => {
      const w = value.data[i]!;
      if (mask?.data[i] === 0) expect(w).toBe(0);
      else if (seen.has(code)) expect(w, `${name} ${i}`).toBe(seen.get(code));
      else seen.set(code, w);
    });
    expect(new Set(value.data).size).toBeLessThanOrEqual(most);
  }
}

const OPTIMIZERS: Readonly<Record<string, () => Optimizer>> = {
  sgd: () => new SGD({ learningRate: 0.003 }),
  momentum: () => new SGD({ learningRate: 0.003, momentum: 0.9, clipNorm: 1 }),
  nesterov: () => new SGD({ learningRate: 0.003, momentum: 0.9, nesterov: true, globalClipNorm: 2 }),
  adam: () => new Adam({ learningRate: 0.01, clipValue: 0.1 }),
  amsgrad: () => new Adam({ learningRate: 0.01, amsgrad: true, epsilonMode: 'paper' }),
  adamW: () => new AdamW({ learningRate: 0.01, weightDecay: 0.1 }),
  rmsprop: () => new RMSprop({ learningRate: 0.003, momentum: 0.5 }),
  adagrad: () => new Adagrad({ learningRate: 0.01 }),
  proximal: () => new Proximal(new Adam({ learningRate: 0.01 }), { lambda: 0.05 }),
};

const numbersOf = (model: Model): number[] => model.weights.flatMap(({ value }) => [...value.data]);

describe('tied weights', () => {
  test.each(Object.keys(OPTIMIZERS))('%s moves members of a cluster together, in every table, repeated or not', (name) => {
    const tables = [reference, cpu, ...(wasmSupport().available ? [wasm()] : [])];
    const given = prune(small(OPTIMIZERS[name]!(), { kernelRegularizer: l2(0.01) }), { sparsity: 0.5 });
    const results = tables.flatMap((table) =>
      [true, false].map((replay) => {
        setBackend(table);
        const model = shareWeights(given, { clusters: 5, gradient: name === 'sgd' ? 'mean' : 'sum' });
        model.compile({ optimizer: OPTIMIZERS[name]!(), loss: 'meanSquaredError', replay });
        check(model, 5);
        model.fit(x, y, { batchSize: 10, epochs: 2, callbacks: [{ onBatchEnd: (_, __, own) => check(own, 5) }] });
        check(model, 5);
        if (replay) expect(model.replayStatus.replayed).toBe(6);
        return numbersOf(model);
      }),
    );
    for (const result of results) expect(result).toEqual(results[0]);
    expect(results[0]).not.toEqual(numbersOf(shareWeights(given, { clusters: 5 })));
  });
});
