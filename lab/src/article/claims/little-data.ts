import { both } from '../bilingual.ts';
import { armStrips } from '../charts.ts';
import { defineClaim } from '../claim.ts';
import { classifier, digitsOf, fitOf, train } from '../fitting.ts';

export const claim = defineClaim({
  id: 'I.3-little-data',
  mistake: 4,
  section: 'I.3',
  title: { en: 'Too little training data makes a model underfit', zh: '训练数据过少会导致欠拟合' },
  claim: {
    en: 'Among the causes of underfitting is that there are too few training samples.',
    zh: '欠拟合的原因包括训练数据过少。',
  },
  quick: true,
  arms: {
    few: { en: '50 samples: on those', zh: '50 个样本：训练集', unit: both('%') },
    fewTest: { en: '50 samples: on test samples', zh: '50 个样本：测试集', unit: both('%') },
    many: { en: '1,000 samples: on those', zh: '1,000 个样本：训练集', unit: both('%') },
    manyTest: { en: '1,000 samples: on test samples', zh: '1,000 个样本：测试集', unit: both('%') },
  },
  async measure(seed, { digits }) {
    const table = await digits();
    const [few, many] = [50, 1000].map((count) => {
      const { own, others } = digitsOf(table, seed, count);
      const model = classifier(seed, { hidden: [8] });
      train(model, own, 200);
      return fitOf(model, own, others);
    });
    return { few: few!.train, fewTest: few!.test, many: many!.train, manyTest: many!.test };
  },
  effect: {
    name: { en: 'Training accuracy that few samples cost', zh: '样本少造成的训练准确率损失' },
    of: ['many', 'few'],
    unit: { en: 'points', zh: '个百分点' },
    better: 'higher',
    smallest: 2,
  },
  reasons: {
    fails: {
      en: 'Few samples are easily learned by heart: of 50 the network has {few} % right, and of test samples {fewTest} %, which is overfitting. Of 1,000 it has {many} % right, and of test samples {manyTest} %.',
      zh: '样本少时很容易被背下来：50 个训练样本答对 {few} %，测试集只有 {fewTest} %，这是过拟合。用 1,000 个样本时，训练集为 {many} %，测试集为 {manyTest} %。',
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
