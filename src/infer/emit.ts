import type { Op } from '../graph/graph.ts';
import { INTEGERS } from './emit-integers.ts';
import { MOVES } from './emit-moves.ts';
import { ofPanels, PANELS } from './emit-panels.ts';
import { REALS } from './emit-reals.ts';
import { type EmitRows, ofIntegers } from './site.ts';

/** The steps of each operation. What a node ends in, its activation, is part of its steps. */
export const EMIT: EmitRows<Op> = {
  ...MOVES,
  ...REALS,
  dense: ofPanels(PANELS.dense, ofIntegers(INTEGERS.dense, REALS.dense)),
  conv: ofPanels(PANELS.conv, ofIntegers(INTEGERS.conv, REALS.conv)),
  pool: ofIntegers(INTEGERS.pool, REALS.pool),
  globalPool: ofIntegers(INTEGERS.globalPool, REALS.globalPool),
  add: ofIntegers(INTEGERS.add, REALS.add),
};
