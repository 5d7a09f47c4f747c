import { measure, quantize } from 'whittle-ml';
import { both } from '../bilingual.ts';
import { armStrips } from '../charts.ts';
import { defineClaim } from '../claim.ts';
import { POINTS } from '../drawn-digits.ts';
import { accuracy, partsOf, teacher } from '../whittled.ts';

const bytes = { en: 'bytes', zh: '字节' };

export const claim = defineClaim({
  id: 'II.6.2-int8',
  section: 'II.6.2',
  title: { en: 'Eight bits are enough', zh: '8 位就够了' },
  claim: {
    en: 'Weights and activations are held in int8 in place of float32, and accuracy stays what it was.',
    zh: '权重和激活值用 int8 代替 float32 存储，准确率保持不变。',
  },
  quick: true,
  arms: {
    real: { en: 'float32', zh: 'float32', unit: both('%') },
    int8: { en: 'int8, weights and activations', zh: 'int8，权重与激活值', unit: both('%') },
    realBytes: { en: 'file in float32', zh: 'float32 文件', unit: bytes },
    int8Bytes: { en: 'file in int8', zh: 'int8 文件', unit: bytes },
  },
  async measure(seed, context) {
    const parts = await partsOf(seed, context);
    const model = teacher(seed, parts);
    const network = quantize(model, { calibration: parts.train[0] });
    return {
      real: accuracy(model, parts),
      int8: accuracy(network, parts),
      realBytes: measure(model, { latency: false }).bytes,
      int8Bytes: measure(network, { latency: false }).bytes,
    };
  },
  effect: {
    name: { en: 'Accuracy in int8, less that in float32', zh: 'int8 的准确率减去 float32 的准确率' },
    of: ['int8', 'real'],
    unit: POINTS,
    better: 'higher',
    smallest: -0.5,
  },
  reasons: {
    holds: {
      en: 'A unit has 255 levels with a scale of its own, so that few answers turn: {int8} % are right, and {real} % in float32. The file has {int8Bytes} bytes in place of {realBytes}.',
      zh: '每个单元有 255 个量化级和自己的缩放因子，因此很少有回答改变：准确率为 {int8} %，float32 为 {real} %。文件从 {realBytes} 字节变为 {int8Bytes} 字节。',
    },
    depends: {
      en: '{int8} % are right, and {real} % in float32; by how much it falls differs from seed to seed. The file has {int8Bytes} bytes in place of {realBytes}.',
      zh: '准确率为 {int8} %，float32 为 {real} %，差多少因种子而异。文件从 {realBytes} 字节变为 {int8Bytes} 字节。',
    },
  },
  citations: [
    { text: 'Jacob et al. 2018, section 2', url: 'https://arxiv.org/abs/1712.05877' },
    { text: 'Krishnamoorthi 2018, Quantizing deep convolutional networks', url: 'https://arxiv.org/abs/1806.08342' },
  ],
  charts: armStrips,
});
