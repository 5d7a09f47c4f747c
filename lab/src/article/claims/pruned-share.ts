import { prune } from 'whittle-ml';
import { both } from '../bilingual.ts';
import { armStrips } from '../charts.ts';
import { defineClaim } from '../claim.ts';
import { POINTS } from '../drawn-digits.ts';
import { accuracy, partsOf, teacher, trainedOn } from '../whittled.ts';

export const claim = defineClaim({
  id: 'II.1-pruned-share',
  section: 'II.1',
  title: { en: 'Four fifths of the weights can go', zh: '可以去掉五分之四的权重' },
  claim: {
    en: 'Weights that matter little are removed, 80 % of all, say, and accuracy stays what it was.',
    zh: '去掉不重要的权重（例如全部权重的 80 %），准确率保持不变。',
  },
  quick: true,
  arms: {
    whole: { en: 'all weights', zh: '全部权重', unit: both('%') },
    eighty: { en: '80 % pruned', zh: '剪去 80 %', unit: both('%') },
    ninety: { en: '90 % pruned', zh: '剪去 90 %', unit: both('%') },
    ninetyFive: { en: '95 % pruned', zh: '剪去 95 %', unit: both('%') },
    ninetyEight: { en: '98 % pruned', zh: '剪去 98 %', unit: both('%') },
  },
  async measure(seed, context) {
    const parts = await partsOf(seed, context);
    const model = teacher(seed, parts);
    const pruned = (sparsity: number): number => accuracy(trainedOn(prune(model, { sparsity }), parts), parts);
    return {
      whole: accuracy(trainedOn(model, parts), parts),
      eighty: pruned(0.8),
      ninety: pruned(0.9),
      ninetyFive: pruned(0.95),
      ninetyEight: pruned(0.98),
    };
  },
  effect: {
    name: { en: 'Accuracy at 80 %, less that of the whole network', zh: '剪去 80 % 后的准确率减去完整网络的准确率' },
    of: ['eighty', 'whole'],
    unit: POINTS,
    better: 'higher',
    smallest: -1,
  },
  reasons: {
    holds: {
      en: 'Pruned by 80 % and trained on, the network has {eighty} % right, the whole one trained as long {whole} %, a difference of {effect} points. Behind that it falls: {ninety} % at 90, {ninetyFive} % at 95 and {ninetyEight} % at 98.',
      zh: '剪去 80 % 并再训练后，准确率为 {eighty} %，训练同样久的完整网络为 {whole} %，相差 {effect} 个百分点。再往后就会下降：剪去 90 % 为 {ninety} %，95 % 为 {ninetyFive} %，98 % 为 {ninetyEight} %。',
    },
    depends: {
      en: 'Pruned by 80 % and trained on, the network has {eighty} % right, the whole one trained as long {whole} %, a difference of {effect} points. From seed to seed it is more or less than the point that was allowed. Behind that it falls: {ninety} % at 90, {ninetyFive} % at 95 and {ninetyEight} % at 98.',
      zh: '剪去 80 % 并再训练后，准确率为 {eighty} %，训练同样久的完整网络为 {whole} %，相差 {effect} 个百分点。不同种子之间，损失有时超过所允许的 1 个百分点，有时不到。再往后就会下降：剪去 90 % 为 {ninety} %，95 % 为 {ninetyFive} %，98 % 为 {ninetyEight} %。',
    },
  },
  citations: [
    { text: 'Han et al. 2015, Learning both Weights and Connections', url: 'https://arxiv.org/abs/1506.02626' },
  ],
  charts: armStrips,
});
