import {
  Adam,
  BatchNorm,
  Conv2D,
  Dense,
  Flatten,
  type Model,
  type Optimizer,
  Random,
  Sequential,
  type Tensor,
} from '../../src/index.ts';

const random = new Random(5, 'tests of sharing');
export const x: Tensor = random.normal([24, 4, 4, 2]);
export const y: Tensor = random.normal([24, 3]);

/** A convolution with a BatchNorm and two dense layers, compiled. */
export function small(optimizer: Optimizer = new Adam({ learningRate: 0.01 }), rules: object = {}): Sequential {
  const model = new Sequential(
    [
      new Conv2D(4, 3, { inputShape: [4, 4, 2], name: 'conv' }),
      new BatchNorm({ name: 'norm' }),
      new Flatten(),
      new Dense(6, { activation: 'relu', name: 'hidden', ...rules }),
      new Dense(3, { name: 'out' }),
    ],
    { seed: 3 },
  );
  model.compile({ optimizer, loss: 'meanSquaredError' });
  return model;
}

export const numbersOf = (model: Model): number[][] => model.weights.map(({ value }) => [...value.data]);

/** What is wrong with a model whose kernels have at most so many numbers: '' if clusters are one and what is pruned is 0. */
export function broken(model: Model, most = 256): string {
  for (const { name, value, sharing, mask } of model.weights) {
    if (sharing === null) continue;
    const codes = sharing.codes.data as Int32Array;
    const seen = new Map<number, number>();
    for (let i = 0; i < codes.length; i++) {
      const w = value.data[i]!;
      const code = codes[i]!;
      if (mask?.data[i] === 0 && w !== 0) return `${name}[${i}] is pruned and ${w}`;
      if (mask?.data[i] === 0) continue;
      const own = code < 0 ? -w : w;
      const c = code < 0 ? -1 - code : code;
      if (seen.has(c) && seen.get(c) !== own) return `${name}[${i}] of cluster ${c} is ${own}, not ${seen.get(c)}`;
      seen.set(c, own);
    }
    const count = new Set(value.data).size;
    if (sharing.seed === null && count > most) return `${name} has ${count} numbers`;
  }
  return '';
}

export const keysOfShared = (model: Model): string[] =>
  model.weights.flatMap(({ name, sharing }) => (sharing === null ? [] : [name]));
