import { both } from '../bilingual.ts';
import { armStrips } from '../charts.ts';
import { defineClaim } from '../claim.ts';
import { POINTS } from '../drawn-digits.ts';
import { halvesOf } from '../halves.ts';
import { accuracy, trainedOn } from '../whittled.ts';

export const claim = defineClaim({
  id: 'II.6.1-first-units',
  mistake: 25,
  section: 'II.6.1',
  title: { en: 'The units that stay have to be the important ones', zh: '保留的必须是重要的单元' },
  claim: {
    en: 'Pruning removes the neurons that matter least, and that is why the network does as well after it.',
    zh: '剪枝去掉最不重要的神经元，所以之后的网络效果不减。',
  },
  quick: false,
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
    const { parts, first, important } = await halvesOf(seed, context);
    return {
      important: accuracy(trainedOn(important, parts), parts),
      first: accuracy(trainedOn(first, parts), parts),
      importantCut: accuracy(important, parts),
      firstCut: accuracy(first, parts),
    };
  },
  effect: {
    name: { en: 'Accuracy of important units, less that of the first', zh: '重要单元的准确率减去前 32 个单元的准确率' },
    of: ['important', 'first'],
    unit: POINTS,
    better: 'higher',
    smallest: 0.5,
  },
  reasons: {
    fails: {
      en: 'As they are cut, important units have {importantCut} % right and the first ones {firstCut} %. Trained on, it is {important} % and {first} %: a network of half the units learns as well from either. Of larger networks Liu et al. found that what training on gives, training the smaller shape from weights drawn anew gives too.',
      zh: '刚剪完时，保留重要单元的准确率为 {importantCut} %，保留前 32 个的为 {firstCut} %。再训练后为 {important} % 和 {first} %：单元减半的网络从哪一半出发都能学得差不多。Liu 等人发现，在更大的网络上，剪枝后再训练能达到的效果，用重新抽取的权重训练同样的小结构也能达到。',
    },
    depends: {
      en: 'As they are cut, important units have {importantCut} % right and the first ones {firstCut} %. Trained on, it is {important} % and {first} %: a network of half the units learns as well from either. Of larger networks Liu et al. found that what training on gives, training the smaller shape from weights drawn anew gives too.',
      zh: '刚剪完时，保留重要单元的准确率为 {importantCut} %，保留前 32 个的为 {firstCut} %。再训练后为 {important} % 和 {first} %：单元减半的网络从哪一半出发都能学得差不多。Liu 等人发现，在更大的网络上，剪枝后再训练能达到的效果，用重新抽取的权重训练同样的小结构也能达到。',
    },
  },
  citations: [
    { text: 'Liu et al. 2019, Rethinking the Value of Network Pruning', url: 'https://arxiv.org/abs/1810.05270' },
  ],
  charts: armStrips,
});
