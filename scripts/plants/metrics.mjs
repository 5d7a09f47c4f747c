/** See scripts/plants.mjs. */
export const plants = [
  {
    name: 'metrics see logits where the loss works on them',
    file: 'src/nn/sequential.ts',
    find: 'prediction: isActivated ? noGrad(() => activate(last.activation, output)) : output',
    replace: 'prediction: output',
    mustFail: ['tests/nn/metrics-on-logits.test.ts'],
  },
  {
    name: 'metrics see logits behind an activation in a layer of its own',
    file: 'src/nn/sequential.ts',
    find: 'const isActivated = logits && (last instanceof Dense || last instanceof Activation);',
    replace: 'const isActivated = logits && last instanceof Dense;',
    mustFail: ['tests/nn/metrics-on-logits.test.ts'],
  },
  {
    name: 'metrics see outputs that were activated twice',
    file: 'src/nn/sequential.ts',
    find: 'const isActivated = logits && (',
    replace: 'const isActivated = (',
    mustFail: ['tests/nn/metrics-on-logits.test.ts'],
  },
  {
    name: 'a loss of logits is taken behind another activation',
    file: 'src/nn/sequential.ts',
    find: 'const logits = callLogits !== undefined && loss.activation === this.lastActivation;',
    replace: 'const logits = callLogits !== undefined;',
    mustFail: ['tests/nn/metrics-on-logits.test.ts'],
  },
  {
    name: 'a mean over batches is not weighed by their sizes',
    file: 'src/nn/metrics.ts',
    find: 'const [s, n] = add(yTrue, yPred);',
    replace: 'const [total, rows] = add(yTrue, yPred); const [s, n] = [total / rows, 1];',
    mustFail: ['tests/nn/metrics-on-logits.test.ts'],
  },
  {
    name: 'evaluate does not weigh a partial batch by its size',
    file: 'src/nn/sequential.ts',
    find: 'total += count * mean;',
    replace: 'total += (n * mean) / Math.ceil(n / batchSize);',
    mustFail: ['tests/nn/metrics-on-logits.test.ts'],
  },
];
