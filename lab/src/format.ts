import type { JobReport } from './types.ts';
import type { Figure } from './types-base.ts';
import type { FormResult } from './types-forms.ts';

const NONE = '–';

type Format = (x: number) => string;

const finite =
  (format: Format): Format =>
  (x) =>
    Number.isFinite(x) ? format(x) : NONE;

/** A score: three decimals, and no `-0.000`. */
export const decimals: Format = finite((x) => x.toFixed(3).replace(/^-(?=0\.000$)/, ''));

/** A count, in groups of three digits. */
export const whole: Format = finite((x) => Math.round(x).toLocaleString('en-US'));

/** A count in at most seven characters: above a million in three digits. */
export const count: Format = finite((x) =>
  x < 1e6 ? whole(x) : x < 999.5e6 ? `${digits(x / 1e6)} M` : `${digits(x / 1e9)} G`,
);

export const percent: Format = finite((x) => `${x < 0.0995 ? (x * 100).toFixed(1) : Math.round(x * 100)} %`);

/** Milliseconds, in the unit that reads best. */
export const time: Format = finite((ms) => (ms < 1 ? `${digits(ms * 1000)} µs` : `${digits(ms)} ms`));

/** Bytes in powers of ten. */
export const size: Format = finite((x) =>
  x < 1000 ? `${Math.round(x)} B` : x < 1e6 ? `${digits(x / 1000)} kB` : `${digits(x / 1e6)} MB`,
);

const digits = (x: number): string => (x >= 100 ? x.toFixed(0) : x >= 10 ? x.toFixed(1) : x.toFixed(2));

/** A score to the fourth decimal, where the figure itself is asked for. */
export const exact: Format = finite((x) => x.toFixed(4).replace(/^-(?=0\.0000$)/, ''));

/** A difference of scores with its sign. */
export const signed: Format = finite((x) => (decimals(x).startsWith('-') ? decimals(x) : `+${decimals(x)}`));

/** How many times: one decimal below ten. */
export const times: Format = finite((x) => x.toFixed(x < 9.95 ? 1 : 0));

/** How many times and which way: 36 times `smaller`, 1.2 times `larger`; 1 and `as large` when it makes no difference. */
function ratio(x: number, [more, less, equal]: readonly [more: string, less: string, equal: string]): Ratio {
  const shown = times(x >= 1 ? x : 1 / x);
  return shown === '1.0' ? { number: '1', words: equal } : { number: shown, words: x >= 1 ? more : less };
}

export interface Ratio {
  readonly number: string;
  readonly words: string;
}

export const smaller = (x: number): Ratio => ratio(x, ['smaller', 'larger', 'as large']);
export const faster = (x: number): Ratio => ratio(x, ['faster', 'slower', 'as fast']);

/** The numbers that count, in one line. */
export function headline({ recommendation: r, scoreName }: JobReport): string {
  const words = ({ number, words: text }: Ratio): string => (number === '1' ? text : `${number} times ${text}`);
  const gains = [smaller(r.smaller), faster(r.faster64)].map(words).join(', ');
  return `${r.form}, against the teacher: ${gains}, ${scoreName} ${decimals(r.now)} instead of ${decimals(r.before)}`;
}

/** `mean`, and with several seeds that differ `mean (min..max)`. */
export function range(figure: Figure, format: Format): string {
  const { mean, min, max, values } = figure;
  const low = format(min);
  const high = format(max);
  return values.length < 2 || low === high ? format(mean) : `${format(mean)} (${low}..${high})`;
}

export const severalSeeds = (report: JobReport): boolean => report.options.seeds.length > 1;

/** Says what the figures stand for. */
export function seedsLine({ options: { seeds } }: JobReport): string {
  return seeds.length > 1
    ? `${seeds.length} seeds (${seeds[0]}..${seeds.at(-1)}): mean (min..max)`
    : `one seed (${seeds[0]}); use --seeds 5 for means and ranges`;
}

export function machineLine({ environment: e }: Pick<JobReport, 'environment'>): string {
  return `${e.cpu}, ${e.cores} ${e.cores === 1 ? 'core' : 'cores'}, ${e.platform}, ${e.runtime}, kernels ${e.kernels}`;
}

/** Bytes of a form as a share of the teacher's. */
export function shareOfTeacher(report: JobReport, form: FormResult): number {
  const teacher = report.forms.find(({ name }) => name === 'teacher') ?? report.forms[0];
  return teacher === undefined ? Number.NaN : form.bytes.mean / teacher.bytes.mean;
}

/** Facts about the data: label and text. */
export function dataFacts({ data }: Pick<JobReport, 'data'>): readonly (readonly [string, string])[] {
  const { split } = data;
  return [
    ['data', data.name],
    ['rows', whole(data.rows)],
    ['features', whole(data.features)],
    ['task', data.taskReason],
    ...(data.classes === null ? [] : [['classes', classList(data.classes)] as const]),
    ['split', `${whole(split.train)} training, ${whole(split.validation)} validation, ${whole(split.test)} test`],
  ];
}

const classList = (classes: readonly string[]): string =>
  `${classes.length}: ${classes.slice(0, 12).join(', ')}${classes.length > 12 ? ', ...' : ''}`;

/** Text from a file, made harmless for a terminal: no control sequence, no new line, no change of direction. */
export const plain = (text: string): string => text.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, '\uFFFD');

/** The name of the layer that has a weight, by the weight's key. */
export const layerOf = (key: string): string => key.slice(0, key.lastIndexOf('/'));

/** A path as a word that shells take as it is: in quotes where it has blanks or what means something to them. */
export const inShell = (path: string): string =>
  /^[\w@%+=:,./\\-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
