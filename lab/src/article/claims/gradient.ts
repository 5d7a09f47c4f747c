import { prune } from 'whittle-ml';
import { both } from '../bilingual.ts';
import { armStrips } from '../charts.ts';
import { defineClaim } from '../claim.ts';
import { POINTS } from '../drawn-digits.ts';
import { accuracy, partsOf, teacher, trainedOn } from '../whittled.ts';

export const claim = defineClaim({
  id: 'II.5-gradient',
  section: 'II.5',
  title: { en: 'Gradients choose better than size', zh: '按梯度挑选比按大小更好' },
  claim: {
    en: 'What a weight matters can be judged by its gradient, which knows of the loss what the size alone does not.',
    zh: '可以用梯度判断权重的重要性：梯度包含损失的信息，而大小本身没有。',
  },
  quick: true,
  arms: {
    gradient: { en: 'by |g·w|, trained on', zh: '按 |g·w|，再训练', unit: both('%') },
    magnitude: { en: 'by |w|, trained on', zh: '按 |w|，再训练', unit: both('%') },
    gradientCut: { en: 'by |g·w|, not trained on', zh: '按 |g·w|，不再训练', unit: both('%') },
    magnitudeCut: { en: 'by |w|, not trained on', zh: '按 |w|，不再训练', unit: both('%') },
  },
  async measure(seed, context) {
    const parts = await partsOf(seed, context);
    const model = teacher(seed, parts);
    const gradient = prune(model, { sparsity: 0.9, criterion: 'taylor', samples: parts.train });
    const magnitude = prune(model, { sparsity: 0.9 });
    return {
      gradient: accuracy(trainedOn(gradient, parts), parts),
      magnitude: accuracy(trainedOn(magnitude, parts), parts),
      gradientCut: accuracy(gradient, parts),
      magnitudeCut: accuracy(magnitude, parts),
    };
  },
  effect: {
    name: { en: 'Accuracy by gradients, less that by size', zh: '按梯度剪枝的准确率减去按大小剪枝的准确率' },
    of: ['gradient', 'magnitude'],
    unit: POINTS,
    better: 'higher',
    smallest: 0.5,
  },
  reasons: {
    fails: {
      en: '|g·w| is what the loss would change by, to first order, if one weight became 0. Of nine tenths that go together it says less, and in a trained network gradients are small. Trained on, {gradient} % are right by gradients and {magnitude} % by size; before that {gradientCut} % and {magnitudeCut} %.',
      zh: '|g·w| 是把单个权重置零时损失变化的一阶近似。但这里同时去掉九成权重，它能说明的就少了，而且训练好的网络梯度本来就小。再训练后，按梯度为 {gradient} %，按大小为 {magnitude} %；再训练之前为 {gradientCut} % 和 {magnitudeCut} %。',
    },
    depends: {
      en: '|g·w| is what the loss would change by, to first order, if one weight became 0. Of nine tenths that go together it says less, and in a trained network gradients are small. Trained on, {gradient} % are right by gradients and {magnitude} % by size; before that {gradientCut} % and {magnitudeCut} %, and which is ahead is up to the seed.',
      zh: '|g·w| 是把单个权重置零时损失变化的一阶近似。但这里同时去掉九成权重，它能说明的就少了，而且训练好的网络梯度本来就小。再训练后，按梯度为 {gradient} %，按大小为 {magnitude} %；再训练之前为 {gradientCut} % 和 {magnitudeCut} %，谁领先取决于种子。',
    },
  },
  citations: [
    {
      text: 'Molchanov et al. 2019, Importance Estimation for Neural Network Pruning',
      url: 'https://arxiv.org/abs/1906.10771',
    },
  ],
  charts: armStrips,
});
