import { lostText } from './findings-damage.ts';
import { decimals, range, smaller, whole } from './format.ts';
import type { CompressReport, PointResult, RecipeMeans } from './types-compress.ts';

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

/** The means of the recipes, the smallest first; none for a single seed. */
export const meansBySize = ({ recipes }: Pick<Found, 'recipes'>): RecipeMeans[] =>
  [...recipes].sort((p, q) => p.bytes.mean - q.bytes.mean);

/** Those that no other one beats on average. */
export const meansFront = (report: Pick<Found, 'recipes'>): RecipeMeans[] =>
  meansBySize(report).filter(({ isDominated }) => !isDominated);

/** With how many of the seeds, in words. */
export const ofSeeds = (n: number, { options }: Pick<Found, 'options'>): string => `${n} of ${options.seeds.length}`;

/** A score with its interval. */
export const scoreText = ({ score, low, high }: PointResult['test'], format = decimals): string =>
  `${format(score)} (${format(low)} to ${format(high)})`;

const networks = (n: number): string => `${whole(n)} ${n === 1 ? 'network' : 'networks'}`;

/** How a trial differs from most others: by its seed where there are several, and by its epochs. */
export function settingText(
  { seed, effort }: Pick<PointResult, 'seed' | 'effort'>,
  { options }: Pick<Found, 'options'>,
): string {
  const ofSeed = options.seeds.length > 1 ? `, seed ${seed}` : '';
  return `${ofSeed}${effortText({ effort })}`;
}

/** That it was trained with a part of the epochs. */
export const effortText = ({ effort }: Pick<PointResult, 'effort'>): string =>
  effort < 1 ? `, ${Math.round(100 * effort)} % of the epochs` : '';

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
  const early = front.filter(({ effort }) => effort < 1).length;
  const sentences: string[] = [];
  if (best !== undefined) {
    const { number, words } = smaller(best.smaller);
    sentences.push(
      `The smallest within the limits (${limitsText(report)}, on the validation samples) has ${whole(best.bytes.file)} bytes, ` +
        `${number} times ${words} than the model’s ${whole(original.bytes.file)}; on the test samples, which chose nothing, its ` +
        `${scoreName} is ${scoreText(best.test)}, the model’s ${scoreText(original.test)}.`,
      ...meansFinding(report, best),
    );
  } else {
    sentences.push(`No network is within the limits (${limitsText(report)}, on the validation samples).`);
  }
  if (points.length > 0)
    sentences.push(
      `Of ${networks(points.length)} ${whole(front.length)} ${front.length === 1 ? 'is' : 'are'} beaten by no other in bytes and validation ${scoreName}, ` +
        `and ${whole(rest)} ${rest === 1 ? 'is' : 'are'} dominated.`,
    );
  if (early > 0)
    sentences.push(
      `${whole(early)} of the ${whole(front.length)} that no other beats ${early === 1 ? 'was' : 'were'} trained with a part of the epochs alone, ` +
        'in an early rung of halving: a file counts whatever it took.',
    );
  sentences.push(...baselineFinding(report, best));
  if (failures.length > 0)
    sentences.push(`${whole(failures.length)} ${failures.length === 1 ? 'trial' : 'trials'} made no network.`);
  return sentences;
}

/** What the recipe of the best makes on average: with the luckiest of the seeds it looks better than it is. */
function meansFinding(report: Found, { number, effort }: PointResult): string[] {
  const own = report.recipes.find(({ points }) => points.includes(number));
  if (own === undefined) return [];
  const { points, bytes, test, meets } = own;
  return [
    `Over the seeds the recipe of the best${effortText({ effort })} makes files of ${range(bytes, whole)} bytes, whose ${report.scoreName} on the test samples ` +
      `is ${range(test, decimals)}; with ${ofSeeds(meets, report)} seeds it is within the limits${points.length < report.options.seeds.length ? `, and with ${report.options.seeds.length - points.length} it made no network` : ''}.`,
  ];
}

/** What a small network reaches without the model, with all epochs: with a part of them it is none to compare with. */
function baselineFinding(report: Found, best: PointResult | undefined): string[] {
  const baselines = bySize(report).filter(({ isBaseline, effort }) => isBaseline && effort === 1);
  if (baselines.length === 0) return [];
  const [good] = baselines.filter(({ meets }) => meets);
  const all = `Of ${networks(baselines.length)} trained from scratch, by the labels alone,`;
  if (good === undefined) return [`${all} none is within the limits.`];
  if (best === good) return [`${all} the smallest within the limits is the best of all.`];
  return [`${all} the smallest within the limits has ${whole(good.bytes.file)} bytes.`];
}

/** Points of a hundred that are lost, with their interval; negative for what is better. */
export const lostWords = (lost: PointResult['lost']['test']): string => (lost === null ? '–' : lostText(lost));
