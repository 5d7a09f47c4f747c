/** What a teacher may be, and what it may be asked. */
import { describe, expect, test } from 'vitest';
import { asOne, Member } from '../../src/distill/teacher.ts';
import {
  Activation,
  bestTeacher,
  bornAgain,
  Conv2D,
  concat,
  Dense,
  type DistillOptions,
  Dropout,
  decodeNetwork,
  digest,
  distill,
  distillReport,
  encodeNetwork,
  ensembleNetwork,
  fromData,
  input,
  KeptCopies,
  Layer,
  Model,
  mul,
  noGrad,
  oneHot,
  predictNetwork,
  quantize,
  randomNormal,
  Sequential,
  SGD,
  type Tensor,
  toNetwork,
} from '../../src/index.ts';
import { normal, threeClasses, values } from '../compress/tools.ts';

const [x, y] = threeClasses(48);
type Ending = 'softmax' | 'sigmoid' | 'linear';

function net(hidden: number, seed: number, ending: Ending = 'softmax', outputs = 3): Sequential {
  const weights = { kernelInitializer: randomNormal(0, 1) };
  return new Sequential(
    [
      new Dense(hidden, { ...weights, activation: 'relu', inputShape: [5], name: 'hidden' }),
      new Dense(outputs, { ...weights, activation: ending, name: 'last' }),
    ],
    { seed },
  );
}

const sgd = (): SGD => new SGD({ learningRate: 0.05 });
const train = (options: Partial<DistillOptions> = {}): ReturnType<typeof distill> =>
  distill({ teacher: net(8, 1), student: net(4, 2), x, y, epochs: 2, batchSize: 16, optimizer: sgd, ...options });
const same = (a: Partial<DistillOptions>, b: Partial<DistillOptions>): void =>
  expect(digest(train(a).model)).toBe(digest(train(b).model));
const differ = (a: Partial<DistillOptions>, b: Partial<DistillOptions>): void =>
  expect(digest(train(a).model)).not.toBe(digest(train(b).model));

/** Number by number. */
function near(found: readonly number[], wanted: readonly number[], digits: number): void {
  expect(found.length).toBe(wanted.length);
  for (const [i, value] of found.entries()) expect(value).toBeCloseTo(wanted[i]!, digits);
}

describe('a teacher', () => {
  test.each<Ending>(['softmax', 'sigmoid', 'linear'])(
    'that ends in %s may be its network, stored and read again',
    (ending) => {
      const teacher = net(8, 1, ending);
      const options = { student: net(4, 2, ending), y: ending === 'softmax' ? y : oneHot(y, 3) };
      const stored = decodeNetwork(encodeNetwork(toNetwork(teacher))).network;
      same({ teacher, ...options }, { teacher: stored, ...options });
    },
  );

  test('that is quantized says what its model of integers says', () => {
    for (const format of ['static', 'int8', 'float16'] as const) {
      const teacher = quantize(net(8, 1), { format, calibration: x });
      const member = new Member('distill', teacher);
      let logits: number[] = [];
      member.answers([x], { outputs: [0], logits: [true], values: ['hidden'] }, ([z, hidden]) => {
        logits = [...logits, ...values(z!)];
        expect(hidden!.shape).toEqual([48, 8]);
      });
      const said = values(predictNetwork(teacher, x));
      const z = noGrad(() =>
        new Sequential([new Activation('softmax', { inputShape: [3] })]).forward(
          fromData(Float32Array.from(logits), [48, 3]),
        ),
      );
      near(values(z), said, 6);
      differ({ teacher }, {});
      expect(train({ teacher, terms: [{ kind: 'hint', student: 'hidden' }] }).model.isBuilt).toBe(true);
    }
  });

  test('of code, of float64 or one that draws is asked by its layers', () => {
    class Twice extends Layer {
      override readonly type = 'Twice';
      override build(shape: readonly number[]): readonly number[] {
        return shape;
      }
      override call(t: Tensor): Tensor {
        return mul(t, 2);
      }
      override clone(): Layer {
        return new Twice();
      }
    }
    const own = new Sequential([new Twice({ inputShape: [5] }), ...net(8, 1).layers.map((layer) => layer.clone())], {
      seed: 1,
    });
    expect(train({ teacher: own, alpha: 1 }).history.history.loss!.every(Number.isFinite)).toBe(true);
    const drawing = new Sequential([new Dense(3, { inputShape: [5] }), new Dropout(0.5, { training: true })]);
    expect(train({ teacher: drawing }).history.history.loss!.every(Number.isFinite)).toBe(true);
  });

  test('that is an ensemble of one is that one, and of equals too, nearly', () => {
    const teacher = net(8, 1);
    same({ teacher }, { teacher: [teacher] });
    for (const ensemble of ['probabilities', 'logits'] as const) {
      const { history } = train({ teacher: [teacher, teacher, teacher], ensemble }).history;
      near(history.loss!, train({ teacher }).history.history.loss!, 4);
    }
    differ({ teacher: [teacher, net(8, 5)] }, { teacher: [teacher, net(8, 5)], ensemble: 'logits' });
  });

  test('that is an ensemble has the mean of the softened probabilities, or the geometric mean', () => {
    const all = mul(normal([3, 6, 4], 8), 4);
    const T = 2.5;
    const soft = (z: readonly number[], kind: 'softmax' | 'sigmoid'): number[] => {
      if (kind === 'sigmoid') return z.map((value) => 1 / (1 + Math.exp(-value / T)));
      const e = z.map((value) => Math.exp(value / T));
      return e.map((value) => value / e.reduce((p, q) => p + q, 0));
    };
    const row = (t: Tensor, i: number): number[] => values(t).slice(4 * i, 4 * i + 4);
    for (const kind of ['softmax', 'sigmoid'] as const)
      for (let i = 0; i < 6; i++) {
        const members = [0, 1, 2].map((m) => soft(row(all, 6 * m + i), kind));
        const mean = soft(row(asOne(all, kind, T, 'probabilities'), i), kind);
        near(
          mean,
          [0, 1, 2, 3].map((j) => members.reduce((sum, own) => sum + own[j]! / 3, 0)),
          5,
        );
        if (kind === 'sigmoid') continue;
        const products = [0, 1, 2, 3].map((j) => members.reduce((product, own) => product * own[j]! ** (1 / 3), 1));
        const total = products.reduce((p, q) => p + q, 0);
        near(
          soft(row(asOne(all, kind, T, 'logits'), i), kind),
          products.map((p) => p / total),
          5,
        );
      }
  });
});

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

describe('a line of teachers', () => {
  test('of assistants is each distilled from the one before', () => {
    const assistants = [net(7, 11), net(6, 12)];
    const { model, assistants: trained } = train({ assistants });
    const first = train({ student: assistants[0]! });
    const second = train({ teacher: first.model, student: assistants[1]! });
    expect(trained!.map((each) => digest(each.model))).toEqual([digest(first.model), digest(second.model)]);
    expect(digest(model)).toBe(digest(train({ teacher: second.model }).model));
    expect(() => train({ assistants, terms: [{ kind: 'hint', student: 'hidden' }] })).toThrow(
      'terms must be left out with assistants',
    );
    const scheduled = new SGD({ learningRate: () => 0.1 });
    expect(() => train({ assistants, optimizer: scheduled })).toThrow('give a function, as optimizer: () =>');
  });

  test('that was kept on the way shows which teaches best', () => {
    const teacher = net(8, 1);
    teacher.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy' });
    const kept = new KeptCopies([1, 4]);
    teacher.fit(x, y, { epochs: 5, callbacks: [kept] });
    expect(kept.copies.map(({ epochs }) => epochs)).toEqual([1, 4]);
    const validationData = threeClasses(30, 8);
    const teachers = [...kept.copies.map(({ model }) => model), teacher];
    const best = bestTeacher({ teachers, student: net(4, 2), x, y, validationData, epochs: 3, optimizer: sgd });
    expect(best.trials.map(({ teacher: each }) => each)).toEqual(teachers);
    expect(best.score).toBe(Math.max(...best.trials.map(({ score }) => score)));
    expect(digest(best.trials[2]!.model)).toBe(digest(train({ teacher, epochs: 3, batchSize: 32 }).model));
    expect(() => bestTeacher({ teachers: [], student: net(4, 2), x, y, validationData })).toThrow(
      'teachers must be a list',
    );
    expect(() => new KeptCopies([0])).toThrow('epochs[0]');
  });

  test('of one architecture is born again, and its ensemble is the mean', () => {
    const model = net(4, 1);
    const { generations, ensemble } = bornAgain({ model, x, y, generations: 2, epochs: 2, optimizer: sgd });
    expect(new Set([digest(model), ...generations.map((each) => digest(each.model))]).size).toBe(3);
    const said = generations.map((each) => values(each.model.predict(x)));
    near(
      values(predictNetwork(ensemble(), x)),
      said[0]!.map((p, i) => (p + said[1]![i]!) / 2),
      6,
    );
    const again = decodeNetwork(encodeNetwork(ensemble())).network;
    expect(values(predictNetwork(again, x))).toEqual(values(predictNetwork(ensemble(), x)));
    expect(() => ensembleNetwork([model, net(4, 1, 'softmax', 2)])).toThrow('all must have the same outputs');
    expect(() => bornAgain({ model, x, y, generation: 2 } as never)).toThrow('Did you mean generations?');
  });
});

test('a report tells right, alike and sure apart', () => {
  const teacher = net(8, 1);
  const student = net(4, 2);
  const report = distillReport(teacher, { alone: student, twin: toNetwork(teacher) }, [x, y]);
  expect(report.rows.map(({ name }) => name)).toEqual(['teacher', 'alone', 'twin']);
  const [own, alone, twin] = report.rows;
  expect({ ...twin, name: 'teacher' }).toEqual(own);
  expect(alone!.agreement).toBeLessThan(1);
  expect(String(report).split('\n')).toHaveLength(5);
  expect(distillReport([teacher, teacher], { student }, [x, y]).rows[0]!.accuracy).toBe(own!.accuracy);
});
