import {
  type ActivationChoice,
  Adam,
  BatchNorm,
  Dense,
  Dropout,
  fromData,
  type Layer,
  type LossName,
  type Model,
  metricOf,
  Random,
  Sequential,
  type Tensor,
} from 'whittle-ml';
import type { Event, Picture } from '../../site/src/engine/messages.ts';
import type { Context, Part, Trained } from '../../site/src/engine/trained.ts';
import { DEFAULTS } from '../../site/src/state/defaults.ts';
import type { CompressSettings, TrainingSettings } from '../../site/src/state/settings.ts';

/** Experiments as compression gets them, made without the session. */

export interface Kind {
  readonly task?: 'classification' | 'regression';
  readonly loss?: TrainingSettings['loss'];
  readonly units?: readonly number[];
  readonly batchNorm?: boolean;
  readonly dropout?: number;
  readonly epochs?: number;
}

const LOSSES: { readonly [L in TrainingSettings['loss']]: LossName } = {
  crossEntropy: 'sparseCategoricalCrossentropy',
  hinge: 'hinge',
  meanSquaredError: 'mse',
  meanAbsoluteError: 'mae',
  huber: 'huber',
};

/** Points of two noisy half moons and their class, or of a curve. */
function part(n: number, seed: number, task: string, loss: string): Part {
  const noise = new Random(seed).normal([n, 2]).data;
  const x = new Float32Array(2 * n);
  const truth = new Float32Array(n);
  for (let i = 0; i < n; i++) {
    const side = i % 2;
    const angle = (Math.PI * i) / n;
    x[2 * i] = (side === 0 ? Math.cos(angle) : 1 - Math.cos(angle)) - 0.5 + 0.1 * noise[2 * i]!;
    x[2 * i + 1] = (side === 0 ? Math.sin(angle) : 0.5 - Math.sin(angle)) - 0.25 + 0.1 * noise[2 * i + 1]!;
    truth[i] = task === 'regression' ? 10 + 2 * Math.sin(2 * x[2 * i]!) + x[2 * i + 1]! : side;
  }
  const column = (of: (t: number) => number): Tensor => fromData(truth.map(of), [n, 1]);
  const y =
    task === 'regression'
      ? column((t) => (t - 10) / 2)
      : loss === 'hinge'
        ? column((t) => 2 * t - 1)
        : fromData(Int32Array.from(truth));
  return { x: fromData(x, [n, 2]), y, truth };
}

export function trainedOn(kind: Kind = {}): Trained {
  const { task = 'classification', units = [16, 16], batchNorm = false, dropout = 0, epochs = 60 } = kind;
  const choice = kind.loss ?? (task === 'regression' ? 'meanSquaredError' : 'crossEntropy');
  const [train, validation, test] = [400, 100, 200].map((n, i) => part(n, i + 1, task, choice)) as [Part, Part, Part];
  const isSingle = task === 'regression' || choice === 'hinge';
  const newOptimizer = () => new Adam({ learningRate: 0.01 });
  const newModel = (share: number): Sequential => {
    const hidden = units.flatMap((width, i): Layer[] => {
      const activation: ActivationChoice = batchNorm ? 'linear' : 'relu';
      const own = Math.max(1, Math.round(share * width));
      const shape = i === 0 ? { inputShape: [2] } : {};
      return [
        new Dense(own, { activation, name: `hidden${i}`, ...shape }),
        ...(batchNorm ? [new BatchNorm({ momentum: 0.9 })] : []),
        ...(dropout > 0 ? [new Dropout(dropout)] : []),
      ];
    });
    const first = units.length === 0 ? { inputShape: [2] } : {};
    const last = new Dense(isSingle ? 1 : 2, { activation: isSingle ? 'linear' : 'softmax', name: 'last', ...first });
    const model = new Sequential([...hidden, last], { seed: 3 });
    model.compile({ optimizer: newOptimizer(), loss: LOSSES[choice] });
    return model;
  };
  const model = newModel(1);
  model.fit(train.x, train.y, { epochs });
  const decide = ({ data, shape }: Tensor): Float32Array => {
    if (task === 'regression') return Float32Array.from(data, (y) => 2 * y + 10);
    return Float32Array.from({ length: shape[0]! }, (_, i) =>
      Number(isSingle ? data[i]! > 0 : data[2 * i + 1]! > data[2 * i]!),
    );
  };
  const picture = (predict: (x: Tensor) => Tensor): Picture => {
    const [side, grid] = [8, new Float32Array(128)];
    for (let i = 0; i < 64; i++) grid.set([(i % side) / 4 - 1, 1 - Math.floor(i / side) / 4], 2 * i);
    const values = Float32Array.from(predict(fromData(grid, [64, 2])).data);
    return { kind: 'plane', width: side, height: side, classes: 2, values, neurons: [], neuronSize: 0 };
  };
  const rows = ({ x, truth }: Part): Float32Array =>
    Float32Array.from({ length: 3 * truth.length }, (_, i) =>
      i % 3 === 2 ? truth[Math.floor(i / 3)]! : x.data[2 * Math.floor(i / 3) + (i % 3)]!,
    );
  return {
    data: DEFAULTS.data,
    network: { ...DEFAULTS.network, layers: units.map((width) => ({ units: width, activation: 'relu' })) },
    training: { ...DEFAULTS.training, loss: choice, epochs: 100 },
    epoch: epochs,
    samples: {
      task,
      inputs: 2,
      names: ['x1', 'x2'],
      features: ['x1', 'x2'],
      classes: task === 'regression' ? [] : ['0', '1'],
      ...{ train: rows(train), validation: rows(validation), test: rows(test) },
      ranges: [
        [-1, 1],
        [-1, 1],
      ],
    },
    ...{ model, train, validation, test, newOptimizer, newModel, picture, decide },
    loss: model.objectives[0]!.loss,
    score: (outputs, { truth }) => {
      const decided = decide(outputs);
      if (task === 'classification') return decided.filter((y, i) => y === truth[i]).length / truth.length;
      const state = metricOf('r2').create({ coding: 'numbers', scale: 'reals' });
      state.update(fromData(truth), fromData(decided));
      return state.result();
    },
    lossOf: () => Number.NaN,
  };
}

/** Settings that change nothing, and these. */
export const settingsWith = (changes: Partial<CompressSettings> = {}): CompressSettings => ({
  ...{ sparsity: 0, pattern: 'weights', bits: 32, shared: 0, trained: false, student: 1, epochs: 20 },
  ...changes,
});

/** What a command is told by, which keeps what is told; `isWanted` says whether the work goes on. */
export function contextOf(trained: Trained | null, isWanted: () => boolean = () => true, experiment: object = {}) {
  const told: Event[] = [];
  const context: Context = {
    trained,
    experiment,
    tell: (event) => void told.push(event),
    pause: async () => isWanted(),
  };
  /** The last event of a kind. */
  const last = <K extends Event['kind']>(kind: K): Extract<Event, { kind: K }> => {
    const found = [...told].reverse().find((event) => event.kind === kind);
    if (found === undefined) throw new Error(`nothing was told of ${kind}`);
    return found as Extract<Event, { kind: K }>;
  };
  return { context, told, last };
}

/** The numbers that a model holds, to see that nobody has changed them. */
export const numbersOf = (model: Model): number[] => model.weights.flatMap(({ value }) => [...value.data]);
