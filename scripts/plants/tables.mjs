/** See scripts/plants.mjs. */
export const plants = [
  {
    name: 'a number of more digits than float64 holds is read as if they were exact',
    file: 'src/data/number.ts',
    find: 'mantissa < 2 ** 53',
    replace: 'mantissa < 2 ** 56',
    mustFail: ['tests/data/read.test.ts'],
  },
  {
    name: 'a long number loses its last digits',
    file: 'src/data/number.ts',
    find: 'lost(head, shift, product) + (tail - (high - product))',
    replace: 'tail - (high - product)',
    mustFail: ['tests/data/read.test.ts'],
  },
  {
    name: 'a dash is missing among texts too',
    file: 'src/data/scan.ts',
    find: 'this.dashIsText = na === MISSING;',
    replace: 'this.dashIsText = false;',
    mustFail: ['tests/data/read.test.ts'],
  },
  {
    name: '0,123 is a group of thousands',
    file: 'src/data/scan.ts',
    find: '[1-9]\\\\d{0,2}',
    replace: '\\\\d{1,3}',
    mustFail: ['tests/data/read.test.ts'],
  },
  {
    name: 'CRLF counts as two lines',
    file: 'src/data/encoding.ts',
    find: 'code === LF || (code === CR && bytes[i + 1] !== LF))) ends++',
    replace: 'code === LF || code === CR)) ends++',
    mustFail: ['tests/data/read.test.ts'],
  },
  {
    name: 'the first sample becomes the header unnoticed',
    file: 'src/data/read.ts',
    find: 'if (settings.header === undefined) refuseData(names, dialect);',
    replace: '',
    mustFail: ['tests/data/read.test.ts'],
  },
  {
    name: 'what is written plainly is read otherwise where that makes as many numbers',
    file: 'src/data/dialect.ts',
    find: 'counts.indexOf(',
    replace: 'counts.lastIndexOf(',
    mustFail: ['tests/data/read.test.ts'],
  },
  {
    name: 'a packed IDX file is not named',
    file: 'src/data/idx.ts',
    find: "if (bytes[0] !== 0) refuseOthers('idx', bytes);",
    replace: '',
    mustFail: ['tests/data/what.test.ts', 'tests/data/idx.test.ts'],
  },
];
