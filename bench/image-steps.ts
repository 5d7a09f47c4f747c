import { setBackend } from 'whittle-ml';
import { cpu, reference64 } from 'whittle-ml/kernels';
import { imagesByHand } from './image-by-hand.ts';
import { imagesByLibrary } from './image-by-library.ts';
import { firstWeights, type ImageTask, imagesOf, imageTasks, placed, shapesOfWeights } from './image-tasks.ts';
import { checkLosses } from './learner.ts';
import type { Peers } from './peers.ts';
import { type Contest, join, type Row } from './row.ts';
import { learnerVariants } from './steps.ts';
import { Places, type Table } from './tables.ts';

/** Steps whose losses are checked: each takes a second in float64, and more with TensorFlow.js's cpu backend. */
const CHECKED = 3;

async function open(task: ImageTask, tables: readonly Table[], peers: Peers): Promise<Contest> {
  const weights = firstWeights(task);
  const exact = imagesByHand(task, weights, reference64, (values) => Float64Array.from(values));
  const losses = Array.from({ length: CHECKED }, exact.step);
  const places = new Places();
  const variants = tables.flatMap((table) => {
    const { kernels } = table;
    const hand = imagesByHand(task, weights, kernels, places.of(table).hold);
    const eager = imagesByLibrary(task, weights, kernels, false);
    const replayed = imagesByLibrary(task, weights, kernels);
    return learnerVariants(
      table,
      [
        ['by hand', hand],
        ['eager', eager],
        ['', replayed],
      ],
      losses,
      task.dropout,
    );
  });
  const close = (): void => {
    setBackend(cpu);
    places.free();
  };
  const [x, y] = imagesOf(task);
  const { batch, dropout } = task;
  const layers = placed(task).map(({ layer, shape }) => ({ ...layer, shape }));
  const problem = { layers, batch, dropout, weights, shapes: shapesOfWeights(task), x, y, steps: CHECKED };
  const others = await peers.enter(
    '',
    (peer) => peer.trainImages?.(problem),
    (name, result) => checkLosses(name, result, losses, task.dropout),
  );
  return join({ variants, failures: [], close }, others);
}

/** A training step of networks with convolutions, by trainOnBatch, by hand and by other libraries. */
export function imageStepRows(tables: readonly Table[], peers: Peers): Row[] {
  const fast = tables.filter(({ name }) => name !== 'reference' && name !== 'own');
  return imageTasks.map((task) => ({
    name: `step ${task.name} batch ${task.batch}`,
    work: 1,
    unit: 'steps/s',
    ratio: 'time',
    quick: task.name === 'MobileNet-style',
    peers: true,
    open: () => open(task, fast, peers),
  }));
}
