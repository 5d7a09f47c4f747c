import { Adam, Dense, Dropout, fromData, Sequential, setBackend } from 'whittle-ml';
import type { Kernels } from 'whittle-ml/kernels';
import type { Learner } from './learner.ts';
import { batchOf, dropoutName, SEED, type Task } from './tasks.ts';

/** The model of a task, its weights decided by the seed. */
export function modelOf({ sizes, loss, dropout }: Pick<Task, 'sizes' | 'loss' | 'dropout'>): Sequential {
  const last = sizes.length - 2;
  const layers = sizes.slice(1).flatMap((units, i) => {
    const dense = new Dense(units, {
      ...(i === 0 ? { inputShape: [sizes[0]!] } : {}),
      activation: i < last ? 'relu' : loss === 'mse' ? 'linear' : 'softmax',
    });
    return i < last && dropout > 0 ? [dense, new Dropout(dropout, { name: dropoutName(i) })] : [dense];
  });
  return new Sequential(layers, { seed: SEED });
}

/** Copies of a model's weights, layer by layer: kernel, bias. */
export const weightsOf = (model: Sequential): Float32Array[] =>
  model.getWeights().map((t) => Float32Array.from(t.data));

/** As a user writes it, on a table of kernels. Without `replay` every step builds its graph anew. */
export function byLibrary(task: Task, kernels: Kernels, replay = true): Learner {
  setBackend(kernels);
  const { loss, batch } = task;
  const model = modelOf(task);
  const first = model.getWeights();
  const [x, y] = batchOf(task);
  const inputs = fromData(x, [batch, x.length / batch]);
  const targets = fromData(y, [batch, y.length / batch]);
  const reset = (): void => {
    setBackend(kernels);
    model.setWeights(first);
    model.steps = 0;
    const options = { optimizer: new Adam(), loss, replay };
    model.compile(options);
  };
  reset();
  return { step: () => model.trainOnBatch(inputs, targets).loss!, reset, weights: () => weightsOf(model) };
}
