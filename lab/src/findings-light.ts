import type { Network } from 'whittle-ml';
import { above, listed, shown } from './findings.ts';
import { layerOf, percent, signed, times, whole } from './format.ts';
import type { LightResult, LightVariant } from './types-compared.ts';

/**
 * Sentences with numbers about networks for images beside each other, whichever way these fall; `plain` is the first in
 * float32.
 */
export function lightFindings(
  results: readonly LightResult[],
  scoreName: string,
  plain: Pick<Network, 'weights'>,
): string[] {
  const [first, means, ...light] = results.filter(({ variant }) => variant === 'float32') as [
    LightResult,
    LightResult,
    LightResult,
    ...LightResult[],
  ];
  const layers = new Map<string, number>();
  for (const [key, { shape }] of plain.weights) {
    const layer = layerOf(key);
    layers.set(layer, (layers.get(layer) ?? 0) + shape.reduce((product, n) => product * n, 1));
  }
  const most = Math.max(...layers.values());
  return [
    `Of the ${whole(first.parameters.mean)} parameters of the ${first.name}, ${whole(most)} ` +
      `(${((100 * most) / first.parameters.mean).toFixed(2)} %) are in one dense layer: to be light is to do without ` +
      'that layer, not without convolutions.',
    `With the mean of each channel in front of it, it shrinks to ${whole(means.parameters.mean)} parameters, and ${scoreName} ` +
      `${cost(means, first)}.`,
    `Of those with many small convolutions in front of the means, ${best(light, first, scoreName)}.`,
    `With half of the channels of each layer gone, and after some more training, ${gains(results, 'half the channels', scoreName)}.`,
    `In int8, without more training, ${gains(results, 'int8', scoreName)}.`,
  ];
}

/** What means of channels do to the score. */
function cost({ score: now }: LightResult, { score: before }: LightResult): string {
  if (shown(now) === shown(before)) return `stays ${shown(now)}`;
  const isLoss = above(before, now);
  return `is ${shown(now)} instead of ${shown(before)}${isLoss ? ': behind a single convolution of 3×3 a mean tells which strokes there are, not where' : ''}`;
}

/** The network with the best score, or all that are as good as it is shown, and what the smallest of them costs. */
function best(light: readonly LightResult[], first: LightResult, scoreName: string): string {
  const all = light.filter(({ score }) => !light.some((other) => above(other.score, score)));
  const [smallest] = [...all].sort((p, q) => p.parameters.mean - q.parameters.mean) as [LightResult];
  const share = (of: 'parameters' | 'macs' | 'latency64'): string => percent(smallest[of].mean / first[of].mean);
  const { score, name } = smallest;
  const whose =
    all.length === 1
      ? `${name} is best: ${scoreName} ${shown(score)}, with`
      : `${listed(all.map((one) => one.name))} are equally good: ${scoreName} ${shown(score)}; ${name}, the smallest, has`;
  return (
    `${whose} ${share('parameters')} of the parameters of the ${first.name}, ${share('macs')} of its multiply-adds and ` +
    `${share('latency64')} of its time for 64 samples`
  );
}

/** What a variant costs and gains, from the least to the most over the networks. */
function gains(results: readonly LightResult[], variant: LightVariant, scoreName: string): string {
  const pairs = results
    .filter((now) => now.variant === variant)
    .map(
      (now) => [now, results.find(({ name, variant: other }) => name === now.name && other === 'float32')!] as const,
    );
  const over = (of: (now: LightResult, before: LightResult) => number): number[] => pairs.map((pair) => of(...pair));
  const change = span(
    over((now, before) => now.score.mean - before.score.mean),
    signed,
  );
  const bytes = span(
    over((now, before) => now.bytes.mean / before.bytes.mean),
    percent,
  );
  return (
    `${scoreName} ${change === signed(0) ? 'stays the same' : `changes by ${change}`}, files have ${bytes} of the bytes, and ` +
    `64 samples ${speeds(
      over((now, before) => before.latency64.mean / now.latency64.mean),
      pairs.map(([{ name }]) => name),
    )}`
  );
}

function span(numbers: readonly number[], format: (x: number) => string): string {
  const [low, high] = [format(Math.min(...numbers)), format(Math.max(...numbers))];
  return low === high ? low : `${low} to ${high}`;
}

/** How many times as fast calls have become; networks that have become slower are named. */
function speeds(gained: readonly number[], names: readonly string[]): string {
  const isSlower = (gain: number): boolean => Number(times(1 / gain)) > 1;
  const quick = gained.filter((gain) => !isSlower(gain));
  const slow = names.flatMap((name, i) =>
    isSlower(gained[i]!) ? [`${name} (${times(1 / gained[i]!)} times as long)`] : [],
  );
  if (quick.length === 0) return `take longer with all: ${listed(slow)}`;
  const fast = span(quick, times);
  const now = fast === times(1) ? 'take as long as before' : `are ${fast} times as fast`;
  return slow.length === 0 ? now : `${now}, but slower with ${listed(slow)}`;
}
