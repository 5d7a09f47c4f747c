import { checkCount, ValueError } from '../base/errors.ts';
import { checkOptions } from '../base/options.ts';
import { cloneModel } from '../compress/clone.ts';
import { measure } from '../compress/measure.ts';
import type { Callback, History, Model } from '../nn/model.ts';
import type { SampleLists } from '../nn/samples.ts';
import { COMMON_OPTIONS, type DistillOptions, distill, fresh } from './distill.ts';
import type { Teacher } from './teacher.ts';

/**
 * A callback that keeps copies of a model as it is after some epochs, counted from 1: candidates for a teacher. One that was
 * stopped early can teach better than one that is trained to the end (Cho & Hariharan 2019, section 4.3).
 *
 * @example
 * const kept = new KeptCopies([1, 3]);
 * model.fit(x, y, { epochs: 3, callbacks: [kept] });
 * const teachers = kept.copies.map(({ model }) => model); // for `bestTeacher`
 * kept.copies.map(({ epochs }) => epochs); // [ 1, 3 ]
 */
export class KeptCopies implements Callback {
  /** In the order of their epochs. */
  readonly copies: { readonly epochs: number; readonly model: Model }[] = [];
  private readonly wanted: ReadonlySet<number>;

  constructor(epochs: readonly number[]) {
    if (!Array.isArray(epochs) || epochs.length === 0)
      throw new ValueError('KeptCopies', 'epochs', 'a list of numbers of epochs, as [5, 10, 20]', epochs);
    for (const [i, each] of epochs.entries()) checkCount('KeptCopies', `epochs[${i}]`, each as number);
    this.wanted = new Set(epochs);
  }

  onEpochEnd(epoch: number, _logs: unknown, model: Model): void {
    if (this.wanted.has(epoch + 1)) this.copies.push({ epochs: epoch + 1, model: cloneModel(model) });
  }
}

export interface BestTeacherOptions extends Omit<DistillOptions, 'teacher' | 'validationData' | 'assistants'> {
  /** Candidates; a list in the place of one is an ensemble. */
  readonly teachers: readonly (Teacher | readonly Teacher[])[];
  /** What the students are judged by: neither their training nor a last test should have these. */
  readonly validationData: SampleLists;
}

/** A student of one candidate. */
export interface TeacherTrial {
  readonly teacher: Teacher | readonly Teacher[];
  readonly model: Model;
  readonly history: History;
  /** Of the student on the validation samples: accuracy, or R² of numbers. */
  readonly score: number;
}

/**
 * Which of several teachers teaches best: the student is distilled from each, and the one of the highest score on the validation
 * samples wins, of equals the first. A better network is not always the better teacher, so the students are asked and not the
 * teachers' own scores. Throws StateError for an optimizer that cannot be made anew for each.
 *
 * @example
 * const student = new Sequential([new Dense(2, { activation: 'softmax' })], { seed: 2 });
 * const teachers = [model, [model, cloneModel(model)]]; // the second is an ensemble
 * const best = bestTeacher({ teachers, student, x, y, epochs: 2, validationData: [xTest, yTest] });
 * best.trials.map(({ score }) => score); // [ 1, 1 ]
 * best.teacher === model; // true
 */
export function bestTeacher(options: BestTeacherOptions): TeacherTrial & { readonly trials: readonly TeacherTrial[] } {
  const op = 'bestTeacher';
  checkOptions(op, options, `teachers student validationData ${COMMON_OPTIONS}`);
  const { teachers, validationData, optimizer, ...own } = options;
  if (!Array.isArray(teachers) || teachers.length === 0)
    throw new ValueError(op, 'teachers', 'a list of models or networks', teachers);
  if (!Array.isArray(validationData) || validationData.length !== 2)
    throw new ValueError(op, 'validationData', 'a list of x and y, which the students are judged by', validationData);
  const trials = (teachers as BestTeacherOptions['teachers']).map((teacher): TeacherTrial => {
    const { model, history } = distill({ ...own, teacher, optimizer: () => fresh(optimizer) });
    const { score } = measure(model, { samples: validationData, latency: false });
    return { teacher, model, history, score: score! };
  });
  const best = trials.reduce((first, next) => (next.score > first.score ? next : first));
  return { ...best, trials };
}
