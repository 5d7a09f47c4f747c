import * as whittle from 'whittle-ml';
import { fromData, type Network, quantize, Sequential, setBackend, toNetwork } from 'whittle-ml';
import { compileNetwork } from 'whittle-ml/infer';
import { cpu, type Kernels } from 'whittle-ml/kernels';
import { modelOf, weightsOf } from './by-library.ts';
import { checkNear, normal } from './data.ts';
import type { Peers } from './peers.ts';
import { type Contest, join, type Row, type Variant } from './row.ts';
import type { Table } from './tables.ts';

const NETWORKS: readonly (readonly number[])[] = [
  [100, 64, 64, 10],
  [784, 512, 512, 10],
];

/** A network made ready to run. */
interface Program {
  readonly run: (input: Float32Array) => Float32Array;
  readonly dispose?: () => void;
}

interface Compilers {
  readonly compileInference?: (model: Sequential, batchSize: number) => Program;
}

/** A model by the library's own way to run it again and again, where this build has one; a network by its program. */
function compile(model: Sequential | Network, batch: number, kernels: Kernels): Program {
  if (!(model instanceof Sequential)) return compileNetwork(model, batch, kernels);
  const { compileInference } = whittle as Compilers;
  if (compileInference === undefined) return compileNetwork(toNetwork(model), batch, kernels);
  setBackend(kernels);
  try {
    return compileInference(model, batch);
  } finally {
    setBackend(cpu);
  }
}

/** softmax of the last layer's sums, relu between the layers, in float64. */
export function exactOutputs(
  sizes: readonly number[],
  weights: readonly Float32Array[],
  x: Float32Array,
  batch: number,
): Float64Array {
  let input = Float64Array.from(x);
  for (let layer = 0; layer + 1 < sizes.length; layer++) {
    const inputs = sizes[layer]!;
    const units = sizes[layer + 1]!;
    const w = weights[2 * layer]!;
    const bias = weights[2 * layer + 1]!;
    const output = new Float64Array(batch * units);
    for (let i = 0; i < batch; i++) {
      for (let j = 0; j < units; j++) {
        let sum = bias[j]!;
        for (let p = 0; p < inputs; p++) sum += input[i * inputs + p]! * w[p * units + j]!;
        output[i * units + j] = layer + 2 < sizes.length ? Math.max(0, sum) : sum;
      }
    }
    input = output;
  }
  const classes = sizes.at(-1)!;
  for (let i = 0; i < batch; i++) {
    const row = input.subarray(i * classes, (i + 1) * classes);
    const largest = Math.max(...row);
    for (let j = 0; j < classes; j++) row[j] = Math.exp(row[j]! - largest);
    const total = row.reduce((sum, e) => sum + e, 0);
    for (let j = 0; j < classes; j++) row[j]! /= total;
  }
  return input;
}

/** How far probabilities may be from float64's: by rounding, and by 8 bits for every activation and weight. */
const TOLERANCE = { float32: 1e-5, int8: 0.04 };

async function open(sizes: readonly number[], batch: number, tables: readonly Table[], peers: Peers): Promise<Contest> {
  const model = modelOf({ sizes, loss: 'categoricalCrossentropy', dropout: 0 });
  const weights = weightsOf(model);
  const x = normal(batch * sizes[0]!, 4);
  const inputs = sizes[0]!;
  const exact = exactOutputs(sizes, weights, x, batch);
  const calibration = fromData(normal(256 * inputs, 5), [256, inputs]);
  const network = quantize(model, { calibration });
  const programs: Program[] = [];
  const variantOf = ({ name, kernels }: Table, how: 'float32' | 'int8'): Variant => {
    const program = compile(how === 'int8' ? network : model, batch, kernels);
    programs.push(program);
    return {
      who: name,
      how,
      ours: true,
      ...(how === 'int8' ? { base: `${name} float32` } : {}),
      run: () => program.run(x)[0]!,
      check: () => checkNear(`${name} ${how}`, program.run(x), exact, TOLERANCE[how]),
    };
  };
  const variants = tables.flatMap((table) => [variantOf(table, 'float32'), variantOf(table, 'int8')]);
  const close = (): void => {
    for (const program of programs) program.dispose?.();
  };
  const enter = (how: 'float32' | 'int8'): Promise<Contest> =>
    peers.enter(
      how,
      (peer) => peer.infer?.({ sizes, batch, weights, x, int8: how === 'int8' ? network : null }),
      (name, y) => checkNear(`${name} ${how}`, y, exact, TOLERANCE[how]),
    );
  return join({ variants, failures: [], close }, await enter('float32'), await enter('int8'));
}

/** From an array of inputs to an array of probabilities, in float32 and in int8. */
export function inferenceRows(tables: readonly Table[], peers: Peers): Row[] {
  const fast = tables.filter(({ name }) => name !== 'reference' && name !== 'own');
  return NETWORKS.flatMap((sizes) =>
    [1, 64].map(
      (batch): Row => ({
        name: `infer ${sizes.join('-')} batch ${batch}`,
        work: 1,
        unit: 'calls/s',
        ratio: 'speed',
        quick: sizes[0] === 100,
        peers: true,
        open: () => open(sizes, batch, fast, peers),
      }),
    ),
  );
}
