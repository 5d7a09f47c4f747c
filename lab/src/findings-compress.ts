import { lostText } from './findings-damage.ts';
import { decimals, smaller, whole } from './format.ts';
import type { CompressReport, PointResult } from './types-compress.ts';

type Found = Omit<CompressReport, 'findings' | 'seconds'>;

/** The best, if there is one. */
export const bestOf = ({ points, best }: Pick<Found, 'points' | 'best'>): PointResult | undefined =>
  points.find(({ number }) => number === best);

/** Those that no other beats, the smallest first. */
export const frontOf = ({ points }: Pick<Found, 'points'>): PointResult[] =>
  points.filter(({ isDominated }) => !isDominated).sort((p, q) => p.bytes.file - q.bytes.file);

/** All, the smallest first. */
export const bySize = ({ points }: Pick<Found, 'points'>): PointResult[] =>
  [...points].sort((p, q) => p.bytes.file - q.bytes.file || p.number - q.number);

/** A score with its interval. */
export const scoreText = ({ score, low, high }: PointResult['test'], format = decimals): string =>
  `${format(score)} (${format(low)} to ${format(high)})`;

const networks = (n: number): string => `${whole(n)} ${n === 1 ? 'network' : 'networks'}`;

/** How a trial differs from most others: by its seed where there are several, and by its epochs. */
export function settingText(
  { seed, effort }: Pick<PointResult, 'seed' | 'effort'>,
  { options }: Pick<Found, 'options'>,
): string {
  const parts = [
    ...(options.seeds.length > 1 ? [`seed ${seed}`] : []),
    ...(effort < 1 ? [`${Math.round(100 * effort)} % of the epochs`] : []),
  ];
  return parts.length === 0 ? '' : `, ${parts.join(', ')}`;
}

/** What a loss is counted in. */
export const lostUnit = ({ scoreName }: Pick<Found, 'scoreName'>): string =>
  scoreName === 'accuracy' ? 'points' : 'hundredths';

/** What limits there were, in words. */
export function limitsText({
  options: { budget, maxDamage },
  scoreName,
}: Pick<Found, 'options' | 'scoreName'>): string {
  const bytes = budget === null ? '' : `at most ${whole(budget)} bytes and `;
  return `${bytes}at most ${maxDamage} ${lostUnit({ scoreName })} of ${scoreName} lost`;
}

/** The numbers that count. */
export function compressFindings(report: Found): string[] {
  const { points, failures, original, scoreName } = report;
  const best = bestOf(report);
  const front = frontOf(report);
  const rest = points.length - front.length;
  const sentences: string[] = [];
  if (best !== undefined) {
    const { number, words } = smaller(best.smaller);
    sentences.push(
      `The smallest within the limits (${limitsText(report)}, on the validation samples) has ${whole(best.bytes.file)} bytes, ` +
        `${number} times ${words} than the model’s ${whole(original.bytes.file)}; on the test samples, which chose nothing, its ` +
        `${scoreName} is ${scoreText(best.test)}, the model’s ${scoreText(original.test)}.`,
    );
  } else {
    sentences.push(`No network is within the limits (${limitsText(report)}, on the validation samples).`);
  }
  if (points.length > 0)
    sentences.push(
      `Of ${networks(points.length)} ${whole(front.length)} ${front.length === 1 ? 'is' : 'are'} beaten by no other in bytes and validation ${scoreName}, ` +
        `and ${whole(rest)} ${rest === 1 ? 'is' : 'are'} dominated.`,
    );
  sentences.push(...baselineFinding(report, best));
  if (failures.length > 0)
    sentences.push(`${whole(failures.length)} ${failures.length === 1 ? 'trial' : 'trials'} made no network.`);
  return sentences;
}

/** What a small network reaches without the model. */
function baselineFinding(report: Found, best: PointResult | undefined): string[] {
  const baselines = bySize(report).filter(({ isBaseline }) => isBaseline);
  if (baselines.length === 0) return [];
  const [good] = baselines.filter(({ meets }) => meets);
  const all = `Of ${networks(baselines.length)} trained from scratch, by the labels alone,`;
  if (good === undefined) return [`${all} none is within the limits.`];
  if (best === good) return [`${all} the smallest within the limits is the best of all.`];
  return [`${all} the smallest within the limits has ${whole(good.bytes.file)} bytes.`];
}

/** Points of a hundred that are lost, with their interval; negative for what is better. */
export const lostWords = (lost: PointResult['lost']['test']): string => (lost === null ? '–' : lostText(lost));
