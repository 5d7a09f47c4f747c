import {
  digest,
  encodeNetwork,
  foldBatchNorm,
  latencies,
  type Model,
  measure,
  type Network,
  type Samples,
  toNetwork,
} from 'whittle-ml';
import { sha256 } from 'whittle-ml/io';
import { figure } from './figures.ts';
import type { FormResult } from './types-forms.ts';

/** A network as it is measured, with one seed. */
export interface Measured {
  readonly network: Network;
  readonly sha256: string;
  readonly measurement: ReturnType<typeof measure>;
}

/** A trained model as the network to use: its BatchNorms are in the layers before them, as those of `quantize` are. */
export const asUsed = (model: Model): Network => foldBatchNorm(toNetwork(model));

/** A float model is measured `asUsed` and digested by its weights as trained, an integer network by its file. */
export function measured(subject: Model | Network, samples: Samples): Measured {
  const isModel = 'compile' in subject;
  const network = isModel ? asUsed(subject) : subject;
  return {
    network,
    sha256: isModel ? digest(subject) : sha256(encodeNetwork(network)),
    measurement: measure(network, { samples, latency: false }),
  };
}

export type Figures = Omit<FormResult, 'name' | 'description' | 'notes'>;

/** Sums up networks of all seeds and times them, all of a seed in turns. Calls `tick` after each seed. */
export function figuresOf(seeds: readonly (readonly Measured[])[], tick: () => void): Figures[] {
  const times = seeds.map((all) => {
    const networks = all.map(({ network }) => network);
    const [one, many] = [1, 64].map((batchSize) => latencies(networks, { batchSize, rounds: 61 }));
    tick();
    return { one: one!, many: many! };
  });
  const running = seeds.map((all) => all.map(({ network }) => measure(network)));
  return seeds[0]!.map((_, i) => {
    const over = (f: (m: Measured['measurement']) => number): FormResult['bytes'] =>
      figure(seeds.map((all) => f(all[i]!.measurement)));
    return {
      score: over(({ score }) => score ?? Number.NaN),
      bytes: over(({ bytes }) => bytes),
      parameters: over(({ parameters }) => parameters),
      nonZeroParameters: over(({ nonZeroParameters }) => nonZeroParameters),
      heldParameters: over(({ parameters, heldParameters = parameters }) => heldParameters),
      macs: over(({ macs }) => macs),
      latency1: figure(times.map(({ one }) => one[i]!)),
      latency64: figure(times.map(({ many }) => many[i]!)),
      load: figure(running.map((all) => all[i]!.load ?? Number.NaN)),
      memory: figure(running.map((all) => all[i]!.memory?.batch1 ?? Number.NaN)),
    };
  });
}
