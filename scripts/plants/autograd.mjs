/** See scripts/plants.mjs. */
export const plants = [
  {
    name: 'biased and unbiased variance are swapped',
    file: 'src/autograd/reductions.ts',
    find: 'l.x, Math.max(0, l.n - ddof), y)',
    replace: 'l.x, Math.max(0, l.n - (1 - ddof)), y)',
    mustFail: ['tests/autograd/ops.test.ts'],
  },
  {
    name: 'a first gradient is changed in place',
    file: 'src/autograd/tape.ts',
    find: 'private owned = false;',
    replace: 'private owned = true;',
    mustFail: ['tests/autograd/graphs.test.ts'],
  },
  {
    name: 'the gradient of a broadcast is not reduced',
    file: 'src/autograd/arithmetic.ts',
    find: "record('mul', y, [a, (g) => sumTo(mul(g, b), a.shape)]",
    replace: "record('mul', y, [a, (g) => mul(g, b)]",
    mustFail: ['tests/autograd/ops.test.ts'],
  },
];
