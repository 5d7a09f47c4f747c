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
  {
    name: 'backward run twice gets the gradient that several inputs shared the first time',
    file: 'src/autograd/tape.ts',
    find: 'if (g !== last) {',
    replace: 'if (last === null) {',
    mustFail: ['tests/autograd/twice.test.ts'],
  },
  {
    name: 'backward run twice gets the first gradient before an activation',
    file: 'src/autograd/products.ts',
    find: 'perGradient((g: Tensor) => reluGrad(y, g))',
    replace: '((once: Tensor | null) => (g: Tensor): Tensor => (once ??= reluGrad(y, g)))(null)',
    mustFail: ['tests/autograd/twice.test.ts'],
  },
  {
    name: 'backward run twice adds to a gradient that another holds',
    file: 'src/autograd/tape.ts',
    find: 'const sum = new Accumulator(p.grad);',
    replace: 'const sum = Object.assign(new Accumulator(p.grad), { owned: true });',
    mustFail: ['tests/autograd/twice.test.ts'],
  },
  {
    name: 'grad within a pullback goes on recording',
    file: 'src/autograd/tape.ts',
    find: 'recording = wasRecording;',
    replace: 'recording = true;',
    mustFail: ['tests/autograd/twice.test.ts'],
  },
];
