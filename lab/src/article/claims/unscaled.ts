import { mul, Random, tensor } from 'whittle-ml';
import { both } from '../bilingual.ts';
import { armStrips } from '../charts.ts';
import { defineClaim } from '../claim.ts';
import { logistic, scaled } from '../examples/scaled.ts';
import { degreeTwo } from '../made-data.ts';

/** Powers of ten, of which each arm takes what leaves the least loss. */
const RATES = [1, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10];

export const claim = defineClaim({
  id: 'I.6.6-unscaled',
  mistake: 17,
  section: 'I.6.6',
  title: { en: 'Features of degree 2 need no scaling', zh: '二次特征不需要缩放' },
  claim: {
    en: 'Make polynomial features of the columns as they are, and fit a logistic regression by a hundred iterations.',
    zh: '直接用原始列生成多项式特征，再用一百次迭代拟合逻辑回归。',
  },
  quick: true,
  arms: {
    unscaled: { en: 'as they are: loss removed', zh: '不缩放：消除的损失', unit: both('%') },
    scaled: { en: 'scaled: loss removed', zh: '缩放后：消除的损失', unit: both('%') },
    unscaledRight: { en: 'as they are: accuracy', zh: '不缩放：准确率', unit: both('%') },
    scaledRight: { en: 'scaled: accuracy', zh: '缩放后：准确率', unit: both('%') },
  },
  measure(seed) {
    const random = new Random(seed);
    const plain = random.normal([300, 3]);
    const y = tensor(
      Array.from({ length: 300 }, (_, i) => {
        const [a, b, c] = plain.data.subarray(3 * i);
        return [Number(a! + b! * c! > 0)];
      }),
    );
    const features = degreeTwo(mul(plain, tensor([1, 10, 100]))); // as of metres, decimetres and centimetres
    const best = (x: typeof features) => {
      const tried = RATES.map((rate) => logistic(x, y, rate, seed)).filter(({ loss }) => Number.isFinite(loss));
      const { loss, accuracy } = tried.reduce((one, other) => (other.loss! < one.loss! ? other : one));
      return { removed: 100 * (1 - loss! / Math.LN2), right: 100 * accuracy! };
    };
    const [raw, even] = [best(features), best(scaled(features))];
    return { unscaled: raw.removed, scaled: even.removed, unscaledRight: raw.right, scaledRight: even.right };
  },
  effect: {
    name: { en: 'Loss removed without scaling, less that with it', zh: '不缩放时消除的损失减去缩放后的' },
    of: ['unscaled', 'scaled'],
    unit: { en: 'points', zh: '个百分点' },
    better: 'higher',
    smallest: -5,
  },
  reasons: {
    fails: {
      en: 'Columns of size 1, 10 and 100 make squares of up to 10,000: a learning rate that is small enough for the largest moves the others hardly at all. After 100 steps, with the best of eleven learning rates for each, {unscaled} % of the loss is gone without scaling and {scaled} % with it; {unscaledRight} against {scaledRight} % of the samples are right. Measured with gradient descent. Second-order solvers feel it less, and warn when their iterations run out.',
      zh: '大小为 1、10、100 的列会产生高达 10,000 的平方：对最大的特征足够小的学习率，几乎推不动其他特征。各自取十一个学习率中最好的一个，100 步之后，不缩放消除了 {unscaled} % 的损失，缩放后为 {scaled} %；准确率分别为 {unscaledRight} % 和 {scaledRight} %。这里用的是梯度下降。二阶求解器受影响较小，迭代次数用尽时会给出警告。',
    },
  },
  citations: [
    { text: 'LeCun, Kanter & Solla 1990, Second Order Properties of Error Surfaces' },
    {
      text: 'scikit-learn, PolynomialFeatures',
      url: 'https://scikit-learn.org/stable/modules/generated/sklearn.preprocessing.PolynomialFeatures.html',
    },
  ],
  example: {
    before: `X = PolynomialFeatures(degree=2).fit_transform(X)  # columns of any size
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.2, random_state=42)
model = LogisticRegression()  # 100 iterations
model.fit(X_train, y_train)`,
    after: 'scaled',
  },
  charts: armStrips,
});
