/** Faults that were made, or nearly made, in libraries of this kind. See plants.mjs. */
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
    name: 'dropout scales by p instead of 1/(1 - p)',
    file: 'kernels/reference/random.ts',
    find: 'round(1 / (1 - rate))',
    replace: 'round(rate)',
    mustFail: ['tests/kernels/reference/random.test.ts'],
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
    name: 'biased and unbiased variance are swapped',
    file: 'src/autograd/reductions.ts',
    find: 'l.x, Math.max(0, l.n - ddof), y)',
    replace: 'l.x, Math.max(0, l.n - (1 - ddof)), y)',
    mustFail: ['tests/autograd/ops.test.ts'],
  },
  {
    name: 'softmax does not subtract the maximum',
    file: 'kernels/reference/rows.ts',
    find: `      const max = maxOf(n, x, at, 1);
      const sum = expSumOf`,
    replace: `      const max = 0;
      const sum = expSumOf`,
    mustFail: ['tests/kernels/reference/rows.test.ts'],
  },
  {
    name: 'distillation lacks T squared',
    file: 'src/compress/distill.ts',
    find: 'mix(mul(divergence, T * T), softmaxCrossEntropy(s, labels))',
    replace: 'mix(divergence, softmaxCrossEntropy(s, labels))',
    mustFail: ['tests/compress/distill.test.ts'],
  },
  {
    name: 'the mask is applied before the step',
    file: 'src/nn/optimizer.ts',
    find: `        this.update(p, floats(this.name, p), floats(this.name, clipped[i]!), slots, block);
        if (p.mask !== null) {
          const mask = flat(this.name, p.mask) as Uint8Array;
          const zero = this.zero[dtype as FloatDType];
          for (const t of [p, ...Object.values(slots)]) {
            const data = floats(this.name, t);
            kernelsFor(dtype).select(size, mask, data, 1, zero, 0, data);
          }
        }`,
    replace: `        if (p.mask !== null) {
          const mask = flat(this.name, p.mask) as Uint8Array;
          const zero = this.zero[dtype as FloatDType];
          for (const t of [p, ...Object.values(slots)]) {
            const data = floats(this.name, t);
            kernelsFor(dtype).select(size, mask, data, 1, zero, 0, data);
          }
        }
        this.update(p, floats(this.name, p), floats(this.name, clipped[i]!), slots, block);`,
    mustFail: ['tests/compress/prune.test.ts'],
  },
  {
    name: 'EarlyStopping accepts NaN as the first best',
    file: 'src/nn/callbacks.ts',
    find: 'if (than === null) return this.rises ? value > -Infinity : value < Infinity;',
    replace: 'if (than === null) return true;',
    mustFail: ['tests/nn/callbacks.test.ts'],
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
    name: 'quantization rounds half up',
    file: 'kernels/reference/integers.ts',
    find: 'roundHalfEven(Math.min(Math.max(x, -1024), 1024)) + zeroPoint',
    replace: 'Math.round(Math.min(Math.max(x, -1024), 1024)) + zeroPoint',
    mustFail: ['tests/kernels/reference/integers.test.ts'],
  },
  {
    name: 'validationSplit takes the first samples',
    file: 'src/nn/sequential.ts',
    find: 'return [training, [copyOf(slice(x, [[training, null]])), copyOf(slice(y, [[training, null]]))]];',
    replace: 'return [training, [copyOf(slice(x, [[0, n - training]])), copyOf(slice(y, [[0, n - training]]))]];',
    mustFail: ['tests/nn/fit.test.ts'],
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
    name: 'the safetensors reader accepts overlaps and holes',
    file: 'src/io/safetensors.ts',
    find: 'if (begin !== reached) {',
    replace: 'if (begin > 2 ** 50) {',
    mustFail: ['tests/io/safetensors.test.ts'],
  },
  {
    name: 'the CSV reader takes whatever Number() takes',
    file: 'src/data/table.ts',
    find: 'NUMBER.test(cell)',
    replace: '!Number.isNaN(Number(cell))',
    mustFail: ['tests/data/table.test.ts'],
  },
  {
    name: 'a stale tensor shows the numbers of the next step',
    file: 'src/tensor/arena.ts',
    find: 'if (storage.owner.generation !== generation) {',
    replace: 'if (storage.owner.generation < 0) {',
    mustFail: ['tests/tensor/arena.test.ts'],
  },
];
