/** See scripts/plants.mjs. */
export const plants = [
  {
    name: 'a lower rate goes on from weights that are no numbers',
    file: 'site/src/engine/experiment.ts',
    find: 'assign(value, tensor(weights[i]!, { shape: value.shape }));',
    replace: '',
    mustFail: ['tests/site/engine-session.test.ts'],
  },
  {
    name: 'the best epoch of a page is the worst one',
    file: 'site/src/engine/experiment.ts',
    find: 'loss < validation[best - 1]!',
    replace: 'loss > validation[best - 1]!',
    mustFail: ['tests/site/engine-session.test.ts'],
  },
  {
    name: 'predictions of a page are not centred again',
    file: 'site/src/engine/scaling.ts',
    find: 'value * scale[0]! + center[0]!',
    replace: 'value * scale[0]!',
    mustFail: ['tests/site/engine-training.test.ts'],
  },
  {
    name: 'a page opens the network that a module carries, whatever the module computes',
    file: 'site/src/engine/carried.ts',
    find: 'return digest !== null && digest === digestIn(toModule(network).source);',
    replace: 'return digest !== null;',
    mustFail: ['tests/site/opening.test.ts'],
  },
  {
    name: 'numbers of the address are taken as they are',
    file: 'site/src/state/fields.ts',
    find: 'clamp(Number(text), range)',
    replace: 'Number(text)',
    mustFail: ['tests/site/fields.test.ts'],
  },
  {
    name: 'the plot of sizes joins points that others beat',
    file: 'site/src/compress/tradeoff.ts',
    find: 'if (!(score > best)) return false;',
    replace: 'if (score < best - 1) return false;',
    mustFail: ['tests/site/compress.test.ts'],
  },
  {
    name: 'the largest change of a prediction is the smallest',
    file: 'site/src/engine/damaging.ts',
    find: 'const largest = sorted.at(-1);',
    replace: 'const largest = sorted[0];',
    mustFail: ['tests/site/compressing.test.ts'],
  },
  {
    name: 'the score of a page counts wrong answers',
    file: 'site/src/engine/judge.ts',
    find: 'of === truth[i] ? 1 : 0',
    replace: 'of === truth[i] ? 0 : 1',
    mustFail: ['tests/site/engine-training.test.ts'],
  },
];
