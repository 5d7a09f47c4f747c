/** See scripts/plants.mjs. */
export const plants = [
  {
    name: 'a carry stops at the first byte of 255',
    file: 'src/io/codes/range-coder.ts',
    find: 'for (; this.bytes[i] === 255; i--) this.bytes[i] = 0;',
    replace: 'if (this.bytes[i] === 255) this.bytes[i--] = 0;',
    mustFail: ['tests/io/codes/range-coder.test.ts'],
  },
  {
    name: 'a range-coded stream may have bytes that nobody reads',
    file: 'src/io/codes/range-coder.ts',
    find: 'extra === 0 || (extra === 1 && this.data[settled] !== 0)',
    replace: 'extra >= 0',
    mustFail: ['tests/io/codes/range-coder.test.ts', 'tests/io/codes/codes.test.ts'],
  },
  {
    name: 'probabilities are made of Math.exp, whose bits engines choose',
    file: 'src/io/codes/mixing.ts',
    find: 'power *= STEP',
    replace: 'power = Math.exp((x + 1) / 256)',
    mustFail: ['tests/io/codes/codes.test.ts', 'tests/architecture.test.ts'],
  },
  {
    name: 'weights of a mixer learn away from the bit',
    file: 'src/io/codes/mixing.ts',
    find: '(coded * UNIT - p)) >> this.shift',
    replace: '(p - coded * UNIT)) >> this.shift',
    mustFail: ['tests/io/codes/codes.test.ts'],
  },
  {
    name: 'nobody looks for the width of images',
    file: 'src/io/codes/range-places.ts',
    find: 'shortest([0, lag]',
    replace: 'shortest([0, Math.min(lag, 0)]',
    mustFail: ['tests/io/codes/codes.test.ts'],
  },
  {
    name: 'a Huffman table may leave bits that are no code',
    file: 'src/io/codes/huffman.ts',
    find: 'sum === 1 << LONGEST ||',
    replace: 'sum <= 1 << LONGEST ||',
    mustFail: ['tests/io/codes/huffman.test.ts'],
  },
  {
    name: 'pairs of packages are not in order of their weight',
    file: 'src/io/codes/huffman.ts',
    find: 'level = [...coins, ...pairs].sort((a, b) => a.weight - b.weight);',
    replace: 'level = [...pairs, ...coins];',
    mustFail: ['tests/io/codes/huffman.test.ts'],
  },
  {
    name: 'a decoder believes any number of places',
    file: 'src/io/codes/code.ts',
    find: 'claimed <= most * (data.length + 1)',
    replace: 'claimed <= most * (data.length + 2 ** 40)',
    mustFail: ['tests/io/codes/codes.test.ts'],
  },
];
