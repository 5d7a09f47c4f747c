import { fromData, type Network, quantize, toNetwork } from 'whittle-ml';
import { checkNear, normal } from './data.ts';
import type { Entrants } from './entrants.ts';
import { imageModelOf } from './image-by-library.ts';
import { exactValues, softmaxed } from './image-exact.ts';
import { integerLayers } from './image-int8.ts';
import { CLASSES, firstWeights, type ImageTask, imagesOf, imageTasks, placed, shapesOfWeights } from './image-tasks.ts';
import { compile, INT8_GOAL, type Program, TOLERANCE } from './inference.ts';
import { CheckError, type Contest, join, type Row, type Variant } from './row.ts';
import type { Table } from './tables.ts';

type How = 'float32' | 'int8';

/** Images that ranges are taken from. */
const CALIBRATED = 64;

/** A task as it is run: dropout leaves nothing out then. */
export const withoutDropout = (task: ImageTask, batch: number): ImageTask => ({
  ...task,
  batch,
  dropout: 0,
  layers: task.layers.filter(({ kind }) => kind !== 'dropout'),
});

/** Images of different brightness. */
export function inputsOf(task: ImageTask): Float32Array {
  const [x] = imagesOf(task);
  const size = x.length / task.batch;
  return x.map((value, at) => (value * (1 + (Math.floor(at / size) % 4))) / 4);
}

/**
 * The weights that training begins with, but with biases, and a last layer of large weights: where all probabilities are
 * alike, a wrong one would be near the right one.
 */
export function knownWeights(task: ImageTask): Float32Array[] {
  const weights = firstWeights(task).map((values, i) =>
    i % 2 === 0 ? values : normal(values.length, 40 + i).map((b) => 0.1 * b),
  );
  const one = { ...task, batch: 1 };
  const sums = exactValues(placed(one), weights, inputsOf(one), 1).at(-1)!;
  const size = Math.sqrt(sums.reduce((sum, z) => sum + z * z, 0) / sums.length);
  return weights.map((values, i) => (i < weights.length - 2 ? values : values.map((w) => (1.5 * w) / size)));
}

/** Throws CheckError where a layer of a quantized network is still one of real numbers. */
export function checkIntegers(name: string, network: Network): void {
  const real = network.nodes.find(
    ({ op, weights: { kernel } }) =>
      (op === 'conv' || op === 'dense') && network.weights.get(kernel ?? '')?.encoding.type !== 'int8',
  );
  if (real !== undefined) throw new CheckError(`${name}: ${real.name} is not quantized: its weights are real numbers`);
}

async function open(task: ImageTask, tables: readonly Table[], peers: Entrants): Promise<Contest> {
  const { batch, shape } = task;
  const weights = knownWeights(task);
  const layers = placed(task);
  const x = inputsOf(task);
  const exact = softmaxed(exactValues(layers, weights, x, batch).at(-1)!, CLASSES);
  const seen = inputsOf({ ...task, batch: CALIBRATED });
  const model = imageModelOf(task, weights);
  const calibration = fromData(seen, [CALIBRATED, ...shape]);
  const networks = { float32: toNetwork(model), int8: quantize(model, { calibration, ranges: 'minMax' }) };
  const programs: Program[] = [];
  const variantOn = ({ name, kernels }: Table, how: How): Variant => {
    const program = compile(networks[how], batch, kernels);
    programs.push(program);
    return {
      ...{ who: name, how, ours: true, run: () => program.run(x)[0]! },
      ...(how === 'int8' ? { base: `${name} float32` } : {}),
      ...(how === 'int8' && name === 'wasm' ? { goal: INT8_GOAL } : {}),
      check: () => {
        if (how === 'int8') checkIntegers(name, networks.int8);
        checkNear(`${name} ${how}`, program.run(x), exact, TOLERANCE[how]);
      },
    };
  };
  const variants = tables.flatMap((table) => [variantOn(table, 'float32'), variantOn(table, 'int8')]);
  const close = (): void => {
    for (const program of programs) program.dispose?.();
  };
  const integers = integerLayers(layers, weights, exactValues(layers, weights, seen, CALIBRATED));
  const problem = {
    ...{ batch, weights, shapes: shapesOfWeights(task), x },
    layers: layers.map((one) => ({ ...one.layer, shape: one.shape })),
  };
  const enter = (how: How): Promise<Contest> =>
    peers.enter(
      how,
      (peer) => peer.inferImages?.({ ...problem, int8: how === 'int8' ? integers : null }),
      (name, y) => checkNear(`${name} ${how}`, y, exact, TOLERANCE[how]),
    );
  return join({ variants, failures: [], close }, await enter('float32'), await enter('int8'));
}

/** From an array of images to an array of probabilities, in float32 and in int8, by programs and other libraries. */
export function imageInferenceRows(tables: readonly Table[], peers: Entrants): Row[] {
  const fast = tables.filter(({ name }) => name !== 'reference' && name !== 'own');
  return imageTasks.flatMap((task) =>
    [1, 64].map(
      (batch): Row => ({
        name: `infer ${task.name} batch ${batch}`,
        ...{ work: 1, unit: 'calls/s', ratio: 'speed', peers: true },
        quick: task.name === 'MobileNet-style',
        open: () => open(withoutDropout(task, batch), fast, peers),
      }),
    ),
  );
}
