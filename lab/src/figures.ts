import { decodeWeight, type Network, StateError } from 'whittle-ml';
import type { Figure } from './types-base.ts';
import type { FormName, Histogram } from './types-forms.ts';

/** One number per seed, summed up. Throws StateError for numbers that say that training broke down. */
export function figure(values: readonly number[]): Figure {
  if (!values.every(Number.isFinite)) {
    throw new StateError('job', 'a figure is not finite: training broke down. Are there extreme values in the table?');
  }
  const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
  return { mean, min: Math.min(...values), max: Math.max(...values), values };
}

/** The weights of a network as real numbers, biases left out. */
function realWeights({ weights }: Network): number[] {
  return [...weights.values()].flatMap((weight) => (weight.shape.length < 2 ? [] : [...(decodeWeight(weight) ?? [])]));
}

/** An odd number, so that the zeros have a bin of their own in the middle. */
const BINS = 61;

/** Histograms of several networks over one range, symmetric about 0, that holds the weights of all. */
export function histograms(networks: readonly (readonly [name: FormName, network: Network])[]): Histogram[] {
  const all = networks.map(([name, network]) => ({ name, weights: realWeights(network) }));
  const largest = all.reduce((most, { weights }) => weights.reduce((m, w) => Math.max(m, Math.abs(w)), most), 0);
  const high = largest > 0 ? largest : 1;
  return all.map(({ name, weights }) => {
    const counts = Array<number>(BINS).fill(0);
    for (const weight of weights) counts[Math.min(BINS - 1, Math.floor(((weight + high) / (2 * high)) * BINS))]!++;
    return { name, low: -high, high, counts };
  });
}

/** Mean of the differences, seed by seed, and in how many seeds the first is larger or smaller. */
export function compare(a: Figure, b: Figure): { mean: number; better: number; worse: number } {
  const differences = a.values.map((value, i) => value - b.values[i]!);
  const count = (test: (d: number) => boolean): number => differences.filter(test).length;
  return { mean: a.mean - b.mean, better: count((d) => d > 0), worse: count((d) => d < 0) };
}
