import { checkCount, ValueError } from '../base/errors.ts';
import { checkOptions } from '../base/options.ts';
import { elementsOf } from '../base/shape.ts';
import type { Stored } from '../graph/encoding.ts';
import type { Graph } from '../graph/graph.ts';
import type { Program } from '../infer/program.ts';
import { decodeNetwork } from '../io/network-file.ts';
import { programOf } from '../nn/inference.ts';

export interface LatencyOptions {
  readonly batchSize: number;
  /** Samples taken of each network. Default 31. */
  readonly rounds?: number;
}

/**
 * Median milliseconds of one call of each network, measured in turns round by round, so that a change of the machine's
 * speed meets all of them alike. A sample is the mean of enough calls to last about 1 ms: clocks are coarse.
 *
 * @example
 * const forms = [toNetwork(model), quantize(model, { calibration: x })];
 * const [float32, int8] = latencies(forms, { batchSize: 1, rounds: 5 }); // milliseconds of a call of each
 */
export function latencies(networks: readonly Graph<Stored>[], options: LatencyOptions): number[] {
  checkOptions('latencies', options, 'batchSize rounds');
  if (!Array.isArray(networks)) throw new ValueError('latencies', 'the networks', 'a list', networks);
  const { batchSize, rounds = 31 } = options;
  checkCount('latencies', 'rounds', rounds);
  const programs = networks.map((network) => {
    const program = programOf(network, batchSize);
    const inputs = program.inputShapes.map((shape, i) => {
      const n = batchSize * elementsOf(shape);
      return program.inputTypes[i] === 'int32' ? new Int32Array(n) : new Float32Array(n).map((_, j) => (j % 17) / 16);
    });
    return { program, call: (): void => void program.run(inputs, batchSize) };
  });
  const found = medians(
    programs.map(({ call }) => call),
    { most: rounds, fewest: rounds },
  );
  for (const { program } of programs) program.dispose();
  return found;
}

/** How many samples of a call are taken: `most`, or fewer once they have taken `LONG`, but no fewer than `fewest`. */
interface Rounds {
  readonly most: number;
  readonly fewest: number;
}

/** Milliseconds: the median of what is slow is steady after a few samples. */
const LONG = 60;

/** Milliseconds that a sample is to take: browsers round the clock to a tenth of one, and what it rounds to 0 has no time. */
const SAMPLE = 1;

/** The most calls of a sample, should a clock stand still. */
const MOST_CALLS = 1 << 18;

/** Median milliseconds of each call, in turns round by round. */
function medians(calls: readonly (() => void)[], { most, fewest }: Rounds): number[] {
  const timed = calls.map((call) => {
    const time = (count: number): number => {
      const start = performance.now();
      for (let i = 0; i < count; i++) call();
      return performance.now() - start;
    };
    // Warm up, so that V8 has compiled the loops, and find out how many calls make a sample.
    let count = 1;
    for (let spent = time(1); spent < 10; spent += time(count)) count = Math.min(count * 2, 1 << 16);
    let spent = time(count);
    for (; spent < SAMPLE && count < MOST_CALLS; spent = time(count)) count *= 2;
    if (spent > 0) count = Math.min(MOST_CALLS, Math.max(1, Math.ceil((SAMPLE * count) / spent)));
    /** Of more calls where so many took hardly any time: when these were counted, another program had the processor. */
    const sample = (): number => {
      let taken = time(count);
      for (; taken < SAMPLE / 2 && count < MOST_CALLS; taken = time(count)) count *= 2;
      each.spent += taken;
      return taken / count;
    };
    const each = { sample, samples: [] as number[], spent: 0 };
    return each;
  });
  for (let round = 0; round < most; round++)
    for (const each of timed) {
      if (round >= fewest && each.spent >= LONG) continue;
      each.samples.push(each.sample());
    }
  return timed.map(({ samples }) => samples.sort((p, q) => p - q)[Math.floor(samples.length / 2)]!);
}

/** Loading takes longer than a call: of a file that is range coded, and where kernels are chosen by measuring, many milliseconds. */
const LOADS: Rounds = { most: 15, fewest: 3 };

/** Median milliseconds from the bytes of each file to a program of one sample, in turns: of 15 rounds, or fewer of a slow one. */
export function loadTimes(files: readonly Uint8Array[]): number[] {
  const calls = files.map((bytes) => (): void => programOf(decodeNetwork(bytes).network, 1).dispose());
  return medians(calls, LOADS);
}

/** Bytes that a program of a network holds. */
export function memoryOf(network: Graph<Stored>, batchSize: number): Program['memory'] & { readonly bytes: number } {
  const program = programOf(network, batchSize);
  const { weights, values } = program.memory;
  program.dispose();
  return { weights, values, bytes: weights + values };
}
