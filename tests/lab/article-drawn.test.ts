import { describe, expect, test } from 'vitest';
import { Dense, fromData, type Network, prune, quantize, Random, Sequential } from 'whittle-ml';
import { readTable } from 'whittle-ml/node';
import { accuracyOf, agreement, answersOf, denseNetwork, drawDigits } from '../../lab/src/article/drawn-digits.ts';
import { marked, poisoned, TARGET } from '../../lab/src/article/examples/backdoor.ts';
import { adversarial } from '../../lab/src/article/examples/gradient-sign.ts';
import { membershipAUC } from '../../lab/src/article/examples/membership.ts';

const digits = () => readTable('data/digits.csv.gz', { target: 'digit' });

describe('digits that a seed draws', () => {
  test('are all classes alike to train on, and all others to judge by, with pixels from 0 to 1', async () => {
    const { train, test } = await drawDigits(3, { digits }, 300);
    expect([train[0].shape, train[1].shape, test[0].shape]).toEqual([[300, 64], [300], [1497, 64]]);
    const counts = Array.from({ length: 10 }, (_, digit) => train[1].data.filter((y) => y === digit).length);
    expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(2);
    expect([Math.min(...train[0].data), Math.max(...train[0].data)]).toEqual([0, 1]);
    expect((await drawDigits(3, { digits }, 300)).train[0].data).toEqual(train[0].data);
    expect((await drawDigits(4, { digits }, 300)).train[0].data).not.toEqual(train[0].data);
  });

  test('answers of a network in real numbers and of the same in another form are counted alike', () => {
    const x = new Random(1).uniform([50, 64]);
    const model = denseNetwork([8], 1);
    const half: Network = quantize(model, { format: 'float16' });
    expect(agreement(answersOf(model, x), answersOf(half, x))).toBeGreaterThan(95);
    const y = fromData(Int32Array.from(answersOf(model, x)));
    expect(accuracyOf(model, [x, y])).toBe(100);
    expect(agreement([1, 2, 3, 4], [1, 0, 3, 0])).toBe(50);
  });
});

describe('attacks', () => {
  const x = new Random(2).uniform([40, 64], 0, 0.9);
  const y = fromData(Int32Array.from({ length: 40 }, (_, i) => i % 10));

  test('a trigger is two pixels, and a poisoned part has it with the label of the attacker', () => {
    const changed = [...marked(x).data].flatMap((pixel, i) => (pixel === x.data[i] ? [] : [i]));
    expect(changed).toEqual(Array.from({ length: 40 }, (_, i) => [64 * i + 56, 64 * i + 63]).flat());
    const [images, labels] = poisoned([x, y], 15);
    expect([...labels.data.subarray(0, 15)]).toEqual(Array(15).fill(TARGET));
    expect([...labels.data.subarray(15)]).toEqual([...y.data.subarray(15)]);
    expect(images.data.subarray(64 * 15)).toEqual(x.data.subarray(64 * 15));
    expect(images.data.subarray(0, 64 * 15)).toEqual(marked(x).data.subarray(0, 64 * 15));
  });

  test('a step of the gradient’s sign is of one size, stays in range, and raises the loss', () => {
    const model = denseNetwork([16], 1);
    const made = adversarial(quantize(prune(model, { sparsity: 0.5 }), { calibration: x }), [x, y], 0.05);
    const steps = Array.from(made.data, (pixel, i) => Math.abs(pixel - x.data[i]!));
    expect(Math.max(...steps)).toBeLessThan(0.0501);
    expect(Math.min(...made.data)).toBeGreaterThanOrEqual(0);
    model.compile({ optimizer: 'sgd', loss: 'sparseCategoricalCrossentropy' });
    expect(model.evaluate(made, y).loss!).toBeGreaterThan(model.evaluate(x, y).loss! * 1.1);
  });

  test('membership is a coin for samples that are alike, and certain where confidence tells', () => {
    const layer = new Dense(2, { activation: 'softmax', inputShape: [1], kernelInitializer: 'ones' });
    const model = new Sequential([layer], { seed: 1 });
    layer.parameter('kernel').value.data.set([4, -4]);
    const at = (value: number): readonly [ReturnType<typeof fromData>, ReturnType<typeof fromData>] => [
      fromData(new Float32Array(6).fill(value), [6, 1]),
      fromData(new Int32Array(6)),
    ];
    expect(membershipAUC(model, at(1), at(1))).toBe(0.5);
    expect(membershipAUC(model, at(1), at(-1))).toBe(1);
    expect(membershipAUC(model, at(-1), at(1))).toBe(0);
  });
});
