import { afterEach, expect, test } from 'vitest';
import { wasmSupport } from '../../kernels/wasm/engine.ts';
import * as w from '../../src/index.ts';
import { backend, setBackend } from '../../src/index.ts';

const first = backend().kernels;

afterEach(() => {
  setBackend(first);
});

const optimizers: Readonly<Record<string, () => w.Optimizer>> = {
  Adam: () => new w.Adam(),
  AdamW: () => new w.AdamW({ weightDecay: 0.01 }),
  SGD: () => new w.SGD({ momentum: 0.9, nesterov: true }),
  RMSprop: () => new w.RMSprop(),
};

test.each(Object.keys(optimizers))(
  'a model of float64 trains and predicts to the same bits on every table, also where steps are repeated: %s',
  (name) => {
    const random = new w.Random(5, 'samples');
    const x = random.normal([75, 21], 0, 1, 'float64');
    const y = w.tensor(
      Array.from({ length: 75 }, (_, i) => (i * i) % 5),
      { dtype: 'int32' },
    );
    const digestOn = (kernels: w.Kernels): string => {
      setBackend(kernels);
      const layers = [
        new w.Dense(33, { activation: 'relu' }),
        new w.Dense(18, { activation: 'tanh' }),
        new w.Dropout(0.2),
        new w.Dense(5, { activation: 'softmax' }),
      ];
      const model = new w.Sequential(layers, { seed: 3, dtype: 'float64' });
      model.compile({ optimizer: optimizers[name]!(), loss: 'sparseCategoricalCrossentropy' });
      model.fit(x, y, { epochs: 4, batchSize: 16 });
      const predicted = model.predict(x, { batchSize: 20 });
      expect(predicted.dtype).toBe('float64');
      return [w.digest(model), ...predicted.data].join();
    };
    const expected = digestOn(w.reference);
    expect(digestOn(w.cpu)).toBe(expected);
    if (wasmSupport().available) expect(digestOn(w.wasm())).toBe(expected);
  },
);
