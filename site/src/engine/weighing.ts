import { encodeNetwork, type FileCoding, latencies, type Network, networkCost } from 'whittle-ml';
import type { Weighed } from './messages.ts';

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

/** Samples that are taken of each network, in turns. */
const ROUNDS = 11;

/** Median microseconds for one sample of each network, measured in turns. */
export const microsecondsOf = (networks: readonly Network[]): number[] =>
  latencies(networks, { batchSize: 1, rounds: ROUNDS }).map((milliseconds) => 1000 * milliseconds);

export function weighed(network: Network, bytes: number, microseconds: number, score: number): Weighed {
  const { macs, parameters, nonZeroParameters } = networkCost(network);
  return { bytes, macs, parameters, nonZero: nonZeroParameters, microseconds, score };
}
