import { ValueError } from '../base/errors.ts';
import { aligned } from '../base/text.ts';
import { damageOf } from '../compress/damage.ts';
import type { DecisionDamage, OutputDamage } from '../compress/damage-report.ts';
import { meaningsOf } from '../compress/meanings.ts';
import type { SampleLists } from '../nn/samples.ts';
import { averageOf } from './ensemble.ts';
import { checkMembers, Member, type Teacher } from './teacher.ts';

/** One network beside the teacher, on an output. Null where there is no such figure. */
export interface DistilledFigures {
  readonly name: string;
  /** Of the output. */
  readonly output: string;
  /** Share of right decisions. */
  readonly accuracy: number | null;
  /** Of numbers. */
  readonly rmse: number | null;
  /** Share of samples on which it decides as the teacher does, right or wrong (fidelity: Stanton et al. 2021). */
  readonly agreement: number | null;
  /** Expected calibration error, in 15 equal bins of confidence. */
  readonly calibrationError: number | null;
}

/**
 * Teacher and students on the same samples: plain numbers, and `toString()` for people.
 *
 * @example
 * const report = distillReport(model, { int8: quantize(model, { calibration: x }) }, [xTest, yTest]);
 * report.rows.map(({ name, accuracy }) => `${name}: ${accuracy}`); // [ 'teacher: 1', 'int8: 1' ]
 * const table = String(report);
 */
export class DistillReport {
  readonly samples: number;
  /** The teacher's first, then each student's, output by output. */
  readonly rows: readonly DistilledFigures[];

  constructor(samples: number, rows: readonly DistilledFigures[]) {
    this.samples = samples;
    this.rows = rows;
  }

  toString(): string {
    const outputs = [...new Set(this.rows.map(({ output }) => output))];
    const hasNumbers = this.rows.some(({ rmse }) => rmse !== null);
    const columns = [
      { head: '', of: ({ name }: DistilledFigures) => name },
      ...(outputs.length > 1 ? [{ head: 'output', of: ({ output }: DistilledFigures) => output }] : []),
      { head: 'accuracy', of: ({ accuracy }: DistilledFigures) => show(accuracy) },
      ...(hasNumbers ? [{ head: 'rmse', of: ({ rmse }: DistilledFigures) => show(rmse) }] : []),
      { head: 'as the teacher', of: ({ agreement }: DistilledFigures) => show(agreement) },
      { head: 'calibration error', of: ({ calibrationError }: DistilledFigures) => show(calibrationError) },
    ];
    const table = [columns.map(({ head }) => head), ...this.rows.map((row) => columns.map(({ of }) => of(row)))];
    const right = [...columns.keys()].slice(1);
    return [`On ${this.samples} samples`, ...aligned(table, right)].join('\n');
  }
}

const show = (x: number | null): string => (x === null ? '-' : x.toFixed(3));

/**
 * How right, how like its teacher, and how well calibrated students are, apart: a student can be right where its teacher is
 * not, and as right while it says other things. Models or networks of any encoding, by the names of `students`; y as in
 * `measure`. Several teachers count as one, of the mean of their outputs. How outputs are meant that a network does not tell, as
 * one from a file, a compiled teacher tells, or else the first compiled student.
 *
 * @example
 * const student = new Sequential([new Dense(2, { activation: 'softmax' })], { seed: 2 });
 * const taught = distill({ teacher: model, student, x, epochs: 5 }).model;
 * const [, row] = distillReport(model, { taught }, [xTest, yTest]).rows;
 * [row?.accuracy, row?.agreement]; // [ 1, 1 ]
 */
export function distillReport(
  teacher: Teacher | readonly Teacher[],
  students: Readonly<Record<string, Teacher>>,
  samples: SampleLists,
): DistillReport {
  const op = 'distillReport';
  if (
    typeof students !== 'object' ||
    students === null ||
    Array.isArray(students) ||
    Object.keys(students).length === 0
  )
    throw new ValueError(op, 'students', 'an object of models or networks by name, as { alone, distilled }', students);
  const teachers = Array.isArray(teacher) ? (teacher as readonly Teacher[]) : [teacher as Teacher];
  const one = Array.isArray(teacher) ? averageOf(op, teachers) : teachers[0]!;
  const entries = Object.entries(students);
  const [own, ...theirs] = [one, ...Object.values(students)].map(
    (each, i) => new Member(op, each, i === 0 ? 'teacher' : 'a student'),
  ) as [Member, ...Member[]];
  checkMembers(op, theirs, own);
  const [meant, ...all] = meaningsOf([one, ...teachers, ...Object.values(students)], undefined);
  const reports = entries.map(([name, student], i) => {
    const meanings = [meant, all[teachers.length + i]];
    return { name, found: damageOf(op, [one, student], samples, {}, meanings) };
  });
  const [first] = reports as [(typeof reports)[0]];
  return new DistillReport(first.found.samples, [
    ...first.found.outputs.map((output) => figuresOf('teacher', output, 'before')),
    ...reports.flatMap(({ name, found }) => found.outputs.map((output) => figuresOf(name, output, 'after'))),
  ]);
}

function figuresOf(name: string, output: OutputDamage, which: 'before' | 'after'): DistilledFigures {
  const own = { name, output: output.name };
  if (output.kind === 'numbers')
    return { ...own, accuracy: null, rmse: output.rmse[which], agreement: null, calibrationError: null };
  const { accuracy, agreement, calibration }: DecisionDamage = output;
  return {
    ...own,
    accuracy: accuracy[which].share,
    rmse: null,
    agreement: which === 'before' ? 1 : agreement,
    calibrationError: calibration?.[which] ?? null,
  };
}
