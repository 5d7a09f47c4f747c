/** Faults in training that resumes, in steps of several batches, in averages of weights, and in what looks for anomalies. */
export const plants = [
  {
    name: 'a resumed EarlyStopping begins anew',
    file: 'src/nn/callbacks.ts',
    find: `    this.bestEpoch = (bestEpoch as number | undefined) ?? null;
    this.isResumed = true;`,
    replace: '    this.bestEpoch = (bestEpoch as number | undefined) ?? null;',
    mustFail: ['tests/nn/resume.test.ts'],
  },
  {
    name: 'a resumed EarlyStopping forgets the best weights',
    file: 'src/nn/callbacks.ts',
    find: 'const held = hasWeights ? heldIn(op, model, tensors) : holdWeights(model);',
    replace: 'const held = hasWeights && heldIn(op, model, tensors) ? holdWeights(model) : holdWeights(model);',
    mustFail: ['tests/nn/resume.test.ts'],
  },
  {
    name: 'a training that had stopped trains on when it is resumed',
    file: 'src/nn/callbacks.ts',
    find: 'if (hasEnded) model.stopTraining = true;',
    replace: 'if (hasEnded) model.stopTraining = false;',
    mustFail: ['tests/nn/resume.test.ts'],
  },
  {
    name: 'a resumed state holds for all fits',
    file: 'src/nn/callbacks.ts',
    find: `      this.bestEpoch = null;
    }
    this.isResumed = false;`,
    replace: `      this.bestEpoch = null;
    }`,
    mustFail: ['tests/nn/resume.test.ts'],
  },
  {
    name: 'the state of a callback may have fields that nobody knows',
    file: 'src/nn/resume.ts',
    find: 'if (stray !== undefined) throw new StateError(op, `keeps no',
    replace: 'if (stray === "") throw new StateError(op, `keeps no',
    mustFail: ['tests/nn/resume.test.ts'],
  },
  {
    name: 'masks of best weights are not saved',
    file: 'src/nn/resume.ts',
    find: 'if (mask !== null) tensors',
    replace: 'if (mask !== null && mask.size < 0) tensors',
    mustFail: ['tests/nn/resume.test.ts'],
  },
  {
    name: 'batches count alike in a step of several, whatever their samples',
    file: 'src/nn/accumulate.ts',
    find: 'this.share = count / (end - begin);',
    replace: 'this.share = 1 / Math.ceil((end - begin) / count);',
    mustFail: ['tests/nn/accumulate.test.ts'],
  },
  {
    name: 'a repeated step has the share of the recorded one',
    file: 'src/nn/accumulate.ts',
    find: `      eachTime(() => {
        factor.storage.array[0] = this.share;
      });`,
    replace: '      factor.storage.array[0] = this.share;',
    mustFail: ['tests/nn/accumulate.test.ts'],
  },
  {
    name: 'a layer that begins to train within a group has gradients of an earlier one',
    file: 'src/nn/accumulate.ts',
    find: 'if (!isFirst) for (const p of own)',
    replace: 'if (!isFirst && own.length === 0) for (const p of own)',
    mustFail: ['tests/nn/accumulate.test.ts'],
  },
  {
    name: 'the first batches of a group are lost',
    file: 'src/nn/accumulate.ts',
    find: "role === 'first' ? parts",
    replace: "role !== 'last' ? parts",
    mustFail: ['tests/nn/accumulate.test.ts'],
  },
  {
    name: 'sums of gradients leave the heap between kinds of steps',
    file: 'src/nn/accumulate.ts',
    find: '        ...parameters.map((weight) => sumOf(weight).storage),',
    replace: "        ...(role === 'only' ? [] : parameters.map((weight) => sumOf(weight).storage)),",
    mustFail: ['tests/nn/accumulate.test.ts'],
  },
  {
    name: 'an average of weights takes in batches that made no step',
    file: 'src/nn/averaging.ts',
    find: ' || iterations === this.iterations) return;',
    replace: ') return;',
    mustFail: ['tests/nn/averaging.test.ts'],
  },
  {
    name: 'weights of the average are trained on after a validation',
    file: 'src/nn/averaging.ts',
    find: 'if (this.own !== null) putBack(model, this.own);',
    replace: '',
    mustFail: ['tests/nn/averaging.test.ts'],
  },
  {
    name: 'a stochastic average is judged without its last epoch',
    file: 'src/nn/averaging.ts',
    find: `    this.takeOnce(model);
    super.onValidationBegin(model);`,
    replace: '    super.onValidationBegin(model);',
    mustFail: ['tests/nn/averaging.test.ts'],
  },
  {
    name: 'statistics that are taken again count what was there before',
    file: 'src/nn/statistics.ts',
    find: 'assign(value, zeros(value.shape, value.dtype));',
    replace: 'void value;',
    mustFail: ['tests/nn/averaging.test.ts'],
  },
  {
    name: 'a single sample that is left is a batch of its own',
    file: 'src/nn/statistics.ts',
    find: 'n - start - batchSize === 1 ? batchSize + 1 : ',
    replace: '',
    mustFail: ['tests/nn/averaging.test.ts'],
  },
  {
    name: 'the search for a rate leaves its moments',
    file: 'src/nn/rate-finder.ts',
    find: 'optimizer.restore(trained, before.state);',
    replace: '',
    mustFail: ['tests/nn/rate-finder.test.ts'],
  },
  {
    name: 'the search for a rate leaves its steps, which dropout draws by',
    file: 'src/nn/rate-finder.ts',
    find: 'model.steps = before.steps;',
    replace: '',
    mustFail: ['tests/nn/rate-finder.test.ts'],
  },
  {
    name: 'pullbacks pass for operations of the way forward',
    file: 'src/nn/anomalies.ts',
    find: 'if (!isForward) return;',
    replace: '',
    mustFail: ['tests/nn/anomalies.test.ts'],
  },
  {
    name: 'a layer passes for the loss that comes behind it',
    file: 'src/nn/forward.ts',
    find: `  } finally {
    current = null;
  }`,
    replace: '  } finally {\n  }',
    mustFail: ['tests/nn/anomalies.test.ts'],
  },
  {
    name: 'noise of a repeated step is that of the recorded one',
    file: 'src/nn/noise.ts',
    find: `  eachTime(() => {
    state.array.set(random.state);
    random.step++;
  });`,
    replace: '  state.array.set(random.state);',
    mustFail: ['tests/nn/noise-layers.test.ts'],
  },
  {
    name: 'alpha dropout is not moved back to mean 0',
    file: 'src/nn/noise.ts',
    find: ', -scale * rate * LOWEST);',
    replace: ', 0);',
    mustFail: ['tests/nn/noise-layers.test.ts'],
  },
  {
    name: 'a noiseShape may be of other samples',
    file: 'src/graph/facts.ts',
    find: 'noiseShape.every((n, axis) => n === 1 || n === x![axis])',
    replace: 'noiseShape.every((n) => n >= 1)',
    mustFail: ['tests/nn/noise-layers.test.ts'],
  },
  {
    name: 'statistics move while predictions are drawn',
    file: 'src/nn/monte-carlo.ts',
    find: 'resting(model.layers, () => {',
    replace: 'resting([], () => {',
    mustFail: ['tests/nn/monte-carlo.test.ts'],
  },
];
