/** Teachers one after another, and a report on them. */
import { describe, expect, test } from 'vitest';
import {
  bestTeacher,
  bornAgain,
  Dense,
  type DistillOptions,
  decodeNetwork,
  digest,
  distill,
  distillReport,
  encodeNetwork,
  ensembleNetwork,
  KeptCopies,
  predictNetwork,
  randomNormal,
  Sequential,
  SGD,
  toNetwork,
} from '../../src/index.ts';
import { threeClasses, values } from '../compress/tools.ts';

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
