import { both } from '../bilingual.ts';
import { armStrips } from '../charts.ts';
import { defineClaim } from '../claim.ts';
import { classifier, digitsOf, fitOf, train } from '../fitting.ts';

const POINTS = { en: 'points', zh: '个百分点' };

export const claim = defineClaim({
  id: 'I.3-much-data',
  mistake: 3,
  section: 'I.3',
  title: { en: 'Too much training data makes a model overfit', zh: '训练数据过多会导致过拟合' },
  claim: {
    en: 'Among the causes of overfitting is that there are too many training samples.',
    zh: '过拟合的原因包括训练数据过多。',
  },
  quick: true,
  arms: {
    few: { en: '100 training samples: gap', zh: '100 个训练样本：差距', unit: POINTS },
    many: { en: '1,000 training samples: gap', zh: '1,000 个训练样本：差距', unit: POINTS },
    fewTest: { en: '100: test accuracy', zh: '100 个：测试准确率', unit: both('%') },
    manyTest: { en: '1,000: test accuracy', zh: '1,000 个：测试准确率', unit: both('%') },
  },
  async measure(seed, { digits }) {
    const table = await digits();
    const [few, many] = [100, 1000].map((count) => {
      const { own, others } = digitsOf(table, seed, count);
      const model = classifier(seed);
      train(model, own, 200);
      return fitOf(model, own, others);
    });
    return { few: few!.gap, many: many!.gap, fewTest: few!.test, manyTest: many!.test };
  },
  effect: {
    name: { en: 'Growth of the gap by ten times the data', zh: '数据增至十倍后差距的增量' },
    of: ['many', 'few'],
    unit: POINTS,
    better: 'higher',
    smallest: 1,
  },
  reasons: {
    fails: {
      en: 'The gap between the accuracy on training samples and on others is {few} points with 100 samples and {many} with 1,000, after as many steps of the same network: more samples of the same kind leave less to learn by heart. On test samples accuracy rises from {fewTest} to {manyTest} %.',
      zh: '同一网络走同样多的步数，训练准确率与测试准确率之差在 100 个样本时为 {few} 个百分点，在 1,000 个样本时为 {many} 个百分点：同类样本越多，能靠死记硬背的就越少。测试准确率从 {fewTest} % 升到 {manyTest} %。',
    },
  },
  citations: [
    { text: 'Nakkiran et al. 2019, for the exception near interpolation', url: 'https://arxiv.org/abs/1912.02292' },
  ],
  charts: armStrips,
});
