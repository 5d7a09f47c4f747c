import { quantize } from 'whittle-ml';
import { both } from '../bilingual.ts';
import { armStrips } from '../charts.ts';
import { defineClaim } from '../claim.ts';
import { POINTS } from '../drawn-digits.ts';
import { accuracy, partsOf, teacher } from '../whittled.ts';

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
  reasons: {
    holds: {
      en: 'Both are integers of 8 bits. In int8 a scale is any number and 0 may lie anywhere; in Q format scales are powers of two and 0 is 0, so that steps may be twice as coarse as they need be, and of what a relu gives half of the levels stay unused. {fixed} % are right in Q format, {affine} % in int8, {real} % in float32.',
      zh: '两者都是 8 位整数。int8 的缩放因子可以是任意数，零点可以在任何位置；Q 格式的缩放因子是 2 的幂，零点固定为 0，因此步长可能比所需的粗一倍，而 ReLU 的输出有一半量化级用不上。Q 格式的准确率为 {fixed} %，int8 为 {affine} %，float32 为 {real} %。',
    },
    depends: {
      en: 'Both are integers of 8 bits. In int8 a scale is any number and 0 may lie anywhere; in Q format scales are powers of two and 0 is 0, so that steps may be twice as coarse as they need be, and of what a relu gives half of the levels stay unused. {fixed} % are right in Q format, {affine} % in int8, {real} % in float32. Of a loss this small the seeds leave open whether it is more than half a point.',
      zh: '两者都是 8 位整数。int8 的缩放因子可以是任意数，零点可以在任何位置；Q 格式的缩放因子是 2 的幂，零点固定为 0，因此步长可能比所需的粗一倍，而 ReLU 的输出有一半量化级用不上。Q 格式的准确率为 {fixed} %，int8 为 {affine} %，float32 为 {real} %。损失很小，这些种子还不足以判断它是否超过半个百分点。',
    },
    fails: {
      en: 'Both are integers of 8 bits. In int8 a scale is any number and 0 may lie anywhere; in Q format scales are powers of two and 0 is 0, so that steps may be twice as coarse as they need be, and of what a relu gives half of the levels stay unused. {fixed} % are right in Q format, {affine} % in int8, {real} % in float32.',
      zh: '两者都是 8 位整数。int8 的缩放因子可以是任意数，零点可以在任何位置；Q 格式的缩放因子是 2 的幂，零点固定为 0，因此步长可能比所需的粗一倍，而 ReLU 的输出有一半量化级用不上。Q 格式的准确率为 {fixed} %，int8 为 {affine} %，float32 为 {real} %。',
    },
  },
  citations: [{ text: 'Jacob et al. 2018, section 2.1', url: 'https://arxiv.org/abs/1712.05877' }],
  charts: armStrips,
});
