import { prune } from 'whittle-ml';
import { both } from '../bilingual.ts';
import { armStrips } from '../charts.ts';
import { defineClaim } from '../claim.ts';
import { POINTS } from '../drawn-digits.ts';
import { accuracy, partsOf, teacher, trainedOn } from '../whittled.ts';

export const claim = defineClaim({
  id: 'II.5-magnitude',
  section: 'II.5',
  title: { en: 'The size of a weight says what it matters', zh: '权重的大小说明其重要性' },
  claim: {
    en: 'The weights to remove are found by their size: the smallest are the ones that matter least.',
    zh: '按大小挑选要去掉的权重：最小的权重最不重要。',
  },
  quick: true,
  arms: {
    magnitude: { en: 'smallest pruned, trained on', zh: '剪去最小的，再训练', unit: both('%') },
    random: { en: 'random ones pruned, trained on', zh: '随机剪去，再训练', unit: both('%') },
    magnitudeCut: { en: 'smallest pruned, not trained on', zh: '剪去最小的，不再训练', unit: both('%') },
    randomCut: { en: 'random ones pruned, not trained on', zh: '随机剪去，不再训练', unit: both('%') },
  },
  async measure(seed, context) {
    const parts = await partsOf(seed, context);
    const model = teacher(seed, parts);
    const smallest = prune(model, { sparsity: 0.9 });
    const random = prune(model, { sparsity: 0.9, criterion: 'random', seed });
    return {
      magnitude: accuracy(trainedOn(smallest, parts), parts),
      random: accuracy(trainedOn(random, parts), parts),
      magnitudeCut: accuracy(smallest, parts),
      randomCut: accuracy(random, parts),
    };
  },
  effect: {
    name: { en: 'Accuracy by size, less that of chance', zh: '按大小剪枝的准确率减去随机剪枝的准确率' },
    of: ['magnitude', 'random'],
    unit: POINTS,
    better: 'higher',
    smallest: 1,
  },
  reasons: {
    holds: {
      en: 'Of a network that lost 90 % of its weights, {magnitude} % are right where the smallest went and {random} % where chance chose, both trained on alike; before that {magnitudeCut} % and {randomCut} %. Chance is what any criterion has to beat.',
      zh: '剪去 90 % 的权重后，若去掉最小的，准确率为 {magnitude} %；若随机去掉，则为 {random} %，两者再训练的方式相同。再训练之前分别为 {magnitudeCut} % 和 {randomCut} %。任何标准都必须先胜过随机。',
    },
  },
  citations: [
    { text: 'Han et al. 2015, Learning both Weights and Connections', url: 'https://arxiv.org/abs/1506.02626' },
    {
      text: 'Blalock et al. 2020, What is the State of Neural Network Pruning?',
      url: 'https://arxiv.org/abs/2003.03033',
    },
  ],
  charts: armStrips,
});
