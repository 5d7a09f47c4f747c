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
 * speed meets all of them alike. A sample is the mean of enough calls to last about 0.3 ms: clocks are coarse.
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
    rounds,
  );
  for (const { program } of programs) program.dispose();
  return found;
}

/** Median milliseconds of each call, in turns round by round. */
function medians(calls: readonly (() => void)[], rounds: number): number[] {
  const timed = calls.map((call) => {
    const time = (count: number): number => {
      const start = performance.now();
      for (let i = 0; i < count; i++) call();
      return (performance.now() - start) / count;
    };
    // Warm up, so that V8 has compiled the loops, and find out how many calls make a sample.
    let count = 1;
    for (let spent = 0; spent < 10; count = Math.min(count * 2, 1 << 16)) spent += time(count) * count;
    const enough = Math.max(1, Math.ceil(0.3 / Math.max(1e-6, time(count))));
    return { time, count: enough, samples: [] as number[] };
  });
  for (let round = 0; round < rounds; round++) for (const { time, count, samples } of timed) samples.push(time(count));
  return timed.map(({ samples }) => samples.sort((p, q) => p - q)[Math.floor(samples.length / 2)]!);
}

/** Rounds of loading: it takes longer than a call, and where kernels are chosen by measuring, milliseconds a layer. */
const LOADS = 15;

/** Median milliseconds from the bytes of each file to a program of one sample, in turns. */
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
