import { adaRound, correctBias, gptq, quantize, type WeightFormat } from 'whittle-ml';
import { both } from '../bilingual.ts';
import { armStrips } from '../charts.ts';
import { defineClaim } from '../claim.ts';
import { POINTS } from '../drawn-digits.ts';
import { accuracy, partsOf, teacher } from '../whittled.ts';

export const claim = defineClaim({
  id: 'II.5-nearest',
  section: 'II.5',
  title: { en: 'The nearest level is the best for each weight', zh: '每个权重取最近的量化值最好' },
  claim: {
    en: 'Quantization takes for each weight the nearest of the numbers that its bits can hold.',
    zh: '量化就是让每个权重取其位宽所能表示的最近的数。',
  },
  quick: false,
  arms: {
    nearest: { en: '4 bits, to the nearest', zh: '4 位，取最近值', unit: both('%') },
    gptq: { en: '4 bits, GPTQ', zh: '4 位，GPTQ', unit: both('%') },
    ternary: { en: '3 levels, to the nearest', zh: '3 个值，取最近值', unit: both('%') },
    ternaryBias: { en: '3 levels, and biases corrected', zh: '3 个值，并校正偏置', unit: both('%') },
    ternaryGptq: { en: '3 levels, GPTQ', zh: '3 个值，GPTQ', unit: both('%') },
    ternaryAdaRound: { en: '3 levels, AdaRound', zh: '3 个值，AdaRound', unit: both('%') },
  },
  async measure(seed, context) {
    const parts = await partsOf(seed, context);
    const model = teacher(seed, parts);
    const calibration = parts.train[0];
    const of = (type: 'int4' | 'ternary') => {
      const format: WeightFormat = { type, group: 'column' };
      return quantize(model, { format });
    };
    const [int4, ternary] = [of('int4'), of('ternary')];
    const score = (network: typeof int4): number => accuracy(network, parts);
    return {
      nearest: score(int4),
      gptq: score(gptq(model, int4, { calibration })),
      ternary: score(ternary),
      ternaryBias: score(correctBias(model, ternary, { calibration })),
      ternaryGptq: score(gptq(model, ternary, { calibration })),
      ternaryAdaRound: score(adaRound(model, ternary, { calibration, steps: 300 })),
    };
  },
  effect: {
    name: { en: 'Accuracy at 4 bits, nearest less GPTQ', zh: '4 位时取最近值的准确率减去 GPTQ 的准确率' },
    of: ['nearest', 'gptq'],
    unit: POINTS,
    better: 'higher',
    smallest: -0.5,
  },
  reasons: {
    holds: {
      en: 'At 4 bits {nearest} % are right with the nearest levels, and {gptq} % by GPTQ, which lets weights that are still to be rounded make up for those that were. With three levels the nearest is not the best: {ternary} %, with biases corrected {ternaryBias} %, by GPTQ {ternaryGptq} %, and {ternaryAdaRound} % by AdaRound, which learns whether to go up or down.',
      zh: '4 位时，取最近值的准确率为 {nearest} %，GPTQ 为 {gptq} %；GPTQ 让尚未取整的权重补偿已取整的误差。只有三个值时，最近的并不是最好的：{ternary} %，校正偏置后 {ternaryBias} %，GPTQ 为 {ternaryGptq} %，学习向上还是向下取整的 AdaRound 为 {ternaryAdaRound} %。',
    },
    depends: {
      en: 'At 4 bits {nearest} % are right with the nearest levels, and {gptq} % by GPTQ, which lets weights that are still to be rounded make up for those that were. These seeds do not tell them apart. With three levels the nearest is not the best: {ternary} %, with biases corrected {ternaryBias} %, by GPTQ {ternaryGptq} %, and {ternaryAdaRound} % by AdaRound, which learns whether to go up or down.',
      zh: '4 位时，取最近值的准确率为 {nearest} %，GPTQ 为 {gptq} %；GPTQ 让尚未取整的权重补偿已取整的误差。这些种子还分不出高下。只有三个值时，最近的并不是最好的：{ternary} %，校正偏置后 {ternaryBias} %，GPTQ 为 {ternaryGptq} %，学习向上还是向下取整的 AdaRound 为 {ternaryAdaRound} %。',
    },
    fails: {
      en: 'At 4 bits {nearest} % are right with the nearest levels, and {gptq} % by GPTQ, which lets weights that are still to be rounded make up for those that were. With three levels the nearest is not the best: {ternary} %, with biases corrected {ternaryBias} %, by GPTQ {ternaryGptq} %, and {ternaryAdaRound} % by AdaRound, which learns whether to go up or down.',
      zh: '4 位时，取最近值的准确率为 {nearest} %，GPTQ 为 {gptq} %；GPTQ 让尚未取整的权重补偿已取整的误差。只有三个值时，最近的并不是最好的：{ternary} %，校正偏置后 {ternaryBias} %，GPTQ 为 {ternaryGptq} %，学习向上还是向下取整的 AdaRound 为 {ternaryAdaRound} %。',
    },
  },
  citations: [
    { text: 'Frantar et al. 2022, GPTQ', url: 'https://arxiv.org/abs/2210.17323' },
    { text: 'Nagel et al. 2020, Up or Down? Adaptive Rounding', url: 'https://arxiv.org/abs/2004.10568' },
  ],
  charts: armStrips,
});
