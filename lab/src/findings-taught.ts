import { numberText } from './findings-damage.ts';
import { decimals, signed, whole } from './format.ts';
import type { Gain } from './types-layers.ts';
import type { AnswererName, SoftTargets, Taught, TaughtFigure, TaughtName } from './types-taught.ts';

type Soft<K extends SoftTargets['kind']> = Omit<Extract<SoftTargets, { kind: K }>, 'finding'>;

/** A probability: three decimals, and two digits of a smaller one. */
export const probability = (p: number): string =>
  !Number.isFinite(p) ? '–' : p >= 0.0095 || p === 0 ? decimals(p) : String(Number(p.toPrecision(2)));

/** What is seen of the soft targets of one sample. */
export function softFinding(found: Soft<'classes'> | Soft<'numbers'>, classNames: readonly string[]): string {
  return found.kind === 'classes' ? ofClasses(found, classNames) : ofNumbers(found);
}

function ofClasses({ truth, temperatures, classes, answers }: Soft<'classes'>, names: readonly string[]): string {
  const [, used] = temperatures;
  const of = (by: AnswererName, temperature: number): readonly number[] =>
    answers.find((answer) => answer.by === by && answer.temperature === temperature)!.probabilities;
  const teacher = of('teacher', used);
  const [first, second] = classes as [number, number];
  const name = (index: number): string => `“${names[classes[index]!]}”`;
  const [plain, soft] = [of('teacher', 1), teacher];
  const gap = (by: AnswererName): number =>
    teacher.reduce((sum, p, i) => sum + Math.abs(p - of(by, used)[i]!), Math.abs(otherOf(by) - otherOf('teacher'))) / 2;
  const otherOf = (by: AnswererName): number =>
    answers.find((answer) => answer.by === by && answer.temperature === used)!.others;
  const [alone, distilled] = [gap('student (labels only)'), gap('student (distilled)')];
  const verdict =
    decimals(alone) === decimals(distilled)
      ? 'the distilled student is as far from the teacher as the one on labels alone'
      : `the distilled student is ${distilled < alone ? 'nearer to' : 'farther from'} the teacher than the one on labels alone`;
  const right = first === truth ? '' : `, where “${names[truth]}” is right`;
  const hint = second === truth ? '' : ', so that the student hears what else the sample is like';
  return (
    `The label says “${names[truth]}” and nothing else. The teacher gives ${name(0)} ${probability(plain[0]!)} and ${name(1)} ` +
    `${probability(plain[1]!)}${right}; a temperature of ${used} makes that ${probability(soft[0]!)} and ${probability(soft[1]!)}${hint}. ` +
    `There ${verdict}: ${decimals(distilled)} of its probability lies elsewhere than the teacher’s, against ${decimals(alone)}.`
  );
}

function ofNumbers({ truth, teacher, target, alone, distilled, alpha }: Soft<'numbers'>): string {
  const [far, near] = [Math.abs(alone - teacher), Math.abs(distilled - teacher)];
  const verdict =
    numberText(far) === numberText(near)
      ? 'as far from the teacher as'
      : `${near < far ? 'nearer to' : 'farther from'} the teacher than`;
  return (
    `A number has no soft targets: where the table says ${numberText(truth)} and the teacher ${numberText(teacher)}, the student is ` +
    `trained towards ${numberText(target)}, ${decimals(alpha)} of the way. Distilled it says ${numberText(distilled)}, ${verdict} ` +
    `${numberText(alone)}, which it says trained on the table alone.`
  );
}

/** How a figure is told: what it is called, whether more of it is better, and how it is written. */
export const TAUGHT: {
  readonly [N in TaughtName]: {
    readonly title: string;
    /** Behind “the distilled students”. */
    readonly said: string;
    readonly isMoreBetter: boolean;
    readonly format: (x: number) => string;
    readonly difference: (x: number) => string;
  };
} = {
  accuracy: {
    title: 'Accuracy',
    said: 'have an accuracy of',
    isMoreBetter: true,
    format: decimals,
    difference: signed,
  },
  agreement: {
    title: 'Agreement with the teacher',
    said: 'agree with the teacher on a share of',
    isMoreBetter: true,
    format: decimals,
    difference: signed,
  },
  calibration: {
    title: 'Calibration error',
    said: 'have a calibration error of',
    isMoreBetter: false,
    format: decimals,
    difference: signed,
  },
  'R²': { title: 'R²', said: 'have an R² of', isMoreBetter: true, format: decimals, difference: signed },
  distance: {
    title: 'Distance from the teacher',
    said: 'are away from the teacher by',
    isMoreBetter: false,
    format: numberText,
    difference: (x) => `${x > 0 ? '+' : ''}${numberText(x)}`,
  },
};

export type Verdict = 'better' | 'worse' | 'not told apart';

/** Better or worse if the interval has no 0 in it. */
export const verdictOf = (name: TaughtName, { low, high }: Gain): Verdict =>
  low > 0 || high < 0 ? (low > 0 === TAUGHT[name].isMoreBetter ? 'better' : 'worse') : 'not told apart';

/** What is gained, and its interval. */
export const gainText = ({ name, gain }: Pick<TaughtFigure, 'name' | 'gain'>): string => {
  const { difference } = TAUGHT[name];
  return `${difference(gain.gain)}, from ${difference(gain.low)} to ${difference(gain.high)}`;
};

/** How many pairs there are, and of how many teachers. */
export function runsText({ runs }: Pick<Taught, 'runs'>): string {
  const teachers = new Set(runs.map(({ seed }) => seed)).size;
  const pairs = `${whole(runs.length)} ${runs.length === 1 ? 'pair' : 'pairs'} of students`;
  return `${pairs} of ${teachers === 1 ? 'one teacher' : `${whole(teachers)} teachers`}`;
}

/** Sentences with numbers about students that were distilled and others that were not, whichever way these fall. */
export function taughtFindings(taught: Omit<Taught, 'findings' | 'soft'>): string[] {
  const { figures, control, samples } = taught;
  const sentence = (figure: TaughtFigure, index: number): string => {
    const { name, alone, distilled, gain } = figure;
    const { said, format } = TAUGHT[name];
    const verdict = verdictOf(name, gain);
    const ending =
      verdict === 'not told apart'
        ? `${whole(samples)} test samples and so few students cannot tell the two apart`
        : `${verdict}, and hardly by chance`;
    const who = index === 0 ? `Of ${runsText(taught)}, those distilled` : 'Those distilled';
    return `${who} ${said} ${format(distilled.mean)}, those on labels alone ${format(alone.mean)} (${gainText(figure)}): ${ending}.`;
  };
  return [...figures.map(sentence), controlFinding(control)];
}

const controlFinding = ({ isSame, largest }: Taught['control']): string =>
  isSame
    ? 'With alpha 0, where the teacher’s word weighs nothing, distillation is the same training: it ends with the weights of the student on labels alone, to the bit. What differs above is due to the teacher’s word.'
    : `With alpha 0, where the teacher’s word weighs nothing, distillation ends with other weights than the training on labels alone, by ${numberText(largest)} at most: not all that differs above is due to the teacher’s word.`;
