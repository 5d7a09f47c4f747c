/** See scripts/plants.mjs. Those of relaxed products show where the machine fuses multiplications and additions. */
export const plants = [
  {
    name: 'a worker takes a relaxed product for an exact one of its size',
    file: 'src/threads/worker.ts',
    find: '2 * width + Number(isRelaxed)',
    replace: 'width',
    mustFail: ['tests/threads/shares.test.ts'],
  },
  {
    name: 'a worker is told of the first relaxed product, and of no exact one',
    file: 'src/threads/helper.ts',
    find: 'control[JOB + OPERANDS] = Number(isRelaxed);',
    replace: 'if (isRelaxed) control[JOB + OPERANDS] = 1;',
    mustFail: ['tests/threads/shares.test.ts'],
  },
  {
    name: 'workers pack into the memory of the caller',
    file: 'src/threads/helper.ts',
    find: 'control[JOB + OPERAND.scratch] = this.scratch;',
    replace: '',
    mustFail: ['tests/threads/shares.test.ts'],
  },
  {
    name: 'rows to add to are not copied to the worker',
    file: 'src/threads/pool.ts',
    find: 'if ((mode & ACCUMULATE) !== 0)',
    replace: 'if (mode < 0)',
    mustFail: ['tests/threads/shares.test.ts'],
  },
  {
    name: 'a result is written beyond the memory of a smaller one',
    file: 'src/threads/helper.ts',
    find: 'if (this.resultBytes >= bytes) return true;',
    replace: 'if (this.resultBytes > 0) return true;',
    mustFail: ['tests/threads/shares.test.ts'],
  },
  {
    name: 'a result is written where one was that was given back',
    file: 'src/threads/helper.ts',
    find: '      this.result = 0;\n      this.resultBytes = 0;',
    replace: '',
    mustFail: ['tests/threads/shares.test.ts'],
  },
  {
    name: 'the memory of a retired worker is not given back',
    file: 'src/threads/helper.ts',
    find: 'this.heap.releaseBytes(this.scratch);',
    replace: '',
    mustFail: ['tests/threads/shares.test.ts'],
  },
  {
    name: 'the memory of a worker is given back while it may still write to it',
    file: 'src/threads/helper.ts',
    find: 'if (state !== RUNNING && state !== RETIRED) this.freeWork();',
    replace: 'this.freeWork();',
    mustFail: ['tests/threads/shares.test.ts'],
  },
];
