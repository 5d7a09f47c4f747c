/** Samples without labels, several outputs, places. */
import { describe, expect, test } from 'vitest';
import {
  Conv2D,
  concat,
  Dense,
  type DistillOptions,
  digest,
  distill,
  distillReport,
  fromData,
  input,
  Model,
  noGrad,
  oneHot,
  Sequential,
  SGD,
} from '../../src/index.ts';
import { normal } from '../compress/tools.ts';
import { net, sgd, train, x, y } from './students.ts';

const same = (a: Partial<DistillOptions>, b: Partial<DistillOptions>): void =>
  expect(digest(train(a).model)).toBe(digest(train(b).model));

/** Number by number. */
function near(found: readonly number[], wanted: readonly number[], digits: number): void {
  expect(found.length).toBe(wanted.length);
  for (const [i, value] of found.entries()) expect(value).toBeCloseTo(wanted[i]!, digits);
}

describe('samples without labels', () => {
  const u = normal([20, 5], 9);

  test('do not move the hard loss', () => {
    const once = {
      epochs: 1,
      batchSize: 68,
      shuffle: false,
      optimizer: () => new SGD({ learningRate: 1e-12 }),
    } as const;
    const lossOf = (options: Partial<DistillOptions>): number =>
      train({ ...once, ...options }).history.history.loss![0]!;
    const soft = lossOf({ alpha: 1, unlabelled: u });
    const hard = lossOf({ alpha: 0 });
    expect(lossOf({ alpha: 0.25, unlabelled: u })).toBeCloseTo(0.25 * soft + (0.75 * hard * 48) / 68, 5);
    for (const ending of ['sigmoid', 'linear'] as const) {
      const own = { teacher: net(8, 1, ending), student: net(4, 2, ending), y: oneHot(y, 3), alpha: 0 };
      expect(lossOf({ ...own, unlabelled: u })).toBeCloseTo((lossOf(own) * 48) / 68, 5);
    }
    expect(lossOf({ alpha: 0, unlabelled: u })).toBeCloseTo((hard * 48) / 68, 6);
    same(
      { alpha: 1, unlabelled: u, epochs: 1 },
      { alpha: 1, x: concat([x, u]), y: concat([y, fromData(new Int32Array(20))]), epochs: 1 },
    );
    const { accuracy } = train({ ...once, unlabelled: u }).history.history;
    expect(accuracy).toEqual(train({ ...once }).history.history.accuracy);
  });

  test('are all there is where y is left out, with agreement in the history', () => {
    const { y: _, ...rest } = { teacher: net(8, 1), student: net(4, 2), x, y, epochs: 2, optimizer: sgd };
    const { model, history } = distill(rest);
    expect(digest(model)).toBe(digest(distill({ ...rest, y, alpha: 1 }).model));
    expect(Object.keys(history.history)).toEqual(['loss', 'agreement', 'learning_rate']);
    const held = distill({ ...rest, validationData: [x, y] }).history.history;
    expect(held.val_accuracy!.at(-1)).toBe(distillReport(rest.teacher, { model }, [x, y]).rows[1]!.accuracy);
    expect(held.val_agreement!.at(-1)).toBeCloseTo(
      distillReport(rest.teacher, { model }, [x, y]).rows[1]!.agreement!,
      9,
    );
    expect(() => distill({ ...rest, alpha: 0.5 })).toThrow(
      'distill: alpha must be 1 without y, got 0.5. Give y, or alpha: 1 to learn from the teacher alone',
    );
    expect(() => distill({ ...rest, y, validationData: [x] })).toThrow(
      'distill: y of validationData must be given, as y is',
    );
  });
});

describe('several outputs and places', () => {
  const two = (seed: number): Model => {
    const at = input([5]);
    const hidden = new Dense(6, { activation: 'tanh', name: 'hidden' }).apply(at);
    const classes = new Dense(3, { activation: 'softmax', name: 'classes' }).apply(hidden);
    const number = new Dense(2, { name: 'numbers' }).apply(hidden);
    return new Model(at, [classes, number], { seed });
  };
  const numbers = normal([48, 2], 4);

  test('are each taught by its kind', () => {
    const options = { teacher: two(1), student: two(2), x, y: [y, numbers] } as const;
    const { model, history } = distill({ ...options, epochs: 2, optimizer: sgd, lossWeights: [1, 0.5] });
    const {
      loss,
      classes_loss: classes,
      numbers_loss: mse,
      classes_accuracy: accuracy,
      numbers_mse: own,
    } = history.history;
    near(
      loss!,
      classes!.map((own, i) => own + 0.5 * mse![i]!),
      4,
    );
    expect([accuracy!.length, own!.length, model.objectives.map(({ weight }) => weight)]).toEqual([2, 2, [1, 0.5]]);
    const terms = [{ kind: 'hint', student: 'hidden' }] as const;
    expect(distill({ ...options, terms, epochs: 1 }).history.history).toHaveProperty('hint_loss');
    expect(String(distillReport(options.teacher, { own: options.student }, [x, [y, numbers]]))).toContain('rmse');
  });

  test('at alpha 0 give what fit gives, to the bit', () => {
    for (const shape of [
      [48, 3],
      [48, 4, 3],
    ] as const) {
      const xs = normal([...shape.slice(0, -1), 5], 6);
      const labels = fromData(
        Int32Array.from({ length: shape.length === 2 ? 48 : 192 }, (_, i) => i % 3),
        shape.slice(0, -1),
      );
      const make = (seed: number): Sequential =>
        new Sequential([new Dense(3, { activation: 'softmax', inputShape: xs.shape.slice(1) })], { seed });
      const plain = make(2);
      plain.compile({ optimizer: sgd(), loss: 'sparseCategoricalCrossentropy' });
      plain.fit(xs, labels, { epochs: 3 });
      const { model } = distill({
        teacher: make(1),
        student: make(2),
        x: xs,
        y: labels,
        alpha: 0,
        epochs: 3,
        optimizer: sgd,
      });
      expect(digest(model)).toBe(digest(plain));
    }
  });

  test('teach an image place by place', () => {
    const image = (seed: number): Sequential =>
      new Sequential([new Conv2D(3, 3, { padding: 'same', activation: 'softmax', inputShape: [4, 4, 2] })], { seed });
    const xs = normal([12, 4, 4, 2], 3);
    const { history } = distill({
      teacher: image(1),
      student: image(2),
      x: xs,
      epochs: 30,
      optimizer: () => new SGD({ learningRate: 0.5 }),
    });
    expect(history.history.loss!.at(-1)!).toBeLessThan(0.3 * history.history.loss![0]!);
    expect(history.history.agreement!.at(-1)!).toBeGreaterThan(0.8);
  });

  test('of numbers may be bounded by the teacher', () => {
    const linear = (seed: number): Sequential => net(4, seed, 'linear', 2);
    const teacher = linear(1);
    const targets = noGrad(() => teacher.forward(x)); // the teacher is never wrong
    const options = { teacher, student: linear(2), y: targets, epochs: 1, batchSize: 48, shuffle: false } as const;
    const lossOf = (more: Partial<DistillOptions>): number => train({ ...options, ...more }).history.history.loss![0]!;
    expect(lossOf({ margin: 0, alpha: 1 })).toBeCloseTo(lossOf({ alpha: 0 }), 3);
    const bad = { ...options, teacher: linear(7), alpha: 1 }; // is further from the labels than a student that knows them
    expect(lossOf({ ...bad, student: teacher, margin: 0 })).toBe(0);
    expect(lossOf({ ...bad, student: teacher })).toBeGreaterThan(0.1);
  });
});
