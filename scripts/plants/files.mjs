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
];
