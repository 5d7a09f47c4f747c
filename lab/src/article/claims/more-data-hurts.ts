import { add, matmul, mul, Random } from 'whittle-ml';
import { Ridge } from 'whittle-ml/learn';
import { both } from '../bilingual.ts';
import { defineClaim } from '../claim.ts';
import { curvesOf } from '../curves.ts';
import { errorOf, type Pair } from '../made-data.ts';

const FEATURES = 40;
const SIZES = [10, 20, 30, 41, 60, 100, 200] as const;
const TABLES = 5;

export const claim = defineClaim({
  id: 'I.6.1-more-data-hurts',
  section: 'I.6.1',
  title: { en: 'More data never hurt', zh: '数据越多总没有坏处' },
  claim: {
    en: 'More training data improve generalization. No exception is named.',
    zh: '增加训练数据能提高泛化能力，且没有提到任何例外。',
  },
  quick: true,
  arms: {
    n10: { en: '10 samples: error on new ones', zh: '10 个样本：新样本误差' },
    n20: { en: '20', zh: '20' },
    n30: { en: '30', zh: '30' },
    n41: { en: '41', zh: '41' },
    n60: { en: '60', zh: '60' },
    n100: { en: '100', zh: '100' },
    n200: { en: '200', zh: '200' },
    tamed: { en: '41 samples, with a penalty', zh: '41 个样本，加惩罚项' },
    share: { en: 'error with 20 as a share of that with 41', zh: '20 个样本的误差与 41 个之比', unit: both('%') },
  },
  measure(seed) {
    const sums = { n10: 0, n20: 0, n30: 0, n41: 0, n60: 0, n100: 0, n200: 0, tamed: 0 };
    for (let table = 0; table < TABLES; table++) {
      const truth = mul(new Random(seed, `truth ${table}`).normal([FEATURES, 1]), 0.3);
      const samples = (stream: string, count: number): Pair => {
        const random = new Random(seed, `${stream} ${table}`);
        const x = random.normal([count, FEATURES]);
        return [x, add(matmul(x, truth), random.normal([count, 1]))];
      };
      const others = samples('test', 300);
      const error = (count: number, alpha = 1e-6): number => {
        const [x, y] = samples(`train ${count}`, count);
        return errorOf(new Ridge({ alpha }).fit(x, y), others) / TABLES;
      };
      for (const size of SIZES) sums[`n${size}`] += error(size);
      sums.tamed += error(41, 10);
    }
    return { ...sums, share: (100 * sums.n20) / sums.n41 };
  },
  effect: {
    name: { en: 'Error with 20 samples as a share of that with 41', zh: '20 个样本的误差与 41 个之比' },
    of: 'share',
    unit: both('%'),
    better: 'higher',
    smallest: 100,
  },
  reasons: {
    fails: {
      en: 'Least squares with 40 features and no penalty: the error on new samples is {n20} with 20 samples and {n41} with 41, where as many unknowns as equations leave one solution, however large, that goes through all the noise. Beyond, more data help again: {n200} with 200. A penalty takes the peak away: {tamed} with 41.',
      zh: '40 个特征、不加惩罚的最小二乘：20 个样本时新样本误差为 {n20}，41 个时为 {n41}，此时未知数与方程一样多，只剩一个解，无论多大都要穿过全部噪声。继续增加数据又会变好：200 个样本时为 {n200}。加上惩罚项，峰值就消失了：41 个样本时为 {tamed}。',
    },
  },
  citations: [{ text: 'Nakkiran 2019', url: 'https://arxiv.org/abs/1912.07242' }],
  charts: curvesOf({
    name: { en: 'training samples', zh: '训练样本数' },
    at: SIZES,
    curves: [
      { name: { en: 'error on new samples', zh: '新样本误差' }, color: 'test', arms: SIZES.map((size) => `n${size}`) },
    ],
    isLog: true,
  }),
});
