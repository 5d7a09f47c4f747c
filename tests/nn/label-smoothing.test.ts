import { describe, expect, test } from 'vitest';
import {
  binaryCrossentropy,
  categoricalCrossentropy,
  Dense,
  digest,
  distill,
  fromData,
  hinge,
  huber,
  klDivergence,
  type Loss,
  loadModel,
  meanAbsoluteError,
  meanSquaredError,
  oneHot,
  Random,
  Sequential,
  SGD,
  saveModel,
  selfDistill,
  sparseCategoricalCrossentropy,
  type Tensor,
  ValueError,
} from '../../src/index.ts';
import { lossOf } from '../../src/nn/losses.ts';

const N = 24;
const S = 0.2;
const x = new Random(1).normal([N, 4]);
const classes = fromData(Int32Array.from({ length: N }, (_, i) => (i * 5) % 3));
const rows = oneHot(classes, 3);
const bits = fromData(
  Float32Array.from(classes.data, (c: number) => Number(c > 0)),
  [N, 1],
);
const smooth = (t: Tensor, count: number): Tensor =>
  fromData(
    Float32Array.from(t.data, (v: number) => (1 - S) * v + S / count),
    t.shape,
  );

type Make = (options: { readonly labelSmoothing?: number; readonly fromLogits?: boolean }) => Loss;

/** The losses of classes that smooth, with targets and the same targets smoothed, for their loss without. */
const SMOOTH: readonly [string, Make, Tensor, Make, Tensor][] = [
  ['binaryCrossentropy', binaryCrossentropy, bits, binaryCrossentropy, smooth(bits, 2)],
  ['categoricalCrossentropy', categoricalCrossentropy, rows, categoricalCrossentropy, smooth(rows, 3)],
  ['sparseCategoricalCrossentropy', sparseCategoricalCrossentropy, classes, categoricalCrossentropy, smooth(rows, 3)],
];

function net(width: number, activation: 'softmax' | 'sigmoid' | 'linear', loss: Loss, seed = 3): Sequential {
  const model = new Sequential(
    [new Dense(5, { activation: 'tanh', inputShape: [4] }), new Dense(width, { activation })],
    { seed },
  );
  model.compile({ optimizer: new SGD({ learningRate: 0.1 }), loss });
  return model;
}

describe('label smoothing', () => {
  test.each(SMOOTH)(
    'of %s is training on smoothed targets, after an activation and on logits',
    (_, make, y, plain, z) => {
      const width = y.shape[1] === 1 ? 1 : 3;
      for (const activation of [width === 1 ? 'sigmoid' : 'softmax', 'linear'] as const) {
        const fromLogits = activation === 'linear';
        const a = net(width, activation, make({ labelSmoothing: S, fromLogits }));
        const b = net(width, activation, plain({ fromLogits }));
        const losses = a.fit(x, y, { epochs: 4, batchSize: 8 }).history.loss!;
        b.fit(x, z, { epochs: 4, batchSize: 8 }).history.loss!.forEach((loss, i) => {
          expect(losses[i]).toBeCloseTo(loss, 5);
        });
        const unsmoothed = net(width, activation, make({ fromLogits })).fit(x, y, { epochs: 4, batchSize: 8 });
        expect(Math.abs(unsmoothed.history.loss![3]! - losses[3]!)).toBeGreaterThan(0.001);
        expect(loadModel(saveModel(a)).loss.options).toEqual({ fromLogits, labelSmoothing: S });
      }
    },
  );

  test('is an option of every loss of classes whose targets are labels, and of no other', () => {
    // hinge reads margins, klDivergence whole distributions, which come smoothed; the others are of numbers
    const others = [klDivergence, hinge, meanSquaredError, meanAbsoluteError, huber] as unknown as readonly Make[];
    for (const make of others) expect(() => make({ labelSmoothing: S })).toThrow(ValueError);
    for (const [name, make] of SMOOTH) {
      expect(lossOf(name as 'binaryCrossentropy').options).toEqual({ fromLogits: false, labelSmoothing: 0 });
      expect(make({ labelSmoothing: S }).options).toEqual({ fromLogits: false, labelSmoothing: S });
    }
  });

  test.each(SMOOTH)('of %s is that of the labels in distillation too', (_, make, y) => {
    const width = y.shape[1] === 1 ? 1 : 3;
    const activation = width === 1 ? 'sigmoid' : 'softmax';
    const teacher = net(width, activation, make({}), 9);
    const once = { epochs: 2, batchSize: 8 };
    const taught = (labelSmoothing: number, alpha: number): ReturnType<typeof distill> => {
      const student = net(width, activation, make({ labelSmoothing }));
      return distill({ teacher, student, x, y, alpha, optimizer: new SGD({ learningRate: 0.1 }), ...once });
    };
    const { model, history } = taught(S, 0);
    net(width, activation, make({ labelSmoothing: S }))
      .fit(x, y, once)
      .history.loss!.forEach((loss, i) => {
        expect(history.history.loss![i]).toBeCloseTo(loss, 5);
      });
    expect(model.loss.options).toMatchObject({ labelSmoothing: S });
    expect(digest(taught(S, 0.5).model)).not.toBe(digest(taught(0, 0.5).model));
    expect(digest(taught(S, 1).model)).toBe(digest(taught(0, 1).model));
  });

  test('is that of the exits in self-distillation', () => {
    const made = (labelSmoothing: number): string => {
      const model = net(3, 'softmax', sparseCategoricalCrossentropy({ labelSmoothing }));
      return digest(selfDistill(model, { x, y: classes, exits: [model.layers[0]!.name], epochs: 2 }).model);
    };
    expect(made(S)).not.toBe(made(0));
    expect(made(S)).toBe(made(S));
  });
});
