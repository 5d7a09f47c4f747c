/** Distillation between networks for images. */
import { describe, expect, test } from 'vitest';
import {
  Conv2D,
  compare,
  Dense,
  digest,
  distill,
  Flatten,
  fromData,
  GlobalAvgPool2D,
  LayerNorm,
  mobileNetV2,
  noGrad,
  pruneNeurons,
  reshape,
  Sequential,
  ShapeError,
  shuffleNetV2,
  slice,
  smallCNN,
  type Tensor,
} from '../../src/index.ts';
import { digits, normal, quick, values } from '../compress/tools.ts';

const image = { inputShape: [8, 8, 1] as const, classes: 10 };
const light = { ...image, stemStride: 1, width: 0.35, features: 32, blocks: 2, momentum: 0.8 } as const;

/** Some of the digits as images: [samples, 8, 8, 1]. */
async function few(n: number): Promise<[x: Tensor, y: Tensor]> {
  const [x, , y] = await digits();
  return [reshape(slice(x, [[0, n]]), [n, 8, 8, 1]), slice(y, [[0, n]])];
}

const accuracyOf = (model: { predict(x: Tensor): unknown }, x: Tensor, y: Tensor): number => {
  const rows = values(model.predict(x) as Tensor);
  const right = values(y).filter((label, i) => {
    const row = rows.slice(10 * i, 10 * i + 10);
    return row.indexOf(Math.max(...row)) === label;
  });
  return right.length / y.size;
};

describe('distill', () => {
  test.each([
    ['MobileNetV2', (seed: number) => mobileNetV2({ ...light, seed })],
    ['ShuffleNetV2', (seed: number) => shuffleNetV2({ ...light, stemPool: false, seed })],
  ])("teaches a %s-like student what a convolutional network says of the digits' images", async (_, make) => {
    const [x, y] = await few(320);
    const teacher = smallCNN({ ...image, seed: 1 });
    teacher.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy' });
    teacher.fit(x, y, { epochs: 12 });
    const student = make(2);
    const before = [digest(teacher), digest(student)];
    const { model, history } = distill({ teacher, student, x, y, temperature: 4, alpha: 1, epochs: 30 });
    expect([digest(teacher), digest(student)]).toEqual(before);
    const { loss } = history.history as { loss: number[] };
    expect(loss.at(-1)).toBeLessThan(0.5 * loss[0]!);
    expect(accuracyOf(teacher, x, y)).toBeGreaterThan(0.9);
    expect(accuracyOf(model, x, y)).toBeGreaterThan(0.8); // alpha 1: of the labels it has heard nothing
    expect(model.outputShape).toEqual([10]);
  });

  test('says of images what plain loops say: alpha·T²·KL + (1 - alpha)·CE', () => {
    const chain = (filters: number, seed: number): Sequential =>
      new Sequential(
        [
          new Conv2D(filters, 3, { activation: 'relu', inputShape: [5, 5, 2] }),
          new GlobalAvgPool2D(),
          new Dense(4, { activation: 'softmax' }),
        ],
        { seed },
      );
    const [teacher, student] = [chain(6, 1), chain(3, 2)];
    const x = normal([7, 5, 5, 2]);
    const labels = [0, 3, 1, 2, 2, 0, 3];
    const softmax = (z: readonly number[]): number[] => {
      const e = z.map((value) => Math.exp(value - Math.max(...z)));
      return e.map((value) => value / e.reduce((p, q) => p + q, 0));
    };
    const [t, s] = [teacher, student].map((model) => {
      const data = values(noGrad(() => model.forward(x, { logits: true })));
      return labels.map((_, i) => data.slice(4 * i, 4 * i + 4));
    }) as [number[][], number[][]];
    const [T, alpha] = [3, 0.7];
    const losses = labels.map((label, i) => {
      const [p, q] = [t[i]!, s[i]!].map((z) => softmax(z.map((value) => value / T))) as [number[], number[]];
      const soft = p.reduce((sum, value, j) => sum + value * Math.log(value / q[j]!), 0);
      return alpha * T * T * soft - (1 - alpha) * Math.log(softmax(s[i]!)[label]!);
    });
    const wanted = losses.reduce((p, q) => p + q, 0) / 7;
    const options = { temperature: T, alpha, epochs: 1, batchSize: 7, shuffle: false } as const;
    const { history } = distill({ teacher, student, x, y: fromData(Int32Array.from(labels)), ...options });
    expect((history.history as { loss: number[] }).loss[0]).toBeCloseTo(wanted, 5);
  });

  test('mends a network that lost half of its channels, with itself as teacher', async () => {
    const [x, y] = await few(320);
    const teacher = smallCNN({ ...image, seed: 3, dropout: 0 });
    teacher.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy'] });
    teacher.fit(x, y, { epochs: 12 });
    const student = pruneNeurons(teacher, { amount: 0.5, scope: 'layer' });
    const { model } = distill({ teacher, student, x, y, epochs: 6 });
    expect(accuracyOf(model, x, y)).toBeGreaterThan(accuracyOf(student, x, y));
    expect(accuracyOf(model, x, y)).toBeGreaterThan(0.9);
    const { before, after } = compare(teacher, model, quick);
    expect([before.macs / after.macs > 2, before.parameters / after.parameters > 2]).toEqual([true, true]);
  });

  test('refuses teachers that see other images, or say other things', () => {
    const x = normal([4, 8, 8, 1]);
    const y = fromData(Int32Array.of(0, 1, 2, 3));
    const student = smallCNN({ ...image, seed: 1 });
    const flat = new Sequential([new Flatten({ inputShape: [8, 8, 1] }), new LayerNorm(), new Dense(9)]);
    expect(() => distill({ teacher: flat, student, x, y })).toThrow(ShapeError);
    const colour = smallCNN({ ...image, inputShape: [8, 8, 3] });
    expect(() => distill({ teacher: colour, student, x, y })).toThrow(
      'distill: teacher and student must read samples of the same shapes, got [8, 8, 3] and [8, 8, 1]',
    );
  });
});
