import { normal, oneHot } from './data.ts';

/** A network of dense layers with relu between them, and a batch that it is trained on. */
export interface Task {
  /** Inputs, hidden units, outputs. */
  readonly sizes: readonly number[];
  /** With mse there is one output. */
  readonly loss: 'mse' | 'categoricalCrossentropy';
  /** The rate after each hidden layer; 0 for no dropout. */
  readonly dropout: number;
  readonly batch: number;
  /** What the library may cost: time by trainOnBatch, operation by operation, over time by hand on the same kernels. */
  readonly limit?: number;
  readonly quick: boolean;
}

type Network = Pick<Task, 'sizes' | 'loss' | 'dropout'>;

const small: Network = { sizes: [1, 10, 1], loss: 'mse', dropout: 0 };
const medium: Network = { sizes: [100, 64, 64, 10], loss: 'categoricalCrossentropy', dropout: 0 };
const regression: Network = { sizes: [16, 64, 128, 256, 1], loss: 'mse', dropout: 0 };
const large: Network = { sizes: [784, 512, 512, 10], loss: 'categoricalCrossentropy', dropout: 0 };

export const tasks: readonly Task[] = [
  { ...small, batch: 32, limit: 2.5, quick: true },
  { ...small, batch: 256, quick: false },
  { ...medium, batch: 32, limit: 1.3, quick: true },
  { ...medium, batch: 256, quick: false },
  { ...medium, dropout: 0.2, batch: 32, quick: true },
  { ...medium, dropout: 0.2, batch: 256, quick: false },
  { ...regression, batch: 32, quick: false },
  { ...regression, batch: 256, quick: false },
  { ...large, batch: 32, quick: false },
  { ...large, batch: 256, quick: false },
];

export const nameOfTask = ({ sizes, dropout, batch }: Task): string =>
  `step ${sizes.join('-')}${dropout === 0 ? '' : ` dropout ${dropout}`} batch ${batch}`;

/** Inputs and targets: one number a sample with mse, one-hot rows otherwise. */
export function batchOf({ sizes, loss, batch }: Task): [x: Float32Array, y: Float32Array] {
  const inputs = sizes[0]!;
  const outputs = sizes.at(-1)!;
  return [normal(batch * inputs, 1), loss === 'mse' ? normal(batch, 2) : oneHot(batch, outputs)];
}

/** The seed of every model, and the name of the dropout layer after hidden layer `i`: they decide its masks. */
export const SEED = 1;
export const dropoutName = (i: number): string => `drop${i}`;
