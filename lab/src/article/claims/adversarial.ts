import { add, clip, mul, prune, quantize, Random, sign, type Tensor } from 'whittle-ml';
import { armStrips } from '../charts.ts';
import { defineClaim } from '../claim.ts';
import { accuracyOf, denseNetwork, drawDigits, fitted, PERCENT, POINTS } from '../drawn-digits.ts';
import { adversarial } from '../examples/gradient-sign.ts';

/** A tenth of the range from no ink to full ink. */
const SIZE = 0.1;

export const claim = defineClaim({
  id: 'II.2-adversarial',
  mistake: 24,
  section: 'II.2',
  title: {
    en: 'To hand out the compressed network alone keeps the whole one safe',
    zh: '只公开压缩后的网络，原网络就安全',
  },
  claim: {
    en: 'Compression is good for security: who holds the small network cannot attack the large one with it.',
    zh: '压缩有利于安全：拿到小网络的人无法用它攻击大网络。',
  },
  quick: false,
  arms: {
    clean: { en: 'the whole network, on images as they are', zh: '原网络，原始图像', unit: PERCENT },
    noise: { en: 'on images with random steps of 0.1', zh: '每个像素随机移动 0.1 的图像', unit: PERCENT },
    transferred: {
      en: 'on images that were made to fool the compressed one',
      zh: '为欺骗压缩网络而造的图像',
      unit: PERCENT,
    },
    compressed: { en: 'the compressed network on the same', zh: '压缩网络，同样的图像', unit: PERCENT },
  },
  async measure(seed, context) {
    const { train, test } = await drawDigits(seed, context, 600);
    const [x, y] = test;
    const whole = fitted(denseNetwork([64, 64], seed), train, 40);
    const compressed = quantize(fitted(prune(whole, { sparsity: 0.8 }), train, 10), { calibration: train[0] });
    const made = adversarial(compressed, test, SIZE);
    const steps = mul(sign(new Random(seed, 'noise').normal(x.shape)), SIZE);
    const on = (subject: typeof whole | typeof compressed, images: Tensor): number => accuracyOf(subject, [images, y]);
    return {
      ...{ clean: on(whole, x), noise: on(whole, clip(add(x, steps), 0, 1)) },
      ...{ transferred: on(whole, made), compressed: on(compressed, made) },
    };
  },
  effect: {
    name: {
      en: 'Accuracy of the whole network on these images, less that on random steps',
      zh: '原网络在这些图像上的准确率减去随机扰动下的准确率',
    },
    of: ['transferred', 'noise'],
    unit: POINTS,
    better: 'higher',
    smallest: -5,
  },
  reasons: {},
  citations: [
    { text: 'Goodfellow et al. 2015', url: 'https://arxiv.org/abs/1412.6572' },
    { text: 'To compress or not to compress, 2018', url: 'https://arxiv.org/abs/1810.00208' },
    { text: 'Carlini & Wagner 2016' },
  ],
  example: {
    before: `server = keras.models.load_model('large.keras')
publish(compress(server))  # "nobody can attack what they do not have"`,
    after: 'gradient-sign',
  },
  charts: armStrips,
});
