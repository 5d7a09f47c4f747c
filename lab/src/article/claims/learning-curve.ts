import { both } from '../bilingual.ts';
import { defineClaim } from '../claim.ts';
import { curvesOf } from '../curves.ts';
import { learningCurve } from '../examples/learning-curve.ts';
import { digitsOf } from '../fitting.ts';

const SIZES = [50, 100, 200, 400, 800];
const names = (prefix: string): string[] => SIZES.map((size) => `${prefix}${size}`);

export const claim = defineClaim({
  id: 'I.6.1-learning-curve',
  mistake: 8,
  section: 'I.6.1',
  title: { en: 'More data make a model generalize better', zh: '增加数据能提高泛化能力' },
  claim: {
    en: 'Collect more training data, and the model does better on new ones. The example to it trains once, on one amount.',
    zh: '收集更多训练数据，模型在新数据上就会表现更好。但示例只用一种数据量训练了一次。',
  },
  quick: false,
  arms: {
    test50: { en: '50 samples: test accuracy', zh: '50 个样本：测试准确率', unit: both('%') },
    test100: { en: '100', zh: '100', unit: both('%') },
    test200: { en: '200', zh: '200', unit: both('%') },
    test400: { en: '400', zh: '400', unit: both('%') },
    test800: { en: '800', zh: '800', unit: both('%') },
    train50: { en: '50 samples: training accuracy', zh: '50 个样本：训练准确率', unit: both('%') },
    train100: { en: '100', zh: '100', unit: both('%') },
    train200: { en: '200', zh: '200', unit: both('%') },
    train400: { en: '400', zh: '400', unit: both('%') },
    train800: { en: '800', zh: '800', unit: both('%') },
  },
  async measure(seed, { digits }) {
    const { own, others } = digitsOf(await digits(), seed, 800);
    const [a, b, c, d, e] = learningCurve(own, others, SIZES, seed).map(({ train, test }) => {
      return { train: 100 * train, test: 100 * test };
    });
    return {
      ...{ test50: a!.test, test100: b!.test, test200: c!.test, test400: d!.test, test800: e!.test },
      ...{ train50: a!.train, train100: b!.train, train200: c!.train, train400: d!.train, train800: e!.train },
    };
  },
  effect: {
    name: { en: 'Gain of test accuracy from 50 to 800 samples', zh: '从 50 个到 800 个样本的测试准确率增益' },
    of: ['test800', 'test50'],
    unit: { en: 'points', zh: '个百分点' },
    better: 'higher',
    smallest: 5,
  },
  reasons: {
    holds: {
      en: 'Test accuracy is {test50} % with 50 digits, {test200} % with 200 and {test800} % with 800: each doubling brings less than the one before. That is seen only where the number of samples is varied, as a learning curve does; training once on one amount shows nothing about it.',
      zh: '测试准确率在 50 个数字样本时为 {test50} %，200 个时为 {test200} %，800 个时为 {test800} %：每翻一倍，收益都比上一次小。只有像学习曲线那样真正改变样本数才看得出来；只用一种数据量训练一次，什么也说明不了。',
    },
  },
  citations: [
    {
      text: 'scikit-learn, user guide: Validation curves',
      url: 'https://scikit-learn.org/stable/modules/learning_curve.html',
    },
  ],
  example: {
    before: `x_train, y_train = load_data()  # "more data"
model.fit(x_train, y_train, epochs=100)
print(model.evaluate(x_train, y_train))`,
    after: 'learning-curve',
  },
  charts: curvesOf({
    name: { en: 'training samples', zh: '训练样本数' },
    at: SIZES,
    curves: [
      { name: { en: 'accuracy on training samples, %', zh: '训练准确率（%）' }, color: 'train', arms: names('train') },
      { name: { en: 'accuracy on test samples, %', zh: '测试准确率（%）' }, color: 'test', arms: names('test') },
    ],
  }),
});
