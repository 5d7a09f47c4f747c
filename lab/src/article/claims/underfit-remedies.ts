import { EarlyStopping, l1, l2 } from 'whittle-ml';
import { armStrips } from '../charts.ts';
import { defineClaim } from '../claim.ts';
import { fitOf, type Recipe, regressor } from '../fitting.ts';
import { noisy, type Pair } from '../made-data.ts';

const LINE: Recipe = { hidden: [] };

export const claim = defineClaim({
  id: 'I.5-underfit-remedies',
  mistake: 1,
  section: 'I.5',
  title: {
    en: 'More data, penalties, dropout and early stopping cure underfitting',
    zh: '增加数据、正则化、Dropout 和早停能解决欠拟合',
  },
  claim: {
    en: 'Against underfitting: more training data, L1 or L2, dropout, early stopping.',
    zh: '解决欠拟合的办法：增加训练数据、L1 或 L2 正则化、Dropout、早停。',
  },
  quick: false,
  arms: {
    line: { en: 'a line for what is none: test R²', zh: '用直线拟合非线性关系：测试 R²' },
    data: { en: 'with four times the data', zh: '数据增至四倍' },
    l1: { en: 'with L1, 0.01', zh: '使用 L1（0.01）' },
    l2: { en: 'with L2, 0.01', zh: '使用 L2（0.01）' },
    dropout: { en: 'with dropout, 0.5', zh: '使用 Dropout（0.5）' },
    stopping: { en: 'with early stopping', zh: '使用早停' },
    best: { en: 'the best of these five', zh: '以上五种中最好的' },
    larger: { en: 'with 32 hidden neurons instead', zh: '改用 32 个隐藏神经元' },
  },
  measure(seed) {
    const own = noisy(seed, 'train', 300);
    const held = noisy(seed, 'validation', 75);
    const others = noisy(seed, 'test', 1000);
    const judged = (recipe: Recipe, [x, y]: Pair = own, callbacks: readonly EarlyStopping[] = []): number => {
      const model = regressor(seed, recipe);
      model.fit(x, y, { epochs: 24_000 / x.shape[0]!, batchSize: 50, validationData: held, callbacks });
      return fitOf(model, own, others).test;
    };
    const remedies = {
      data: judged(LINE, noisy(seed, 'train', 1200)),
      l1: judged({ ...LINE, kernelRegularizer: l1(0.01) }),
      l2: judged({ ...LINE, kernelRegularizer: l2(0.01) }),
      dropout: judged({ ...LINE, dropout: 0.5 }),
      stopping: judged(LINE, own, [new EarlyStopping({ patience: 5, restoreBestWeights: true })]),
    };
    return { line: judged(LINE), ...remedies, best: Math.max(...Object.values(remedies)), larger: judged({}) };
  },
  effect: {
    name: { en: 'Gain of test R² by the best of the five', zh: '五种办法中最好者带来的测试 R² 增益' },
    of: ['best', 'line'],
    better: 'higher',
    smallest: 0.05,
  },
  reasons: {
    fails: {
      en: 'A line cannot follow products and bends, so it explains {line} of the variance of new samples, and the best of the five remedies {best}: all of them hold a model back or pin it down, and this one lacks freedom. 32 hidden neurons, trained for as many steps, explain {larger} of the 0.85 that can be had. The headings were swapped: these are remedies against overfitting.',
      zh: '直线无法表示乘积和弯折，对新样本方差的解释比例为 {line}；五种办法中最好的为 {best}：它们都在约束模型，而这个模型缺的恰恰是自由度。换成 32 个隐藏神经元，训练同样多的步数，可解释 {larger}（上限约为 0.85）。原文的标题放反了：这些是应对过拟合的办法。',
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
