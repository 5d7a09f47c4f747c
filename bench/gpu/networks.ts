import { Adam, fromData, type History, type Sequential, setBackend, type Tensor } from 'whittle-ml';
import { type GpuBackend, gpuPredict, gpuTrain } from 'whittle-ml/gpu';
import { cpu, type Kernels, reference64 } from 'whittle-ml/kernels';
import { exactLosses } from '../by-hand.ts';
import { modelOf, weightsOf } from '../by-library.ts';
import { checkNear, normal, oneHot } from '../data.ts';
import { imagesByHand } from '../image-by-hand.ts';
import { imageModelOf } from '../image-by-library.ts';
import { CLASSES, type ImageTask, imagesOf } from '../image-tasks.ts';
import { exactOutputs } from '../inference.ts';
import { checkedSteps, checkLosses } from '../learner.ts';
import { type Contest, nameOf, type SelfClockedVariant } from '../row.ts';
import type { Table } from '../tables.ts';
import { batchOf, type Task } from '../tasks.ts';
import type { DeviceRow } from './device-row.ts';
import { variantOf } from './variants.ts';

const TASK: Task = { sizes: [64, 32, 10], loss: 'categoricalCrossentropy', dropout: 0, batch: 32, quick: true };
/** As many samples as scikit-learn's digits have when a fifth is held out. */
const SAMPLES = 1437;
const PREDICTED = 1024;
/** A network for images of the digits' size. */
const IMAGES: ImageTask = {
  name: 'CNN',
  shape: [8, 8, 1],
  layers: [
    { kind: 'conv2d', size: 3, units: 8 },
    { kind: 'maxPool', size: 2 },
    { kind: 'depthwise', size: 2, stride: 1 },
    { kind: 'conv2d', size: 1, units: 16 },
    { kind: 'flatten' },
    { kind: 'dense', units: CLASSES },
  ],
  batch: 32,
  dropout: 0,
};
const IMAGES_TRAINED = 128;
/** Steps whose losses are checked. */
const IMAGE_STEPS = 3;
/** How far probabilities may be from those of float64, by rounding and by a device's exponential. */
const TOLERANCE = 1e-5;

interface Passes {
  readonly epochs: number;
  readonly batchSize: number;
  readonly shuffle: boolean;
}

type Train = (model: Sequential, x: Tensor, y: Tensor, passes: Passes) => History | Promise<History>;

/** Float32 numbers as samples. */
const rowsOf = (data: Float32Array, samples: number): Tensor => fromData(data, [samples, data.length / samples]);

/** What a row trains: with crossentropy, on classes. */
interface Problem {
  readonly samples: number;
  readonly batch: number;
  readonly model: () => Sequential;
  /** A batch, and the losses of some steps on it in float64. */
  readonly batchOf: () => [x: Float32Array, y: Float32Array];
  readonly exact: (first: readonly Float32Array[]) => readonly number[];
}

const ROWS: Problem = {
  samples: SAMPLES,
  batch: TASK.batch,
  model: () => modelOf(TASK),
  batchOf: () => batchOf(TASK),
  exact: (first) => exactLosses(TASK, first, reference64, checkedSteps(TASK)),
};

const PICTURES: Problem = {
  samples: IMAGES_TRAINED,
  batch: IMAGES.batch,
  model: () => imageModelOf(IMAGES),
  batchOf: () => imagesOf(IMAGES),
  exact: (first) => {
    const { step } = imagesByHand(IMAGES, first, reference64, (values) => Float64Array.from(values));
    return Array.from({ length: IMAGE_STEPS }, step);
  },
};

/** One epoch of training, from the first weights at each sample. Its losses on one batch are held against float64's. */
function training(problem: Problem, who: string, how: string, kernels: Kernels, train: Train): SelfClockedVariant {
  const { batch, samples } = problem;
  const loss = 'categoricalCrossentropy';
  const model = problem.model();
  const shape = model.inputShape;
  const samplesOf = (data: Float32Array, count: number): Tensor => fromData(data, [count, ...shape]);
  const first = model.getWeights();
  const reset = (): void => {
    setBackend(kernels);
    model.setWeights(first);
    model.steps = 0;
    model.compile({ optimizer: new Adam(), loss });
  };
  setBackend(kernels);
  const numbers = shape.reduce((n, size) => n * size, samples);
  const x = samplesOf(normal(numbers, 4), samples);
  const y = rowsOf(oneHot(samples, CLASSES), samples);
  const work = async (): Promise<ArrayLike<number>> =>
    (await train(model, x, y, { epochs: 1, batchSize: batch, shuffle: true })).history.loss!;
  const check = async (): Promise<void> => {
    reset();
    const exact = problem.exact(first.map(({ data }) => Float32Array.from(data)));
    const [inputs, targets] = problem.batchOf();
    const passes = { epochs: exact.length, batchSize: batch, shuffle: false };
    const { history } = await train(model, samplesOf(inputs, batch), rowsOf(targets, batch), passes);
    checkLosses(nameOf({ who, how }), history.loss!, exact, 0);
  };
  return { ...variantOf(who, how, work, () => {}), reset, check };
}

async function openTraining(problem: Problem, gpu: GpuBackend, tables: readonly Table[]): Promise<Contest> {
  const variants = [
    training(problem, 'device', 'gpuTrain', cpu, (model, x, y, passes) => gpuTrain(model, x, y, { ...passes, gpu })),
    ...tables.map(({ name, kernels }) =>
      training(problem, name, 'fit', kernels, (model, x, y, passes) => model.fit(x, y, passes)),
    ),
  ];
  return { variants, failures: [], close: () => void setBackend(cpu) };
}

async function openPrediction(gpu: GpuBackend, tables: readonly Table[]): Promise<Contest> {
  setBackend(cpu);
  const model = modelOf(TASK);
  const data = normal(PREDICTED * TASK.sizes[0]!, 4);
  const exact = exactOutputs(TASK.sizes, weightsOf(model), data, PREDICTED);
  const check = (name: string, y: ArrayLike<number>): void => checkNear(name, y, exact, TOLERANCE);
  const x = rowsOf(data, PREDICTED);
  const predictor = await gpuPredict(model, { gpu });
  const onDevice = variantOf('device', 'gpuPredict', async () => (await predictor.predict(x)).data, check);
  const onTables = tables.map(({ name, kernels }): SelfClockedVariant => {
    setBackend(kernels);
    const own = modelOf(TASK);
    const inputs = rowsOf(data, PREDICTED);
    const predict = (): ArrayLike<number> => own.predict(inputs, { batchSize: PREDICTED }).data;
    const variant = variantOf(name, 'predict', predict, check);
    const reset = (): void => void setBackend(kernels);
    return {
      ...variant,
      reset,
      check: () => {
        reset();
        return variant.check();
      },
    };
  });
  const close = (): void => {
    setBackend(cpu);
    predictor.dispose();
  };
  return { variants: [{ ...onDevice, reset: () => void setBackend(cpu) }, ...onTables], failures: [], close };
}

const layers = TASK.sizes.join('-');

/** Small networks, trained for an epoch, and one asked for its outputs, on the device and on the tables. */
export const networkRows: readonly DeviceRow[] = [
  {
    name: `train ${layers} epoch of ${SAMPLES}`,
    work: Math.ceil(SAMPLES / TASK.batch),
    unit: 'steps/s',
    quick: true,
    openOn: (gpu, tables) => openTraining(ROWS, gpu, tables),
  },
  { name: `predict ${layers} batch ${PREDICTED}`, work: 1, unit: 'calls/s', quick: true, openOn: openPrediction },
  {
    name: `train ${IMAGES.name} ${IMAGES.shape.join('x')} epoch of ${IMAGES_TRAINED}`,
    work: Math.ceil(IMAGES_TRAINED / IMAGES.batch),
    unit: 'steps/s',
    quick: true,
    openOn: (gpu, tables) => openTraining(PICTURES, gpu, tables),
  },
];
