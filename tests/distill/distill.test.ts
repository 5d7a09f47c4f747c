import { describe, expect, test } from 'vitest';
import {
  Activation,
  cast,
  compare,
  cosineDecay,
  Dense,
  type DistillOptions,
  digest,
  distill,
  fromData,
  type Logs,
  loadModel,
  measure,
  noGrad,
  oneHot,
  prune,
  randomNormal,
  Sequential,
  SGD,
  saveModel,
  type Tensor,
} from '../../src/index.ts';
import { kernelsOf, normal, quick, smallModel, threeClasses, values } from '../compress/tools.ts';

type Ending = 'softmax' | 'sigmoid' | 'linear' | 'logSoftmax';

function net(
  hidden: number,
  outputs: number,
  ending: Ending,
  seed: number,
  dtype: 'float32' | 'float64' = 'float32',
): Sequential {
  const weights = { kernelInitializer: randomNormal(0, 1) };
  return new Sequential(
    [
      new Dense(hidden, { ...weights, activation: 'tanh', inputShape: [5] }),
      new Dense(outputs, { ...weights, activation: ending }),
    ],
    { seed, dtype },
  );
}

const rowsOf = (t: Tensor): number[][] => {
  const width = t.size / t.shape[0]!;
  const data = values(t);
  return Array.from({ length: t.shape[0]! }, (_, i) => data.slice(i * width, (i + 1) * width));
};
const logitsOf = (model: Sequential, x: Tensor): number[][] => rowsOf(noGrad(() => model.forward(x, { logits: true })));
const softmaxOf = (z: readonly number[]): number[] => {
  const top = Math.max(...z);
  const e = z.map((value) => Math.exp(value - top));
  const total = e.reduce((p, q) => p + q, 0);
  return e.map((value) => value / total);
};
const mean = (list: readonly number[]): number => list.reduce((p, q) => p + q, 0) / list.length;
const divergence = (p: readonly number[], q: readonly number[]): number =>
  p.reduce((sum, value, i) => sum + (value === 0 ? 0 : value * Math.log(value / q[i]!)), 0);

/** alpha·T²·KL(softmax(t/T) ‖ softmax(s/T)) + (1 - alpha)·CE(labels, softmax(s)), the mean over samples. */
function hinton(t: number[][], s: number[][], labels: number[][], T: number, alpha: number): number {
  return mean(
    s.map((row, i) => {
      const [p, q] = [t[i]!, row].map((z) => softmaxOf(z.map((value) => value / T))) as [number[], number[]];
      const hard = -labels[i]!.reduce((sum, y, j) => sum + y * Math.log(softmaxOf(row)[j]!), 0);
      return alpha * T * T * divergence(p, q) + (1 - alpha) * hard;
    }),
  );
}

const [x, y] = threeClasses(48);
const double = (t: Tensor): Tensor => fromData(Float64Array.from(t.data), t.shape);
const hot = oneHot(y, 3);
const once = { epochs: 1, batchSize: 48, shuffle: false } as const;
const settings: [T: number, alpha: number][] = [
  [1, 0],
  [1, 1],
  [3, 0.5],
  [4, 0.9],
  [20, 0.3],
];

test('the student counts its loss afterwards as the given one does', () => {
  const [x, y] = threeClasses();
  const student = smallModel();
  student.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy', lossWeights: [3] });
  const { model } = distill({ teacher: smallModel(2), student, x, y, epochs: 1 });
  expect(model.objectives.map(({ weight }) => weight)).toEqual([3]);
  expect(() => distill({ teacher: smallModel(2), student, x, y: [y] as never })).toThrow('distill: y must be a tensor');
});

describe('the distillation loss', () => {
  test.each(settings)('is the formula with T = %d, alpha = %d', (temperature, alpha) => {
    const [teacher, student] = [net(8, 3, 'softmax', 1), net(4, 3, 'softmax', 2)];
    const wanted = hinton(logitsOf(teacher, x), logitsOf(student, x), rowsOf(hot), temperature, alpha);
    for (const targets of [y, hot, fromData(Int32Array.from(y.data), [48, 1])]) {
      const { history } = distill({ teacher, student, x, y: targets, temperature, alpha, ...once }).history;
      expect(Math.abs(history.loss![0]! - wanted)).toBeLessThan(2e-5 * Math.max(1, wanted));
    }
  });

  test.each(settings)('is the formula in float64 to 1e-9 with T = %d, alpha = %d', (temperature, alpha) => {
    const [teacher, student] = [net(8, 3, 'softmax', 1, 'float64'), net(4, 3, 'softmax', 2, 'float64')];
    const inputs = double(x);
    const wanted = hinton(logitsOf(teacher, inputs), logitsOf(student, inputs), rowsOf(hot), temperature, alpha);
    const { history } = distill({ teacher, student, x: inputs, y, temperature, alpha, ...once }).history;
    expect(Math.abs(history.loss![0]! - wanted)).toBeLessThan(1e-9 * Math.max(1, wanted));
  });

  test('reads networks that end before softmax, or in its logarithm, as logits', () => {
    const endings: [Ending, Ending][] = [
      ['linear', 'linear'],
      ['softmax', 'linear'],
      ['linear', 'softmax'],
      ['logSoftmax', 'softmax'],
      ['softmax', 'logSoftmax'],
    ];
    for (const [t, s] of endings) {
      const [teacher, student] = [net(8, 3, t, 1), net(4, 3, s, 2)];
      const wanted = hinton(logitsOf(teacher, x), logitsOf(student, x), rowsOf(hot), 3, 0.5);
      const targets = t === 'linear' && s === 'linear' ? y : hot;
      const { history, model } = distill({ teacher, student, x, y: targets, ...once });
      expect(Math.abs(history.history.loss![0]! - wanted)).toBeLessThan(2e-5 * wanted);
      expect(model.lastActivation).toBe(s);
    }
  });

  test('reads softmax in a layer of its own too', () => {
    const own = new Sequential([new Dense(3, { inputShape: [5] }), new Activation('softmax')], { seed: 4 });
    const wanted = hinton(logitsOf(own, x), logitsOf(net(4, 3, 'softmax', 2), x), rowsOf(hot), 3, 0.5);
    const { history } = distill({ teacher: own, student: net(4, 3, 'softmax', 2), x, y, ...once }).history;
    expect(history.loss![0]).toBeCloseTo(wanted, 4);
  });

  test('is two classes an output for sigmoid', () => {
    const [teacher, student] = [net(8, 2, 'sigmoid', 1), net(4, 2, 'sigmoid', 2)];
    const targets = fromData(
      Float32Array.from({ length: 96 }, (_, i) => Number(i % 3 === 0)),
      [48, 2],
    );
    const [t, s] = [logitsOf(teacher, x).flat(), logitsOf(student, x).flat()];
    const [T, alpha] = [2.5, 0.4];
    const sigmoid = (z: number): number => 1 / (1 + Math.exp(-z));
    const wanted = mean(
      s.map((z, i) => {
        const [p, q, label] = [sigmoid(t[i]! / T), sigmoid(z / T), targets.data[i]!];
        const hard = -Math.log(label === 1 ? sigmoid(z) : 1 - sigmoid(z));
        return alpha * T * T * divergence([p, 1 - p], [q, 1 - q]) + (1 - alpha) * hard;
      }),
    );
    const { history } = distill({ teacher, student, x, y: targets, temperature: T, alpha, ...once }).history;
    expect(history.loss![0]).toBeCloseTo(wanted, 4);
    expect(history.accuracy).toHaveLength(1);
  });

  test('is a mixture of squared errors for regression', () => {
    const [teacher, student] = [net(8, 2, 'linear', 1), net(4, 2, 'linear', 2)];
    const targets = normal([48, 2], 8);
    const [t, s] = [values(teacher.predict(x)), values(student.predict(x))];
    const wanted = mean(s.map((p, i) => 0.3 * (p - t[i]!) ** 2 + 0.7 * (p - targets.data[i]!) ** 2));
    const { model, history } = distill({
      teacher,
      student,
      x,
      y: targets,
      alpha: 0.3,
      temperature: 7,
      ...once,
    });
    expect(history.history.loss![0]).toBeCloseTo(wanted, 4);
    expect(history.history.mse![0]).toBeCloseTo(mean(s.map((p, i) => (p - targets.data[i]!) ** 2)), 4);
    const { before, agreement } = compare(teacher, model, { samples: [x, targets], ...quick });
    expect(agreement).toBeUndefined();
    expect(before.score).toBe(measure(teacher, { samples: [x, targets], ...quick }).score);
  });

  test('has a gradient of the same size at any temperature', () => {
    const size = (temperature: number): number => {
      const student = net(4, 3, 'softmax', 2, 'float64');
      const before = kernelsOf(student).flatMap(values);
      const optimizer = new SGD({ learningRate: 1e-4 });
      const teacher = net(8, 3, 'softmax', 1, 'float64');
      const { model } = distill({ teacher, student, x: double(x), y, alpha: 1, temperature, optimizer, ...once });
      return Math.hypot(
        ...kernelsOf(model)
          .flatMap(values)
          .map((w, i) => w - before[i]!),
      );
    };
    const [p, q, r] = [size(10), size(40), size(160)];
    expect(q / p).toBeGreaterThan(0.8);
    expect(q / p).toBeLessThan(1.25);
    expect(r / q).toBeGreaterThan(0.95);
    expect(r / q).toBeLessThan(1.05);
  });
});

describe('distill', () => {
  const train = (options: Partial<DistillOptions> = {}): ReturnType<typeof distill> =>
    distill({
      teacher: net(8, 3, 'softmax', 1),
      student: net(4, 3, 'softmax', 2),
      x,
      y,
      epochs: 4,
      batchSize: 16,
      ...options,
    });

  test('with alpha 0 trains as fit does', () => {
    const plain = net(4, 3, 'softmax', 2);
    plain.compile({ optimizer: new SGD({ learningRate: 0.1 }), loss: 'sparseCategoricalCrossentropy' });
    plain.fit(x, y, { epochs: 4, batchSize: 16 });
    const { model } = train({ alpha: 0, temperature: 1, optimizer: new SGD({ learningRate: 0.1 }) });
    const [p, q] = [model, plain].map((m) => m.weights.flatMap(({ value }) => values(value)));
    p!.forEach((w, i) => {
      expect(Math.abs(w - q![i]!)).toBeLessThan(1e-6);
    });
  });

  test('with alpha 1 does not look at the labels', () => {
    const other = fromData(Int32Array.from(y.data, (label) => (label + 1) % 3));
    expect(digest(train({ alpha: 1 }).model)).toBe(digest(train({ alpha: 1, y: other }).model));
    expect(digest(train({ alpha: 0.9 }).model)).not.toBe(digest(train({ alpha: 0.9, y: other }).model));
  });

  test('brings the student closer to the teacher', () => {
    const teacher = net(8, 3, 'softmax', 1);
    const { history } = train({ teacher, alpha: 1, epochs: 60, optimizer: new SGD({ learningRate: 0.05 }) }).history;
    expect(history.loss!.at(-1)!).toBeLessThan(0.2 * history.loss![0]!);
  });

  test('leaves teacher and student as they were, and gives the same model each time', () => {
    const [teacher, student] = [net(8, 3, 'softmax', 1), net(4, 3, 'softmax', 2)];
    const before = [digest(teacher), digest(student), teacher.steps, student.steps];
    const first = train({ teacher, student }).model;
    expect([digest(teacher), digest(student), teacher.steps, student.steps]).toEqual(before);
    expect(first).not.toBe(student);
    expect(digest(first)).toBe(digest(train({ teacher, student }).model));
    expect(digest(first)).not.toBe(digest(student));
  });

  test('takes a student that is not built, with the weights that its seed gives', () => {
    const layers = (): Dense[] => [new Dense(4, { activation: 'relu' }), new Dense(3, { activation: 'softmax' })];
    const student = new Sequential(layers(), { seed: 5 });
    const built = new Sequential(layers(), { seed: 5 });
    built.build([5]);
    expect(digest(train({ student }).model)).toBe(digest(train({ student: built }).model));
    student.compile({ optimizer: 'adam', loss: 'categoricalCrossentropy' });
    built.compile({ optimizer: 'adam', loss: 'categoricalCrossentropy' });
    expect(digest(train({ student }).model)).toBe(digest(train({ student: built }).model));
    expect(student.isBuilt).toBe(false);
  });

  test('keeps the zeros of a pruned student', () => {
    const student = prune(net(4, 3, 'softmax', 2), { sparsity: 0.5 });
    for (const kernel of kernelsOf(train({ student }).model)) {
      kernel.mask!.data.forEach((alive, at) => {
        if (alive === 0) expect(Object.is(kernel.value.data[at], 0)).toBe(true);
      });
    }
  });

  test('counts scores and agreement on the samples given', () => {
    const teacher = net(8, 3, 'softmax', 1);
    const samples = threeClasses(31, 77);
    const { model } = train({ teacher });
    const { before, after, agreement, notes } = compare(teacher, model, { samples, ...quick });
    const classes = (m: Sequential): number[] =>
      rowsOf(m.predict(samples[0])).map((row) => row.indexOf(Math.max(...row)));
    const [s, t, truth] = [classes(model), classes(teacher), values(samples[1])];
    const share = (p: number[], q: number[]): number => p.filter((label, i) => label === q[i]).length / p.length;
    expect(agreement).toBe(share(s, t));
    expect(after.score).toBe(share(s, truth));
    expect(before.score).toBe(share(t, truth));
    expect(agreement).toBeLessThan(1);
    expect(notes[0]).toBe('39 parameters instead of 75, 32 multiply-adds instead of 64');
    expect(compare(teacher, model, quick)).not.toHaveProperty('agreement');
  });

  test('measures accuracy against the labels, not the teacher, also on validation data', () => {
    const validationData = threeClasses(20, 9);
    const teacher = net(8, 3, 'softmax', 1);
    const { model, history } = train({ teacher, validationData });
    const accuracy = measure(model, { samples: validationData, ...quick }).score;
    expect(history.history.val_accuracy!.at(-1)).toBe(accuracy);
    const labels = rowsOf(oneHot(validationData[1], 3));
    const wanted = hinton(logitsOf(teacher, validationData[0]), logitsOf(model, validationData[0]), labels, 3, 0.5);
    expect(history.history.val_loss!.at(-1)).toBeCloseTo(wanted, 4);
  });

  test('leaves the model compiled as the student was, or with the plain loss', () => {
    const student = net(4, 3, 'softmax', 2);
    const bare = train({ student }).model;
    expect(bare.loss.name).toBe('sparseCategoricalCrossentropy');
    expect(Object.keys(bare.evaluate(x, y))).toEqual(['loss', 'accuracy']);
    expect(train({ y: hot }).model.loss.name).toBe('categoricalCrossentropy');
    expect(loadModel(saveModel(bare)).isCompiled).toBe(true);
    const optimizer = new SGD({ learningRate: cosineDecay(0.1, 100) });
    student.compile({ optimizer, loss: 'categoricalCrossentropy', metrics: ['logLoss'] });
    expect(Object.keys(train({ student }).model.evaluate(x, hot))).toEqual(['loss', 'logLoss']);
    student.compile({ optimizer: new SGD({ learningRate: 0.3, momentum: 0.5 }), loss: 'categoricalCrossentropy' });
    const { optimizer: own } = train({ student, optimizer: new SGD({ learningRate: 0.01 }) }).model;
    expect(own.config()).toEqual(student.optimizer.config());
    expect(own).not.toBe(student.optimizer);
  });

  test('repeats steps, and leaves a model that does, unless the student was told not to', () => {
    const student = net(4, 3, 'softmax', 2);
    const watched = (): [during: number, after: boolean] => {
      let during = 0;
      const onBatchEnd = (_batch: number, _logs: Logs, model: Sequential): void => {
        during = model.replayStatus.replayed;
      };
      const { model } = train({ student, callbacks: [{ onBatchEnd }] });
      return [during, model.replay];
    };
    expect(watched()).toEqual([expect.any(Number), true]);
    expect(watched()[0]).toBeGreaterThan(0);
    student.compile({ loss: 'sparseCategoricalCrossentropy', replay: true });
    expect(watched()[1]).toBe(true);
    student.compile({ loss: 'sparseCategoricalCrossentropy', replay: false });
    expect(watched()).toEqual([0, false]);
  });

  test('hands each option of fit on', () => {
    const rate = 0.1;
    const options: readonly Partial<DistillOptions>[] = [
      {},
      { shuffle: false },
      { batchSize: 7 },
      { epochs: 1 },
      { shuffle: false, batchSize: 11, epochs: 3 },
    ];
    const digests = options.map((change) => {
      const { epochs = 4, batchSize = 16, shuffle = true } = change;
      const plain = net(4, 3, 'softmax', 2);
      plain.compile({ optimizer: new SGD({ learningRate: rate }), loss: 'sparseCategoricalCrossentropy' });
      const wanted = plain.fit(x, y, { epochs, batchSize, shuffle });
      const { model, history } = train({
        alpha: 0,
        temperature: 1,
        optimizer: new SGD({ learningRate: rate }),
        ...change,
      });
      expect([model.steps, history.epochs]).toEqual([plain.steps, wanted.epochs]);
      wanted.history.loss!.forEach((loss, i) => {
        expect(Math.abs(loss - history.history.loss![i]!)).toBeLessThan(1e-5);
      });
      const [p, q] = [model, plain].map((m) => m.weights.flatMap(({ value }) => values(value)));
      p!.forEach((w, i) => {
        expect(Math.abs(w - q![i]!)).toBeLessThan(1e-6);
      });
      return digest(model);
    });
    expect(new Set(digests).size).toBe(options.length);
  });

  test('calls callbacks and takes no more epochs than asked', () => {
    const epochs: number[] = [];
    const { history } = train({ epochs: 3, callbacks: [{ onEpochEnd: (epoch) => epochs.push(epoch) }] });
    expect(epochs).toEqual([0, 1, 2]);
    expect(history.epochs).toEqual([0, 1, 2]);
  });

  test('refuses networks, targets and numbers that do not fit', () => {
    const on = (options: Partial<DistillOptions>) => () => train(options);
    expect(on({ teacher: net(8, 4, 'softmax', 1) })).toThrow(
      'distill: teacher and student must have the same outputs, got [4] and [3]',
    );
    expect(on({ teacher: net(8, 3, 'sigmoid', 1) })).toThrow('the teacher ends in sigmoid, the student in softmax');
    expect(on({ student: net(8, 3, 'sigmoid', 1) })).toThrow('both or neither must end in sigmoid');
    expect(on({ y: normal([48, 2]) })).toThrow('distill: y and the outputs must have the same shape');
    expect(on({ y: fromData(new Int32Array(47)) })).toThrow('x and y must have the same number of samples');
    expect(on({ y: fromData(new Int32Array(48).fill(3)) })).toThrow(/3/);
    expect(on({ x: normal([48, 4]) })).toThrow(/samples do not have the shape the model was built for/);
    for (const temperature of [0, -1, Number.NaN, Infinity])
      expect(on({ temperature })).toThrow('distill: temperature must be positive');
    for (const alpha of [-0.1, 1.1, Number.NaN])
      expect(on({ alpha })).toThrow('distill: alpha must be between 0 and 1');
    expect(on({ teacher: new Sequential([new Dense(3)]) })).toThrow('the model is not built');
    expect(on({ teacher: net(8, 3, 'softmax', 1, 'float64') })).toThrow(/float64/);
    expect(() => distill({ teacher: smallModel(), student: smallModel(), x: cast(x, 'float64'), y })).toThrow(
      /float64/,
    );
  });
});
