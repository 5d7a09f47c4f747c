import { quantize } from 'whittle-ml';
import { both } from '../bilingual.ts';
import { armStrips } from '../charts.ts';
import { defineClaim } from '../claim.ts';
import { accuracy, POINTS, partsOf, teacher } from '../whittled.ts';

export const claim = defineClaim({
  id: 'II.5-fixed-point',
  section: 'II.5',
  title: { en: 'Fixed point is as good as int8 with a scale', zh: '定点数与带缩放因子的 int8 一样好' },
  claim: {
    en: 'Numbers become fixed point of 8 bits, which is what int8 is.',
    zh: '把数值变成 8 位定点数，也就是 int8。',
  },
  quick: true,
  arms: {
    fixed: { en: 'Q format: scales are powers of two', zh: 'Q 格式：缩放因子为 2 的幂', unit: both('%') },
    affine: { en: 'int8: scales are real, and zero points', zh: 'int8：实数缩放因子和零点', unit: both('%') },
    real: { en: 'float32', zh: 'float32', unit: both('%') },
  },
  async measure(seed, context) {
    const parts = await partsOf(seed, context);
    const model = teacher(seed, parts);
    const calibration = parts.train[0];
    return {
      fixed: accuracy(quantize(model, { format: 'fixed', calibration }), parts),
      affine: accuracy(quantize(model, { format: 'static', calibration }), parts),
      real: accuracy(model, parts),
    };
  },
  effect: {
    name: { en: 'Accuracy in Q format, less that in int8', zh: 'Q 格式的准确率减去 int8 的准确率' },
    of: ['fixed', 'affine'],
    unit: POINTS,
    better: 'higher',
    smallest: -0.5,
  },
  reasons: {},
  citations: [{ text: 'Jacob et al. 2018, section 2.1', url: 'https://arxiv.org/abs/1712.05877' }],
  charts: armStrips,
});
