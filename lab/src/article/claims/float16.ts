import { measure, quantize } from 'whittle-ml';
import { both } from '../bilingual.ts';
import { armStrips } from '../charts.ts';
import { defineClaim } from '../claim.ts';
import { POINTS } from '../drawn-digits.ts';
import { accuracy, partsOf, teacher } from '../whittled.ts';

const bytes = { en: 'bytes', zh: '字节' };

export const claim = defineClaim({
  id: 'II.5-float16',
  section: 'II.5',
  title: { en: 'Half of the bits lose nothing', zh: '位数减半也没有损失' },
  claim: {
    en: 'Weights that are stored in float16 take half of the space, and accuracy stays what it was.',
    zh: '权重用 float16 存储，空间减半，准确率不变。',
  },
  quick: true,
  arms: {
    real: { en: 'float32', zh: 'float32', unit: both('%') },
    half: { en: 'float16', zh: 'float16', unit: both('%') },
    realBytes: { en: 'file in float32', zh: 'float32 文件', unit: bytes },
    halfBytes: { en: 'file in float16', zh: 'float16 文件', unit: bytes },
  },
  async measure(seed, context) {
    const parts = await partsOf(seed, context);
    const model = teacher(seed, parts);
    const network = quantize(model, { format: 'float16' });
    return {
      real: accuracy(model, parts),
      half: accuracy(network, parts),
      realBytes: measure(model, { latency: false }).bytes,
      halfBytes: measure(network, { latency: false }).bytes,
    };
  },
  effect: {
    name: { en: 'Accuracy in float16, less that in float32', zh: 'float16 的准确率减去 float32 的准确率' },
    of: ['half', 'real'],
    unit: POINTS,
    better: 'higher',
    smallest: -0.2,
  },
  reasons: {
    holds: {
      en: 'float16 keeps 11 significant bits, so that a weight is off by a 2,048th of itself at most: {half} % are right, and {real} % in float32. The file has {halfBytes} bytes in place of {realBytes}. That is storage; programs here compute in float32.',
      zh: 'float16 保留 11 位有效数字，权重的相对误差不超过 1/2048：准确率为 {half} %，float32 为 {real} %。文件从 {realBytes} 字节变为 {halfBytes} 字节。这只是存储格式，计算仍用 float32。',
    },
  },
  citations: [{ text: 'IEEE 754-2019, binary16' }],
  charts: armStrips,
});
