import { both } from '../bilingual.ts';
import { armStrips } from '../charts.ts';
import { defineClaim } from '../claim.ts';
import { classifier, digitsOf, fitOf, train } from '../fitting.ts';

export const claim = defineClaim({
  id: 'I.3-complex-underfits',
  mistake: 2,
  section: 'I.3',
  title: { en: 'A model that is too complex underfits', zh: '模型过于复杂会导致欠拟合' },
  claim: {
    en: 'Among the causes of underfitting are a model that is too complex and parameters that were tuned too much.',
    zh: '欠拟合的原因包括模型过于复杂、参数调整过度。',
  },
  quick: true,
  arms: {
    small: { en: '8 hidden neurons, on training samples', zh: '8 个隐藏神经元，训练集', unit: both('%') },
    smallTest: { en: '8, on test samples', zh: '8 个，测试集', unit: both('%') },
    large: { en: '256 hidden neurons, on training samples', zh: '256 个隐藏神经元，训练集', unit: both('%') },
    largeTest: { en: '256, on test samples', zh: '256 个，测试集', unit: both('%') },
  },
  async measure(seed, { digits }) {
    const { own, others } = digitsOf(await digits(), seed, 300);
    const [small, large] = [8, 256].map((units) => {
      const model = classifier(seed, { hidden: [units] });
      train(model, own, 200);
      return fitOf(model, own, others);
    });
    return { small: small!.train, smallTest: small!.test, large: large!.train, largeTest: large!.test };
  },
  effect: {
    name: { en: 'Training accuracy that complexity costs', zh: '复杂度造成的训练准确率损失' },
    of: ['small', 'large'],
    unit: { en: 'points', zh: '个百分点' },
    better: 'higher',
    smallest: 2,
  },
  reasons: {
    fails: {
      en: 'Underfitting means that not even the training samples are learned. After as many steps the large network has {large} % of them right, and the small one {small} %; on test samples it is {largeTest} against {smallTest} %. The cause that is named here is one of overfitting.',
      zh: '欠拟合是指连训练样本都没有学会。经过同样多的步数，大网络答对了 {large} % 的训练样本，小网络只有 {small} %；在测试集上分别为 {largeTest} % 和 {smallTest} %。这里列出的其实是过拟合的原因。',
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
