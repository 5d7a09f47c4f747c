import {
  Activation,
  BatchNorm,
  ChannelShuffle,
  Conv2D,
  cosineDecay,
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

const SAMPLES = 400;
const EPOCHS = 12;

const images = ([x, y]: Samples): Samples => [reshape(x, [-1, 8, 8, 1]), y];
const macsOf = (model: Sequential): number => networkCost(toNetwork(model)).macs;
const same = { padding: 'same', useBias: false } as const;
/** Statistics of short trainings are those of few steps. */
const normalized = (): Layer => new BatchNorm({ momentum: 0.9 });

/** A stem, two blocks with a pool between them, and means of channels. */
function network(stem: number, [first, second]: readonly (readonly Layer[])[], seed: number): Sequential {
  const start = [new Conv2D(stem, 3, { ...same, inputShape: [8, 8, 1] }), normalized(), new Activation('relu')];
  const end = [new GlobalAvgPool2D(), new Dense(10, { activation: 'softmax' })];
  return new Sequential([...start, ...first!, new MaxPool2D(), ...second!, ...end], { seed });
}

const convolved = (channels: number): readonly Layer[] => [
  new Conv2D(channels, 3, same),
  normalized(),
  new Activation('relu'),
];

/** Each channel by itself, then 1×1 (Howard et al. 2017). */
const depthwise = (channels: number): readonly Layer[] => [
  new DepthwiseConv2D(3, same),
  normalized(),
  new Activation('relu'),
  new Conv2D(channels, 1, same),
  normalized(),
  new Activation('relu'),
];

/** 1×1 in groups, channels mixed, each by itself, and 1×1 in groups (Zhang et al. 2018, without the sum). */
const shuffled = (channels: number): readonly Layer[] => [
  new Conv2D(channels, 1, { ...same, groups: 4 }),
  normalized(),
  new Activation('relu'),
  new ChannelShuffle(4),
  new DepthwiseConv2D(3, same),
  normalized(),
  new Conv2D(channels, 1, { ...same, groups: 4 }),
  normalized(),
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
      en: 'a separable layer, 64 channels to 64',
      zh: '可分离层，64 通道到 64 通道',
      unit: { en: '% of the multiply-adds of a convolution', zh: '% 的普通卷积乘加运算' },
    },
    macs: { en: 'multiply-adds of the convolutions', zh: '普通卷积的乘加运算数' },
    separableMacs: { en: 'of the separable ones', zh: '可分离网络的' },
    shuffleMacs: { en: 'of the shuffled ones', zh: '通道混洗网络的' },
  },
  async measure(seed, context) {
    const { train, test } = await drawDigits(seed, context, SAMPLES);
    const models = [
      network(6, [convolved(12), convolved(24)], seed),
      network(12, [depthwise(36), depthwise(72)], seed),
      network(12, [shuffled(36), shuffled(60)], seed),
    ] as const;
    const rate = cosineDecay(0.01, EPOCHS * Math.ceil(SAMPLES / 32)); // down to 0, so that the last step is as good as any
    const of = (model: Sequential): number => accuracyOf(fitted(model, images(train), EPOCHS, rate), images(test));
    const [convolution, separable, shuffle] = models.map(of) as [number, number, number];
    const [macs, separableMacs, shuffleMacs] = models.map(macsOf) as [number, number, number];
    const options = { padding: 'same', inputShape: [8, 8, 64] } as const;
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
  reasons: {
    depends: {
      en: 'From 64 channels to 64 a separable layer takes {cost} % of the multiply-adds of a convolution. Spent on three times as many channels, they make {separable} %, and with shuffled channels {shuffle} %, where convolutions make {convolution} %. The mean speaks for them, but seeds differ by as much, and on images of 8×8 little is to be gained. Behind each convolution there is a normalization, without which the network of shuffled channels does not learn at all.',
      zh: '从 64 通道到 64 通道，可分离层只需普通卷积 {cost} % 的乘加运算。把省下的用于三倍宽的通道，准确率为 {separable} %，通道混洗为 {shuffle} %，普通卷积为 {convolution} %。均值有利于它们，但种子之间的波动也有这么大，而且 8×8 的图像本来提升空间就小。每个卷积之后都有归一化，否则通道混洗的网络根本学不起来。',
    },
  },
  citations: [
    { text: 'Howard et al. 2017, MobileNets, section 3.1', url: 'https://arxiv.org/abs/1704.04861' },
    { text: 'Zhang et al. 2018, ShuffleNet', url: 'https://arxiv.org/abs/1707.01083' },
  ],
  charts: armStrips,
});
