/** See scripts/plants.mjs. */
export const plants = [
  {
    name: 'dropout scales by p instead of 1/(1 - p)',
    file: 'kernels/reference/random.ts',
    find: 'round(1 / (1 - rate))',
    replace: 'round(rate)',
    mustFail: ['tests/kernels/reference/random.test.ts'],
  },
  {
    name: 'softmax does not subtract the maximum',
    file: 'kernels/reference/rows.ts',
    find: `      const max = maxOf(n, x, at, 1);
      const sum = expSumOf`,
    replace: `      const max = 0;
      const sum = expSumOf`,
    mustFail: ['tests/kernels/reference/rows.test.ts'],
  },
  {
    name: 'quantization rounds half up',
    file: 'kernels/reference/integers.ts',
    find: 'roundHalfEven(Math.min(Math.max(x, -1024), 1024)) + zeroPoint',
    replace: 'Math.round(Math.min(Math.max(x, -1024), 1024)) + zeroPoint',
    mustFail: ['tests/kernels/reference/integers.test.ts'],
  },
  {
    name: 'the results of staged arrays are not copied out',
    file: 'kernels/wasm/arguments.ts',
    find: 'to.set(this.heap.bytes.subarray(at, at + bytes));',
    replace: '',
    mustFail: ['tests/kernels/wasm/heap.test.ts', 'tests/kernels/wasm/wasm.test.ts'],
  },
  {
    name: 'kernels compute in TypeScript while they are linked',
    file: 'kernels/wasm/engine.ts',
    find: 'this.orElse = this.refusing;',
    replace: '',
    mustFail: ['tests/kernels/wasm/link.test.ts'],
  },
  {
    name: 'a slot made while a call is linked makes its call',
    file: 'kernels/wasm/engine.ts',
    find: 'if (this.linked !== null) this.divert(slot);',
    replace: '',
    mustFail: ['tests/kernels/wasm/link.test.ts'],
  },
  {
    name: 'a copy in parts takes the wrong part of its source',
    file: 'kernels/wasm/strided-copy.ts',
    find: 'x, xOffset + i * xSteps[0]!, y, yOffset',
    replace: 'x, xOffset, y, yOffset',
    mustFail: ['tests/kernels/wasm/movement.test.ts'],
  },
  {
    name: 'loops of a copy are joined though y goes on elsewhere',
    file: 'kernels/walk.ts',
    find: ' && outer.yStep === size * yStep',
    replace: '',
    mustFail: ['tests/kernels/cpu/cpu.test.ts', 'tests/kernels/wasm/wasm.test.ts'],
  },
  {
    name: 'the first column of a matrix counts as a scalar for the whole of it',
    file: 'kernels/wasm/elementwise.ts',
    find: 'row === cols * col) return col;',
    replace: 'row === cols) return col;',
    mustFail: ['tests/kernels/wasm/wasm.test.ts', 'tests/tensor/views.test.ts'],
  },
  {
    name: 'a staged copy writes what lies between the numbers that it copies',
    file: 'kernels/wasm/strided-copy.ts',
    find: ' || to.length > count) return false;',
    replace: ' || to.length > 2 * count) return false;',
    mustFail: ['tests/kernels/wasm/movement.test.ts'],
  },
  {
    name: 'cpu rounds to int8 after it has added the zero point',
    file: 'kernels/cpu/integers.ts',
    find: 'roundHalfEven(Math.min(Math.max(real, -1024), 1024)) + zeroPoint',
    replace: 'roundHalfEven(Math.min(Math.max(real + zeroPoint, -1024), 1024))',
    mustFail: ['tests/kernels/reference/integers.test.ts'],
  },
];
