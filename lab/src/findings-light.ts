import type { Network } from 'whittle-ml';
import { decimals, percent, signed, times, whole } from './format.ts';
import type { LightResult, LightVariant } from './types.ts';

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
  const score = ({ score: { mean } }: LightResult): string => decimals(mean);
  const layers = new Map<string, number>();
  for (const [key, { shape }] of plain.weights) {
    const layer = key.slice(0, key.lastIndexOf('/'));
    layers.set(layer, (layers.get(layer) ?? 0) + shape.reduce((product, n) => product * n, 1));
  }
  const most = Math.max(...layers.values());
  const [best] = [...light].sort((p, q) => q.score.mean - p.score.mean) as [LightResult];
  const share = (of: 'parameters' | 'macs' | 'latency64'): string => percent(best[of].mean / first[of].mean);
  return [
    `Of the ${whole(first.parameters.mean)} parameters of the ${first.name}, ${whole(most)} ` +
      `(${((100 * most) / first.parameters.mean).toFixed(2)} %) are in one dense layer: to be light is to do without ` +
      'that layer, not without convolutions.',
    `With the mean of each channel in front of it, it shrinks to ${whole(means.parameters.mean)} parameters, and ${scoreName} is ` +
      `${score(means)} instead of ${score(first)}: behind a single convolution of 3×3 a mean tells which strokes there are, not ` +
      'where.',
    `Of those with many small convolutions in front of the means, ${best.name} is best: ${scoreName} ${score(best)}, with ` +
      `${share('parameters')} of the parameters of the ${first.name}, ${share('macs')} of its multiply-adds and ` +
      `${share('latency64')} of its time for 64 samples.`,
    `With half of the channels of each layer gone, and after some more training, ${gains(results, 'half the channels', scoreName)}.`,
    `In int8, without more training, ${gains(results, 'int8', scoreName)}.`,
  ];
}

/** What a variant costs and gains, from the least to the most over the networks. */
function gains(results: readonly LightResult[], variant: LightVariant, scoreName: string): string {
  const range = (of: (now: LightResult, before: LightResult) => number, format: (x: number) => string): string => {
    const all = results
      .filter((now) => now.variant === variant)
      .map((now) => of(now, results.find(({ name, variant: other }) => name === now.name && other === 'float32')!));
    const [low, high] = [format(Math.min(...all)), format(Math.max(...all))];
    return low === high ? low : `${low} to ${high}`;
  };
  return (
    `${scoreName} changes by ${range((now, before) => now.score.mean - before.score.mean, signed)}, files have ` +
    `${range((now, before) => now.bytes.mean / before.bytes.mean, percent)} of the bytes, and 64 samples are ` +
    `${range((now, before) => before.latency64.mean / now.latency64.mean, times)} times as fast`
  );
}
