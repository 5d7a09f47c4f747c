import { concat } from 'whittle-ml';
import { armStrips } from '../charts.ts';
import { defineClaim } from '../claim.ts';
import { stoppedEarly } from '../examples/early-stopping.ts';
import { fitOf, regressor, train } from '../fitting.ts';
import { noisy } from '../made-data.ts';

export const claim = defineClaim({
  id: 'I.6.4-early-stopping',
  section: 'I.6.4',
  title: { en: 'Early stopping reduces overfitting', zh: '早停能减轻过拟合' },
  claim: {
    en: 'Stopping where the validation loss is lowest narrows the gap to new data of a network that overfits.',
    zh: '在验证损失最低处停止训练，可以缩小过拟合网络与新数据之间的差距。',
  },
  quick: true,
  arms: {
    without: { en: '300 epochs: gap of R²', zh: '300 个轮次：R² 差距' },
    with: { en: 'stopped early: gap of R²', zh: '早停：R² 差距' },
    withoutTest: { en: '300 epochs: R² on new samples', zh: '300 个轮次：新样本 R²' },
    withTest: { en: 'stopped early: R² on new samples', zh: '早停：新样本 R²' },
    allTest: {
      en: '300 epochs, the validation samples too: R² on new samples',
      zh: '300 个轮次，验证样本也用于训练：新样本 R²',
    },
  },
  measure(seed) {
    const [own, held] = [noisy(seed, 'train', 60), noisy(seed, 'validation', 30)];
    const all = [concat([own[0], held[0]]), concat([own[1], held[1]])] as const;
    const others = noisy(seed, 'test', 1000);
    const plain = regressor(seed);
    train(plain, own, 300);
    const more = regressor(seed);
    train(more, all, 300);
    const [without, early] = [plain, stoppedEarly(own, held, others, seed).model].map((model) => {
      return fitOf(model, own, others);
    });
    return {
      ...{ without: without!.gap, with: early!.gap, withoutTest: without!.test, withTest: early!.test },
      allTest: fitOf(more, all, others).test,
    };
  },
  effect: {
    name: { en: 'Change of the gap by early stopping', zh: '早停引起的差距变化' },
    of: ['with', 'without'],
    better: 'lower',
    smallest: 0.05,
  },
  reasons: {
    holds: {
      en: 'From training to new samples R² falls by {without} after 300 epochs and by {with} where it was stopped. On new samples it is {withTest} instead of {withoutTest}. The price is the 30 samples that watch: trained on as well, without any stopping, they bring R² to {allTest}.',
      zh: '从训练样本到新样本，R² 的降幅在 300 个轮次后为 {without}，早停时为 {with}。新样本上的 R² 从 {withoutTest} 变为 {withTest}。代价是用于监视的 30 个样本：如果把它们也用于训练，不早停，R² 为 {allTest}。',
    },
    depends: {
      en: 'From training to new samples R² falls by {without} after 300 epochs and by {with} where it was stopped; on new samples it is {withTest} instead of {withoutTest}. That the gap narrows by 0.05 is not certain with five seeds. The price is the 30 samples that watch: trained on as well, without any stopping, they bring R² to {allTest}.',
      zh: '从训练样本到新样本，R² 的降幅在 300 个轮次后为 {without}，早停时为 {with}；新样本上的 R² 从 {withoutTest} 变为 {withTest}。仅凭五个种子还不能确定差距缩小了 0.05。代价是用于监视的 30 个样本：如果把它们也用于训练，不早停，R² 为 {allTest}。',
    },
  },
  citations: [{ text: 'Prechelt 1998, Early Stopping — But When?' }],
  charts: armStrips,
});
