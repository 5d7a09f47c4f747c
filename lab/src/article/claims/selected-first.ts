import { concat, Random, slice, type Tensor, tensor } from 'whittle-ml';
import { splitIndices, takeRows } from 'whittle-ml/data';
import { Ridge } from 'whittle-ml/learn';
import { both } from '../bilingual.ts';
import { armStrips } from '../charts.ts';
import { defineClaim } from '../claim.ts';

const ROWS = 50;
const COLUMNS = 500;
const KEPT = 10;
const TABLES = 10;

/** The columns whose sums with the labels, -1 and 1, are largest: numbers of the same spread need no more. */
function selected(x: Tensor, labels: ArrayLike<number>, rows: ArrayLike<number>): number[] {
  const sums = new Float64Array(COLUMNS);
  const { data } = x;
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]!;
    for (let j = 0; j < COLUMNS; j++) sums[j]! += data[row * COLUMNS + j]! * labels[row]!;
  }
  const order = Array.from(sums.keys()).sort((a, b) => Math.abs(sums[b]!) - Math.abs(sums[a]!));
  return order.slice(0, KEPT);
}

const columnsOf = (x: Tensor, columns: readonly number[]): Tensor =>
  concat(
    columns.map((j) => slice(x, [null, [j, j + 1]])),
    1,
  );

export const claim = defineClaim({
  id: 'I.6.6-selected-first',
  mistake: 17,
  section: 'I.6.6',
  title: { en: 'Features may be selected before the split', zh: '可以在划分之前选择特征' },
  claim: {
    en: 'Prepare the features on all rows, split afterwards; here a preparation that looks at the target.',
    zh: '先在全部数据上处理特征，再划分；这里的处理步骤会查看目标。',
  },
  quick: true,
  arms: {
    after: { en: 'selected on the training part: test accuracy', zh: '在训练部分上选择：测试准确率', unit: both('%') },
    before: { en: 'selected on all rows: test accuracy', zh: '在全部数据上选择：测试准确率', unit: both('%') },
  },
  measure(seed) {
    const right = { after: 0, before: 0 };
    let count = 0;
    for (let table = 0; table < TABLES; table++) {
      const random = new Random(seed, `table ${table}`);
      const x = random.normal([ROWS, COLUMNS]);
      const labels = Array.from(random.bernoulli([ROWS, 1], 0.5).data, (bit) => 2 * bit - 1);
      const { train, test } = splitIndices(ROWS, { testSize: 0.2, seed: table });
      const y = takeRows(tensor(labels), train).data;
      const judged = (columns: readonly number[]): number => {
        const chosen = columnsOf(x, columns);
        const answers = new Ridge().fit(takeRows(chosen, train), y).predict(takeRows(chosen, test));
        return [...answers.data].reduce((sum, answer, i) => sum + Number(answer > 0 === labels[test[i]!]! > 0), 0);
      };
      right.after += judged(selected(x, labels, train));
      right.before += judged(selected(x, labels, Array.from(labels.keys())));
      count += test.length;
    }
    return { after: (100 * right.after) / count, before: (100 * right.before) / count };
  },
  effect: {
    name: { en: 'By which the leak flatters the accuracy', zh: '泄漏使准确率虚高的幅度' },
    of: ['before', 'after'],
    unit: { en: 'points', zh: '个百分点' },
    better: 'lower',
    smallest: -2,
  },
  reasons: {
    fails: {
      en: 'Labels are tosses of a coin, and nothing can predict them. Choosing the ten of 500 columns that go best with the labels of all rows, test rows included, and splitting afterwards gives {before} % right on the test part. Choosing them on the training part gives {after} %, as it must. Polynomial features learn nothing from the rows and do not leak; whatever is fitted belongs behind the split, in each fold anew.',
      zh: '标签由抛硬币决定，任何方法都无法预测。如果用全部数据（包括测试部分）的标签，从 500 列中选出最相关的十列，再划分，测试部分的准确率为 {before} %；只在训练部分上选择则为 {after} %，理应如此。多项式特征不从数据中学习任何东西，不会泄漏；凡是需要拟合的步骤都应放在划分之后，并在每一折中重新进行。',
    },
  },
  citations: [{ text: 'Hastie, Tibshirani & Friedman 2009, section 7.10.2' }],
  charts: armStrips,
});
