import { matmul, Random, relu, slice, type Tensor } from 'whittle-ml';
import { Ridge } from 'whittle-ml/learn';
import { both } from '../bilingual.ts';
import { defineClaim } from '../claim.ts';
import { curvesOf } from '../curves.ts';
import { errorOf, noisy } from '../made-data.ts';

const SAMPLES = 60;
const SIZES = [5, 10, 20, 40, 60, 90, 150, 300, 1000] as const;

export const claim = defineClaim({
  id: 'I.3-double-descent',
  mistake: 6,
  section: 'I.3',
  title: { en: 'The more complex the model, the worse it overfits', zh: '模型越复杂，过拟合越严重' },
  claim: {
    en: 'Beyond the complexity that the data deserve, each further parameter makes the error on new data larger.',
    zh: '一旦复杂度超过数据所需，参数越多，在新数据上的误差就越大。',
  },
  quick: true,
  arms: {
    p5: { en: '5 features: error on new samples', zh: '5 个特征：新样本误差' },
    p10: { en: '10', zh: '10' },
    p20: { en: '20', zh: '20' },
    p40: { en: '40', zh: '40' },
    p60: { en: '60, as many as samples', zh: '60，与样本数相同' },
    p90: { en: '90', zh: '90' },
    p150: { en: '150', zh: '150' },
    p300: { en: '300', zh: '300' },
    p1000: { en: '1,000', zh: '1,000' },
    best: { en: 'the best up to 40', zh: '不超过 40 时的最小值' },
    share: { en: 'error with 1,000 as a share of that with 60', zh: '1,000 个特征的误差与 60 个之比', unit: both('%') },
  },
  measure(seed) {
    const [x, y] = noisy(seed, 'train', SAMPLES);
    const [xNew, yNew] = noisy(seed, 'test', 500);
    const weights = new Random(seed, 'features').normal([10, 1000]);
    const [features, featuresNew] = [x, xNew].map((inputs) => relu(matmul(inputs, weights))) as [Tensor, Tensor];
    const error = (size: number): number => {
      const model = new Ridge({ alpha: 1e-6 }).fit(slice(features, [null, [0, size]]), y);
      return errorOf(model, [slice(featuresNew, [null, [0, size]]), yNew]);
    };
    const small = { p5: error(5), p10: error(10), p20: error(20), p40: error(40) };
    const large = { p60: error(60), p90: error(90), p150: error(150), p300: error(300), p1000: error(1000) };
    const best = Math.min(...Object.values(small));
    return { ...small, ...large, best, share: (100 * large.p1000) / large.p60 };
  },
  effect: {
    name: { en: 'Error with 1,000 features as a share of that with 60', zh: '1,000 个特征的误差与 60 个之比' },
    of: 'share',
    unit: both('%'),
    better: 'higher',
    smallest: 100,
  },
  reasons: {
    fails: {
      en: 'Least squares on random features of 60 samples. Error on new samples rises towards as many features as samples, where one solution alone goes through all of them ({p60}), and falls again beyond, where the smallest of many solutions is taken: {p1000} with 1,000 features, where the best with 40 or fewer had {best}. The U of the textbooks is only the left half of the curve.',
      zh: '在 60 个样本的随机特征上做最小二乘。特征数接近样本数时，新样本误差上升：此时只有唯一的解能穿过全部样本（{p60}）；超过之后，在许多解中取最小的一个，误差又下降：1,000 个特征时为 {p1000}，而不超过 40 个特征时最好的为 {best}。教科书上的 U 形只是这条曲线的左半部分。',
    },
  },
  citations: [{ text: 'Belkin et al. 2019', url: 'https://arxiv.org/abs/1812.11118' }],
  charts: curvesOf({
    name: { en: 'random features', zh: '随机特征数' },
    at: SIZES,
    curves: [
      {
        name: { en: 'error on new samples', zh: '新样本误差' },
        color: 'test',
        arms: SIZES.map((size) => `p${size}`),
      },
    ],
    isLog: true,
  }),
});
