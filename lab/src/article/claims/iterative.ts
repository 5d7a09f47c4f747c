import { cloneModel, type Model, prune } from 'whittle-ml';
import { both } from '../bilingual.ts';
import { armStrips } from '../charts.ts';
import { defineClaim } from '../claim.ts';
import { POINTS } from '../drawn-digits.ts';
import { accuracy, type Parts, partsOf, teacher } from '../whittled.ts';

const LEFT = 0.05;
const EPOCHS = 60;

/** Prunes in so many rounds, by the same share of what is left each time, with as many epochs in all. */
function inRounds(rounds: number, model: Model, { train: [x, y] }: Parts): Model {
  let pruned = cloneModel(model);
  for (let round = 1; round <= rounds; round++) {
    pruned = prune(pruned, { sparsity: 1 - LEFT ** (round / rounds) });
    pruned.fit(x, y, { epochs: EPOCHS / rounds });
  }
  return pruned;
}

export const claim = defineClaim({
  id: 'II.5-iterative',
  section: 'II.5',
  title: { en: 'Little by little is better than at once', zh: '逐步剪枝优于一次剪枝' },
  claim: {
    en: 'Not said by the article, but often beside it: pruning and training are repeated, a part of the weights going in each round, rather than all in one.',
    zh: '文章没有提到，但常与之并提：剪枝与训练交替进行，每轮去掉一部分权重，而不是一次全部去掉。',
  },
  quick: false,
  arms: {
    rounds: { en: '95 % pruned in 4 rounds', zh: '分 4 轮剪去 95 %', unit: both('%') },
    once: { en: '95 % pruned at once', zh: '一次剪去 95 %', unit: both('%') },
  },
  async measure(seed, context) {
    const parts = await partsOf(seed, context);
    const model = teacher(seed, parts);
    return {
      rounds: accuracy(inRounds(4, model, parts), parts),
      once: accuracy(inRounds(1, model, parts), parts),
    };
  },
  effect: {
    name: { en: 'Accuracy by rounds, less that at once', zh: '分轮剪枝的准确率减去一次剪枝的准确率' },
    of: ['rounds', 'once'],
    unit: POINTS,
    better: 'higher',
    smallest: 0.5,
  },
  reasons: {
    depends: {
      en: 'With as many epochs in all, {rounds} % are right after four rounds and {once} % after one. Rounds let a network adapt between, but each of them has a quarter of the epochs. Which counts for more is up to the seed. Rounds that are each trained to the end would cost as many trainings.',
      zh: '总轮次相同时，分四轮剪枝的准确率为 {rounds} %，一次剪完为 {once} %。分轮让网络有机会适应，但每轮只有四分之一的训练轮次。哪一方面影响更大取决于种子。若每轮都训练到底，代价就是多次完整的训练。',
    },
    fails: {
      en: 'With as many epochs in all, {rounds} % are right after four rounds and {once} % after one. Rounds let a network adapt between, but each of them has a quarter of the epochs. Which counts for more is up to the seed. Rounds that are each trained to the end would cost as many trainings.',
      zh: '总轮次相同时，分四轮剪枝的准确率为 {rounds} %，一次剪完为 {once} %。分轮让网络有机会适应，但每轮只有四分之一的训练轮次。哪一方面影响更大取决于种子。若每轮都训练到底，代价就是多次完整的训练。',
    },
    holds: {
      en: 'With as many epochs in all, {rounds} % are right after four rounds and {once} % after one. Rounds let a network adapt between, but each of them has a quarter of the epochs. The first is worth more.',
      zh: '总轮次相同时，分四轮剪枝的准确率为 {rounds} %，一次剪完为 {once} %。分轮让网络有机会适应，但每轮只有四分之一的训练轮次。前者的好处更大。',
    },
  },
  citations: [
    { text: 'Han et al. 2015, Learning both Weights and Connections', url: 'https://arxiv.org/abs/1506.02626' },
    { text: 'Renda et al. 2020, Comparing Rewinding and Fine-tuning', url: 'https://arxiv.org/abs/2003.02389' },
  ],
  charts: armStrips,
});
