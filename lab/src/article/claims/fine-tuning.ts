import { prune } from 'whittle-ml';
import { both } from '../bilingual.ts';
import { armStrips } from '../charts.ts';
import { defineClaim } from '../claim.ts';
import { POINTS } from '../drawn-digits.ts';
import { accuracy, partsOf, teacher, trainedOn } from '../whittled.ts';

export const claim = defineClaim({
  id: 'II.6.1-fine-tuning',
  section: 'II.6.1',
  title: { en: 'Training on repairs what pruning broke', zh: '再训练能修复剪枝造成的损失' },
  claim: {
    en: 'After pruning, the network is trained on for a while to win back the accuracy that was lost.',
    zh: '剪枝之后继续训练一段时间，以恢复损失的准确率。',
  },
  quick: true,
  arms: {
    whole: { en: 'whole, trained as long', zh: '完整网络，训练同样久', unit: both('%') },
    cut: { en: '90 % pruned', zh: '剪去 90 %', unit: both('%') },
    tuned: { en: '90 % pruned, trained on', zh: '剪去 90 %，再训练', unit: both('%') },
  },
  async measure(seed, context) {
    const parts = await partsOf(seed, context);
    const model = teacher(seed, parts);
    const pruned = prune(model, { sparsity: 0.9 });
    const [whole, tuned] = [model, pruned].map((each) => accuracy(trainedOn(each, parts), parts));
    return { whole: whole!, cut: accuracy(pruned, parts), tuned: tuned! };
  },
  effect: {
    name: { en: 'Gain of accuracy by training on', zh: '再训练带来的准确率增益' },
    of: ['tuned', 'cut'],
    unit: POINTS,
    better: 'higher',
    smallest: 5,
  },
  reasons: {
    holds: {
      en: 'Pruned by 90 %, the network has {cut} % right, and {tuned} % when it was trained on for as long as before. That is most of what was lost, and not all: the whole network, trained as long, has {whole} %.',
      zh: '剪去 90 % 后，网络的准确率为 {cut} %；再训练与之前同样久后为 {tuned} %。损失的大部分得到恢复，但不是全部：训练同样久的完整网络为 {whole} %。',
    },
  },
  citations: [
    { text: 'Han et al. 2015, Learning both Weights and Connections', url: 'https://arxiv.org/abs/1506.02626' },
  ],
  charts: armStrips,
});
