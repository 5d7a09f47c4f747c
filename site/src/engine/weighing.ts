import { compileInference, encodeNetwork, type FileCoding, type Network, networkCost } from 'whittle-ml';
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

/** Samples that are taken of each network, in turns, and milliseconds that each lasts: clocks of pages go by tenths of one. */
const ROUNDS = 5;
const LASTING = 3;
/** The most calls of a sample, where a clock stands still. */
const MOST_CALLS = 1 << 16;

/** Median microseconds for one sample of each network, measured in turns. */
export function microsecondsOf(networks: readonly Network[]): number[] {
  const programs = networks.map((network) => compileInference(network));
  try {
    const timed = programs.map((program) => {
      const inputs = program.inputShapes.map((shape, i) => {
        const size = shape.reduce((product, n) => product * n, 1);
        return program.inputTypes[i] === 'int32' ? new Int32Array(size) : new Float32Array(size).fill(0.5);
      });
      const time = (count: number): number => {
        const start = performance.now();
        for (let i = 0; i < count; i++) program.run(inputs, 1);
        return performance.now() - start;
      };
      let count = 1;
      while (time(count) < LASTING && count < MOST_CALLS) count *= 2;
      return { each: () => (1000 * time(count)) / count, found: [] as number[] };
    });
    for (let round = 0; round < ROUNDS; round++) for (const { each, found } of timed) found.push(each());
    // A clock that goes by larger steps than a sample lasts shows most of them as 0: then the mean
    return timed.map(
      ({ found }) => found.sort((a, b) => a - b)[ROUNDS >> 1]! || found.reduce((sum, x) => sum + x, 0) / ROUNDS,
    );
  } finally {
    for (const program of programs) program.dispose();
  }
}

export function weighed(network: Network, bytes: number, microseconds: number, score: number): Weighed {
  const { macs, parameters, nonZeroParameters } = networkCost(network);
  return { bytes, macs, parameters, nonZero: nonZeroParameters, microseconds, score };
}
