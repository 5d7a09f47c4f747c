/** See scripts/plants.mjs. */
export const plants = [
  {
    name: 'a training that goes on on a device begins again with the orders',
    file: 'src/gpu/train.ts',
    find: 'random.step = epoch;',
    replace: 'random.step = epoch - initialEpoch;',
    mustFail: ['tests/gpu/train.gpu.test.ts'],
  },
  {
    name: 'a training that goes on on a device shuffles what is not to be shuffled',
    file: 'src/gpu/train.ts',
    find: '(shuffle ? random.permutation(count)',
    replace: '(shuffle || initialEpoch > 0 ? random.permutation(count)',
    mustFail: ['tests/gpu/train.gpu.test.ts'],
  },
  {
    name: 'right answers on a device are counted by logits as if they were probabilities',
    file: 'src/gpu/objective.ts',
    find: 'const threshold = this.onLogits ? 0 : 0.5;',
    replace: 'const threshold = 0.5;',
    mustFail: ['tests/gpu/train.gpu.test.ts'],
  },
  {
    name: 'GPU.js may compute elsewhere unnoticed',
    file: 'src/gpu/programs.ts',
    find: 'if (!(kernel instanceof this.expected)) {',
    replace: 'if (kernel === undefined) {',
    mustFail: ['tests/gpu/robustness.gpu.test.ts'],
  },
  {
    name: 'a result on a device changes when its program runs again',
    file: 'src/gpu/programs.ts',
    find: 'immutable: true, // a result stays what it is when the program runs again',
    replace: 'immutable: false,',
    mustFail: ['tests/gpu/train.gpu.test.ts'],
  },
  {
    name: 'sums of int8 products run past what float32 holds',
    file: 'kernels/gpu/matmul.ts',
    find: 'export const EXACT_INT8_TERMS = 1024;',
    replace: 'export const EXACT_INT8_TERMS = 4096;',
    mustFail: ['tests/gpu/ops.gpu.test.ts'],
  },
  {
    name: 'a training on a device that fails leaves the optimizer changed',
    file: 'src/gpu/train.ts',
    find: 'optimizer.restore(weights, before.state);',
    replace: '',
    mustFail: ['tests/gpu/robustness.gpu.test.ts'],
  },
  {
    name: 'a step on a device leaves a tensor behind',
    file: 'src/gpu/scope.ts',
    find: '  old?.dispose();\n',
    replace: '',
    mustFail: ['tests/gpu/robustness.gpu.test.ts'],
  },
];
