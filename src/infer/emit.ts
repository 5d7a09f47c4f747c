import type { Op } from '../graph/graph.ts';
import { ofDynamic } from './emit-dynamic.ts';
import { activation, throughReals } from './emit-formats.ts';
import { INTEGERS } from './emit-integers.ts';
import { ofLevels } from './emit-levels.ts';
import { MOVES } from './emit-moves.ts';
import { ofPanels, PANELS } from './emit-panels.ts';
import { REALS } from './emit-reals.ts';
import { integerTransposed } from './emit-transposed.ts';
import { ofAddRule, ofRule } from './emit-whole.ts';
import { type EmitRows, ofIntegers } from './site.ts';

/** The steps of each operation but those of training. What a node ends in, its activation, is part of its steps. */
export const EMIT: EmitRows<Exclude<Op, 'fakeQuantize'>> = {
  ...MOVES,
  ...REALS,
  activation,
  dense: ofDynamic('dense', ofRule(ofPanels(PANELS.dense, ofIntegers(INTEGERS.dense, ofLevels(REALS.dense))))),
  conv: ofDynamic('conv', ofRule(ofPanels(PANELS.conv, ofIntegers(INTEGERS.conv, REALS.conv)))),
  convTranspose: ofRule(ofIntegers(integerTransposed, REALS.convTranspose)),
  pool: ofIntegers(INTEGERS.pool, REALS.pool),
  globalPool: ofIntegers(INTEGERS.globalPool, REALS.globalPool),
  add: ofAddRule(ofIntegers(INTEGERS.add, REALS.add)),
  batchNorm: throughReals(REALS.batchNorm),
  layerNorm: throughReals(REALS.layerNorm),
};
