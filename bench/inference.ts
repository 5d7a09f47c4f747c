import * as whittle from 'whittle-ml';
import { fromData, type Network, quantize, Sequential, setBackend, toNetwork, toSparse } from 'whittle-ml';
import { compileNetwork } from 'whittle-ml/infer';
import { cpu, type Kernels, reference } from 'whittle-ml/kernels';
import { modelOf, weightsOf } from './by-library.ts';
import { checkNear, normal } from './data.ts';
import type { Entrants } from './entrants.ts';
import { exactValues, softmaxed } from './image-exact.ts';
import { type Contest, join, type Row, type Variant } from './row.ts';
import type { Table } from './tables.ts';

/** A network of dense layers, and the batches that it is run on. */
interface DenseTask {
  readonly name: string;
  readonly sizes: readonly number[];
  readonly batches: readonly number[];
  /** What the weights of a fresh model are multiplied by, so that numbers do not die away in many layers. */
  readonly gain: number;
  /** Whether it is also run with weights of four bits, whose values stay real. */
  readonly int4: boolean;
}

const NETWORKS: readonly DenseTask[] = [
  ...[
    [100, 64, 64, 10],
    [784, 512, 512, 10],
  ].map((sizes) => ({ name: sizes.join('-'), sizes, batches: [1, 64], gain: 1, int4: false })),
  { name: '10x1024', sizes: new Array<number>(11).fill(1024), batches: [1], gain: Math.SQRT2, int4: true },
];

/** A network made ready to run. */
export interface Program {
  readonly run: (input: Float32Array) => Float32Array;
  readonly dispose?: () => void;
}

interface Compilers {
  readonly compileInference?: (model: Sequential, batchSize: number) => Program;
}

/** A model by the library's own way to run it again and again, where this build has one; a network by its program. */
export function compile(model: Sequential | Network, batch: number, kernels: Kernels): Program {
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
  const layers = sizes.slice(1).map((units, i) => ({ layer: { kind: 'dense', units } as const, shape: [sizes[i]!] }));
  return softmaxed(exactValues(layers, weights, x, batch).at(-1)!, sizes.at(-1)!);
}

/** How far probabilities may be from float64's: by rounding, and by 8 bits for every activation and weight. */
export const TOLERANCE = { float32: 1e-5, int8: 0.04 };

/** How often int8 should be as fast as float32. */
export const INT8_GOAL = 1.5;

/** Weights of four bits should not be slower than those of 32. */
const INT4_GOAL = 1;

/** Bytes that a weight takes; in int4 a group of 32 has a scale. */
const BYTES = { float32: 4, int8: 1, int4: 0.5 + 4 / 32 };

async function open(
  { sizes, gain, int4 }: DenseTask,
  batch: number,
  tables: readonly Table[],
  peers: Entrants,
): Promise<Contest> {
  const model = modelOf({ sizes, loss: 'categoricalCrossentropy', dropout: 0 });
  model.setWeights(
    model.getWeights().map(({ data, shape }) =>
      fromData(
        Float32Array.from(data, (w) => gain * w),
        shape,
      ),
    ),
  );
  const weights = weightsOf(model);
  const x = normal(batch * sizes[0]!, 4);
  const inputs = sizes[0]!;
  const exact = exactOutputs(sizes, weights, x, batch);
  // Of many classes each has a small share.
  const share = Math.min(1, 100 / sizes.at(-1)!);
  const calibration = fromData(normal(256 * inputs, 5), [256, inputs]);
  const network = quantize(model, { calibration });
  const networks = { float32: model, int8: network, ...(int4 ? { int4: quantize(model, { format: 'int4' }) } : {}) };
  // In int4 probabilities are those of the weights that it has, as they are defined.
  const defined = networks.int4 === undefined ? null : compile(networks.int4, batch, reference).run(x);
  const inKernels = weights.reduce((sum, { length }, i) => sum + (i % 2 === 0 ? length : 0), 0);
  const programs: Program[] = [];
  const variantOf = ({ name, kernels }: Table, how: keyof typeof BYTES, subject: Sequential | Network): Variant => {
    const program = compile(subject, batch, kernels);
    programs.push(program);
    const [wanted, tolerance] = how === 'int4' ? [defined!, TOLERANCE.float32] : [exact, TOLERANCE[how]];
    return {
      who: name,
      how,
      ours: true,
      ...(how === 'float32' ? {} : { base: `${name} float32` }),
      ...(how === 'int4' && name === 'wasm' ? { goal: INT4_GOAL } : {}),
      ...(int4 ? { reads: BYTES[how] * inKernels } : {}),
      run: () => program.run(x)[0]!,
      check: () => checkNear(`${name} ${how}`, program.run(x), wanted, share * tolerance),
    };
  };
  const variants = tables.flatMap((table) =>
    Object.entries(networks).map(([how, subject]) => variantOf(table, how as keyof typeof BYTES, subject)),
  );
  const close = (): void => {
    for (const program of programs) program.dispose?.();
  };
  const enter = (how: 'float32' | 'int8'): Promise<Contest> =>
    peers.enter(
      how,
      (peer) => peer.infer?.({ sizes, batch, weights, x, int8: how === 'int8' ? network : null }),
      (name, y) => checkNear(`${name} ${how}`, y, exact, share * TOLERANCE[how]),
    );
  return join({ variants, failures: [], close }, await enter('float32'), await enter('int8'));
}

/** How often a network in sparse panels should be as fast as the same with its zeros. */
const PANELS_GOAL = 2.5;
const PANELS = { sizes: [784, 512, 512, 10], sparsity: 0.8, batch: 64 };

/** Rows of sixteen units at 0, and the numbers as they are, beside programs of the same numbers in sparse panels. */
function openPanels(tables: readonly Table[]): Contest {
  const { sizes, sparsity, batch } = PANELS;
  const model = modelOf({ sizes, loss: 'categoricalCrossentropy', dropout: 0 });
  const weights = model.getWeights().map(({ data, shape: [terms, units] }, i) => {
    if (units === undefined) return fromData(data, [terms!]);
    const across = Math.ceil(units / 16);
    const order = normal(terms! * across, 6 + i);
    const least = Float32Array.from(order).sort()[Math.floor(sparsity * order.length)]!;
    const kept = Float32Array.from(data, (w, at) => {
      const panel = Math.floor((at % units) / 16);
      return order[Math.floor(at / units) * across + panel]! < least ? 0 : w;
    });
    return fromData(kept, [terms!, units]);
  });
  model.setWeights(weights);
  const x = normal(batch * sizes[0]!, 4);
  const exact = exactOutputs(sizes, weightsOf(model), x, batch);
  const forms = { '': toNetwork(model), panels: toSparse(model, { pattern: 'panels' }) };
  const programs: Program[] = [];
  const variants = tables.flatMap(({ name, kernels }) =>
    Object.entries(forms).map(([how, network]): Variant => {
      const program = compile(network, batch, kernels);
      programs.push(program);
      return {
        who: name,
        how,
        ours: true,
        ...(how === '' ? {} : { base: name, ...(name === 'wasm' ? { goal: PANELS_GOAL } : {}) }),
        run: () => program.run(x)[0]!,
        check: () => checkNear(`${name} ${how}`, program.run(x), exact, TOLERANCE.float32),
      };
    }),
  );
  return {
    variants,
    failures: [],
    close: () => {
      for (const program of programs) program.dispose?.();
    },
  };
}

/** From an array of inputs to an array of probabilities, in float32, in int8, and with most weights at 0. */
export function inferenceRows(tables: readonly Table[], peers: Entrants): Row[] {
  const fast = tables.filter(({ name }) => name !== 'reference' && name !== 'own');
  const panels: Row = {
    name: `infer ${PANELS.sizes.join('-')} panels ${100 * PANELS.sparsity} % batch ${PANELS.batch}`,
    ...{ work: 1, unit: 'calls/s', ratio: 'speed', quick: false, peers: false },
    open: () => openPanels(fast),
  };
  const dense = NETWORKS.flatMap((task) =>
    task.batches.map(
      (batch): Row => ({
        name: `infer ${task.name} batch ${batch}`,
        work: 1,
        unit: 'calls/s',
        ratio: 'speed',
        quick: task.sizes[0] === 100,
        peers: true,
        open: () => open(task, batch, fast, peers),
      }),
    ),
  );
  return [...dense, panels];
}
