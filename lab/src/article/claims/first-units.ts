import { both } from '../bilingual.ts';
import { armStrips } from '../charts.ts';
import { defineClaim } from '../claim.ts';
import { halvesOf } from '../halves.ts';
import { POINTS } from '../whittled.ts';

export const claim = defineClaim({
  id: 'II.6.1-first-units',
  mistake: 25,
  section: 'II.6.1',
  title: { en: 'The units that stay have to be the important ones', zh: '保留的必须是重要的单元' },
  claim: {
    en: 'Pruning removes the neurons that matter least, and that is why the network does as well after it.',
    zh: '剪枝去掉最不重要的神经元，所以之后的网络效果不减。',
  },
  quick: true,
  arms: {
    important: { en: 'the 32 of the largest weights, trained on', zh: '权重最大的 32 个，再训练', unit: both('%') },
    first: { en: 'the first 32, trained on', zh: '前 32 个，再训练', unit: both('%') },
    importantCut: {
      en: 'the 32 of the largest weights, not trained on',
      zh: '权重最大的 32 个，不再训练',
      unit: both('%'),
    },
    firstCut: { en: 'the first 32, not trained on', zh: '前 32 个，不再训练', unit: both('%') },
  },
  async measure(seed, context) {
    const { first, important } = await halvesOf(seed, context);
    return { important: important.tuned, first: first.tuned, importantCut: important.cut, firstCut: first.cut };
  },
  effect: {
    name: { en: 'Accuracy of important units, less that of the first', zh: '重要单元的准确率减去前 32 个单元的准确率' },
    of: ['important', 'first'],
    unit: POINTS,
    better: 'higher',
    smallest: 0.5,
  },
  reasons: {},
  citations: [
    { text: 'Liu et al. 2019, Rethinking the Value of Network Pruning', url: 'https://arxiv.org/abs/1810.05270' },
  ],
  charts: armStrips,
});
