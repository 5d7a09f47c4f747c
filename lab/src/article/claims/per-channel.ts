import {
  Adam,
  assign,
  cloneModel,
  dequantizeTensor,
  foldBatchNorm,
  fromNetwork,
  type Model,
  mobileNetV1,
  quantizeTensor,
  reshape,
  type Tensor,
  toNetwork,
} from 'whittle-ml';
import { imagesOf, trainTestSplit } from 'whittle-ml/data';
import { both } from '../bilingual.ts';
import { armStrips } from '../charts.ts';
import { defineClaim } from '../claim.ts';
import { POINTS } from '../drawn-digits.ts';
import { accuracy } from '../whittled.ts';

/** How a kernel is rounded: in 8 bits by its range, in 4 by its largest number; of each channel or of the whole. */
const ROUNDINGS = {
  channel: (kernel: Tensor) => quantizeTensor(kernel, 'affine', { axis: -1 }),
  tensor: (kernel: Tensor) => quantizeTensor(kernel, 'affine'),
  channel4: (kernel: Tensor) => quantizeTensor(kernel, { type: 'int4', group: 'column' }),
  tensor4: (kernel: Tensor) => {
    const scale = Math.fround(Math.max(...[...kernel.data].map(Math.abs)) / 7);
    return quantizeTensor(kernel, 'affine', { params: { scale, zeroPoint: 0 } });
  },
};

function rounded(model: Model, how: keyof typeof ROUNDINGS): Model {
  const copy = cloneModel(model);
  for (const { name, value } of copy.trainable) {
    if (name.endsWith('kernel')) assign(value, dequantizeTensor(ROUNDINGS[how](value)));
  }
  return copy;
}

export const claim = defineClaim({
  id: 'II.5-per-channel',
  section: 'II.5',
  title: { en: 'A scale for each channel keeps more accuracy', zh: '每个通道各用一个缩放因子更准确' },
  claim: {
    en: 'Not said by the article, but often beside it: int8 weights keep more accuracy with a scale for each channel than with one for the whole kernel.',
    zh: '文章没有提到，但常与之并提：与整个卷积核共用一个缩放因子相比，每个通道各用一个时，int8 权重能保住更多准确率。',
  },
  quick: false,
  arms: {
    channel: { en: '8 bits, a scale for each channel', zh: '8 位，每个通道一个缩放因子', unit: both('%') },
    tensor: { en: '8 bits, a scale for the kernel', zh: '8 位，整个卷积核一个缩放因子', unit: both('%') },
    channel4: { en: '4 bits, a scale for each channel', zh: '4 位，每个通道一个缩放因子', unit: both('%') },
    tensor4: { en: '4 bits, a scale for the kernel', zh: '4 位，整个卷积核一个缩放因子', unit: both('%') },
    real: { en: 'float32', zh: 'float32', unit: both('%') },
  },
  async measure(seed, { digits }) {
    const { features, target } = await digits();
    const images = imagesOf(reshape(features, [-1, 8, 8, 1]), { white: 16 });
    const [[x, xTest], [y, yTest]] = trainTestSplit([images, target], { stratify: target, testSize: 0.4, seed });
    const shape = { inputShape: [8, 8, 1], classes: 10, stemStride: 1, width: 0.25, blocks: 3 } as const;
    const model = mobileNetV1({ ...shape, momentum: 0.9, seed });
    model.compile({ optimizer: new Adam({ learningRate: 0.005 }), loss: 'sparseCategoricalCrossentropy' });
    model.fit(x, y, { epochs: 12 });
    const folded = fromNetwork(foldBatchNorm(toNetwork(model))); // so that each channel has got its own factor
    const score = (each: Model): number => accuracy(each, { test: [xTest, yTest] });
    const by = (how: keyof typeof ROUNDINGS): number => score(rounded(folded, how));
    return {
      channel: by('channel'),
      tensor: by('tensor'),
      channel4: by('channel4'),
      tensor4: by('tensor4'),
      real: score(folded),
    };
  },
  effect: {
    name: { en: 'Accuracy by channels, less that by kernels', zh: '按通道的准确率减去按整个卷积核的准确率' },
    of: ['channel', 'tensor'],
    unit: POINTS,
    better: 'higher',
    smallest: 0.5,
  },
  reasons: {
    fails: {
      en: 'At 8 bits both are fine enough for this depthwise-separable network: {channel} % and {tensor} %, and {real} % in float32. With fewer levels it matters, since the largest channel sets the scale of all: at 4 bits {channel4} % by channels, and {tensor4} % with one scale.',
      zh: '8 位时，两者对这个深度可分离网络都足够精细：{channel} % 和 {tensor} %，float32 为 {real} %。量化级更少时才有差别，因为最大的通道决定了所有通道的缩放因子：4 位时按通道为 {channel4} %，共用一个时为 {tensor4} %。',
    },
    depends: {
      en: 'At 8 bits both are fine enough for this depthwise-separable network: {channel} % and {tensor} %, and {real} % in float32. With fewer levels it matters, since the largest channel sets the scale of all: at 4 bits {channel4} % by channels, and {tensor4} % with one scale.',
      zh: '8 位时，两者对这个深度可分离网络都足够精细：{channel} % 和 {tensor} %，float32 为 {real} %。量化级更少时才有差别，因为最大的通道决定了所有通道的缩放因子：4 位时按通道为 {channel4} %，共用一个时为 {tensor4} %。',
    },
  },
  citations: [
    { text: 'Krishnamoorthi 2018, Quantizing deep convolutional networks', url: 'https://arxiv.org/abs/1806.08342' },
  ],
  charts: armStrips,
});
