import { describe, expect, test } from 'vitest';
import {
  Adam,
  type Callback,
  type CompileOptions,
  Dense,
  Dropout,
  digest,
  Sequential,
  slice,
  type Tensor,
  wasm,
} from '../../src/index.ts';
import { releaseIdle } from '../../src/memory/arena.ts';
import { list, noise, of } from './tools.ts';

/** More kinds of steps than a model keeps recordings of, and more models than may stay in the heap. */

const KEPT = 8;
const draw = noise(91);
const x = of(list(12 * 4, draw), [12, 4], 'float32');
const y = of(list(12 * 2, draw), [12, 2], 'float32');
const batches = Array.from({ length: KEPT + 1 }, (_, i): [Tensor, Tensor] => [
  slice(x, [[0, i + 2]]),
  slice(y, [[0, i + 2]]),
]);

function model(options: Partial<CompileOptions> = {}): Sequential {
  const layers = [new Dense(6, { activation: 'tanh', inputShape: [4] }), new Dropout(0.2), new Dense(2)];
  const made = new Sequential(layers, { seed: 3 });
  made.compile({ optimizer: new Adam({ learningRate: 0.01 }), loss: 'mse', metrics: ['mae'], ...options });
  return made;
}

const { heap } = wasm();
const held = (): { used: number; blocks: number; growths: number } => {
  const { used, blocks, growths } = heap.counters();
  return { used, blocks, growths };
};
/** Compiling anew lets go of everything that training holds. */
const release = (trained: Sequential): void => trained.compile({ optimizer: 'sgd', loss: 'mse' });

/** Weights and moments, as numbers. */
const numbers = ({ optimizer, weights }: Sequential): number[][] => {
  const values = weights.map(({ value }) => value);
  const { slots } = optimizer.state(values);
  return [...values, ...slots.flatMap((own) => Object.values(own))].map(({ data }) => [...data]);
};

/** `each` steps of each kind in turn. */
const round = (trained: Sequential, kinds: readonly [Tensor, Tensor][], each: number): unknown[] =>
  kinds.flatMap((batch) => Array.from({ length: each }, () => trained.trainOnBatch(...batch)));

describe('kinds of steps of one model', () => {
  test('more than are kept take turns with the bits of eager steps, and leave no memory behind', () => {
    const replayed = model();
    const eager = model({ replay: false });
    const seen: object[] = [];
    for (let i = 1; i <= 4; i++) {
      expect(round(replayed, batches, 4)).toEqual(round(eager, batches, 4));
      expect(digest(replayed)).toBe(digest(eager));
      expect(replayed.replayStatus).toMatchObject({ recorded: 9 * i, replayed: 18 * i, isReplaying: true });
      seen.push(held());
    }
    expect(seen.slice(2)).toEqual([seen[1], seen[1]]);
    expect(numbers(replayed)).toEqual(numbers(eager));
    for (const trained of [replayed, eager]) release(trained);
    releaseIdle(); // what eager steps keep for the next one
    const after = held();
    const another = model();
    round(another, batches, 4);
    release(another);
    releaseIdle();
    expect(held()).toEqual(after);
  });

  test('as many as are kept are recorded once', () => {
    const trained = model();
    const eight = batches.slice(0, KEPT);
    for (let i = 0; i < 4; i++) round(trained, eight, 2);
    expect(trained.replayStatus).toMatchObject({ eager: 16, recorded: 8, replayed: 48 });
    const { used } = held();
    round(trained, eight, 2);
    expect(held().used).toBe(used);
    release(trained);
  });

  test('the oldest goes first when one more comes', () => {
    const trained = model();
    round(trained, batches, 2);
    const { recorded } = trained.replayStatus;
    expect(recorded).toBe(9);
    round(trained, batches.slice(1), 1);
    expect(trained.replayStatus).toMatchObject({ recorded, replayed: 8 });
    trained.trainOnBatch(...batches[0]!);
    expect(trained.replayStatus.isReplaying).toBe(false);
    release(trained);
  });
});

describe('models that are trained batch by batch', () => {
  const isInHeap = (trained: Sequential): boolean => heap.has(trained.weights[0]!.value.storage.array);
  const [batch] = batches as [[Tensor, Tensor]];

  test('stay in the heap eight at a time; the weights of one that leaves return to their arrays', () => {
    const models = Array.from({ length: 20 }, () => model());
    const originals = models.map(({ weights }) => weights.map(({ value }) => value.data));
    const used: number[] = [];
    models.forEach((trained, i) => {
      for (let j = 0; j < 3; j++) trained.trainOnBatch(...batch);
      used.push(held().used);
      const latest = models.map((_, j) => j <= i && j > i - KEPT);
      expect(models.map(isInHeap)).toEqual(latest);
    });
    expect(new Set(used.slice(KEPT)).size).toBe(1);
    models.slice(0, -KEPT).forEach(({ weights }, i) => {
      weights.forEach(({ value }, j) => {
        expect(value.data).toBe(originals[i]![j]);
      });
    });
    for (const trained of models) release(trained);
    expect(models.some(isInHeap)).toBe(false);
  });

  test('have the bits of eager steps, moments too, though they come and go', () => {
    const eager = model({ replay: false });
    const models = Array.from({ length: KEPT + 1 }, () => model());
    for (let i = 0; i < 4; i++) {
      const wanted = Array.from({ length: 3 }, () => eager.trainOnBatch(...batch));
      for (const trained of models)
        expect(Array.from({ length: 3 }, () => trained.trainOnBatch(...batch))).toEqual(wanted);
      for (const trained of models) expect(numbers(trained)).toEqual(numbers(eager));
    }
    for (const trained of models) expect(trained.replayStatus).toMatchObject({ recorded: 4, replayed: 4 });
    for (const trained of [...models, eager]) release(trained);
  });

  test.each([
    ['a new model', 0],
    ['one that is in the heap already', 1],
  ] as const)('do not put out %s that is being fitted', (_name, steps) => {
    const others = Array.from({ length: KEPT + 1 }, () => model());
    const fitted = model();
    const plain = model();
    const seen: boolean[] = [];
    const crowd: Callback = {
      onBatchEnd: () => {
        for (const other of others) other.trainOnBatch(...batch);
        seen.push(isInHeap(fitted));
      },
    };
    for (const trained of [fitted, plain]) for (let i = 0; i < steps; i++) trained.trainOnBatch(...batch);
    fitted.fit(x, y, { epochs: 3, batchSize: 5, callbacks: [crowd] });
    plain.fit(x, y, { epochs: 3, batchSize: 5 });
    expect(seen).toEqual(Array.from({ length: 9 }, () => true));
    expect(numbers(fitted)).toEqual(numbers(plain));
    expect(isInHeap(fitted)).toBe(false);
    for (const other of others) release(other);
  });
});
