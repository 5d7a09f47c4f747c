import { decodeWeight, type Model, type Network, prune, quantize, toNetwork } from 'whittle-ml';
import { defineClaim } from '../claim.ts';
import { denseNetwork, drawDigits, fitted, PERCENT } from '../drawn-digits.ts';

const kernelsOf = (network: Network): Float32Array[] =>
  [...network.weights].flatMap(([key, weight]) =>
    key.endsWith('/kernel') ? [Float32Array.from(decodeWeight(weight)!)] : [],
  );

/** Percent of the zeros of some kernels that are zeros in others. */
function keptZeros(before: readonly Float32Array[], after: readonly Float32Array[]): number {
  const now = before.flatMap((kernel, k) => [...kernel].flatMap((w, i) => (w === 0 ? [after[k]![i]!] : [])));
  return (100 * now.filter((w) => w === 0).length) / now.length;
}

/** 256 levels from the least to the largest number, wherever 0 lies between them. */
function leveled(kernel: Float32Array): Float32Array {
  const low = kernel.reduce((a, b) => Math.min(a, b));
  const step = (kernel.reduce((a, b) => Math.max(a, b)) - low) / 255;
  return kernel.map((w) => low + step * Math.round((w - low) / step));
}

export const claim = defineClaim({
  id: 'II.5-zeros-kept',
  section: 'II.5',
  title: { en: 'Quantization keeps what pruning has won', zh: '量化不会破坏剪枝的成果' },
  claim: {
    en: 'A pruned network can be quantized afterwards: both savings stay.',
    zh: '剪枝后的网络还可以再量化：两种节省都保留。',
  },
  quick: true,
  arms: {
    int8: { en: 'of the zeros are zeros in int8', zh: '的零在 int8 中仍为零', unit: PERCENT },
    int4: { en: 'in four bits with zero points', zh: '带零点的四位量化', unit: PERCENT },
    leveled: {
      en: 'on 256 levels from the least to the largest weight',
      zh: '从最小到最大权重均分 256 级',
      unit: PERCENT,
    },
  },
  async measure(seed, context) {
    const { train } = await drawDigits(seed, context, 300);
    const model: Model = fitted(denseNetwork([64, 64], seed), train, 10);
    const pruned = fitted(prune(model, { sparsity: 0.8 }), train, 5);
    const before = kernelsOf(toNetwork(pruned));
    return {
      int8: keptZeros(before, kernelsOf(quantize(pruned, { calibration: train[0] }))),
      int4: keptZeros(before, kernelsOf(quantize(pruned, { format: 'uint4' }))),
      leveled: keptZeros(before, before.map(leveled)),
    };
  },
  effect: {
    name: { en: 'Pruned weights that are 0 in int8', zh: 'int8 中仍为 0 的被剪权重' },
    of: 'int8',
    unit: PERCENT,
    better: 'higher',
    smallest: 100,
  },
  reasons: {
    holds: {
      en: '0 is a level of int8 with a scale, and of four bits with a zero point, so what was pruned stays 0 and files still leave it out. That is a property of the format. On 256 levels spread evenly from the least to the largest weight, {leveled} % of the zeros are kept, as none of the levels is 0: all that pruning had won would be gone.',
      zh: '带缩放因子的 int8 和带零点的四位量化都把 0 作为一个量化级，因此剪掉的权重仍为 0，文件仍可略去。这取决于量化格式。若把最小到最大的权重均分为 256 级，没有一级恰好是 0，零只保留 {leveled} %：剪枝的成果就全没了。',
    },
  },
  citations: [{ text: 'Jacob et al. 2018, section 2.1', url: 'https://arxiv.org/abs/1712.05877' }],
});
