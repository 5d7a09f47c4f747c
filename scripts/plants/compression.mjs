/** See scripts/plants.mjs. */
export const plants = [
  {
    name: 'distillation lacks T squared',
    file: 'src/compress/distill.ts',
    find: 'mix(mul(divergence, T * T), softmaxCrossEntropy(s, labels))',
    replace: 'mix(divergence, softmaxCrossEntropy(s, labels))',
    mustFail: ['tests/compress/distill.test.ts'],
  },
  {
    name: 'neuron pruning keeps the weakest neurons',
    file: 'src/compress/neurons.ts',
    find: 'scores[q]! - scores[p]! || p - q',
    replace: 'scores[p]! - scores[q]! || p - q',
    mustFail: ['tests/compress/neurons.test.ts'],
  },
  {
    name: 'the zero point of the input is not folded into the bias',
    file: 'src/infer/validate.ts',
    find: 'b - input.zeroPoint * sums[j]!',
    replace: 'b',
    mustFail: ['tests/infer/program.test.ts'],
  },
  {
    name: 'a program forgets that the heap has grown',
    file: 'src/infer/program.ts',
    find: 'if (generation !== growths) runs = [];',
    replace: '',
    mustFail: ['tests/nn/inference.test.ts'],
  },
];
