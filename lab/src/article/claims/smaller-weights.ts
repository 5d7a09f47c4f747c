import { l1, l2, type Regularizer } from 'whittle-ml';
import { both } from '../bilingual.ts';
import { armStrips } from '../charts.ts';
import { defineClaim } from '../claim.ts';
import { meanWeight, regressor, train } from '../fitting.ts';
import { noisy } from '../made-data.ts';

export const claim = defineClaim({
  id: 'I.6.2-smaller-weights',
  section: 'I.6.2',
  title: { en: 'L1 and L2 make weights smaller', zh: 'L1 和 L2 会使权重变小' },
  claim: {
    en: 'A penalty on the kernels, of strength 0.01, makes their weights smaller.',
    zh: '对权重施加强度为 0.01 的惩罚项，会使权重变小。',
  },
  quick: true,
  arms: {
    plain: { en: 'without a penalty: mean |w|', zh: '不加惩罚项：|w| 的均值' },
    l1: { en: 'L1: mean |w|', zh: 'L1：|w| 的均值' },
    l2: { en: 'L2: mean |w|', zh: 'L2：|w| 的均值' },
    less: { en: 'smaller by L1', zh: 'L1 减小的幅度', unit: both('%') },
    less2: { en: 'smaller by L2', zh: 'L2 减小的幅度', unit: both('%') },
  },
  measure(seed) {
    const own = noisy(seed, 'train', 60);
    const size = (kernelRegularizer?: Regularizer): number => {
      const model = regressor(seed, kernelRegularizer === undefined ? {} : { kernelRegularizer });
      train(model, own, 300);
      return meanWeight(model);
    };
    const [plain, first, second] = [size(), size(l1(0.01)), size(l2(0.01))];
    const less = (than: number): number => 100 * (1 - than / plain);
    return { plain, l1: first, l2: second, less: less(first), less2: less(second) };
  },
  effect: {
    name: { en: 'How much smaller L1 makes the weights', zh: 'L1 使权重减小的幅度' },
    of: 'less',
    unit: both('%'),
    better: 'higher',
    smallest: 10,
  },
  reasons: {
    holds: {
      en: 'The mean size of a weight is {plain} without a penalty, {l1} with L1 and {l2} with L2. L1 pulls every weight with the same force and so takes {less} % away; L2 pulls small ones weakly and takes {less2} %. Smaller is not fewer: see the claim about zeros.',
      zh: '权重绝对值的均值：不加惩罚项为 {plain}，L1 为 {l1}，L2 为 {l2}。L1 对每个权重的拉力相同，减小了 {less} %；L2 对小权重的拉力很弱，减小了 {less2} %。变小不等于变少：参见关于零权重的说法。',
    },
  },
  citations: [
    { text: 'Krogh & Hertz 1991' },
    { text: 'Tibshirani 1996, Regression Shrinkage and Selection via the Lasso' },
  ],
  charts: armStrips,
});
