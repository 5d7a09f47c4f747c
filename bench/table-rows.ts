import { Adam, compileInference, fromData, Sequential, setBackend, type Tensor, tensor } from 'whittle-ml';
import { cpu } from 'whittle-ml/kernels';
import { modelOf, weightsOf } from './by-library.ts';
import { checkNear, normal } from './data.ts';
import type { Entrants } from './entrants.ts';
import type { RowsProblem } from './peer.ts';
import { type Contest, join, type Row, type Variant } from './row.ts';
import type { Table } from './tables.ts';

type Kind = 'predict' | 'epoch';
interface TableTask {
  readonly kind: Kind;
  readonly blocks: number;
  readonly float64: boolean;
}

const SIZES = [32, 64, 32, 1];
/** Rows of a block, and of a batch that is predicted at once. */
const BLOCK = 1024;
/** Samples of a batch in training. */
const BATCH = 256;

const TASKS: readonly TableTask[] = [
  { kind: 'predict', blocks: 1000, float64: false },
  { kind: 'predict', blocks: 200, float64: true },
  { kind: 'epoch', blocks: 200, float64: false },
  { kind: 'epoch', blocks: 100, float64: true },
];

const nameOf = ({ kind, blocks, float64 }: TableTask): string =>
  `rows ${kind} ${blocks * BLOCK}x${SIZES[0]}${float64 ? ' float64' : ''}`;

function again(block: Float32Array, { blocks, float64 }: TableTask): Tensor {
  const all = float64 ? new Float64Array(block.length * blocks) : new Float32Array(block.length * blocks);
  for (let i = 0; i < blocks; i++) all.set(block, i * block.length);
  return fromData(all, [blocks * BLOCK, block.length / BLOCK]);
}

/** The model in the type of the task, on a table that is in use. */
function madeOf({ float64 }: TableTask): Sequential {
  const model = modelOf({ sizes: SIZES, loss: 'mse', dropout: 0 });
  if (!float64) return model;
  const layers = model.layers.map((layer) => layer.clone());
  const wide = new Sequential(layers, { seed: 1, dtype: 'float64' });
  wide.build([SIZES[0]!]);
  wide.setWeights(model.getWeights().map((w) => tensor(w, { dtype: 'float64' })));
  return wide;
}

/** The mean loss of an epoch, of whoever was checked first. */
const losses = new WeakMap<RowsProblem, number>();

/** `predict` as a user calls it, and `program`: `compileInference` for as many samples. */
function predicting(task: TableTask, { name, kernels }: Table, p: RowsProblem, expected: ArrayLike<number>): Variant[] {
  setBackend(kernels);
  const model = madeOf(task);
  const x = again(p.x, task);
  const predict = (): Tensor => {
    setBackend(kernels);
    return model.predict(x);
  };
  const who = { who: name, ours: true } as const;
  const check = (what: string, y: ArrayLike<number>): void => checkNear(`${name} ${what}`, y, expected, 1e-5);
  const plain: Variant = {
    ...{ ...who, how: '' },
    run: () => predict().data[0]!,
    check: () => check('predict', predict().data.subarray(0, BLOCK)),
  };
  if (task.float64) return [plain];
  const program = compileInference(model, BLOCK);
  const y = new Float32Array(BLOCK * task.blocks);
  const numbers = x.data as Float32Array;
  const run = (): number => {
    const width = SIZES[0]! * BLOCK;
    for (let i = 0; i < task.blocks; i++) y.set(program.run(numbers.subarray(i * width, (i + 1) * width)), i * BLOCK);
    return y[0]!;
  };
  const checkProgram = (): void => {
    run();
    check('program', y.subarray(0, BLOCK));
  };
  return [plain, { ...who, how: 'program', run, check: checkProgram }];
}

/** `fit` for an epoch in the order of the samples, Adam; begins with the first weights each time. */
function training(task: TableTask, { name, kernels }: Table, p: RowsProblem): Variant {
  setBackend(kernels);
  const model = madeOf(task);
  const first = model.getWeights();
  const x = again(p.x, task);
  const y = again(p.y, task);
  const reset = (): void => {
    setBackend(kernels);
    model.setWeights(first);
    const options = { optimizer: new Adam(), loss: 'mse' } as const;
    model.compile(options);
  };
  const run = (): number => model.fit(x, y, { batchSize: BATCH, shuffle: false }).history.loss![0]!;
  reset();
  return {
    ...{ who: name, how: '', ours: true },
    reset,
    run,
    check: () => {
      reset();
      const loss = run();
      checkNear(name, [loss], [losses.get(p) ?? loss], 1e-5);
      losses.set(p, loss);
    },
  };
}

async function open(task: TableTask, tables: readonly Table[], peers: Entrants): Promise<Contest> {
  const model = modelOf({ sizes: SIZES, loss: 'mse', dropout: 0 });
  const problem: RowsProblem = {
    ...{ sizes: SIZES, weights: weightsOf(model), x: normal(BLOCK * SIZES[0]!, 1), y: normal(BLOCK, 2) },
    ...{ blocks: task.blocks, batch: task.kind === 'predict' ? BLOCK : BATCH, float64: task.float64 },
  };
  setBackend(cpu);
  const wanted = model.predict(fromData(problem.x, [BLOCK, SIZES[0]!])).data;
  const variants = tables.flatMap((table) =>
    task.kind === 'predict' ? predicting(task, table, problem, wanted) : training(task, table, problem),
  );
  const others = await peers.enter(
    '',
    (peer) => peer[task.kind]?.(problem),
    (name, y) => checkNear(name, y, task.kind === 'predict' ? wanted : [losses.get(problem)!], 1e-5),
  );
  return join({ variants, failures: [], close: () => {} }, others);
}

/** A network on a table of a million rows and fewer, in both types of floats: whole calls, as a user makes them. */
export function tableRows(tables: readonly Table[], peers: Entrants): Row[] {
  const fast = tables.filter(({ name }) => name === 'wasm' || name === 'cpu');
  return TASKS.map(
    (task): Row => ({
      name: nameOf(task),
      work: task.blocks * BLOCK,
      unit: 'Melement/s',
      ratio: 'speed',
      quick: false,
      peers: true,
      open: () => open(task, fast, peers),
    }),
  );
}
