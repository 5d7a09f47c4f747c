import { compare, listed, shown, signed, whole } from './figures.ts';
import type { Figure, FitResult, FormResult, JobReport } from './types.ts';

type Part = Omit<JobReport, 'findings' | 'seconds'> & { readonly majority: Figure | null };

/** Sentences with numbers about what the job found. Each is decided by the numbers, whichever way they fall. */
export function findings(report: Part): string[] {
  return [...overfitting(report), ...whittling(report), ...caveats(report)];
}

const fitOf = ({ fits }: Part, name: string): FitResult => fits.find((fit) => fit.name === name)!;
const formOf = ({ forms }: Part, name: string): FormResult => forms.find((form) => form.name === name)!;

function overfitting(report: Part): string[] {
  const { fits, scoreName } = report;
  const [underfit, overfit] = [fitOf(report, 'underfit'), fitOf(report, 'overfit')];
  const remedies = fits.filter(({ kind }) => kind === 'remedy');
  const narrowing = remedies.filter(({ gap }) => gap.mean < overfit.gap.mean);
  const raising = narrowing.filter(({ test }) => test.mean > overfit.test.mean);
  const lowering = narrowing.filter((fit) => !raising.includes(fit));
  const failing = remedies.filter((fit) => !narrowing.includes(fit));
  const gaps = (list: readonly FitResult[]): string => listed(list.map(({ name, gap }) => `${name} (${shown(gap)})`));
  const tests = (list: readonly FitResult[]): string =>
    listed(list.map(({ name, test }) => `${name} (${shown(test)})`));
  const sentences = [
    `On ${overfit.samples} samples the wide network reaches ${scoreName} ${shown(overfit.train)} in training and ` +
      `${shown(overfit.test)} on the test samples: a gap of ${shown(overfit.gap)}.`,
    `Held back by too strong a penalty it reaches ${shown(underfit.train)} in training and ${shown(underfit.test)} on ` +
      'the test samples.',
    narrowing.length === 0
      ? 'None of the remedies narrows that gap here.'
      : `${narrowing.length} of ${remedies.length} remedies narrow the gap, each applied alone: ${gaps(narrowing)}.`,
  ];
  if (failing.length > 0) sentences.push(`The gap does not get smaller with ${gaps(failing)}.`);
  if (raising.length > 0)
    sentences.push(`A better ${scoreName} on the test samples, too, comes from ${tests(raising)}.`);
  if (lowering.length > 0) {
    const names = listed(lowering.map(({ name }) => name));
    sentences.push(
      `A smaller gap alone is no better network: ${names} did not raise the ${scoreName} on the test samples.`,
    );
  }
  return sentences;
}

function whittling(report: Part): string[] {
  const teacher = formOf(report, 'teacher');
  const against = ({ score, bytes }: FormResult): string =>
    `${report.scoreName} ${shown(score)} (${signed(score.mean - teacher.score.mean)}) in ` +
    `${percent(bytes.mean / teacher.bytes.mean)} of the teacher's bytes`;
  const speed = ({ latency64 }: FormResult): string => {
    const ratio = latency64.mean / teacher.latency64.mean;
    if (ratio > 0.9 && ratio < 1.1) return 'as fast as the teacher';
    return ratio < 1 ? `${times(1 / ratio)} times as fast as the teacher` : `${times(ratio)} times slower`;
  };
  const [pruned, narrow, int8] = [formOf(report, 'pruned'), formOf(report, 'neurons pruned'), formOf(report, 'int8')];
  const combined = formOf(report, 'combined');
  const dead = 1 - pruned.nonZeroParameters.mean / pruned.parameters.mean;
  return [
    `The teacher reaches ${report.scoreName} ${shown(teacher.score)} on the test samples with ` +
      `${whole(teacher.parameters.mean)} parameters in ${whole(teacher.bytes.mean)} bytes.`,
    `Pruned, with ${percent(dead)} of its parameters zero: ${against(pruned)}; with 64 samples it is ` +
      `${speed(pruned)}, because a dense kernel multiplies by zeros too.`,
    `Without ${percent(1 - narrow.macs.mean / teacher.macs.mean)} of its multiply-adds, after neurons were removed: ` +
      `${against(narrow)}, ${speed(narrow)}.`,
    `In int8: ${against(int8)}; on these kernels it is ${speed(int8)} with 64 samples.`,
    report.distillation.conclusion,
    `All combined: ${against(combined)}, ${whole(combined.bytes.mean)} bytes, ${speed(combined)}.`,
  ];
}

function caveats({ data, options, majority, scoreName, forms }: Part): string[] {
  const sentences: string[] = [];
  const teacher = forms[0]!;
  if (majority !== null && majority.mean > 0.5) {
    const best = shown(majority);
    const verdict = teacher.score.mean > majority.mean ? 'the teacher is better' : 'the teacher is not better';
    sentences.push(`Always choosing the most frequent class would give ${scoreName} ${best}; ${verdict}.`);
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
  const verdict = mean > 0 ? 'helped' : mean < 0 ? 'did not help' : 'made no difference';
  const spread = seeds > 1 ? ` It was better in ${better} of ${seeds} seeds and worse in ${worse}.` : '';
  return (
    `Distillation ${verdict}: the student that also learned from the teacher reaches ${scoreName} ` +
    `${shown(distilled)}, the same student on labels alone ${shown(labelsOnly)} (${signed(mean)}).${spread}`
  );
}

const percent = (share: number): string => `${(share * 100).toFixed(share < 0.1 ? 1 : 0)} %`;
const times = (ratio: number): string => ratio.toFixed(ratio < 10 ? 1 : 0);
