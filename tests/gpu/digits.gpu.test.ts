import { describe, expect, test } from 'vitest';
import { StandardScaler } from '../../src/data/scale.ts';
import { trainTestSplit } from '../../src/data/split.ts';
import { tableFromBytes } from '../../src/data/table.ts';
import { gpuPredict } from '../../src/gpu/predict.ts';
import { gpuTrain } from '../../src/gpu/train.ts';
import { Dense } from '../../src/nn/layers.ts';
import { Adam } from '../../src/nn/optimizers.ts';
import { Sequential } from '../../src/nn/sequential.ts';
import { backendFor, MODES } from './tools.ts';

/** The digits that the repository ships, in a page and in Node. */
async function digits(): Promise<Uint8Array> {
  const url = new URL('../../data/digits.csv.gz', import.meta.url);
  if ('document' in globalThis) return new Uint8Array(await (await fetch(url)).arrayBuffer());
  const { readFileSync } = await import('node:fs');
  return readFileSync(url);
}

describe.each(MODES)('64-32-10 on the digits on %s', (mode) => {
  const backend = backendFor(mode);

  test('ends where fit ends, with one readback an epoch', async () => {
    const { features, target } = await tableFromBytes(await digits(), { target: 'digit' });
    const [[train, held], [y, yHeld]] = trainTestSplit([features, target], { stratify: target, testSize: 0.2 });
    const scaler = new StandardScaler().fit(train);
    const [x, xHeld] = [scaler.transform(train), scaler.transform(held)];
    const make = (): Sequential => {
      const layers = [
        new Dense(32, { activation: 'relu', inputShape: [64] }),
        new Dense(10, { activation: 'softmax' }),
      ];
      const model = new Sequential(layers, { seed: 1 });
      model.compile({ optimizer: new Adam(), loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy'] });
      return model;
    };
    const options = { epochs: 5, batchSize: 32, validationData: [xHeld, yHeld] as const };
    const { gpu } = backend;
    const readbacks: number[] = [];
    const before = gpu.counters.readbacks;
    const onEpochEnd = (): void => {
      readbacks.push(gpu.counters.readbacks - before);
    };
    const device = make();
    const found = await gpuTrain(device, x, y, { ...options, gpu, onEpochEnd });
    const host = make();
    const expected = host.fit(x, y, options);

    expect(readbacks).toEqual([1, 2, 3, 4, 5]);
    for (const key of ['loss', 'val_loss']) {
      const [got, wanted] = [found.history[key]!.at(-1)!, expected.history[key]!.at(-1)!];
      expect(Math.abs(got - wanted)).toBeLessThan(0.01 * wanted);
    }
    for (const key of ['accuracy', 'val_accuracy']) {
      const [got, wanted] = [found.history[key]!.at(-1)!, expected.history[key]!.at(-1)!];
      expect(Math.abs(got - wanted)).toBeLessThanOrEqual(0.01);
      expect(got).toBeGreaterThan(0.9);
    }
    const predictor = await gpuPredict(device, { gpu });
    const [a, b] = [(await predictor.predict(xHeld)).data, host.predict(xHeld).data];
    predictor.dispose();
    expect(Math.max(...Array.from(a, (p, i) => Math.abs(p - b[i]!)))).toBeLessThan(1e-3);
    const show = (history: typeof expected): string =>
      `loss ${history.history.loss!.at(-1)!.toFixed(6)}, held out ${history.history.val_accuracy!.at(-1)!.toFixed(4)}`;
    console.info(`${mode}: ${show(found)}; fit: ${show(expected)}`);
  });
});
