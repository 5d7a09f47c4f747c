import { l2 } from 'whittle-ml';
import { armStrips } from '../charts.ts';
import { defineClaim } from '../claim.ts';
import { fitOf, regressor, train } from '../fitting.ts';
import { noisy } from '../made-data.ts';

const STRENGTHS = [0, 0.003, 0.01, 0.03, 0.1, 0.3];

/** How far two lists rise together: 1 if in all pairs, -1 if in none (Kendall's τ). */
function agreement(a: readonly number[], b: readonly number[]): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) for (let j = 0; j < i; j++) sum += Math.sign((a[i]! - a[j]!) * (b[i]! - b[j]!));
  return sum / ((a.length * (a.length - 1)) / 2);
}

export const claim = defineClaim({
  id: 'I.6.2-training-score',
  mistake: 13,
  section: 'I.6.2',
  title: { en: 'The score on the training data shows less overfitting', zh: '训练集上的得分能说明过拟合减轻了' },
  claim: {
    en: 'Evaluate the regularized model on the samples that it was trained on, to see that it overfits less.',
    zh: '用训练样本评估正则化后的模型，就能看出过拟合有所减轻。',
  },
  quick: true,
  arms: {
    byTraining: { en: 'chosen by training score: test R²', zh: '按训练得分选出：测试 R²' },
    byHeld: { en: 'chosen by held-out samples: test R²', zh: '按留出样本选出：测试 R²' },
    trainingRank: { en: 'order by training score, agreement with test', zh: '按训练得分的排序与测试排序的一致性' },
    heldRank: { en: 'order by held-out samples, agreement with test', zh: '按留出样本的排序与测试排序的一致性' },
  },
  measure(seed) {
    const own = noisy(seed, 'train', 60);
    const held = noisy(seed, 'validation', 60);
    const others = noisy(seed, 'test', 1000);
    const models = STRENGTHS.map((strength) => {
      const model = regressor(seed, strength === 0 ? {} : { kernelRegularizer: l2(strength) });
      train(model, own, 300);
      const { train: training, test } = fitOf(model, own, others);
      return { training, held: fitOf(model, own, held).test, test };
    });
    const test = models.map((model) => model.test);
    const judged = (scores: readonly number[]) => {
      return { test: test[scores.indexOf(Math.max(...scores))]!, rank: agreement(scores, test) };
    };
    const byTraining = judged(models.map(({ training }) => training));
    const byHeld = judged(models.map((model) => model.held));
    return {
      ...{ byTraining: byTraining.test, byHeld: byHeld.test },
      ...{ trainingRank: byTraining.rank, heldRank: byHeld.rank },
    };
  },
  effect: {
    name: {
      en: 'Test R² of the choice by training, less that by held-out',
      zh: '按训练得分选择的测试 R² 减去按留出样本选择的',
    },
    of: ['byTraining', 'byHeld'],
    better: 'higher',
    smallest: -0.01,
  },
  reasons: {
    fails: {
      en: 'Six networks with L2 of six strengths. The one that scores best on its training samples has R² {byTraining} on new ones; the one that scores best on sixty held-out samples has {byHeld}. The order by training score agrees with the true one by {trainingRank} (1 is the same order, −1 the reverse), that by held-out samples by {heldRank}: a penalty lowers the training score just where it helps.',
      zh: '六个网络使用六种强度的 L2。训练得分最高的，在新样本上的 R² 为 {byTraining}；在六十个留出样本上得分最高的为 {byHeld}。按训练得分的排序与真实排序的一致性为 {trainingRank}（1 为相同，−1 为相反），按留出样本的为 {heldRank}：惩罚项恰恰是在起作用时降低训练得分。',
    },
  },
  citations: [
    {
      text: 'scikit-learn, user guide: Validation curves',
      url: 'https://scikit-learn.org/stable/modules/learning_curve.html',
    },
  ],
  charts: armStrips,
});
