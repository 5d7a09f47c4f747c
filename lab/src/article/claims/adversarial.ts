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
  quick: true,
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
    const whole = fitted(denseNetwork([64, 64], seed), train, context.quick ? 20 : 40);
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
  reasons: {
    fails: {
      en: 'The pruned network in int8 is enough: one step of its gradient’s sign, by a tenth of the range of a pixel, and the whole network is right about {transferred} % of new digits instead of {clean} %. Steps of the same size at random leave it at {noise} %. The compressed network itself is right about {compressed} % of these images, so that it is not safer either.',
      zh: '有剪枝后的 int8 网络就够了：沿它的梯度符号走一步，每个像素移动取值范围的十分之一，原网络在新数字上的准确率就从 {clean} % 变为 {transferred} %。同样大小的随机扰动之后仍有 {noise} %。压缩网络自己对这些图像的准确率为 {compressed} %，也并不更安全。',
    },
  },
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
