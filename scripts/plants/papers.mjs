/** See scripts/plants.mjs. */
export const plants = [
  {
    name: 'results of other images are gone on from',
    file: 'bench/papers/store.ts',
    find: '{ name: data.name, digest: data.digest }',
    replace: "{ name: data.name, digest: '' }",
    mustFail: ['tests/bench/papers.test.ts'],
  },
  {
    name: 'figures of other images stand beside those that are published of MNIST',
    file: 'bench/papers/report.ts',
    find: "images.name === 'MNIST' && !quick",
    replace: '!quick',
    mustFail: ['tests/bench/papers.test.ts'],
  },
  {
    name: 'what moves out of an image comes in on its other side',
    file: 'src/data/augment.ts',
    find: 'const isInside = x >= 0 && x < width;',
    replace: 'const isInside = true;',
    mustFail: ['tests/data/augment.test.ts'],
  },
  {
    name: 'the bits of a kept weight leave out all but values and positions',
    file: 'bench/papers/report.ts',
    find: '(8 * bytes) / kept',
    replace: '(8 * (bytes - 300)) / kept',
    mustFail: ['tests/bench/papers.test.ts'],
  },
  {
    name: 'that a folder cannot be written to shows when the first row has been trained',
    file: 'bench/papers/run.ts',
    find: '  write(path, tables()); // now',
    replace: '  // now',
    mustFail: ['tests/bench/papers.test.ts'],
  },
  {
    name: 'files of papers have other biases than their recipes say',
    file: 'bench/papers/compression.ts',
    find: 'biases: share.biases,',
    replace: "biases: 'float32',",
    mustFail: ['tests/bench/papers.test.ts'],
  },
];
