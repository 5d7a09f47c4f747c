import { l1, l2, type Regularizer } from 'whittle-ml';
import { armStrips } from '../charts.ts';
import { defineClaim } from '../claim.ts';
import { type Fit, fitOf, regressor, train } from '../fitting.ts';
import { noisy } from '../made-data.ts';

export const claim = defineClaim({
  id: 'I.6.2-penalty-gap',
  section: 'I.6.2',
  title: { en: 'L1 and L2 reduce overfitting', zh: 'L1 和 L2 能减轻过拟合' },
  claim: {
    en: 'A penalty of 0.01 on the kernels of a network that overfits narrows the gap to new data.',
    zh: '对过拟合的网络的权重施加 0.01 的惩罚项，可以缩小与新数据之间的差距。',
  },
  quick: true,
  arms: {
    plain: { en: 'without a penalty: gap of R²', zh: '不加惩罚项：R² 差距' },
    l1: { en: 'L1, 0.01: gap', zh: 'L1（0.01）：差距' },
    l2: { en: 'L2, 0.01: gap', zh: 'L2（0.01）：差距' },
    l1Strong: { en: 'L1, 0.1: gap', zh: 'L1（0.1）：差距' },
    plainTest: { en: 'without: R² on new samples', zh: '不加：新样本 R²' },
    l1Test: { en: 'L1, 0.01: R² on new samples', zh: 'L1（0.01）：新样本 R²' },
    l2Test: { en: 'L2, 0.01: R² on new samples', zh: 'L2（0.01）：新样本 R²' },
    l1StrongTest: { en: 'L1, 0.1: R² on new samples', zh: 'L1（0.1）：新样本 R²' },
  },
  measure(seed) {
    const [own, others] = [noisy(seed, 'train', 60), noisy(seed, 'test', 1000)];
    const fit = (kernelRegularizer?: Regularizer): Fit => {
      const model = regressor(seed, kernelRegularizer === undefined ? {} : { kernelRegularizer });
      train(model, own, 300);
      return fitOf(model, own, others);
    };
    const [plain, first, second, strong] = [fit(), fit(l1(0.01)), fit(l2(0.01)), fit(l1(0.1))];
    return {
      ...{ plain: plain.gap, l1: first.gap, l2: second.gap, l1Strong: strong.gap },
      ...{ plainTest: plain.test, l1Test: first.test, l2Test: second.test, l1StrongTest: strong.test },
    };
  },
  effect: {
    name: { en: 'Change of the gap by L1 of 0.01', zh: 'L1（0.01）引起的差距变化' },
    of: ['l1', 'plain'],
    better: 'lower',
    smallest: 0.05,
  },
  reasons: {
    holds: {
      en: 'R² falls from training to new samples by {plain} without a penalty, by {l1} with L1 and by {l2} with L2 of the article’s strength. On new samples R² is {plainTest}, {l1Test} and {l2Test}. The strength is not given by nature: with ten times as much L1 the gap is {l1Strong}, and R² {l1StrongTest}. Choose it by held-out samples.',
      zh: '从训练样本到新样本，R² 的降幅：不加惩罚项为 {plain}，L1 为 {l1}，L2 为 {l2}（强度与原文相同）。新样本上的 R² 依次为 {plainTest}、{l1Test}、{l2Test}。强度并非一成不变：L1 加大十倍时差距为 {l1Strong}，R² 为 {l1StrongTest}。应当用留出样本来选择。',
    },
    depends: {
      en: 'R² falls from training to new samples by {plain} without a penalty, by {l1} with L1 and by {l2} with L2 of the article’s strength: in the right direction, but not surely by 0.05. With ten times as much L1 it falls by {l1Strong}, and on new samples R² is {l1StrongTest} instead of {plainTest}. The strength has to be chosen, by held-out samples.',
      zh: '从训练样本到新样本，R² 的降幅：不加惩罚项为 {plain}，L1 为 {l1}，L2 为 {l2}（强度与原文相同）：方向正确，但不能确定达到 0.05。L1 加大十倍时降幅为 {l1Strong}，新样本 R² 从 {plainTest} 变为 {l1StrongTest}。强度需要用留出样本来选择。',
    },
    fails: {
      en: 'R² falls from training to new samples by {plain} without a penalty, by {l1} with L1 and by {l2} with L2 of the article’s strength: too weak here to matter. With ten times as much L1 it falls by {l1Strong}, and on new samples R² is {l1StrongTest} instead of {plainTest}. The strength has to be chosen, by held-out samples.',
      zh: '从训练样本到新样本，R² 的降幅：不加惩罚项为 {plain}，L1 为 {l1}，L2 为 {l2}（强度与原文相同）：在这里太弱，没有实际意义。L1 加大十倍时降幅为 {l1Strong}，新样本 R² 从 {plainTest} 变为 {l1StrongTest}。强度需要用留出样本来选择。',
    },
  },
  citations: [{ text: 'Krogh & Hertz 1991' }],
  charts: armStrips,
});
