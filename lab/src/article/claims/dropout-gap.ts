import { armStrips } from '../charts.ts';
import { defineClaim } from '../claim.ts';
import { withDropout } from '../examples/dropout.ts';
import { fitOf } from '../fitting.ts';
import { noisy } from '../made-data.ts';

export const claim = defineClaim({
  id: 'I.6.3-dropout-gap',
  section: 'I.6.3',
  title: { en: 'Dropout reduces overfitting', zh: 'Dropout 能减轻过拟合' },
  claim: {
    en: 'Dropout of 0.5 behind the hidden layer of a network that overfits narrows the gap to new data.',
    zh: '在过拟合网络的隐藏层后加 0.5 的 Dropout，可以缩小与新数据之间的差距。',
  },
  quick: true,
  arms: {
    without: { en: 'without: gap of R²', zh: '不用：R² 差距' },
    with: { en: 'with dropout: gap of R²', zh: '使用 Dropout：R² 差距' },
    withoutTest: { en: 'without: R² on new samples', zh: '不用：新样本 R²' },
    withTest: { en: 'with dropout: R² on new samples', zh: '使用 Dropout：新样本 R²' },
  },
  measure(seed) {
    const [own, others] = [noisy(seed, 'train', 60), noisy(seed, 'test', 1000)];
    const [plain, dropped] = [0, 0.5].map((rate) => fitOf(withDropout(...own, rate, seed), own, others));
    return { without: plain!.gap, with: dropped!.gap, withoutTest: plain!.test, withTest: dropped!.test };
  },
  effect: {
    name: { en: 'Change of the gap by dropout', zh: 'Dropout 引起的差距变化' },
    of: ['with', 'without'],
    better: 'lower',
    smallest: 0.05,
  },
  reasons: {
    holds: {
      en: 'From training to new samples R² falls by {without} without dropout and by {with} with it. On new samples it is {withoutTest} without and {withTest} with: part of the narrower gap is a training score that noise keeps down, and only the rest is gained.',
      zh: '从训练样本到新样本，R² 的降幅不用 Dropout 时为 {without}，使用时为 {with}。新样本上的 R² 不用时为 {withoutTest}，使用时为 {withTest}：差距缩小，一部分只是因为噪声压低了训练得分，其余的才是真正的收获。',
    },
    depends: {
      en: 'From training to new samples R² falls by {without} without dropout and by {with} with it; on new samples it is {withoutTest} without and {withTest} with. With five seeds it is not certain that the gap narrows by 0.05.',
      zh: '从训练样本到新样本，R² 的降幅不用 Dropout 时为 {without}，使用时为 {with}；新样本上的 R² 不用时为 {withoutTest}，使用时为 {withTest}。仅凭五个种子还不能确定差距缩小了 0.05。',
    },
  },
  citations: [{ text: 'Srivastava et al. 2014', url: 'https://jmlr.org/papers/v15/srivastava14a.html' }],
  charts: armStrips,
});
