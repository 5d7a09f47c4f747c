import { setBackend } from 'whittle-ml';
import { cpu, reference64 } from 'whittle-ml/kernels';
import { byHand, exactLosses } from './by-hand.ts';
import { byLibrary, modelOf, weightsOf } from './by-library.ts';
import { fused } from './fused.ts';
import { checkAgree, checkedSteps, checkLosses, type Learner } from './learner.ts';
import type { Peers } from './peers.ts';
import { type Contest, join, type Row, type Variant } from './row.ts';
import { type Place, Places, type Table } from './tables.ts';
import { batchOf, nameOfTask, type Task, tasks } from './tasks.ts';

/** A few steps after the reset, so that what the first one prepares is not timed. */
const LEAD_IN = 3;
/**
 * Steps before a learner begins anew: so many that few samples pay for it, so few that no number dies away to where
 * arithmetic is slow.
 */
const FRESH = 2000;

type Candidate = readonly [how: string, learner: Learner, limit?: number | undefined];

/** Three variants on one table, the first of which is by hand: the others have to agree with it, and all with float64. */
export function learnerVariants(
  { name, kernels, exact }: Table,
  learners: readonly Candidate[],
  losses: readonly number[],
  dropoutRate: number,
): Variant[] {
  const hand = learners[0]![1];
  return learners.map(([how, learner, limit]): Variant => {
    const check = (): void => {
      if (exact && learner !== hand) {
        for (const one of [hand, learner]) one.reset();
        checkAgree(`${name} ${how}`.trim(), learner, hand, losses.length);
      }
      learner.reset();
      checkLosses(`${name} ${how}`.trim(), Array.from(losses, learner.step), losses, dropoutRate);
    };
    let made = FRESH;
    const run = (): number => {
      made++;
      return learner.step();
    };
    const reset = (): void => {
      setBackend(kernels);
      if (made < FRESH) return;
      learner.reset();
      for (let i = 0; i < LEAD_IN; i++) learner.step();
      made = 0;
    };
    const limited = limit === undefined || name !== 'cpu' ? {} : { limit };
    return { who: name, how, ours: true, base: `${name} by hand`, ...limited, run, reset, check };
  });
}

/** By hand, and by the library eager and as it is used. */
function variantsOn(table: Table, task: Task, place: Place, losses: readonly number[]): Variant[] {
  const { kernels } = table;
  const hand = byHand(task, weightsOf(modelOf(task)), kernels, (values) => place.hold(values));
  const learners: Candidate[] = [
    ['by hand', hand],
    ['eager', byLibrary(task, kernels, false), task.limit],
    ['', byLibrary(task, kernels)],
  ];
  return learnerVariants(table, learners, losses, task.dropout);
}

/** The whole step in one function, for the network that is smallest. */
function fusedVariant(task: Task, first: readonly Float32Array[], losses: readonly number[]): Variant {
  const learner = fused(task, first);
  const check = (): void => {
    learner.reset();
    checkLosses('fused TypeScript', Array.from(losses, learner.step), losses, 0);
  };
  return { who: 'fused TypeScript', how: '', ours: true, run: learner.step, reset: learner.reset, check };
}

async function open(task: Task, tables: readonly Table[], peers: Peers): Promise<Contest> {
  const weights = weightsOf(modelOf(task));
  const losses = exactLosses(task, weights, reference64, checkedSteps(task));
  const places = new Places();
  const variants = tables.flatMap((table) => variantsOn(table, task, places.of(table), losses));
  if (task.sizes.join('-') === '1-10-1') variants.push(fusedVariant(task, weights, losses));
  const close = (): void => {
    setBackend(cpu);
    places.free();
  };
  const [x, y] = batchOf(task);
  const others = await peers.enter(
    '',
    (peer) => peer.train?.({ ...task, weights, x, y, steps: losses.length }),
    (name, result) => checkLosses(name, result, losses, task.dropout),
  );
  return join({ variants, failures: [], close }, others);
}

/** A training step by trainOnBatch, by hand and by other libraries. By hand is what the library's price is measured in. */
export function stepRows(tables: readonly Table[], peers: Peers): Row[] {
  const fast = tables.filter(({ name }) => name !== 'reference' && name !== 'own');
  return tasks.map((task) => ({
    name: nameOfTask(task),
    work: 1,
    unit: 'steps/s',
    ratio: 'time',
    quick: task.quick,
    peers: true,
    open: () => open(task, fast, peers),
  }));
}
