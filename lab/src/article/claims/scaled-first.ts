import { Ridge } from 'whittle-ml/learn';
import { both } from '../bilingual.ts';
import { defineClaim } from '../claim.ts';
import { scaledAfterSplit, scaledBeforeSplit } from '../examples/inside-split.ts';
import { degreeTwo, errorOf, noisy } from '../made-data.ts';

export const claim = defineClaim({
  id: 'I.6.6-scaled-first',
  mistake: 17,
  section: 'I.6.6',
  title: { en: 'Features may be scaled before the split', zh: '可以在划分之前缩放特征' },
  claim: {
    en: 'Prepare the features on all rows, split afterwards: the score on the test part is still that of new data.',
    zh: '先在全部数据上处理特征，再划分：测试部分的得分仍然等于在新数据上的得分。',
  },
  quick: true,
  arms: {
    after: { en: 'scaler fitted on the training part: test error', zh: '只用训练部分拟合缩放器：测试误差' },
    before: { en: 'scaler fitted on all rows: test error', zh: '用全部数据拟合缩放器：测试误差' },
    many: { en: 'the same with 400 rows', zh: '400 行数据时的同一幅度', unit: both('%') },
    flattery: { en: 'by which the second looks better', zh: '后者显得更好的幅度', unit: both('%') },
  },
  measure(seed) {
    const judged = (rows: number, tables: number) => {
      let after = 0;
      let before = 0;
      for (let table = 0; table < tables; table++) {
        const [x, y] = noisy(seed, `table ${table}`, rows);
        const features = degreeTwo(x);
        const error = ({ train, test }: ReturnType<typeof scaledAfterSplit>): number =>
          errorOf(new Ridge().fit(...train), test) / tables;
        after += error(scaledAfterSplit(features, y, table));
        before += error(scaledBeforeSplit(features, y, table));
      }
      return { after, before, flattery: 100 * (1 - before / after) };
    };
    return { many: judged(400, 10).flattery, ...judged(50, 40) };
  },
  effect: {
    name: { en: 'By which the error looks smaller than it is', zh: '误差显得偏小的幅度' },
    of: 'flattery',
    unit: both('%'),
    better: 'lower',
    smallest: -2,
  },
  reasons: {
    holds: {
      en: 'The error on the test part is {before} with a scaler that saw it and {after} with one that did not: {flattery} %, which does not matter here. A scaler takes two numbers a column from the rows and never looks at the target. Still split first: it costs nothing, and steps that look at the target leak far more (see the next claim).',
      zh: '缩放器见过测试部分时，测试误差为 {before}；没见过时为 {after}：相差 {flattery} %，在这里无关紧要。缩放器只从每列取两个数，而且从不查看目标。但仍应先划分：这没有额外代价，而查看目标的步骤会泄漏得多得多（见下一条）。',
    },
    depends: {
      en: 'The error on the test part is {before} with a scaler that saw it and {after} with one that did not: {flattery} % on average, about as much as chance. A scaler takes two numbers a column from the rows and never looks at the target. Still split first: it costs nothing, and steps that look at the target leak far more (see the next claim).',
      zh: '缩放器见过测试部分时，测试误差为 {before}；没见过时为 {after}：平均相差 {flattery} %，与偶然波动相当。缩放器只从每列取两个数，而且从不查看目标。但仍应先划分：这没有额外代价，而查看目标的步骤会泄漏得多得多（见下一条）。',
    },
    fails: {
      en: 'The error on the test part is {before} with a scaler that saw it and {after} with one that did not: it looks {flattery} % smaller than it is, though a scaler takes only two numbers a column from the rows and never looks at the target. There are 50 rows and 65 features with long tails here, and a scaler that has seen a row far out makes it less so. With 400 rows it is {many} %. Split first: it costs nothing.',
      zh: '缩放器见过测试部分时，测试误差为 {before}；没见过时为 {after}：显得比实际小 {flattery} %，尽管缩放器只从每列取两个数，而且从不查看目标。这里只有 50 行数据，65 个特征又有长尾；缩放器见过某个离群的行，就会让它显得不那么离群。有 400 行时只有 {many} %。应当先划分，这没有额外代价。',
    },
  },
  citations: [
    {
      text: 'scikit-learn, user guide: Common pitfalls',
      url: 'https://scikit-learn.org/stable/common_pitfalls.html',
    },
  ],
  example: {
    before: `X = StandardScaler().fit_transform(PolynomialFeatures(2).fit_transform(X))  # all rows
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.2, random_state=42)`,
    after: 'inside-split',
  },
});
