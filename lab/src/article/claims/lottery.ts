import { type Callback, lotteryTicket, type Model } from 'whittle-ml';
import { both } from '../bilingual.ts';
import { armStrips } from '../charts.ts';
import { defineClaim } from '../claim.ts';
import { POINTS } from '../drawn-digits.ts';
import { accuracy, classifier, EPOCHS, partsOf } from '../whittled.ts';

export const claim = defineClaim({
  id: 'II.5-lottery',
  section: 'II.5',
  title: { en: 'A pruned network needs the weights it began with', zh: '剪枝后的网络需要它最初的权重' },
  claim: {
    en: 'Not said by the article, but often beside it: a network holds a small one that trains as well, if it begins with its own first weights and not with others.',
    zh: '文章没有提到，但常与之并提：网络中含有一个同样能训练好的小网络，前提是从它自己的初始权重出发，而不是另外的权重。',
  },
  quick: false,
  arms: {
    ticket: { en: 'a tenth left, its own first weights', zh: '留下十分之一，自己的初始权重', unit: both('%') },
    random: { en: 'a tenth left, weights drawn anew', zh: '留下十分之一，重新抽取的权重', unit: both('%') },
    dense: { en: 'all weights', zh: '全部权重', unit: both('%') },
  },
  async measure(seed, context) {
    const parts = await partsOf(seed, context);
    const [x, y] = parts.train;
    const train = (model: Model, callbacks: readonly Callback[] = []): number => {
      model.fit(x, y, { epochs: EPOCHS, callbacks });
      return accuracy(model, parts);
    };
    const { ticket, random, rounds } = lotteryTicket(classifier(seed), train, { sparsity: 0.9, rounds: 5 });
    return { ticket: train(ticket), random: train(random), dense: rounds[0]!.result };
  },
  effect: {
    name: {
      en: 'Accuracy of the ticket, less that of weights drawn anew',
      zh: '彩票网络的准确率减去重新初始化的准确率',
    },
    of: ['ticket', 'random'],
    unit: POINTS,
    better: 'higher',
    smallest: 1,
  },
  reasons: {
    holds: {
      en: 'With a tenth of the weights, {ticket} % are right where they begin as they once did, and {random} % where the same mask gets other ones; the dense network has {dense} %. It took five trainings to find the mask, so this explains more than it saves.',
      zh: '只留下十分之一的权重时，若从原来的初始值出发，准确率为 {ticket} %；同样的掩码换上另外的初始值，则为 {random} %；稠密网络为 {dense} %。找到这个掩码需要五次训练，所以它的意义在于解释，而不在于节省。',
    },
    depends: {
      en: 'With a tenth of the weights, {ticket} % are right where they begin as they once did, and {random} % where the same mask gets other ones; the dense network has {dense} %. How far it is ahead differs from seed to seed. It took five trainings to find the mask, so this explains more than it saves.',
      zh: '只留下十分之一的权重时，若从原来的初始值出发，准确率为 {ticket} %；同样的掩码换上另外的初始值，则为 {random} %；稠密网络为 {dense} %。领先多少因种子而异。找到这个掩码需要五次训练，所以它的意义在于解释，而不在于节省。',
    },
  },
  citations: [
    { text: 'Frankle & Carbin 2019, The Lottery Ticket Hypothesis', url: 'https://arxiv.org/abs/1803.03635' },
  ],
  charts: armStrips,
});
