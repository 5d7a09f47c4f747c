import { add, cast, Random } from 'whittle-ml';
import { both } from '../bilingual.ts';
import { armStrips } from '../charts.ts';
import { defineClaim } from '../claim.ts';
import { weighted } from '../examples/rare-class.ts';

const SHARE = 0.05;

export const claim = defineClaim({
  id: 'I.6.6-accuracy-alone',
  mistake: 17,
  section: 'I.6.6',
  title: { en: 'Accuracy says how good a classifier is', zh: '准确率能说明分类器的好坏' },
  claim: {
    en: 'Judge a classifier by its accuracy on the test part: the higher, the better.',
    zh: '用测试集上的准确率评估分类器：越高越好。',
  },
  quick: true,
  arms: {
    useful: { en: 'one that finds the rare class: accuracy', zh: '能找出稀有类的分类器：准确率', unit: both('%') },
    constant: { en: 'one that always says no: accuracy', zh: '总回答“否”的分类器：准确率', unit: both('%') },
    recall: { en: 'the first: found of the rare class', zh: '前者：找出的稀有类', unit: both('%') },
    precision: { en: 'the first: right of those it names', zh: '前者：报出的当中正确的', unit: both('%') },
    auc: { en: 'the first: area under the ROC curve', zh: '前者：ROC 曲线下面积' },
  },
  measure(seed) {
    const samples = (stream: string, count: number) => {
      const random = new Random(seed, stream);
      const y = cast(random.bernoulli([count, 1], SHARE), 'float32');
      return { x: add(random.normal([count, 4]), y), y }; // the rare class lies higher by one deviation in each column
    };
    const [own, others] = [samples('train', 1000), samples('test', 4000)];
    const { accuracy, recall, precision, auc } = weighted(own.x, own.y, seed).evaluate(others.x, others.y);
    const rare = others.y.data.filter((label) => label === 1).length;
    return {
      ...{ useful: 100 * accuracy!, constant: 100 * (1 - rare / 4000) },
      ...{ recall: 100 * recall!, precision: 100 * precision!, auc: auc! },
    };
  },
  effect: {
    name: {
      en: 'Accuracy of the useful classifier, less that of always no',
      zh: '有用的分类器的准确率减去总回答“否”的',
    },
    of: ['useful', 'constant'],
    unit: { en: 'points', zh: '个百分点' },
    better: 'higher',
    smallest: 0,
  },
  reasons: {
    fails: {
      en: 'One sample in twenty has the rare class. To say no always is right for {constant} % and finds nothing. A classifier that finds {recall} % of the rare class has an accuracy of {useful} %, so that accuracy prefers the useless one. Look at recall, precision ({precision} %) and the area under the ROC curve ({auc}) too; which error costs more is not for a score to say.',
      zh: '每二十个样本中有一个属于稀有类。总是回答“否”的准确率为 {constant} %，却什么也找不到。能找出 {recall} % 稀有类的分类器，准确率只有 {useful} %，于是准确率反而偏爱没用的那个。还应看召回率、精确率（{precision} %）和 ROC 曲线下面积（{auc}）；哪种错误代价更大，不是得分能决定的。',
    },
  },
  citations: [{ text: 'Brodersen et al. 2010, The Balanced Accuracy and Its Posterior Distribution' }],
  example: {
    before: `model = LogisticRegression()
model.fit(X_train, y_train)
print(model.score(X_test, y_test))  # accuracy, and nothing else`,
    after: 'rare-class',
  },
  charts: armStrips,
});
