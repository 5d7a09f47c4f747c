import { defineClaim } from '../claim.ts';
import { curvesOf } from '../curves.ts';
import { losses } from '../examples/epochs.ts';
import { noisy } from '../made-data.ts';

const AT = [10, 30, 100, 300, 1000];
const names = (prefix: string): string[] => AT.map((epoch) => `${prefix}${epoch}`);

export const claim = defineClaim({
  id: 'I.6.7-epochs',
  mistake: 18,
  section: 'I.6.7',
  title: { en: 'More epochs make a model generalize better', zh: '增加训练轮次能提高泛化能力' },
  claim: {
    en: 'Train for 1,000 epochs instead of 100: the training loss falls on, and the model generalizes better.',
    zh: '把训练轮次从 100 增加到 1,000：训练损失继续下降，泛化能力随之提高。',
  },
  quick: false,
  arms: {
    test10: { en: '10 epochs: loss on new samples', zh: '10 个轮次：新样本损失' },
    test30: { en: '30', zh: '30' },
    test100: { en: '100', zh: '100' },
    test300: { en: '300', zh: '300' },
    test1000: { en: '1,000', zh: '1,000' },
    train10: { en: '10 epochs: training loss', zh: '10 个轮次：训练损失' },
    train30: { en: '30', zh: '30' },
    train100: { en: '100', zh: '100' },
    train300: { en: '300', zh: '300' },
    train1000: { en: '1,000', zh: '1,000' },
    best: { en: 'epoch of the lowest loss on new samples', zh: '新样本损失最低的轮次' },
  },
  measure(seed) {
    const { train, validation } = losses(noisy(seed, 'train', 60), noisy(seed, 'test', 300), 1000, seed);
    const of = (list: readonly number[]) =>
      AT.map((epoch) => list[epoch - 1]!) as [number, number, number, number, number];
    const [test10, test30, test100, test300, test1000] = of(validation);
    const [train10, train30, train100, train300, train1000] = of(train);
    return {
      ...{ test10, test30, test100, test300, test1000, train10, train30, train100, train300, train1000 },
      best: 1 + validation.indexOf(Math.min(...validation)),
    };
  },
  effect: {
    name: { en: 'Loss on new samples, 1,000 epochs less 100', zh: '新样本损失：1,000 个轮次减去 100 个' },
    of: ['test1000', 'test100'],
    better: 'lower',
    smallest: 0,
  },
  reasons: {
    fails: {
      en: 'The training loss falls on, from {train100} after 100 epochs to {train1000} after 1,000, as it would without anything learned that holds elsewhere. On new samples the loss is lowest after {best} epochs and rises from {test100} to {test1000}: more epochs overfit. A curve of held-out samples shows it, the training loss never does.',
      zh: '训练损失继续下降，从 100 个轮次的 {train100} 降到 1,000 个轮次的 {train1000}；即使没有学到任何普遍适用的东西，它也会下降。新样本上的损失在第 {best} 个轮次最低，之后从 {test100} 升到 {test1000}：训练轮次过多导致过拟合。留出样本的曲线能看出这一点，训练损失永远看不出来。',
    },
    depends: {
      en: 'The training loss falls on, from {train100} after 100 epochs to {train1000} after 1,000. On new samples it is lowest after {best} epochs, {test100} after 100 and {test1000} after 1,000, more or less by seed: 100 epochs are few for this network, 1,000 too many. A curve of held-out samples shows where to stop, the training loss never does.',
      zh: '训练损失继续下降，从 100 个轮次的 {train100} 降到 1,000 个轮次的 {train1000}。新样本上的损失在第 {best} 个轮次最低，100 个轮次时为 {test100}，1,000 个时为 {test1000}，高低随种子而定：对这个网络来说，100 个轮次偏少，1,000 个又太多。留出样本的曲线能看出该在哪里停，训练损失永远看不出来。',
    },
    holds: {
      en: 'The loss on new samples falls from {test100} after 100 epochs to {test1000} after 1,000, so 100 were too few here; it is lowest after {best}. That cannot be told by the training loss, which falls anyway, from {train100} to {train1000}.',
      zh: '新样本上的损失从 100 个轮次的 {test100} 降到 1,000 个轮次的 {test1000}，可见这里 100 个轮次太少；最低点在第 {best} 个轮次。这无法从训练损失得知，因为它无论如何都会下降（从 {train100} 到 {train1000}）。',
    },
  },
  citations: [{ text: 'Prechelt 1998, Early Stopping — But When?' }],
  example: {
    before: `model.fit(x_train, y_train, epochs=1000)  # the training loss falls
print(model.evaluate(x_train, y_train))`,
    after: 'epochs',
  },
  charts: curvesOf({
    name: { en: 'epochs', zh: '训练轮次' },
    at: AT,
    curves: [
      { name: { en: 'training loss', zh: '训练损失' }, color: 'train', arms: names('train') },
      { name: { en: 'loss on new samples', zh: '新样本损失' }, color: 'test', arms: names('test') },
    ],
    isLog: true,
  }),
});
