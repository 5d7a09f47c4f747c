import {
  Activation,
  ChannelShuffle,
  Conv2D,
  Dense,
  DepthwiseConv2D,
  GlobalAvgPool2D,
  type Layer,
  MaxPool2D,
  networkCost,
  reshape,
  type Samples,
  SeparableConv2D,
  Sequential,
  toNetwork,
} from 'whittle-ml';
import { armStrips } from '../charts.ts';
import { defineClaim } from '../claim.ts';
import { accuracyOf, drawDigits, fitted, PERCENT, POINTS } from '../drawn-digits.ts';

const same = { padding: 'same', activation: 'relu' } as const;
const images = ([x, y]: Samples): Samples => [reshape(x, [-1, 8, 8, 1]), y];
const macsOf = (model: Sequential): number => networkCost(toNetwork(model)).macs;

/** A stem, two blocks with a pool between them, and means of channels. */
const network = (stem: number, first: readonly Layer[], second: readonly Layer[], seed: number): Sequential =>
  new Sequential(
    [
      new Conv2D(stem, 3, { ...same, inputShape: [8, 8, 1] }),
      ...first,
      new MaxPool2D(),
      ...second,
      new GlobalAvgPool2D(),
      new Dense(10, { activation: 'softmax' }),
    ],
    { seed },
  );

/** 1×1 in four groups, channels mixed, each by itself, and 1×1 in four groups (Zhang et al. 2018, without the sum). */
const shuffled = (channels: number): readonly Layer[] => [
  new Conv2D(channels, 1, { groups: 4, activation: 'relu' }),
  new ChannelShuffle(4),
  new DepthwiseConv2D(3, { padding: 'same' }),
  new Conv2D(channels, 1, { groups: 4 }),
  new Activation('relu'),
];

export const claim = defineClaim({
  id: 'II.5-separable',
  section: 'II.5',
  title: {
    en: 'Layers as in MobileNet and ShuffleNet are better for their cost',
    zh: 'MobileNet、ShuffleNet 式的层更划算',
  },
  claim: {
    en: 'A modular design, as MobileNet and ShuffleNet have it, does more with the same computation.',
    zh: '像 MobileNet、ShuffleNet 那样的模块化结构，用同样的计算量能做得更好。',
  },
  quick: false,
  arms: {
    convolution: { en: 'convolutions', zh: '普通卷积', unit: PERCENT },
    separable: { en: 'depthwise and 1×1, three times as wide', zh: '逐通道卷积加 1×1，三倍宽', unit: PERCENT },
    shuffle: { en: '1×1 in groups, channels shuffled, depthwise', zh: '分组 1×1、通道混洗、逐通道卷积', unit: PERCENT },
    cost: {
      en: 'multiply-adds of a separable layer, 64 channels to 64, of those of a convolution',
      zh: '64 通道到 64 通道，可分离层的乘加运算占普通卷积的',
      unit: PERCENT,
    },
    macs: { en: 'multiply-adds of the convolutions', zh: '普通卷积的乘加运算数' },
    separableMacs: { en: 'of the separable ones', zh: '可分离网络的' },
    shuffleMacs: { en: 'of the shuffled ones', zh: '通道混洗网络的' },
  },
  async measure(seed, context) {
    const { train, test } = await drawDigits(seed, context, 400);
    const models = [
      network(6, [new Conv2D(12, 3, same)], [new Conv2D(24, 3, same)], seed),
      network(12, [new SeparableConv2D(36, 3, same)], [new SeparableConv2D(72, 3, same)], seed),
      network(12, shuffled(36), shuffled(60), seed),
    ] as const;
    const of = (model: Sequential): number => accuracyOf(fitted(model, images(train), 20, 0.01), images(test));
    const [convolution, separable, shuffle] = models.map(of) as [number, number, number];
    const [macs, separableMacs, shuffleMacs] = models.map(macsOf) as [number, number, number];
    const options = { ...same, inputShape: [8, 8, 64] };
    const [plain, light] = [new Conv2D(64, 3, options), new SeparableConv2D(64, 3, options)].map((layer) =>
      macsOf(new Sequential([layer])),
    ) as [number, number];
    return { convolution, separable, shuffle, macs, separableMacs, shuffleMacs, cost: (100 * light) / plain };
  },
  effect: {
    name: {
      en: 'Gain of accuracy over convolutions, by as many multiply-adds',
      zh: '乘加运算数相同时，相对普通卷积的准确率增益',
    },
    of: ['separable', 'convolution'],
    unit: POINTS,
    better: 'higher',
    smallest: 0.5,
  },
  reasons: {},
  citations: [
    { text: 'Howard et al. 2017, MobileNets, section 3.1', url: 'https://arxiv.org/abs/1704.04861' },
    { text: 'Zhang et al. 2018, ShuffleNet', url: 'https://arxiv.org/abs/1707.01083' },
  ],
  charts: armStrips,
});
