/** See scripts/plants.mjs. */
export const plants = [
  {
    name: 'Adam multiplies by its bias correction',
    file: 'src/nn/optimizers.ts',
    find: '(learningRate * correction2) / (1 - this.power1)',
    replace: '(learningRate * correction2) * (1 - this.power1)',
    mustFail: ['tests/nn/optimizers.test.ts'],
  },
  {
    name: 'Adam puts epsilon in the other place',
    file: 'src/nn/optimizers.ts',
    find: "epsilonMode === 'hat'",
    replace: "epsilonMode !== 'hat'",
    mustFail: ['tests/nn/optimizers.test.ts'],
  },
  {
    name: 'L2 has a factor of one half',
    file: 'src/nn/regularizers.ts',
    find: 'mul(sum(square(w)), second)',
    replace: 'mul(sum(square(w)), second / 2)',
    mustFail: ['tests/nn/training.test.ts'],
  },
  {
    name: 'activity penalties are not divided by the batch size',
    file: 'src/nn/layers.ts',
    find: 'mul(penalty(output, activity), 1 / x.shape[0]!)',
    replace: 'penalty(output, activity)',
    mustFail: ['tests/nn/training.test.ts'],
  },
  {
    name: 'the mask is applied before the step',
    file: 'src/nn/optimizer.ts',
    find: `        this.update(p, floats(this.name, p), floats(this.name, clipped[i]!), slots, block);
        if (p.mask !== null) for (const t of [p, ...Object.values(slots)]) applyMask(t, p.mask);`,
    replace: `        if (p.mask !== null) for (const t of [p, ...Object.values(slots)]) applyMask(t, p.mask);
        this.update(p, floats(this.name, p), floats(this.name, clipped[i]!), slots, block);`,
    mustFail: ['tests/compress/prune.test.ts'],
  },
  {
    name: 'EarlyStopping accepts NaN as the first best',
    file: 'src/nn/callbacks.ts',
    find: 'if (than === null) return this.rises ? value > -Infinity : value < Infinity;',
    replace: 'if (than === null) return true;',
    mustFail: ['tests/nn/early-stopping.test.ts'],
  },
  {
    name: 'validationSplit takes the first samples',
    file: 'src/nn/samples.ts',
    find: 'return [training, [slice(x, [[training, null]]), slice(y, [[training, null]])]];',
    replace: 'return [training, [slice(x, [[0, n - training]]), slice(y, [[0, n - training]])]];',
    mustFail: ['tests/nn/fit.test.ts'],
  },
  {
    name: 'a recording is used though a mask has appeared',
    file: 'src/nn/trainer.ts',
    find: ' || this.masks[i] !== parameters[i]!.mask',
    replace: '',
    mustFail: ['tests/nn/replay.test.ts'],
  },
  {
    name: 'the loss reads logits behind a Dropout that is at work',
    file: 'src/nn/sequential.ts',
    find: 'const activation = this.outputActivation(training);',
    replace: 'const activation = this.outputActivation(false);',
    mustFail: ['tests/nn/output-activation.test.ts'],
  },
  {
    name: 'logits are asked of the last layer, though it does nothing',
    file: 'src/nn/layer-stack.ts',
    find: 'const last = this.lastActing(training);',
    replace: 'const last = this.layers.at(-1);',
    mustFail: ['tests/nn/output-activation.test.ts'],
  },
];
