import { decimals, percent, range, whole } from './format.ts';
import type { JobReport } from './types.ts';
import type { ClassFormDamage, Lost } from './types-answers.ts';
import type { FormName } from './types-forms.ts';

type Part = Pick<JobReport, 'damage' | 'data' | 'options' | 'recommendation'>;

/** Chance alone gives a test's p below this once in twenty. */
const RARE = 0.05;

/** Hundredths with a sign: of accuracy, recall or R². */
export const points = (x: number): string => (100 * x).toFixed(1).replace(/^-(?=0\.0$)/, '');

/** What was lost, and its interval. */
export const lostText = ({ lost, low, high }: Lost): string => `${points(lost)} (${points(low)} to ${points(high)})`;

export const pText = (p: number): string => (p < 0.001 ? 'below 0.001' : decimals(p));

/** The class that lost most, or that none did. */
export function worstText({ worst }: ClassFormDamage, { data }: Pick<JobReport, 'data'>): string {
  if (!(worst.lost.lost > 0)) return 'none lost';
  const name = data.classes?.[worst.class] ?? String(worst.class);
  const samples = `${worst.isSmall ? 'only ' : ''}${whole(worst.samples)} ${worst.samples === 1 ? 'sample' : 'samples'}`;
  return `${name} (${samples}): ${lostText(worst.lost)}`;
}

/** In how many seeds a change is more uneven than chance would have it. */
export function chanceText({ mcnemar }: ClassFormDamage): string {
  const rare = mcnemar.values.filter((p) => p < RARE).length;
  const seeds = mcnemar.values.length;
  return seeds === 1 ? pText(mcnemar.mean) : `below ${RARE} in ${rare} of ${seeds} seeds`;
}

/** What a form changed, in one sentence. */
function sentenceOf(report: Part, name: FormName): string[] {
  const { damage, options, data } = report;
  if (damage.kind === 'numbers') {
    const form = damage.forms.find((each) => each.form === name);
    if (form === undefined) return [];
    const way = form.lost.low > 0 ? 'worse than' : form.lost.high < 0 ? 'better than' : 'not to be told from';
    return [
      `${name} moves predictions of the test samples by ${numberText(form.typical.mean)} in the middle and ` +
        `${numberText(form.largest.mean)} at most; with ${points(form.lost.lost)} hundredths of R² lost ` +
        `(${points(form.lost.low)} to ${points(form.lost.high)}) it is ${way} the teacher.`,
    ];
  }
  const form = damage.forms.find((each) => each.form === name);
  if (form === undefined) return [];
  const seeds = options.seeds.length > 1 ? `, over ${options.seeds.length} seeds` : '';
  const [p] = form.mcnemar.values as [number];
  const test =
    options.seeds.length > 1
      ? `McNemar's p is ${chanceText(form)}`
      : `McNemar's p is ${pText(p)}: ${p < RARE ? 'hardly chance' : 'chance may do as much'}`;
  const worst = worstText(form, { data });
  return [
    `${name} answers ${percent(form.changed.mean)} of the test samples otherwise than the teacher${seeds}: ` +
      `${whole(form.rightToWrong.mean)} wrong that were right, ${whole(form.wrongToRight.mean)} right that were wrong ` +
      `(${test}). ${worst === 'none lost' ? 'No class lost recall.' : `The class that lost most recall, in points: ${worst}.`}`,
  ];
}

/** A number of the table to four digits. */
export const numberText = (x: number): string => (Number.isFinite(x) ? String(Number(x.toPrecision(4))) : '–');

/** What the recommended form changed. */
export const damageInShort = (report: Part): string[] => sentenceOf(report, report.recommendation.form);

/** Which forms changed the answers by more than chance would. */
export function damageFindings({ damage }: Part): string[] {
  if (damage.kind === 'numbers') {
    const worse = damage.forms.filter(({ lost }) => lost.low > 0).map(({ form }) => form);
    return [
      worse.length === 0
        ? 'No form is worse than the teacher by more than the choice of the test samples may do.'
        : `Worse than the teacher by more than the choice of the test samples may do: ${worse.join(', ')}.`,
    ];
  }
  const list = damage.forms.map(({ form, changed }) => `${form} ${range(changed, percent)}`).join(', ');
  const uneven = damage.forms.filter(({ mcnemar }) => mcnemar.values.every((p) => p < RARE));
  const test =
    uneven.length === 0
      ? "by McNemar's test none of these changes can be told from chance"
      : `by McNemar's test more than chance: ${uneven.map(({ form }) => form).join(', ')}`;
  return [`Answers that are others than the teacher's: ${list}; ${test}.`];
}
