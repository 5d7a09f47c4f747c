import { mul, Random, tensor } from 'whittle-ml';
import { both } from '../bilingual.ts';
import { armStrips } from '../charts.ts';
import { defineClaim } from '../claim.ts';
import { corrected, judged, plain } from '../examples/pipeline.ts';
import { quietly } from '../quietly.ts';

export const claim = defineClaim({
  id: 'I.6.6-pipeline',
  mistake: 17,
  section: 'I.6.6',
  title: {
    en: 'Polynomial features and logistic regression need no settings',
    zh: '多项式特征加逻辑回归，默认设置即可',
  },
  claim: {
    en: 'Polynomial features of the columns and a logistic regression with its defaults make a better model; accuracy shows it.',
    zh: '用原始列的多项式特征和默认设置的逻辑回归即可得到更好的模型，看准确率就够了。',
  },
  quick: true,
  arms: {
    plain: { en: 'as printed: fits that converge', zh: '照原样：收敛的拟合', unit: both('%') },
    corrected: { en: 'scaled, in a pipeline: fits that converge', zh: '缩放并放入流水线：收敛的拟合', unit: both('%') },
    plainRight: { en: 'as printed: accuracy by five folds', zh: '照原样：五折准确率', unit: both('%') },
    correctedRight: { en: 'scaled: accuracy by five folds', zh: '缩放后：五折准确率', unit: both('%') },
    plainSteps: { en: 'as printed: iterations', zh: '照原样：迭代次数' },
    correctedSteps: { en: 'scaled: iterations', zh: '缩放后：迭代次数' },
  },
  measure(seed) {
    const random = new Random(seed);
    const columns = random.normal([200, 3]);
    const y = Array.from({ length: 200 }, (_, i) => {
      const [a, b, c] = columns.data.subarray(3 * i);
      return Number(a! + b! * c! > 0);
    });
    const x = mul(columns, tensor([1, 10, 100])); // as of metres, decimetres and centimetres
    const asPrinted = quietly(() => judged(plain, x, y));
    const scaled = judged(corrected, x, y);
    return {
      plain: 100 * Number(asPrinted.converged),
      corrected: 100 * Number(scaled.converged),
      plainRight: 100 * asPrinted.accuracy,
      correctedRight: 100 * scaled.accuracy,
      plainSteps: asPrinted.iterations,
      correctedSteps: scaled.iterations,
    };
  },
  effect: {
    name: { en: 'Fits with the defaults that converge', zh: '默认设置下收敛的拟合' },
    of: 'plain',
    unit: both('%'),
    better: 'higher',
    smallest: 90,
  },
  reasons: {
    holds: {
      en: 'All of them converged: {plain} %, after {plainSteps} iterations on average.',
      zh: '全部收敛：{plain} %，平均迭代 {plainSteps} 次。',
    },
    fails: {
      en: 'With squares of columns of size 1, 10 and 100 the solver runs out of its hundred iterations ({plainSteps} on average; {plain} % of the fits converge) and warns. Scaled within a pipeline it takes {correctedSteps}, and {corrected} % converge. By five folds {plainRight} and {correctedRight} % are right: nothing in the first number says that more was to be had; the warning does.',
      zh: '各列大小为 1、10、100，其平方使求解器用尽一百次迭代（平均 {plainSteps} 次，{plain} % 的拟合收敛）并给出警告。在流水线中先缩放则只需 {correctedSteps} 次，{corrected} % 收敛。五折准确率分别为 {plainRight} % 和 {correctedRight} %：前一个数字本身看不出还有提升空间，警告却说了出来。',
    },
    depends: {
      en: '{plain} % of the fits converge with the defaults, and {corrected} % scaled within a pipeline, after {plainSteps} and {correctedSteps} iterations; {plainRight} and {correctedRight} % are right by five folds.',
      zh: '默认设置下 {plain} % 的拟合收敛，流水线中先缩放为 {corrected} %；迭代次数为 {plainSteps} 和 {correctedSteps}，五折准确率为 {plainRight} % 和 {correctedRight} %。',
    },
  },
  citations: [
    {
      text: 'scikit-learn, LogisticRegression',
      url: 'https://scikit-learn.org/stable/modules/generated/sklearn.linear_model.LogisticRegression.html',
    },
  ],
  example: {
    before: `X = PolynomialFeatures(degree=2).fit_transform(X)
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.2, random_state=42)
model = LogisticRegression()
model.fit(X_train, y_train)
print(model.score(X_test, y_test))`,
    after: 'pipeline',
  },
  charts: armStrips,
});
