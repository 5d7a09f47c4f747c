/** See scripts/plants.mjs. */
export const plants = [
  {
    name: 'what is pruned has a part in the gradient of its cluster',
    file: 'kernels/reference/optimizers.ts',
    find: `        if (alive !== null && alive[i] === 0) continue;
        const code = codes[i]!;
        const c = code < 0 ? -1 - code : code;
        work[c] = work[c]! + (code < 0 ? -x[i]! : x[i]!);`,
    replace: `        if (alive !== null && n < 0) continue;
        const code = codes[i]!;
        const c = code < 0 ? -1 - code : code;
        work[c] = work[c]! + (code < 0 ? -x[i]! : x[i]!);`,
    mustFail: ['tests/share/tied.test.ts'],
  },
  {
    name: 'a sum of gradients is their mean',
    file: 'src/nn/sharing.ts',
    find: "return own === null ? g : gathered(own, g, own.sharing.gradient === 'mean');",
    replace: 'return own === null ? g : gathered(own, g, true);',
    mustFail: ['tests/share/tied.test.ts'],
  },
  {
    name: 'a recorded step is repeated for weights that are shared in another way',
    file: 'src/nn/trainer.ts',
    find: ' || this.sharings[i] !== sharing) return false;',
    replace: ' || (this.sharings[i] === null) !== (sharing === null)) return false;',
    mustFail: ['tests/share/tied.test.ts'],
  },
  {
    name: 'a file forgets that gradients are means',
    file: 'src/nn/model-file.ts',
    find: "weight.sharing = { ...weight.sharing, gradient: 'mean' };",
    replace: 'weight.sharing = { ...weight.sharing };',
    mustFail: ['tests/share/share-weights.test.ts'],
  },
  {
    name: 'zeros made permanent go back to the clusters that they were pruned from',
    file: 'src/compress/masks.ts',
    find: '      weight.sharing = withoutMask(weight);\n',
    replace: '      withoutMask(weight);\n',
    mustFail: ['tests/share/share-weights.test.ts'],
  },
  {
    name: 'an empty cluster stays where it is',
    file: 'src/share/k-means.ts',
    find: 'const far = farthest(sorted.xs, Float64Array.from(filled));',
    replace: 'const far = Math.min(centroids.at(-1)!, farthest(sorted.xs, Float64Array.of(filled[0]!)));',
    mustFail: ['tests/share/k-means.test.ts'],
  },
  {
    name: 'buckets begin as means, which shrinks what units sum',
    file: 'src/nn/shared-weights.ts',
    find: 'sums[c]! / Math.sqrt(members[c]!)',
    replace: 'sums[c]! / members[c]!',
    mustFail: ['tests/share/hash-weights.test.ts'],
  },
];
