import { Ridge } from 'whittle-ml/learn';
import { armStrips } from '../charts.ts';
import { defineClaim } from '../claim.ts';
import { degreeTwo, noisy } from '../made-data.ts';

export const claim = defineClaim({
  id: 'I.6.6-degree-two',
  mistake: 17,
  section: 'I.6.6',
  title: { en: 'More features make a model better', zh: '增加特征会让模型更好' },
  claim: {
    en: 'Add the squares and products of the features, and the model scores higher.',
    zh: '加入特征的平方和乘积，模型得分就会更高。',
  },
  quick: true,
  arms: {
    few1: { en: '80 samples, 10 features: R² on new samples', zh: '80 个样本，10 个特征：新样本 R²' },
    few2: { en: '80 samples, 65 features', zh: '80 个样本，65 个特征' },
    many1: { en: '800 samples, 10 features', zh: '800 个样本，10 个特征' },
    many2: { en: '800 samples, 65 features', zh: '800 个样本，65 个特征' },
  },
  measure(seed) {
    const [xNew, yNew] = noisy(seed, 'test', 1000);
    const score = (count: number, map: typeof degreeTwo): number => {
      const [x, y] = noisy(seed, `train ${count}`, count);
      return new Ridge().fit(map(x), y).score(map(xNew), yNew);
    };
    const [few1, many1] = [80, 800].map((count) => score(count, (x) => x));
    const [few2, many2] = [80, 800].map((count) => score(count, degreeTwo));
    return { few1: few1!, few2: few2!, many1: many1!, many2: many2! };
  },
  effect: {
    name: { en: 'Gain of R² by features of degree 2, 80 samples', zh: '二次特征带来的 R² 增益（80 个样本）' },
    of: ['few2', 'few1'],
    better: 'higher',
    smallest: 0.02,
  },
  reasons: {
    fails: {
      en: 'The target does have a product in it. Yet with 80 samples R² on new ones falls from {few1} to {few2}: 65 weights are too many for them. With 800 samples it rises from {many1} to {many2}. More features are more freedom, which helps where a model underfits and there are samples enough.',
      zh: '目标中确实含有一个乘积项。但只有 80 个样本时，新样本上的 R² 从 {few1} 降到 {few2}：65 个权重对它们来说太多了。有 800 个样本时则从 {many1} 升到 {many2}。特征越多，自由度越大；只有在模型欠拟合且样本充足时才有帮助。',
    },
    depends: {
      en: 'With 80 samples R² on new ones goes from {few1} to {few2}, by seed up or down: the target does have a product in it, and 65 weights are many for 80 samples. With 800 it rises from {many1} to {many2}. More features are more freedom, which helps where a model underfits and there are samples enough.',
      zh: '只有 80 个样本时，新样本上的 R² 从 {few1} 变为 {few2}，升降随种子而定：目标中确实含有乘积项，但 65 个权重对 80 个样本来说太多了。有 800 个样本时则从 {many1} 升到 {many2}。特征越多，自由度越大；只有在模型欠拟合且样本充足时才有帮助。',
    },
    holds: {
      en: 'The target has a product in it, and R² on new samples rises from {few1} to {few2} with 80 samples and from {many1} to {many2} with 800. More features are more freedom: they help where a model underfits.',
      zh: '目标中含有乘积项：80 个样本时新样本 R² 从 {few1} 升到 {few2}，800 个时从 {many1} 升到 {many2}。特征越多，自由度越大：在模型欠拟合时有帮助。',
    },
  },
  citations: [
    {
      text: 'scikit-learn, PolynomialFeatures: Notes',
      url: 'https://scikit-learn.org/stable/modules/generated/sklearn.preprocessing.PolynomialFeatures.html',
    },
  ],
  charts: armStrips,
});
