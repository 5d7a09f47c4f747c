/** See scripts/plants.mjs. */
export const plants = [
  {
    name: 'the safetensors reader accepts overlaps and holes',
    file: 'src/io/safetensors.ts',
    find: 'if (begin !== reached) {',
    replace: 'if (begin > 2 ** 50) {',
    mustFail: ['tests/io/safetensors.test.ts'],
  },
  {
    name: 'the CSV reader takes whatever Number() takes',
    file: 'src/data/table.ts',
    find: 'NUMBER.test(cell)',
    replace: '!Number.isNaN(Number(cell))',
    mustFail: ['tests/data/table.test.ts'],
  },
  {
    name: 'an error at the first byte does not say where',
    file: 'src/base/errors.ts',
    find: 'offset === undefined ?',
    replace: '!offset ?',
    mustFail: ['tests/errors.test.ts'],
  },
  {
    name: 'scales are multiplied without the one of the output',
    file: 'src/graph/integers.ts',
    find: 'const divisor = output?.scale ?? 1;',
    replace: 'const divisor = output === null ? 1 : 1;',
    mustFail: ['tests/graph/check.test.ts', 'tests/infer/program.test.ts'],
  },
  {
    name: 'zeros are coded as if every weight took four bytes',
    file: 'src/io/file-tensors.ts',
    find: 'dead * numbers.BYTES_PER_ELEMENT > price',
    replace: 'dead * 4 > price',
    mustFail: ['tests/io/network-file.test.ts'],
  },
  {
    name: 'stratified folds are shuffled alike for every seed',
    file: 'src/data/split.ts',
    find: `permutation(n, options.seed) : undefined;
  const current`,
    replace: `permutation(n) : undefined;
  const current`,
    mustFail: ['tests/data/split.test.ts'],
  },
  {
    name: 'a folder stays open after a file is written',
    file: 'src/node/index.ts',
    find: 'closeSync(folder);',
    replace: '',
    mustFail: ['tests/node/closed.test.ts'],
  },
  {
    name: 'logSoftmax is taken of a number',
    file: 'src/graph/activation.ts',
    find: '  logSoftmax: rows,',
    replace: '  logSoftmax: plain,',
    mustFail: ['tests/graph/check.test.ts'],
  },
  {
    name: 'an empty tensor listed after its place is refused',
    file: 'src/io/safetensors.ts',
    find: ' || a.end - b.end',
    replace: '',
    mustFail: ['tests/io/safetensors.test.ts'],
  },
  {
    name: 'a scaler keeps the range that its caller may change',
    file: 'src/data/scale.ts',
    find: 'super([low, high]);',
    replace: 'super(featureRange);',
    mustFail: ['tests/nn/given-objects.test.ts'],
  },
  {
    name: 'a training part may lack classes that it was to be stratified by',
    file: 'src/data/split.ts',
    find: 'const smaller = Math.min(testCount, n - testCount);',
    replace: 'const smaller = testCount;',
    mustFail: ['tests/data/split.test.ts'],
  },
  {
    name: 'errors are called what a minifier calls their class',
    file: 'kernels/errors.ts',
    find: 'this.name =',
    replace: 'this.name = new.target.name ||',
    mustFail: ['tests/errors.test.ts'],
  },
];
