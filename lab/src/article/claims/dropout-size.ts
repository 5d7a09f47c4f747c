import { both } from '../bilingual.ts';
import { defineClaim } from '../claim.ts';
import { withDropout } from '../examples/dropout.ts';
import { meanWeight } from '../fitting.ts';
import { noisy } from '../made-data.ts';

export const claim = defineClaim({
  id: 'I.6.3-dropout-size',
  mistake: 15,
  section: 'I.6.3',
  title: { en: 'Dropout makes the model less complex', zh: 'Dropout 会降低模型的复杂度' },
  claim: {
    en: 'Dropout leaves out neurons, and so reduces the complexity of the model.',
    zh: 'Dropout 会丢弃一部分神经元，从而降低模型的复杂度。',
  },
  quick: true,
  arms: {
    without: { en: 'without: parameters', zh: '不用：参数' },
    with: { en: 'with dropout of 0.5: parameters', zh: '使用 Dropout（0.5）：参数' },
    saved: { en: 'parameters saved', zh: '减少的参数', unit: both('%') },
    sizeWithout: { en: 'without: mean |w|', zh: '不用：|w| 的均值' },
    sizeWith: { en: 'with: mean |w|', zh: '使用：|w| 的均值' },
  },
  measure(seed) {
    const [x, y] = noisy(seed, 'train', 60);
    const [plain, dropped] = [withDropout(x, y, 0, seed), withDropout(x, y, 0.5, seed)];
    const nonZero = (model: typeof plain): number =>
      model.trainable.reduce((sum, { value }) => sum + value.data.filter((w) => w !== 0).length, 0);
    const [without, kept] = [nonZero(plain), nonZero(dropped)];
    return {
      ...{ without, with: kept, saved: 100 * (1 - kept / without) },
      ...{ sizeWithout: meanWeight(plain), sizeWith: meanWeight(dropped) },
    };
  },
  effect: {
    name: { en: 'Parameters that dropout saves', zh: 'Dropout 减少的参数' },
    of: 'saved',
    unit: both('%'),
    better: 'higher',
    smallest: 1,
  },
  reasons: {
    fails: {
      en: 'The network that answers has {with} parameters that are not 0, and {without} without dropout: every neuron is there again as soon as training ends. What dropout adds is noise, so that no neuron can rely on a few others; the mean size of a weight is {sizeWith} with it and {sizeWithout} without.',
      zh: '用于预测的网络有 {with} 个非零参数，不用 Dropout 时为 {without} 个：训练一结束，所有神经元又都回来了。Dropout 加入的是噪声，使神经元不能只依赖少数几个同伴；权重绝对值的均值，使用时为 {sizeWith}，不用时为 {sizeWithout}。',
    },
  },
  citations: [
    { text: 'Srivastava et al. 2014', url: 'https://jmlr.org/papers/v15/srivastava14a.html' },
    { text: 'Wager, Wang & Liang 2013', url: 'https://arxiv.org/abs/1307.1493' },
  ],
  example: {
    before: `model = keras.Sequential([
    keras.layers.Dense(10, activation='relu'),
    keras.layers.Dropout(0.5),  # "reduces the complexity"
    keras.layers.Dense(1),
])`,
    after: 'dropout',
  },
});
