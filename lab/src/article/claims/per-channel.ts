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
  toNetwork,
} from 'whittle-ml';
import { imagesOf, trainTestSplit } from 'whittle-ml/data';
import { both } from '../bilingual.ts';
import { armStrips } from '../charts.ts';
import { defineClaim } from '../claim.ts';
import { accuracy } from '../whittled.ts';

/** The kernels rounded to 256 levels, of the range of each channel or of the whole kernel. */
function rounded(model: Model, by: { readonly axis?: number }): Model {
  const copy = cloneModel(model);
  for (const { name, value } of copy.trainable) {
    if (name.endsWith('kernel')) assign(value, dequantizeTensor(quantizeTensor(value, 'affine', by)));
  }
  return copy;
}

export const claim = defineClaim({
  id: 'II.5-per-channel',
  section: 'II.5',
  title: { en: 'A scale for each channel', zh: '每个通道各用一个缩放因子' },
  claim: {
    en: 'int8 weights keep more accuracy with a scale for each channel than with one for the whole kernel.',
    zh: '与整个卷积核共用一个缩放因子相比，每个通道各用一个时，int8 权重能保住更多准确率。',
  },
  quick: false,
  arms: {
    channel: { en: 'a scale for each channel', zh: '每个通道一个缩放因子', unit: both('%') },
    tensor: { en: 'a scale for the kernel', zh: '整个卷积核一个缩放因子', unit: both('%') },
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
    return { channel: score(rounded(folded, { axis: -1 })), tensor: score(rounded(folded, {})), real: score(folded) };
  },
  effect: {
    name: { en: 'Accuracy by channels, less that by kernels', zh: '按通道的准确率减去按整个卷积核的准确率' },
    of: ['channel', 'tensor'],
    unit: both('%'),
    better: 'higher',
    smallest: 0.5,
  },
  reasons: {},
  citations: [
    { text: 'Krishnamoorthi 2018, Quantizing deep convolutional networks', url: 'https://arxiv.org/abs/1806.08342' },
  ],
  charts: armStrips,
});
