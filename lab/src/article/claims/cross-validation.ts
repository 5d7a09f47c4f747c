import { kFold, splitIndices, takeRows } from 'whittle-ml/data';
import { Ridge } from 'whittle-ml/learn';
import { both } from '../bilingual.ts';
import { armStrips } from '../charts.ts';
import { defineClaim } from '../claim.ts';
import { errorOf, noisy, type Pair } from '../made-data.ts';

const SAMPLES = 50;
const TABLES = 100;

/** Error on the rows `test` of a ridge regression on the rows `train`. */
function judged([x, y]: Pair, train: Int32Array, test: Int32Array): number {
  const model = new Ridge().fit(takeRows(x, train), takeRows(y, train));
  return errorOf(model, [takeRows(x, test), takeRows(y, test)]);
}

export const claim = defineClaim({
  id: 'I.1-cross-validation',
  section: 'I.1',
  title: { en: 'Cross-validation judges generalization better', zh: '交叉验证能更好地评估泛化能力' },
  claim: {
    en: 'To know how a model does on new data, cross-validate it instead of trusting one split.',
    zh: '要了解模型在新数据上的表现，应使用交叉验证，而不是只依赖一次划分。',
  },
  quick: true,
  arms: {
    split: { en: 'a fifth held out once: off by', zh: '只留出一次五分之一：偏差' },
    folds: { en: 'five folds: off by', zh: '五折交叉验证：偏差' },
    saved: { en: 'of the first, avoided by the second', zh: '后者比前者减少的偏差', unit: both('%') },
  },
  measure(seed) {
    let split = 0;
    let folds = 0;
    const fresh = noisy(seed, 'fresh', 1000);
    for (let table = 0; table < TABLES; table++) {
      const data = noisy(seed, `table ${table}`, SAMPLES);
      const truth = errorOf(new Ridge().fit(...data), fresh);
      const once = splitIndices(SAMPLES, { testSize: 0.2, seed: table });
      const five = kFold(SAMPLES, { folds: 5, shuffle: true, seed: table });
      split += (judged(data, once.train, once.test) - truth) ** 2;
      folds += (five.reduce((sum, { train, test }) => sum + judged(data, train, test), 0) / 5 - truth) ** 2;
    }
    const [off, less] = [Math.sqrt(split / TABLES), Math.sqrt(folds / TABLES)];
    return { split: off, folds: less, saved: 100 * (1 - less / off) };
  },
  effect: {
    name: { en: 'Error of the estimate that five folds avoid', zh: '五折交叉验证减少的估计偏差' },
    of: 'saved',
    unit: both('%'),
    better: 'higher',
    smallest: 20,
  },
  reasons: {
    holds: {
      en: 'The true error of a model was taken on 1,000 new samples. What ten held-out samples of fifty say is off from it by {split} (root mean square over many tables), and five folds, which ask every sample once, by {folds}: {saved} % less. The price is five trainings instead of one. It is still an estimate, and a model that was chosen by it needs new samples again.',
      zh: '模型的真实误差用 1,000 个新样本测得。从五十个样本中留出十个，所得估计的偏差为 {split}（许多份数据上的均方根）；五折交叉验证让每个样本都被检验一次，偏差为 {folds}，少了 {saved} %。代价是训练五次而不是一次。它仍然只是估计；如果用它挑选模型，就还需要新的样本来评估。',
    },
  },
  citations: [{ text: 'Kohavi 1995' }, { text: 'Hastie, Tibshirani & Friedman 2009, section 7.10' }],
  charts: armStrips,
});
