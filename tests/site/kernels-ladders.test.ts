import { describe, expect, test } from 'vitest';
import { builtIn, type Table } from '../../bench/tables.ts';
import { convLadder, gemmLadder } from '../../kernels/index.ts';
import { CHOICES, type Choice, LADDERS, rowName } from '../../site/src/kernels/ladders.ts';
import { follow, rowOf } from '../../site/src/kernels/measuring.ts';
import type { Told } from '../../site/src/kernels/messages.ts';
import { withRun } from '../../site/src/kernels/runs.ts';

const SHORT = { rounds: 3, minTime: 1e-6, warmUp: 1e-9, budget: 10 };

/** All that the worker would tell. */
async function toldOf(choice: Choice, measuresPeak = false, make?: typeof builtIn): Promise<Told[]> {
  const told: Told[] = [];
  await follow({ choice, patience: 'quick', measuresPeak }, (message) => told.push(message), SHORT, make);
  return told;
}

const measuredOf = (told: readonly Told[]) => told.flatMap((message) => (message.kind === 'measured' ? [message] : []));

/** Of each ladder its smallest choice. */
const SMALL: readonly Choice[] = [CHOICES.gemm[0]!, CHOICES.conv[0]!, CHOICES.int8[0]!, CHOICES.sparse.at(-1)!];

test('every choice that the page offers is a row of the benchmarks, by its own name', () => {
  const { tables } = builtIn();
  for (const ladder of LADDERS)
    for (const choice of CHOICES[ladder]) expect(rowOf(choice, tables).name).toBe(rowName(choice));
  expect(() => rowOf({ ladder: 'gemm', n: 65 }, tables)).toThrow('the benchmarks have no row gemm 65x65x65');
});

describe.each(SMALL)('$ladder', (choice) => {
  test('every rung computes what the reference does, is told of before it is timed, and is timed in each round', async () => {
    const told = await toldOf(choice);
    const last = measuredOf(told).at(-1)!;
    expect(told.filter(({ kind }) => kind === 'failed')).toEqual([]);
    expect(last.isDone).toBe(true);
    expect(last.result.failures).toEqual([]);
    const prepared = told.flatMap((message) => (message.kind === 'preparing' ? [message] : []));
    expect(prepared.map(({ at }) => at)).toEqual(prepared.map((_, i) => i + 1));
    expect(prepared.map(({ who, how }) => `${who} ${how}`)).toEqual(
      last.result.variants.map(({ who, how }) => `${who} ${how}`),
    );
    expect(measuredOf(told).map(({ result }) => result.variants[0]!.samples.length)).toEqual([1, 2, 3]);
  });
});

test('the ladders are whole: every rung of the kernels is there, in its order', async () => {
  const rungs = async (choice: Choice): Promise<string[]> =>
    measuredOf(await toldOf(choice))
      .at(-1)!
      .result.variants.map(({ who }) => who);
  expect((await rungs(SMALL[0]!)).slice(0, gemmLadder.length)).toEqual(gemmLadder.map(({ name }) => name));
  expect((await rungs(SMALL[1]!)).slice(0, convLadder.length)).toEqual(convLadder.map(({ name }) => name));
});

test('a rung that computes something else is told of and not ranked', async () => {
  const make = (): ReturnType<typeof builtIn> => {
    const { tables, missing } = builtIn();
    const broken = (table: Table): Table => ({
      ...table,
      kernels: {
        ...table.kernels,
        gemm: (m, n, k, a, transA, b, transB, bias, activation, c) => {
          table.kernels.gemm(m, n, k, a, transA, b, transB, bias, activation, c);
          c[m * n - 1] = c[m * n - 1]! + 0.01;
        },
      },
    });
    return { tables: tables.map((table) => (table.name === 'cpu' ? broken(table) : table)), missing };
  };
  const { result } = measuredOf(await toldOf(SMALL[0]!, false, make)).at(-1)!;
  expect(result.failures.map(({ name }) => name)).toEqual(['cpu']);
  expect(result.failures[0]!.message).toMatch(/gemm 64x64x64 gives .* at \[63, 63\], should be near/);
  expect(result.variants.map(({ who }) => who)).not.toContain('cpu');
});

test('without WebAssembly the rungs in TypeScript are measured, and what is missing is told', async () => {
  const refused = (): never => {
    throw new Error('there is no WebAssembly SIMD');
  };
  const told = await toldOf(SMALL[1]!, false, () => builtIn(refused));
  expect(told[0]).toMatchObject({ kind: 'missing', missing: [{ name: 'wasm' }, { name: 'relaxed' }] });
  const { result } = measuredOf(told).at(-1)!;
  expect(result.variants.map(({ who }) => who)).toEqual(['naive', 'loopOrder', 'im2col', 'direct', 'cpu']);
});

test('the peak of the machine is measured when it is asked for, before the rungs', async () => {
  const kinds = (await toldOf(SMALL[3]!, true)).map(({ kind }) => kind);
  expect(kinds.slice(0, 3)).toEqual(['missing', 'peak', 'preparing']);
  expect(kinds.at(-1)).toBe('measured');
});

test('what goes wrong is told in a sentence', async () => {
  expect(await toldOf({ ladder: 'gemm', n: 65 })).toContainEqual({
    kind: 'failed',
    message: 'rowOf: the benchmarks have no row gemm 65x65x65',
  });
});

test('a run takes the place of that of the same row and becomes the newest', async () => {
  const [a, b] = await Promise.all(
    SMALL.slice(0, 2).map(async (choice) => ({ choice, ...measuredOf(await toldOf(choice)).at(-1)! })),
  );
  const again = { ...a!, rounds: 7 };
  expect(withRun(withRun(withRun([], a!), b!), again)).toEqual([b, again]);
});
