/** Teachers one after another, and a report on them. */
import { describe, expect, test } from 'vitest';
import { TaughtFeatures } from '../../src/distill/features.ts';
import { Member } from '../../src/distill/teacher.ts';
import {
  bestTeacher,
  bornAgain,
  calibrationError,
  cast,
  concat,
  contrastiveLoss,
  Dense,
  decodeNetwork,
  digest,
  distillReport,
  encodeNetwork,
  ensembleNetwork,
  fromData,
  fromNetwork,
  GlobalAvgPool1D,
  KeptCopies,
  Layer,
  measure,
  oneHot,
  predictNetwork,
  quantize,
  Sequential,
  SGD,
  selfDistill,
  softmax,
  softTargetLoss,
  sparseCategoricalCrossentropy,
  type Tensor,
  toNetwork,
  toSparse,
  valueAndGrad,
} from '../../src/index.ts';
import { normal, threeClasses, values } from '../compress/tools.ts';
import { type Ending, net, sgd, train, x, y } from './students.ts';

/** Number by number. */
function near(found: readonly number[], wanted: readonly number[], digits: number): void {
  expect(found.length).toBe(wanted.length);
  for (const [i, value] of found.entries()) expect(value).toBeCloseTo(wanted[i]!, digits);
}

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

describe('an ensemble that is one network', () => {
  const list = [net(8, 1), net(6, 5)];
  const stored = (): ReturnType<typeof ensembleNetwork> =>
    decodeNetwork(encodeNetwork(ensembleNetwork(list))).network as ReturnType<typeof ensembleNetwork>;

  test.each<Ending>(['softmax', 'sigmoid'])('teaches as the list of its members, of %s', (ending) => {
    const own = [net(8, 1, ending), net(6, 5, ending)];
    const options = { student: net(4, 2, ending), y: ending === 'softmax' ? y : oneHot(y, 3) };
    const wanted = digest(train({ teacher: own, ...options }).model);
    const network = ensembleNetwork(own);
    const read = decodeNetwork(encodeNetwork(network)).network;
    for (const teacher of [network, read, fromNetwork(read), toSparse(network)])
      expect(digest(train({ teacher, ...options }).model)).toBe(wanted);
  });

  test('of integers too, and of other lists it says what to do', () => {
    const teacher = quantize(ensembleNetwork(list), { format: 'static', calibration: x });
    const { loss } = train({ teacher }).history.history;
    expect(loss![0]!).toBeCloseTo(train({ teacher: list }).history.history.loss![0]!, 1);
    expect(() => train({ teacher: [ensembleNetwork(list), net(8, 1)] })).toThrow('give all of these in one list');
  });

  test('is measured by its probabilities, whatever stands beside it', () => {
    const single = [net(8, 1, 'sigmoid', 1), net(6, 5, 'sigmoid', 1)];
    const labels = fromData(Int32Array.from(y.data, (c) => Number(c > 0)));
    expect(measure(ensembleNetwork(single), { samples: [x, labels], latency: false }).scoreName).toBe('accuracy');
    const logits = net(4, 3, 'linear');
    logits.compile({ optimizer: 'adam', loss: sparseCategoricalCrossentropy({ fromLogits: true }) });
    const students = { logits, soft: toNetwork(net(4, 2)) };
    const p = predictNetwork(ensembleNetwork(list), x);
    const metric = calibrationError().create({ coding: 'classes', scale: 'probabilities' });
    metric.update(y, p as Tensor);
    for (const own of [students, { soft: students.soft, logits }, { logits }, { soft: students.soft }])
      for (const teacher of [list, stored()]) {
        const { rows } = distillReport(teacher, own, [x, y]);
        expect(rows[0]!.calibrationError).toBe(metric.result());
        const [soft] = rows.filter(({ name }) => name === 'soft');
        const [alone] = distillReport(students.soft, { logits }, [x, y]).rows;
        if (soft !== undefined) expect(soft.calibrationError).toBe(alone!.calibrationError);
      }
    expect(() => distillReport(list, [logits] as never, [x, y])).toThrow('students must be an object');
    expect(() => distillReport(list, { other: net(4, 1, 'softmax', 2) }, [x, y])).toThrow('distillReport: ');
    expect(() => distillReport(list, { logits }, [x, normal([5, 3], 1)])).toThrow('distillReport: ');
  });

  test('stores of its mean the diagonal alone', () => {
    const wide = [1, 2].map(
      (seed) => new Sequential([new Dense(400, { activation: 'softmax', inputShape: [2] })], { seed }),
    );
    const members = wide.reduce((sum, each) => sum + encodeNetwork(toNetwork(each)).length, 0);
    expect(encodeNetwork(ensembleNetwork(wide)).length).toBeLessThan(members + 30_000);
  });
});

test('code that gives probabilities has no logits, and is refused', () => {
  class Soft extends Layer {
    override readonly type = 'Soft';
    override build(shape: readonly number[]): readonly number[] {
      return shape;
    }
    override call(t: Tensor): Tensor {
      return softmax(t);
    }
    override clone(): Layer {
      return new Soft();
    }
  }
  const teacher = new Sequential([new Dense(3, { inputShape: [5] }), new Soft()], { seed: 1 });
  teacher.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy' });
  expect(() => train({ teacher })).toThrow('come out of no softmax or sigmoid');
});

test('options that would do nothing are refused', () => {
  expect(() => train({ margin: 0.1 })).toThrow('margin must be left out for classes');
  expect(() => train({ unlabelled: normal([4, 6], 1) })).toThrow('distill: ');
  for (const temperature of [1e20, 1e-9]) {
    expect(() => train({ temperature })).toThrow('from 0.001 to 1,000,000');
    expect(() => selfDistill(net(4, 1), { x, y, exits: ['hidden'], temperature })).toThrow('from 0.001');
    for (const loss of [softTargetLoss, contrastiveLoss])
      expect(() => loss(normal([2, 3], 1), normal([2, 3], 2), { temperature })).toThrow('from 0.001');
  }
  expect(train({ temperature: 1e6 }).history.history.loss!.every(Number.isFinite)).toBe(true);
  expect(() => selfDistill(net(4, 1), { x, y, exits: ['last'] })).toThrow('which is not its output');
  const pooled = new Sequential([
    new Dense(3, { inputShape: [5, 2], name: 'in' }),
    new Dense(3),
    new GlobalAvgPool1D(),
  ]);
  const samples = { x: normal([6, 5, 2], 1), y: normal([6, 3], 2), exits: ['in'], epochs: 1 };
  expect(() => selfDistill(pooled, { ...samples, features: 1 })).toThrow('features must be 0 or left out');
  expect(selfDistill(pooled, samples).history.history.loss).toHaveLength(1);
});

test('the largest seed is born again as the smallest', () => {
  const options = { x, y, generations: 2, epochs: 1, optimizer: sgd };
  const seed = Number.MAX_SAFE_INTEGER - 1;
  const { generations } = bornAgain({ model: net(4, seed), ...options });
  expect(generations.map(({ model }) => digest(model))).toHaveLength(2);
});

test('samples that float32 cannot number are refused by the contrast', () => {
  const student = net(4, 2);
  const members = [new Member('distill', net(8, 1))];
  const term = new TaughtFeatures({ kind: 'contrastive', student: 'hidden' }, 0, student, members, 4);
  const seen = { answers: null, labels: null, labelled: 0, from: 2 ** 24 - 4 };
  expect(term.pack(normal([4, 8], 1), seen, 'float32').shape).toEqual([4, 9]);
  expect(() => term.pack(normal([5, 8], 1), seen, 'float32')).toThrow('terms[0] (contrastive)');
  expect(term.pack(cast(normal([5, 8], 1), 'float64'), seen, 'float64').shape).toEqual([5, 9]);
});

test('a class that both leave out counts nothing, at any temperature', () => {
  const [t, s] = [normal([5, 3], 1), normal([5, 3], 2)];
  const out = (z: Tensor): Tensor => concat([z, fromData(new Float32Array(5).fill(-Infinity), [5, 1])], 1);
  for (const temperature of [0.01, 1, 4, 1e5]) {
    const { value, grads } = valueAndGrad(() => softTargetLoss(out(t), out(s), { temperature }), [s]);
    expect(value.item()).toBe(softTargetLoss(t, s, { temperature }).item());
    expect(values(grads[0]!).every(Number.isFinite)).toBe(true);
  }
});
