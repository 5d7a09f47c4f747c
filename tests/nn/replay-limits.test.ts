import { expect, test } from 'vitest';
import {
  add,
  Dense,
  digest,
  Flatten,
  Layer,
  matmul,
  max,
  mean,
  mul,
  permute,
  prod,
  reshape,
  Sequential,
  square,
  sub,
  type Tensor,
  wasm,
} from '../../src/index.ts';
import { list, noise, of } from './tools.ts';

const draw = noise(17);

/** The largest of each window of 2×2, written as reshape and max. */
class MaxPool extends Layer {
  override readonly type = 'pool';
  override readonly replayable = true;
  override build([rows, cols, channels]: readonly number[]): readonly number[] {
    return [rows! / 2, cols! / 2, channels!];
  }
  override call(x: Tensor): Tensor {
    const [n, rows, cols, channels] = x.shape as [number, number, number, number];
    const windows = permute(reshape(x, [n, rows / 2, 2, cols / 2, 2, channels]), [0, 1, 3, 5, 2, 4]);
    return max(reshape(windows, [n, rows / 2, cols / 2, channels, 4]), { axis: -1 });
  }
  override clone(): MaxPool {
    return new MaxPool();
  }
}

test('max pooling of [32, 26, 26, 32] by reshape and max is repeated, with the bits of eager steps', () => {
  const x = of(list(32 * 26 * 26 * 32, draw), [32, 26, 26, 32], 'float32');
  const y = of(list(32 * 2, draw), [32, 2], 'float32');
  const [replayed, eager] = [true, false].map((replay) => {
    const model = new Sequential([new MaxPool({ inputShape: [26, 26, 32] }), new Flatten(), new Dense(2)], { seed: 3 });
    model.compile({ optimizer: 'adam', loss: 'mse', replay });
    for (let i = 0; i < 4; i++) model.trainOnBatch(x, y);
    return model;
  }) as [Sequential, Sequential];
  expect(replayed.replayStatus).toMatchObject({ isReplaying: true, replayed: 2 });
  expect(digest(replayed)).toBe(digest(eager));
});

const x = of(list(6 * 3, draw), [6, 3], 'float32');
const y = of(list(6 * 2, draw), [6, 2], 'float32');
const distance = (p: Tensor, q: Tensor): Tensor => mean(square(sub(p, q)), { axis: 1 });

/** After four steps of a model with this loss. */
function trained(call: (yTrue: Tensor, yPred: Tensor) => Tensor, replay: boolean): Sequential {
  const model = new Sequential([new Dense(2, { inputShape: [3] })], { seed: 3 });
  model.compile({ optimizer: 'sgd', loss: { name: 'own', call, replayable: true }, replay });
  for (let i = 0; i < 4; i++) model.trainOnBatch(x, y);
  return model;
}

test('a step of more calls than are repeated runs eagerly and says so', () => {
  const long = (yTrue: Tensor, yPred: Tensor): Tensor => {
    let sum = distance(yTrue, yPred);
    for (let i = 0; i < 6000; i++) sum = add(sum, 1e-6);
    return sum;
  };
  const model = trained(long, true);
  expect(model.replayStatus).toMatchObject({
    isReplaying: false,
    replayed: 0,
    reason: 'it makes more than 10000 calls of kernels',
  });
  expect(digest(model)).toBe(digest(trained(long, false)));
});

test('a kernel call that comes down to many others is repeated as it is', () => {
  const batched = (yTrue: Tensor, yPred: Tensor): Tensor => {
    const many = matmul(
      of(
        list(150_000, () => 1),
        [150_000, 1, 1],
        'float32',
      ),
      reshape(mean(yPred), [1, 1]),
    );
    return add(distance(yTrue, yPred), mul(mean(many), 0.1));
  };
  const model = trained(batched, true);
  expect(model.replayStatus).toMatchObject({ isReplaying: true, replayed: 2 });
  expect(digest(model)).toBe(digest(trained(batched, false)));
});

test('goes on when the heap grows between repeated steps, which are recorded anew', () => {
  const { heap } = wasm();
  const call = (yTrue: Tensor, yPred: Tensor): Tensor => add(distance(yTrue, yPred), mul(prod(yPred), 0.01));
  const run = (replay: boolean): [losses: unknown[], replayed: number] => {
    const model = new Sequential([new Dense(2, { inputShape: [3] })], { seed: 3 });
    model.compile({ optimizer: 'adam', loss: { name: 'own', call, replayable: true }, replay });
    const blocks: number[] = [];
    const losses = Array.from({ length: 12 }, (_, i) => {
      const { loss } = model.trainOnBatch(x, y);
      const { growths } = heap.counters();
      while (replay && i % 5 === 4 && heap.counters().growths === growths) {
        blocks.push(heap.allocateBytes(16 * 1024 * 1024));
      }
      return loss;
    });
    for (const block of blocks) heap.releaseBytes(block);
    return [losses, model.replayStatus.replayed];
  };
  const [replayed, eager] = [run(true), run(false)];
  expect(replayed[0]).toEqual(eager[0]);
  expect([replayed[1], eager[1]]).toEqual([6, 0]);
});
