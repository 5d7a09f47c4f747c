import { compare } from './figures.ts';
import { damageFindings, damageInShort } from './findings-damage.ts';
import { decimals, percent, signed, times, whole } from './format.ts';
import type { Findings, JobReport } from './types.ts';
import type { Figure } from './types-base.ts';
import type { FitName, FitResult, FormName, FormResult } from './types-forms.ts';

type Part = Omit<JobReport, 'findings' | 'seconds'> & { readonly majority: Figure | null };

/** Sentences with numbers about what the job found. Each is decided by the numbers, whichever way they fall. */
export function findings(report: Part): Findings {
  return {
    short: [...fitInShort(report), ...mistakesInShort(report), ...damageInShort(report)],
    fits: overfitting(report),
    forms: [...whittling(report), ...damageFindings(report)],
    caveats: caveats(report),
  };
}

/** Three decimals, as in the tables of the report. */
export const shown = (x: number | Figure): string => decimals(typeof x === 'number' ? x : x.mean);

/** Whether a is above b in what is shown of them: a sentence must not say what its own numbers do not. */
export const above = (a: number | Figure, b: number | Figure): boolean => Number(shown(a)) > Number(shown(b));

export const listed = (words: readonly string[]): string =>
  words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;

const fitOf = ({ fits }: Part, name: FitName): FitResult => fits.find((fit) => fit.name === name)!;
const formOf = ({ forms }: Part, name: FormName): FormResult => forms.find((form) => form.name === name)!;

function fitInShort(report: Part): string[] {
  const { fits, scoreName } = report;
  const overfit = fitOf(report, 'overfit');
  const remedies = fits.filter(({ kind }) => kind === 'remedy');
  const best = remedies.reduce((most, fit) => (fit.test.mean > most.test.mean ? fit : most));
  const alike = remedies.filter(({ test }) => shown(test) === shown(best.test)).map(({ name }) => name);
  const start =
    `Trained on ${overfit.samples} samples, a wide network reaches ${scoreName} ${shown(overfit.train)} on them and ` +
    `${shown(overfit.test)} on test samples`;
  return [
    above(best.test, overfit.test)
      ? `${start}. Of the remedies, ${listed(alike)} ${alike.length > 1 ? 'help' : 'helps'} most: ${shown(best.test)} on test samples.`
      : `${start}. None of the remedies raises that.`,
  ];
}

function mistakesInShort({ mistakes, data }: Part): string[] {
  if (mistakes === null || data.classes === null) return [];
  const total = mistakes.samples.reduce((sum, n) => sum + n, 0);
  const right = mistakes.right.find(({ form }) => form === 'teacher')!.counts.reduce((sum, n) => sum + n, 0);
  const [most] = mistakes.confused;
  if (most === undefined) return [`The teacher gets all ${whole(total)} test samples right.`];
  const { truth, said, count } = most;
  const name = (index: number): string => JSON.stringify(data.classes![index]!);
  const often = `${name(truth)} is taken for ${name(said)} (${count} of ${whole(mistakes.samples[truth]!)})`;
  const wrong = total - right;
  return [
    `The teacher gets ${whole(wrong)} of ${whole(total)} test samples wrong; ${wrong > 1 ? 'most often ' : ''}${often}.`,
  ];
}

function overfitting(report: Part): string[] {
  const { fits, scoreName } = report;
  const underfit = fitOf(report, 'underfit');
  const overfit = fitOf(report, 'overfit');
  const remedies = fits.filter(({ kind }) => kind === 'remedy');
  const narrowing = remedies.filter(({ gap }) => above(overfit.gap, gap));
  const raising = narrowing.filter(({ test }) => above(test, overfit.test));
  const lowering = narrowing.filter((fit) => !raising.includes(fit));
  const failing = remedies.filter((fit) => !narrowing.includes(fit));
  const gaps = (list: readonly FitResult[]): string => listed(list.map(({ name, gap }) => `${name} (${shown(gap)})`));
  const sentences = [
    `On ${overfit.samples} samples the wide network reaches ${scoreName} ${shown(overfit.train)} in training and ` +
      `${shown(overfit.test)} on the test samples: a gap of ${shown(overfit.gap)}.`,
    `A tiny network after short training reaches ${scoreName} ${shown(underfit.train)} in training and ${shown(underfit.test)} on ` +
      'the test samples.',
  ];
  if (overfit.gap.mean < 0.005) return [...sentences, 'That is hardly overfitting: there is no gap to narrow.'];
  sentences.push(
    narrowing.length === 0
      ? 'None of the remedies narrows that gap here.'
      : `${narrowing.length} of ${remedies.length} remedies ${narrowing.length === 1 ? 'narrows' : 'narrow'} the gap, each applied alone: ${gaps(narrowing)}.`,
  );
  if (failing.length > 0) sentences.push(`The gap does not get smaller with ${gaps(failing)}.`);
  if (raising.length > 0) {
    const tests = listed(raising.map(({ name, test }) => `${name} (${shown(test)})`));
    sentences.push(`Of these remedies, the ${scoreName} on the test samples rises with ${tests}.`);
  }
  if (lowering.length > 0) {
    const names = listed(lowering.map(({ name, test }) => `${name} (${shown(test)})`));
    sentences.push(
      `A smaller gap alone is no better network: the ${scoreName} on the test samples fell or stayed with ${names}.`,
    );
  }
  return [...sentences, ...lossOf(overfit)];
}

/** What the validation loss of the overfitted network says, if it turned. */
function lossOf({ history }: FitResult): string[] {
  const losses = history.val_loss ?? [];
  const best = losses.reduce((least, loss) => Math.min(least, loss), Number.POSITIVE_INFINITY);
  const last = losses.at(-1) ?? Number.NaN;
  if (!(last > 1.02 * best)) return [];
  return [
    `Its validation loss was best, ${shown(best)}, in epoch ${losses.indexOf(best) + 1} of ${losses.length} and ended at ` +
      `${shown(last)}: this is what early stopping watches, and it need not go along with the score.`,
  ];
}

function whittling(report: Part): string[] {
  const teacher = formOf(report, 'teacher');
  const against = ({ score, bytes }: FormResult): string =>
    `${report.scoreName} ${shown(score)} (${signed(score.mean - teacher.score.mean)}) in ` +
    `${percent(bytes.mean / teacher.bytes.mean)} of the teacher's bytes`;
  const speed = ({ latency64 }: FormResult): string => {
    const ratio = latency64.mean / teacher.latency64.mean;
    if (ratio > 0.9 && ratio < 1.1) return 'as fast as the teacher';
    return ratio < 1
      ? `${times(1 / ratio)} times as fast as the teacher`
      : `slower than the teacher: ${times(ratio)} times its time`;
  };
  const pruned = formOf(report, 'pruned');
  const panels = formOf(report, 'sparse panels');
  const narrow = formOf(report, 'neurons pruned');
  const int8 = formOf(report, 'int8');
  const combined = formOf(report, 'combined');
  const dead = 1 - pruned.nonZeroParameters.mean / pruned.parameters.mean;
  const held = panels.heldParameters.mean / panels.parameters.mean;
  return [
    `The teacher reaches ${report.scoreName} ${shown(teacher.score)} on the test samples with ` +
      `${whole(teacher.parameters.mean)} parameters in ${whole(teacher.bytes.mean)} bytes.`,
    `With ${percent(dead)} of its parameters pruned to zero: ${against(pruned)}. The dense kernel multiplies by the ` +
      `zeros too: with 64 samples it is ${speed(pruned)}.`,
    `With panels of 16 weights pruned together, and ${percent(held)} of the parameters held: ${against(panels)}. Kernels step ` +
      `over such zeros where that is faster: with 64 samples it is ${speed(panels)}.`,
    `With ${report.options.model === 'mlp' ? 'neurons' : 'channels'}, and so ${percent(1 - narrow.macs.mean / teacher.macs.mean)} of the multiply-adds, removed: ` +
      `${against(narrow)}, with 64 samples ${speed(narrow)}.`,
    `In int8: ${against(int8)}, with 64 samples ${speed(int8)} on these kernels.`,
    report.distillation.conclusion,
    `All combined: ${against(combined)}, ${whole(combined.bytes.mean)} bytes, with 64 samples ${speed(combined)}.`,
  ];
}

function caveats({ data, options, majority, scoreName, forms }: Part): string[] {
  const sentences: string[] = [];
  const teacher = forms[0]!;
  if (majority !== null && majority.mean > 0.5) {
    const best = shown(majority);
    const verdict = above(teacher.score, majority) ? 'the teacher is better' : 'the teacher is not better';
    sentences.push(`Always choosing the most frequent class would give ${scoreName} ${best}; ${verdict}.`);
  }
  if (data.task === 'regression' && above(0, teacher.score)) {
    sentences.push(
      'R² below 0 is worse than always predicting the mean: the features may say nothing about the target, or a few ' +
        'extreme values of the target decide.',
    );
  }
  if (data.task === 'classification' && data.split.test < 100) {
    sentences.push(
      `The test part has ${data.split.test} samples, so one sample more or less is ${shown(1 / data.split.test)}: ` +
        'differences of that size are chance.',
    );
  }
  if (options.seeds.length === 1) sentences.push('All numbers are of one seed; several seeds show how far they vary.');
  return sentences;
}

/** Says whether distillation helped, with the numbers. */
export function distillationConclusion(distilled: Figure, labelsOnly: Figure, scoreName: string): string {
  const { mean, better, worse } = compare(distilled, labelsOnly);
  const seeds = distilled.values.length;
  const verdict = above(mean, 0) ? 'helped' : above(0, mean) ? 'did not help' : 'made no difference';
  const spread = seeds > 1 ? ` It was better in ${better} of ${seeds} seeds and worse in ${worse}.` : '';
  return (
    `Distillation ${verdict}: the student that also learned from the teacher reaches ${scoreName} ` +
    `${shown(distilled)}, the same student on labels alone ${shown(labelsOnly)} (${signed(mean)}).${spread}`
  );
}
