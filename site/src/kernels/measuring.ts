import { convLadderRows } from '../../../bench/convolutions.ts';
import type { Entrants } from '../../../bench/entrants.ts';
import { gemmRows } from '../../../bench/gemm.ts';
import { gemmInt8Rows } from '../../../bench/gemm-int8.ts';
import { clockedHere } from '../../../bench/gpu/variants.ts';
import { measure, type Settings } from '../../../bench/measure.ts';
import { measurePeak } from '../../../bench/roofline.ts';
import type { Contest, Row, Variant } from '../../../bench/row.ts';
import { sparseRows } from '../../../bench/sparse.ts';
import { builtIn, reserve, type Table } from '../../../bench/tables.ts';
import { type Choice, rowName } from './ladders.ts';
import { PATIENCE } from './measuring-times.ts';
import type { Request, Told } from './messages.ts';

/** Bytes: the arrays of the largest choice, for every table, several times over. */
const ROOM = 64 * 2 ** 20;

/** No other library takes part in a page. */
const NOBODY: Entrants = { enter: async () => ({ variants: [], failures: [], close: () => {} }) };

/** The benchmarks' row of a choice. */
export function rowOf(choice: Choice, tables: readonly Table[]): Row {
  const rows = {
    gemm: () => gemmRows(tables, NOBODY),
    conv: () => convLadderRows(tables),
    int8: () => gemmInt8Rows(tables, NOBODY),
    sparse: () => sparseRows(tables),
  }[choice.ladder]();
  const name = rowName(choice);
  const row = rows.find((each) => each.name === name);
  if (row === undefined) throw new RangeError(`rowOf: the benchmarks have no row ${name}`);
  return row;
}

/** The same contest by the page's clock, telling of each rung when its turn to be checked comes. */
function told({ variants, failures, close }: Contest, tell: (message: Told) => void): Contest {
  const announced = (variant: Variant, at: number): Variant => ({
    ...variant,
    check: () => {
      tell({ kind: 'preparing', who: variant.who, how: variant.how, at, of: variants.length });
      return variant.check();
    },
  });
  return {
    variants: variants.map((one, i) => announced('run' in one ? clockedHere(one) : one, i + 1)),
    failures,
    close,
  };
}

/** Measures what was asked for: rungs that pass their check, in turns, told of after each round. Never rejects. */
export async function follow(
  { choice, patience, measuresPeak }: Request,
  tell: (message: Told) => void,
  settings: Settings = PATIENCE[patience],
  make: typeof builtIn = builtIn,
): Promise<void> {
  try {
    const { tables, missing } = make();
    tell({ kind: 'missing', missing });
    if (measuresPeak) tell({ kind: 'peak', peak: measurePeak() });
    reserve(tables, ROOM);
    const row = rowOf(choice, tables);
    const open = async (): Promise<Contest> => told(await row.open(), tell);
    const { rounds } = settings;
    const result = await measure({ ...row, open }, settings, (soFar) =>
      tell({ kind: 'measured', result: soFar, rounds, isDone: false }),
    );
    tell({ kind: 'measured', result, rounds, isDone: true });
  } catch (error) {
    tell({ kind: 'failed', message: error instanceof Error ? error.message : String(error) });
  }
}
