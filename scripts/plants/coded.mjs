/** See scripts/plants.mjs. */
export const plants = [
  {
    name: 'a masked number that is not 0 is lost in a coded weight',
    file: 'src/io/code-weight.ts',
    find: 'nonZero.some((bit, i) => bit > mask![i]!)',
    replace: 'nonZero.some((bit, i) => bit > 1 + mask![i]!)',
    mustFail: ['tests/io/coded.test.ts'],
  },
  {
    name: 'the models of a range coder cost a file nothing',
    file: 'src/io/coded-forms.ts',
    find: "code === 'range' ? 65536 * planes : 0",
    replace: "code === 'range' ? planes : 0",
    mustFail: ['tests/io/coded-hostile.test.ts'],
  },
  {
    name: 'places are decoded before their count is compared with their bytes',
    file: 'src/io/take-coded.ts',
    find: 'this.room(cellSteps(code, rows, columns), data.length);',
    replace: '',
    mustFail: ['tests/io/coded-hostile.test.ts'],
  },
  {
    name: 'roles are said of nodes that lack some of them',
    file: 'src/io/network-file.ts',
    find: '!isOptional || roles.has(role)',
    replace: '!isOptional || role in node.weights',
    mustFail: ['tests/io/coded.test.ts'],
  },
  {
    name: 'the sign of a hashed number is that of its bucket',
    file: 'src/graph/hashed.ts',
    find: '(hashOf(seed, i) >>> 1) % buckets',
    replace: 'hashOf(seed, i) % buckets',
    mustFail: ['tests/graph/shared.test.ts'],
  },
  {
    name: 'shrink takes the code 0 for the number 0',
    file: 'src/graph/cost.ts',
    find: 'return (i) => centroids[values[i]!] === 0;',
    replace: 'return (i) => centroids.length > 0 && values[i] === 0;',
    mustFail: ['tests/graph/shared.test.ts'],
  },
  {
    name: 'blanks behind a header are counted twice',
    file: 'src/io/file-parts.ts',
    find: 'bytes: 8 + header - blanks',
    replace: 'bytes: 8 + header',
    mustFail: ['tests/io/coded.test.ts'],
  },
  {
    name: 'an array of a coded weight may be null, whichever it is',
    file: 'src/io/take-coded.ts',
    find: 'field === nullable ? null :',
    replace: 'field !== undefined ? null :',
    mustFail: ['tests/io/coded-hostile.test.ts'],
  },
];
