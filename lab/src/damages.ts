import { type DamageOptions, damage, fromData, type Network, type OutputDamage, type Samples } from 'whittle-ml';
import type { RawTable, TableEncoder } from 'whittle-ml/data';
import { figure } from './figures.ts';
import type { Tested } from './mistakes.ts';
import type { Damage, Lost } from './types-answers.ts';
import type { Figure } from './types-base.ts';
import type { FormName } from './types-forms.ts';

const EDGE = 0.1;
const BINS = 15;
/** Draws of the bootstrap: enough for an interval to two digits, and no time to speak of. */
const RESAMPLES = 200;
const MOST_LINES = 20;

const CLASSES: DamageOptions = { outputs: { coding: 'classes', scale: 'probabilities' }, edge: EDGE, bins: BINS };
const NUMBERS: DamageOptions = { outputs: { coding: 'numbers', scale: 'reals' }, resamples: RESAMPLES };

/** What the forms of all seeds changed in the teacher's answers to the test samples. Figures that are not finite throw. */
export function damagesOf(
  seeds: readonly Tested[],
  isClassification: boolean,
  encoder: Pick<TableEncoder, 'decode'>,
  table: Pick<RawTable, 'line'>,
): Damage {
  const names = seeds[0]!.forms.map(({ name }) => name).filter((name) => name !== 'teacher');
  const all = names.map((form) => ({ form, seeds: seeds.map((seed) => damageOf(seed, form, isClassification)) }));
  const line = (sample: number): number => table.line(seeds[0]!.rows[sample]!);
  return isClassification ? ofClasses(all, line) : ofNumbers(all, line, encoder);
}

function damageOf({ forms, test }: Tested, name: FormName, isClassification: boolean): OutputDamage {
  const [teacher, form] = (['teacher', name] as const).map((one) => forms.find((each) => each.name === one)!.network);
  return damage(teacher!, form!, test, isClassification ? CLASSES : NUMBERS).outputs[0]!;
}

/** What a network loses of accuracy, or of R², where it becomes another. */
export function lostBy(before: Network, after: Network, test: Samples, isClassification: boolean): Lost {
  const [output] = damage(before, after, test, isClassification ? CLASSES : NUMBERS).outputs;
  return output!.kind === 'numbers' ? output!.r2.lost! : output!.accuracy.lost;
}

interface All {
  readonly form: FormName;
  /** One for each seed. */
  readonly seeds: readonly OutputDamage[];
}

function ofClasses(all: readonly All[], line: (sample: number) => number): Damage {
  const decided = all.map(({ form, seeds }) => ({ form, seeds: seeds.filter((one) => one.kind !== 'numbers') }));
  type One = (typeof decided)[number]['seeds'][number];
  const over = (seeds: readonly One[], of: (one: One) => number | undefined | null): Figure =>
    figure(seeds.map((one) => of(one) ?? Number.NaN));
  const { seeds: teachers } = decided[0]!;
  return {
    kind: 'classes',
    bins: BINS,
    edge: EDGE,
    teacher: {
      calibration: over(teachers, ({ calibration }) => calibration?.before),
      onEdge: over(teachers, ({ margins, decisions }) => margins?.before && margins.before.onEdge / decisions),
    },
    forms: decided.map(({ form, seeds }) => {
      const [{ accuracy, worst, rightToWrong }] = seeds as [One];
      return {
        form,
        changed: over(seeds, ({ changed }) => changed.share),
        rightToWrong: over(seeds, (one) => one.rightToWrong.count),
        wrongToRight: over(seeds, (one) => one.wrongToRight.count),
        wrongToOther: over(seeds, (one) => one.wrongToOther.count),
        mcnemar: over(seeds, (one) => one.accuracy.mcnemar),
        lost: accuracy.lost,
        worst: {
          class: Number(worst.name),
          samples: worst.before.of,
          isSmall: worst.isSmall,
          before: worst.before.share,
          after: worst.after.share,
          lost: worst.lost,
        },
        calibration: over(seeds, ({ calibration }) => calibration?.after),
        onEdge: over(seeds, ({ margins, decisions }) => margins?.after && margins.after.onEdge / decisions),
        lines: rightToWrong.samples.slice(0, MOST_LINES).map(line),
      };
    }),
  };
}

/** Of the table, for a step of a regression's numbers. */
export function unitOf(encoder: Pick<TableEncoder, 'decode'>): number {
  const [zero, one] = encoder.decode(fromData(Float32Array.of(0, 1), [2, 1])).numbers!;
  return one! - zero!;
}

function ofNumbers(
  all: readonly All[],
  line: (sample: number) => number,
  encoder: Pick<TableEncoder, 'decode'>,
): Damage {
  const unit = unitOf(encoder);
  return {
    kind: 'numbers',
    forms: all.map(({ form, seeds }) => {
      const numbers = seeds.filter((each) => each.kind === 'numbers');
      const r2 = figure(numbers.map((each) => each.r2.lost?.lost ?? Number.NaN));
      const change = (of: 'typical' | 'largest'): Figure =>
        figure(numbers.map((each) => unit * (each.change?.[of] ?? Number.NaN)));
      const [first] = numbers;
      return {
        form,
        r2,
        lost: first!.r2.lost!,
        typical: change('typical'),
        largest: change('largest'),
        line: line(first!.change!.at),
      };
    }),
  };
}
