import { type Model, networkCost, toNetwork } from 'whittle-ml';
import { armStrips } from '../charts.ts';
import { defineClaim } from '../claim.ts';
import { accuracyOf, denseNetwork, drawDigits, fitted, PERCENT, POINTS } from '../drawn-digits.ts';
import { twoSteps } from '../examples/shared-layer.ts';

export const claim = defineClaim({
  id: 'II.5-shared-layer',
  section: 'II.5',
  title: { en: 'Layers that share weights lose nothing', zh: '层间共享权重没有损失' },
  claim: {
    en: 'Layers can share their weights: the network has fewer parameters and keeps its accuracy.',
    zh: '不同的层可以共享权重：网络参数更少，准确率不变。',
  },
  quick: false,
  arms: {
    own: { en: 'two layers of their own', zh: '两个独立的层', unit: PERCENT },
    shared: { en: 'one layer, applied twice', zh: '同一层用两次', unit: PERCENT },
    once: { en: 'one layer, applied once', zh: '同一层用一次', unit: PERCENT },
    parameters: {
      en: 'the shared network, of the first',
      zh: '共享网络相对前者',
      unit: { en: '% of the parameters', zh: '% 参数' },
    },
    macs: {
      en: 'the shared network, of the first',
      zh: '共享网络相对前者',
      unit: { en: '% of the multiply-adds', zh: '% 乘加运算' },
    },
  },
  async measure(seed, context) {
    const { train, test } = await drawDigits(seed, context, 600);
    const [own, shared] = [twoSteps(false, seed), twoSteps(true, seed)];
    const [whole, less] = [own, shared].map((model) => networkCost(toNetwork(model)));
    const of = (model: Model): number => accuracyOf(fitted(model, train, 60), test);
    return {
      ...{ own: of(own), shared: of(shared), once: of(denseNetwork([48, 48], seed)) },
      parameters: (100 * less!.parameters) / whole!.parameters,
      macs: (100 * less!.macs) / whole!.macs,
    };
  },
  effect: {
    name: { en: 'Accuracy of the shared layer, less that of two', zh: '共享层的准确率减去两个独立层的准确率' },
    of: ['shared', 'own'],
    unit: POINTS,
    better: 'higher',
    smallest: -0.5,
  },
  reasons: {
    depends: {
      en: 'The shared network has {parameters} % of the parameters of the other and {macs} % of its multiply-adds: it is smaller and not faster. It is right about {shared} % of new digits instead of {own} %, and five seeds do not tell whether that is half a point less. Applied once, the layer does as well, {once} %: on this data the second time is of no use.',
      zh: '共享网络的参数是前者的 {parameters} %，乘加运算是 {macs} %：变小了，但不会更快。它认对 {shared} % 的新数字，独立两层为 {own} %，五个种子还看不出是否少了半个百分点。同一层只用一次也一样好，为 {once} %：在这份数据上用第二次没有好处。',
    },
  },
  citations: [{ text: 'Lan et al. 2020, ALBERT, section 4.5', url: 'https://arxiv.org/abs/1909.11942' }],
  example: {
    before: `model = keras.Sequential([
    keras.layers.Dense(48, activation='relu'),
    keras.layers.Dense(48, activation='relu'),  # another layer with
    keras.layers.Dense(48, activation='relu'),  # weights of its own
    keras.layers.Dense(10, activation='softmax'),
])`,
    after: 'shared-layer',
  },
  charts: armStrips,
});
