import type { Tensor } from 'whittle-ml';
import { armStrips } from '../charts.ts';
import { defineClaim } from '../claim.ts';
import { fitOf, type Recipe, regressor, train } from '../fitting.ts';
import { degreeTwo, noisy, type Pair } from '../made-data.ts';

export const claim = defineClaim({
  id: 'I.5-overfit-remedies',
  mistake: 1,
  section: 'I.5',
  title: {
    en: 'A larger model, more features and more epochs cure overfitting',
    zh: '更大的模型、更多特征和更多训练轮次能解决过拟合',
  },
  claim: {
    en: 'Against overfitting: a more complex model, more features, longer training.',
    zh: '解决过拟合的办法：使用更复杂的模型、增加特征、增加训练轮次。',
  },
  quick: true,
  arms: {
    plain: { en: '32 hidden neurons, 60 samples: gap of R²', zh: '32 个隐藏神经元，60 个样本：R² 差距' },
    larger: { en: 'with 128 and 64 hidden neurons', zh: '改用 128 和 64 个隐藏神经元' },
    features: { en: 'with features of degree 2', zh: '加入二次特征' },
    epochs: { en: 'with five times the epochs', zh: '训练轮次增至五倍' },
    best: { en: 'the narrowest of these three', zh: '以上三种中最小的' },
    test: { en: 'R² on new samples, as it was', zh: '原模型在新样本上的 R²' },
    bestTest: { en: 'R² on new samples, best of the three', zh: '三种中最好的新样本 R²' },
  },
  measure(seed) {
    const [own, others] = [noisy(seed, 'train', 60), noisy(seed, 'test', 1000)];
    const judged = (recipe: Recipe, epochs = 200, map = (x: Tensor): Tensor => x) => {
      const model = regressor(seed, recipe);
      const [before, after] = [own, others].map(([x, y]): Pair => [map(x), y]) as [Pair, Pair];
      train(model, before, epochs);
      return fitOf(model, before, after);
    };
    const plain = judged({});
    const [larger, features, epochs] = [judged({ hidden: [128, 64] }), judged({}, 200, degreeTwo), judged({}, 1000)];
    const all = [larger, features, epochs];
    return {
      ...{ plain: plain.gap, larger: larger.gap, features: features.gap, epochs: epochs.gap },
      best: Math.min(...all.map(({ gap }) => gap)),
      test: plain.test,
      bestTest: Math.max(...all.map(({ test }) => test)),
    };
  },
  effect: {
    name: { en: 'Change of the gap by the best of the three', zh: '三种办法中最好者引起的差距变化' },
    of: ['best', 'plain'],
    better: 'lower',
    smallest: 0.05,
  },
  reasons: {
    fails: {
      en: 'Between training and new samples R² falls by {plain}. With a larger network it falls by {larger}, with 65 features by {features}, with more epochs by {epochs}: each gives the model more means to learn the noise of sixty samples. These are remedies against underfitting.',
      zh: '从训练样本到新样本，R² 下降 {plain}。换成更大的网络下降 {larger}，用 65 个特征下降 {features}，训练更多轮次下降 {epochs}：每一种都让模型更有条件去记住六十个样本中的噪声。这些是应对欠拟合的办法。',
    },
    depends: {
      en: 'Between training and new samples R² falls by {plain}; with a larger network by {larger}, with 65 features by {features}, with more epochs by {epochs}. So features and epochs make it worse, and a larger network narrows it a little, with R² {bestTest} instead of {test} on new samples: far beyond the size that learns all samples by heart, more neurons are smoother (see the claim about ever more complex models). Most of the gap stays. These are remedies against underfitting.',
      zh: '从训练样本到新样本，R² 下降 {plain}；换成更大的网络下降 {larger}，用 65 个特征下降 {features}，训练更多轮次下降 {epochs}。可见增加特征和训练轮次会使情况更糟，而更大的网络略微缩小了差距，新样本 R² 从 {test} 变为 {bestTest}：规模远超背下全部样本所需时，神经元越多反而越平滑（参见“模型越复杂”一条）。但大部分差距仍在。这些是应对欠拟合的办法。',
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
