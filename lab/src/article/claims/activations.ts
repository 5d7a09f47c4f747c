import { quantize } from 'whittle-ml';
import { both } from '../bilingual.ts';
import { armStrips } from '../charts.ts';
import { defineClaim } from '../claim.ts';
import { POINTS } from '../drawn-digits.ts';
import { accuracy, partsOf, teacher } from '../whittled.ts';

export const claim = defineClaim({
  id: 'II.5-activations',
  section: 'II.5',
  title: { en: 'Activations in int8 cost no accuracy either', zh: '激活值用 int8 也不损失准确率' },
  claim: {
    en: 'Weights alone can be made discrete, or activations too; mixed forms do as well.',
    zh: '可以只量化权重，也可以同时量化激活值；混合量化效果同样好。',
  },
  quick: true,
  arms: {
    both: { en: 'weights and activations in int8', zh: '权重和激活值都用 int8', unit: both('%') },
    weights: { en: 'weights in int8', zh: '只有权重用 int8', unit: both('%') },
    mixed: { en: 'weights in int4, activations in int8', zh: '权重用 int4，激活值用 int8', unit: both('%') },
  },
  async measure(seed, context) {
    const parts = await partsOf(seed, context);
    const model = teacher(seed, parts);
    const calibration = parts.train[0];
    const mixed = { weights: 'int4', values: 'static' } as const;
    return {
      both: accuracy(quantize(model, { format: 'static', calibration }), parts),
      weights: accuracy(quantize(model, { format: 'int8' }), parts),
      mixed: accuracy(quantize(model, { format: mixed, calibration }), parts),
    };
  },
  effect: {
    name: { en: 'Accuracy of both, less that of weights alone', zh: '两者都量化的准确率减去只量化权重的准确率' },
    of: ['both', 'weights'],
    unit: POINTS,
    better: 'higher',
    smallest: -0.5,
  },
  reasons: {
    holds: {
      en: '{both} % are right with both in int8 and {weights} % with weights alone: ranges that were read off training samples hold the activations of new ones. With weights in 4 bits it is {mixed} %. Only where both are integers are products those of integers, which is what makes int8 faster.',
      zh: '两者都用 int8 时准确率为 {both} %，只量化权重时为 {weights} %：从训练样本得到的取值范围也适用于新样本的激活值。权重用 4 位时为 {mixed} %。只有两者都是整数，才能做整数乘法，int8 也才会更快。',
    },
    depends: {
      en: '{both} % are right with both in int8 and {weights} % with weights alone: ranges that were read off training samples hold the activations of new ones. With weights in 4 bits it is {mixed} %. Only where both are integers are products those of integers, which is what makes int8 faster.',
      zh: '两者都用 int8 时准确率为 {both} %，只量化权重时为 {weights} %：从训练样本得到的取值范围也适用于新样本的激活值。权重用 4 位时为 {mixed} %。只有两者都是整数，才能做整数乘法，int8 也才会更快。',
    },
  },
  citations: [
    { text: 'Krishnamoorthi 2018, Quantizing deep convolutional networks', url: 'https://arxiv.org/abs/1806.08342' },
  ],
  charts: armStrips,
});
