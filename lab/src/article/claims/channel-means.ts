import {
  Conv2D,
  Dense,
  GlobalAvgPool2D,
  MaxPool2D,
  reshape,
  type Samples,
  SeparableConv2D,
  Sequential,
} from 'whittle-ml';
import { armStrips } from '../charts.ts';
import { defineClaim } from '../claim.ts';
import { accuracyOf, drawDigits, fitted, PERCENT, POINTS } from '../drawn-digits.ts';
import { cnn } from '../examples/light-cnn.ts';

const IMAGE = [8, 8, 1];
const images = ([x, y]: Samples): Samples => [reshape(x, [-1, ...IMAGE]), y];

/** Three convolutions before the means, the last two of them depthwise and 1×1. */
function separable(seed: number): Sequential {
  const same = { padding: 'same', activation: 'relu' } as const;
  return new Sequential(
    [
      new Conv2D(16, 3, { ...same, inputShape: IMAGE }),
      new SeparableConv2D(32, 3, same),
      new MaxPool2D(),
      new SeparableConv2D(64, 3, same),
      new GlobalAvgPool2D(),
      new Dense(10, { activation: 'softmax' }),
    ],
    { seed },
  );
}

export const claim = defineClaim({
  id: 'II.6.4-channel-means',
  mistake: 28,
  section: 'II.6.4',
  title: { en: 'A lighter design is as accurate', zh: '更轻的设计同样准确' },
  claim: {
    en: 'A light design makes a network smaller and keeps its accuracy: here, means of channels in place of the large dense layer’s inputs.',
    zh: '轻量化设计能缩小网络并保持准确率：这里用通道均值代替大全连接层的输入。',
  },
  quick: false,
  arms: {
    pixels: {
      en: 'all pixels into the dense layer: 38,602 parameters',
      zh: '所有像素送入全连接层：38,602 个参数',
      unit: PERCENT,
    },
    means: { en: 'means of channels: 5,834 parameters', zh: '通道均值：5,834 个参数', unit: PERCENT },
    deeper: { en: 'two separable convolutions more, then means', zh: '再加两层可分离卷积，然后取均值', unit: PERCENT },
    parameters: { en: 'parameters of the last', zh: '最后一个网络的参数量' },
  },
  async measure(seed, context) {
    const { train, test } = await drawDigits(seed, context, 600);
    const accuracy = (model: Sequential): number => accuracyOf(fitted(model, images(train), 20), images(test));
    const deeper = separable(seed);
    return {
      ...{ pixels: accuracy(cnn(IMAGE, 'pixels', seed)), means: accuracy(cnn(IMAGE, 'means', seed)) },
      ...{ deeper: accuracy(deeper), parameters: deeper.parameterCount },
    };
  },
  effect: {
    name: { en: 'Accuracy with means, less that with all pixels', zh: '通道均值的准确率减去所有像素的准确率' },
    of: ['means', 'pixels'],
    unit: POINTS,
    better: 'higher',
    smallest: -1,
  },
  reasons: {
    fails: {
      en: 'Means of channels save most of the parameters and take {means} % for {pixels} %: behind a single convolution a mean says how much there is of a stroke, not where. What makes means work is more convolutions before them. With two separable ones more, {parameters} parameters in all are right about {deeper} %. A design is light if it has been measured to be as good.',
      zh: '通道均值省去了大部分参数，准确率却从 {pixels} % 变为 {means} %：在单层卷积之后，均值只说明笔画有多少，不说明在哪里。要让均值有效，前面需要更多卷积。再加两层可分离卷积，总共 {parameters} 个参数，准确率为 {deeper} %。轻量化设计是否同样好，要测了才知道。',
    },
  },
  citations: [{ text: 'Lin et al. 2014, Network in Network, section 3.2', url: 'https://arxiv.org/abs/1312.4400' }],
  charts: armStrips,
});
