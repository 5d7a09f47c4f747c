import { both } from '../bilingual.ts';
import { armStrips } from '../charts.ts';
import { defineClaim } from '../claim.ts';
import { POINTS } from '../drawn-digits.ts';
import { halvesOf } from '../halves.ts';
import { accuracy, trainedOn } from '../whittled.ts';

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
    const { parts, whole, first, important } = await halvesOf(seed, context);
    return {
      whole: accuracy(whole, parts),
      first: accuracy(first, parts),
      important: accuracy(important, parts),
      firstTuned: accuracy(trainedOn(first, parts), parts),
      parameters: whole.parameterCount,
      left: first.parameterCount,
    };
  },
  effect: {
    name: { en: 'Accuracy of the first 32 units, less that of 64', zh: '前 32 个单元的准确率减去 64 个单元的准确率' },
    of: ['first', 'whole'],
    unit: POINTS,
    better: 'higher',
    smallest: -1,
  },
  reasons: {
    fails: {
      en: 'The code does not get that far: layers[1] is the Dropout and has no weights, the first axis of a kernel is that of the inputs, and the next layer still reads 64 numbers. Done as it is meant, {parameters} parameters become {left}, and accuracy falls from {whole} to {first} %, since the first 32 units are no better than others; with those of the largest weights it is {important} %. Training on, which is missing, brings {firstTuned} %.',
      zh: '这段代码根本运行不到那一步：layers[1] 是没有权重的 Dropout，权重矩阵的第一个轴是输入，而下一层仍然要读 64 个数。按其本意正确实现，参数从 {parameters} 个减到 {left} 个，准确率从 {whole} % 降到 {first} %，因为前 32 个单元并不比其他单元更好；若保留权重最大的 32 个，则为 {important} %。代码中缺少的再训练可以使它达到 {firstTuned} %。',
    },
  },
  citations: [
    { text: 'Li et al. 2017, Pruning Filters for Efficient ConvNets', url: 'https://arxiv.org/abs/1608.08710' },
    { text: 'Fang et al. 2023, DepGraph', url: 'https://arxiv.org/abs/2301.12900' },
  ],
  example: {
    before: `pruned = keras.models.clone_model(model)
# layers[1] is the Dropout, so this is an empty list
weights = pruned.layers[1].get_weights()
# IndexError; of layers[0] it would cut inputs, not units
weights[0] = weights[0][:32]
# ValueError: the layer still has 64 units
pruned.layers[1].set_weights(weights)
# a copy is not compiled, has new weights, and was not trained on
pruned.evaluate(x_test, y_test)`,
    after: 'halved',
  },
  charts: armStrips,
});
