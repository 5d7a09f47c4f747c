import {
  encodeNetwork,
  type FileCoding,
  foldBatchNorm,
  latencies,
  type Model,
  type Network,
  networkCost,
  toNetwork,
} from 'whittle-ml';
import type { Weighed } from './messages.ts';

/** A model as it is used: its BatchNorms are in its kernels. */
export const folded = (model: Model): Network => foldBatchNorm(toNetwork(model));

/** The smallest file of a network, and what it is coded with. */
export interface Smallest {
  readonly file: Uint8Array<ArrayBuffer>;
  readonly coding: FileCoding;
  /** Bytes without a code. */
  readonly plain: number;
}

/** Above so many numbers in weights the range coder takes longer than a person waits: 65 ns for each bit. */
const MOST_RANGED = 200_000;

export function smallestFile(network: Network): Smallest {
  const plain = encodeNetwork(network);
  let best: Smallest = { file: plain, coding: 'none', plain: plain.length };
  const codings = networkCost(network).parameters > MOST_RANGED ? ['huffman'] : ['huffman', 'range'];
  for (const coding of codings as readonly FileCoding[]) {
    const file = encodeNetwork(network, { coding });
    if (file.length < best.file.length) best = { file, coding, plain: plain.length };
  }
  return best;
}

/** How often each network is timed, and by how many of the library's samples: no turn takes longer than some 25 ms. */
const TURNS = 3;
const ROUNDS = 9;
/** Multiply-adds above which a sample takes longer than a millisecond, so that fewer will do. */
const LONG = 1e6;

const roundsOf = (network: Network): number =>
  Math.max(1, Math.round(ROUNDS * Math.min(1, LONG / networkCost(network).macs)));

/** Median microseconds for one sample of each network, as the library measures them, in turns with a pause behind each. */
export async function microsecondsOf(networks: readonly Network[], pause: () => Promise<unknown>): Promise<number[]> {
  const found = networks.map((): number[] => []);
  for (let turn = 0; turn < TURNS; turn++)
    for (const [i, network] of networks.entries()) {
      found[i]!.push(1000 * latencies([network], { batchSize: 1, rounds: roundsOf(network) })[0]!);
      await pause();
    }
  return found.map((times) => times.sort((a, b) => a - b)[TURNS >> 1]!);
}

export function weighed(network: Network, bytes: number, microseconds: number, score: number): Weighed {
  const { macs, parameters, nonZeroParameters } = networkCost(network);
  return { bytes, macs, parameters, nonZero: nonZeroParameters, microseconds, score };
}
