import { both } from '../bilingual.ts';
import { armStrips } from '../charts.ts';
import { defineClaim } from '../claim.ts';
import { halvesOf } from '../halves.ts';
import { POINTS } from '../whittled.ts';

export const claim = defineClaim({
  id: 'II.6.1-halved',
  mistake: 25,
  section: 'II.6.1',
  title: { en: 'Keep the first 32 of 64 units', zh: '保留 64 个单元中的前 32 个' },
  claim: {
    en: 'To halve the first hidden layer of 100-64-64-10, keep the first 32 entries of its weights; the copy is evaluated and does as well.',
    zh: '要把 100-64-64-10 的第一个隐藏层减半，只需保留其权重的前 32 项；评估副本可知效果相当。',
  },
  quick: true,
  arms: {
    whole: { en: '64 units', zh: '64 个单元', unit: both('%') },
    first: { en: 'the first 32', zh: '前 32 个', unit: both('%') },
    important: { en: 'the 32 of the largest weights', zh: '权重最大的 32 个', unit: both('%') },
    firstTuned: { en: 'the first 32, trained on', zh: '前 32 个，再训练', unit: both('%') },
    parameters: { en: 'parameters of the whole', zh: '完整网络的参数' },
    left: { en: 'parameters of a half', zh: '减半后的参数' },
  },
  async measure(seed, context) {
    const { whole, first, important } = await halvesOf(seed, context);
    return {
      whole: whole.cut,
      first: first.cut,
      important: important.cut,
      firstTuned: first.tuned,
      parameters: whole.parameters,
      left: first.parameters,
    };
  },
  effect: {
    name: { en: 'Accuracy of the first 32 units, less that of 64', zh: '前 32 个单元的准确率减去 64 个单元的准确率' },
    of: ['first', 'whole'],
    unit: POINTS,
    better: 'higher',
    smallest: -1,
  },
  reasons: {},
  citations: [
    { text: 'Li et al. 2017, Pruning Filters for Efficient ConvNets', url: 'https://arxiv.org/abs/1608.08710' },
    { text: 'Fang et al. 2023, DepGraph', url: 'https://arxiv.org/abs/2301.12900' },
  ],
  example: {
    before: `pruned = keras.models.clone_model(model)
weights = pruned.layers[1].get_weights()  # of the Dropout: an empty list
weights[0] = weights[0][:32]              # IndexError; of layers[0] it would cut inputs, not units
pruned.layers[1].set_weights(weights)     # ValueError: the layer still has 64 units
pruned.evaluate(x_test, y_test)           # a copy is not compiled, nor trained on`,
    after: 'halved',
  },
  charts: armStrips,
});
