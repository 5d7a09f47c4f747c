/** See scripts/plants.mjs. */
export const plants = [
  {
    name: 'the pivots of a triangular matrix are forgotten',
    file: 'src/share/svd.ts',
    find: 'column[order[i]!] = own[i]!;',
    replace: 'column[i] = own[i]! + 0 * order[i]!;',
    mustFail: ['tests/share/svd.test.ts'],
  },
  {
    name: 'a rotation turns the other way where the second vector is the longer one',
    file: 'src/share/svd.ts',
    find: '(zeta < 0 ? -1 : 1)',
    replace: '1',
    mustFail: ['tests/share/svd.test.ts'],
  },
  {
    name: 'the row of a window lies across its channels',
    file: 'src/share/factor-forms.ts',
    find: 'values[(x * r + k) * units! + u] = b[at++]!;',
    replace: 'values[(k * across! + x) * units! + u] = b[at++]!;',
    mustFail: ['tests/share/factorize.test.ts'],
  },
  {
    name: 'a window split in two moves down by its stride across',
    file: 'src/share/factor-forms.ts',
    find: '(i === axis ? own : other)',
    replace: '(i !== axis ? own : other)',
    mustFail: ['tests/share/factorize.test.ts'],
  },
  {
    name: 'a bias does not make up for what is lost in the mean',
    file: 'src/share/ranks.ts',
    find: 'bias + lost[j]!',
    replace: 'bias + 2 * lost[j]!',
    mustFail: ['tests/share/factorize.test.ts'],
  },
  {
    name: 'a layer whose factors hold as many numbers as it does is taken apart',
    file: 'src/share/ranks.ts',
    find: 'const isTaken = isSmaller || options.larger;',
    replace: 'const isTaken = after <= 2 * before || options.larger;',
    mustFail: ['tests/share/factorize.test.ts'],
  },
  {
    name: 'the second half of a frozen layer is trained',
    file: 'src/compress/clone.ts',
    find: 'layer.trainable = whole === null || !frozen.has(whole);',
    replace: 'layer.trainable = whole !== null;',
    mustFail: ['tests/share/factorize.test.ts'],
  },
  {
    name: 'what was pruned in stages is pruned in one layer alone',
    file: 'src/compress/prune.ts',
    find: 'maskLeast(ofLayers(op, kernels, layers),',
    replace: 'maskLeast(ofLayers(op, kernels, layers).slice(0, 1),',
    mustFail: ['tests/share/deep-compression.test.ts'],
  },
];
