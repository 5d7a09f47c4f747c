/** `minimize` on a batch: the same bits whether steps are repeated or not, and no repetition where it would be wrong. */
import { afterEach, describe, expect, test } from 'vitest';
import {
  Adam,
  AdamW,
  add,
  assign,
  type BatchLoss,
  backend,
  cosineDecay,
  cpu,
  Dense,
  Dropout,
  digest,
  type MinimizeOptions,
  matmul,
  maxNorm,
  mean,
  mul,
  type Optimizer,
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
  tanh,
  tensor,
  wasm,
} from '../../src/index.ts';
import { list, noise, of } from './tools.ts';

const before = backend().kernels;
afterEach(() => void setBackend(before));

const TABLES = { reference, cpu, wasm: wasm() };
const OPTIMIZERS: Readonly<Record<string, () => Optimizer>> = {
  SGD: () => new SGD({ learningRate: 0.05, momentum: 0.9, clipValue: 0.5 }),
  Adam: () => new Adam({ learningRate: cosineDecay(0.1, 8), globalClipNorm: 1 }),
  AdamW: () => new AdamW({ learningRate: 0.05 }),
  RMSprop: () => new RMSprop({ learningRate: 0.05, clipNorm: 0.5 }),
};

const draw = noise(5);
const some = (shape: readonly number[]): Tensor =>
  of(
    list(
      shape.reduce((p, q) => p * q, 1),
      draw,
    ),
    shape,
    'float32',
  );
const batches = Array.from({ length: 7 }, () => [some([6, 3]), some([6, 2])] as const);

const bitsOf = (...tensors: readonly Tensor[]): string =>
  tensors.map((t) => Array.from(new Uint32Array(Float32Array.from(t.data).buffer)).join()).join(';');

interface Line {
  readonly w: Tensor;
  readonly b: Tensor;
  readonly loss: BatchLoss;
}
function line(): Line {
  const random = new Random(3);
  const [w, b] = [random.normal([3, 2]), random.normal([2])];
  return { w, b, loss: (x, y) => mean(square(sub(tanh(add(matmul(x!, w), b)), y!))) };
}

/** The losses and weights of training on the batches. */
function trained(optimizer: Optimizer, options: MinimizeOptions): { losses: readonly number[]; bits: string } {
  const { w, b, loss } = line();
  const losses = batches.map((batch) => optimizer.minimize(loss, [w, b], { ...options, batch }));
  return { losses, bits: bitsOf(w, b) };
}

describe('steps of minimize that are repeated', () => {
  describe.each(Object.entries(TABLES))('on %s', (_table, kernels) => {
    test.each(Object.entries(OPTIMIZERS))('have the bits of eager ones: %s', (_name, make) => {
      setBackend(kernels);
      const [eager, repeated] = [make(), make()];
      expect(trained(repeated, { replayable: true })).toEqual(trained(eager, {}));
      expect(eager.replayStatus).toMatchObject({ isReplaying: false, eager: 7, replayed: 0 });
      expect(repeated.replayStatus).toMatchObject({ isReplaying: true, eager: 2, recorded: 1, replayed: 5 });
    });
  });

  test('read the batch anew, in place and as other tensors, of views too', () => {
    const [w, other] = [tensor([1]), tensor([1])];
    const [sgd, eager] = [new SGD({ learningRate: 0.1 }), new SGD({ learningRate: 0.1 })];
    const loss: BatchLoss = (x) => sum(square(sub(w, x!)));
    const x = tensor([2]);
    for (let i = 0; i < 6; i++) {
      x.data[0] = i;
      const mine = i === 4 ? tensor([9]) : x;
      expect(sgd.minimize(loss, [w], { batch: [mine], replayable: true })).toBe(
        eager.minimize(() => sum(square(sub(other, mine))), [other]),
      );
    }
    expect(w.data).toEqual(other.data);
    expect(sgd.replayStatus.isReplaying).toBe(true);
  });

  test('are of a kind by the shapes and types of the batch', () => {
    const { w, b, loss } = line();
    const sgd = new SGD();
    const partial = [some([4, 3]), some([4, 2])] as const;
    for (let i = 0; i < 4; i++)
      for (const batch of [batches[0]!, partial]) sgd.minimize(loss, [w, b], { batch, replayable: true });
    expect(sgd.replayStatus).toMatchObject({ isReplaying: true, eager: 4, recorded: 2, replayed: 4 });
  });

  test('tell losses apart that share an optimizer, and a weight that was left out', () => {
    const make = (replayable: boolean): string => {
      const [a, b] = [tensor([1, 2]), tensor([3, 4])];
      const adam = new Adam({ learningRate: 0.1 });
      const near: BatchLoss = (x) => sum(square(sub(add(a, b), x!)));
      const far: BatchLoss = (x) => sum(square(sub(mul(a, b), x!)));
      for (let i = 0; i < 12; i++) {
        const batch = [tensor([i, 5 - i])];
        adam.minimize(near, i % 4 === 3 ? [a] : [a, b], { batch, replayable });
        adam.minimize(far, [b], { batch, replayable });
      }
      return bitsOf(a, b);
    };
    expect(make(true)).toBe(make(false));
  });

  test('train the weights of a model as others do, masked and bound ones too', () => {
    const make = (replayable: boolean): string => {
      const layers = [
        new Dense(8, { activation: 'relu', kernelConstraint: maxNorm(0.5), inputShape: [3] }),
        new Dropout(0.3),
        new Dense(2),
      ];
      const model = new Sequential(layers, { seed: 4 });
      const kernel = model.trainable[2]!;
      kernel.mask = tensor(
        Uint8Array.from({ length: 16 }, (_, i) => Number(i % 3 === 0)),
        { shape: [8, 2], dtype: 'bool' },
      );
      const adam = new Adam();
      const loss: BatchLoss = (x, y) => mean(square(sub(model.forward(x!, { training: true }), y!)));
      for (const batch of batches) adam.minimize(loss, model.trainable, { batch, replayable });
      expect(adam.replayStatus.isReplaying).toBe(replayable);
      return digest(model);
    };
    expect(make(true)).toBe(make(false));
  });

  test('leave the weights to be read, written and trained otherwise between', () => {
    const make = (replayable: boolean): string => {
      const { w, b, loss } = line();
      const [sgd, adam] = [new SGD({ learningRate: 0.1 }), new Adam()];
      const x = some([1, 1]);
      x.data[0] = 0.5;
      batches.forEach((batch, i) => {
        sgd.minimize(loss, [w, b], { batch, replayable });
        w.data[0] = 0.25 * i;
        if (i === 3) assign(b, tensor([1, -1]));
        if (i === 4) setBackend(cpu);
        if (i === 5) setBackend(before);
        adam.minimize(() => sum(square(w)), [w]);
      });
      return bitsOf(w, b);
    };
    expect(make(true)).toBe(make(false));
  });
});

describe('steps of minimize that are not repeated', () => {
  test('of closures: a batch that is reached otherwise is another one each time', () => {
    const w = tensor([1]);
    const sgd = new SGD({ learningRate: 0.5 });
    let x = tensor([0]);
    const loss = (): Tensor => sum(square(sub(w, x)));
    for (let i = 0; i < 5; i++) {
      x = tensor([i]);
      sgd.minimize(loss, [w]);
      expect(w.data[0]).toBe(i);
    }
    expect(sgd.replayStatus.reason).toMatch(/takes the batch as arguments and says so/);
  });

  test('of functions that are new each time, which is said', () => {
    const w = tensor([1]);
    const sgd = new SGD({ learningRate: 0.25 });
    for (let i = 0; i < 20; i++)
      sgd.minimize((x) => mul(sum(square(sub(w, x!))), i), [w], { batch: [tensor([i])], replayable: true });
    expect(sgd.replayStatus).toMatchObject({ isReplaying: false, eager: 1, replayed: 0 });
    expect(sgd.replayStatus.reason).toMatch(/define it once, outside of the loop/);
  });

  test('where the loss reads numbers, or a constraint does not allow it', () => {
    const w = tensor([2]);
    const sgd = new SGD({ learningRate: 0.25 });
    const reads: BatchLoss = (x) => mul(sum(square(sub(w, x!))), x!.item());
    for (let i = 0; i < 4; i++) sgd.minimize(reads, [w], { batch: [tensor([i])], replayable: true });
    expect(sgd.replayStatus).toMatchObject({ isReplaying: false, replayed: 0 });
    const own = { name: 'own', call: (t: Tensor) => t };
    const model = new Sequential([new Dense(1, { kernelConstraint: own, inputShape: [1] })]);
    const loss: BatchLoss = (x) => sum(model.forward(x!));
    for (let i = 0; i < 4; i++) sgd.minimize(loss, model.trainable, { batch: [tensor([[i]])], replayable: true });
    expect(sgd.replayStatus.reason).toBe('the constraint own of dense/kernel does not say that it is replayable');
  });

  test('with weights of a step that has ended: that is an error', () => {
    const sgd = new SGD();
    let w!: Tensor;
    const loss: BatchLoss = (x) => sum(square(sub(w, x!)));
    const batch = [tensor([1])];
    const once = (): number => sgd.minimize(loss, [w], { batch, replayable: true });
    step(() => {
      w = mul(tensor([3]), 1);
      for (let i = 0; i < 4; i++) once();
    });
    expect(once).toThrow(/minimize: .*step/);
  });

  test('after a mistake: one sentence, and nothing moved', () => {
    const w = tensor([2]);
    const sgd = new SGD();
    const loss: BatchLoss = (x) => sum(square(sub(w, x!)));
    const x = tensor([1]);
    const wrong =
      (options: object, given: unknown = loss) =>
      (): number =>
        sgd.minimize(given as BatchLoss, [w], options as MinimizeOptions);
    expect(wrong({ replayable: true })).toThrow(/batch.*What a loss reads besides its arguments/);
    expect(wrong({ batch: x })).toThrow(/batch must be a list of tensors/);
    expect(wrong({ batch: [[1]] })).toThrow(/tensor\(\) makes one of numbers/);
    expect(wrong({ batch: [x], replay: true })).toThrow(/replay/);
    expect(wrong({ batch: [x], replayable: 1 })).toThrow(/replayable/);
    expect(wrong([x])).toThrow(/batch/);
    expect(wrong({}, sum(w))).toThrow(/loss must be a function/);
    expect(wrong({ batch: [tensor([1, 2])], replayable: true }, (y: Tensor) => mul(w, y))).toThrow(/scalar/);
    expect(w.data[0]).toBe(2);
    expect(sgd.iterations).toBe(0);
  });
});
