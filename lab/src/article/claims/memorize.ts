import { Random, tensor } from 'whittle-ml';
import { both } from '../bilingual.ts';
import { armStrips } from '../charts.ts';
import { defineClaim } from '../claim.ts';
import { classifier, digitsOf, type Fit, fitOf, train } from '../fitting.ts';
import type { Pair } from '../made-data.ts';

export const claim = defineClaim({
  id: 'I.3-memorize',
  mistake: 6,
  section: 'I.3',
  title: { en: 'A model overfits because it is too complex', zh: '模型过于复杂就会过拟合' },
  claim: {
    en: 'A model that is complex enough to learn anything by heart generalizes worse than a simpler one.',
    zh: '复杂到什么都能背下来的模型，泛化能力不如更简单的模型。',
  },
  quick: false,
  arms: {
    n4: { en: '4 hidden neurons: test accuracy', zh: '4 个隐藏神经元：测试准确率', unit: both('%') },
    n8: { en: '8', zh: '8 个', unit: both('%') },
    n16: { en: '16', zh: '16 个', unit: both('%') },
    small: { en: 'the best of these three', zh: '以上三者中最好的', unit: both('%') },
    large: { en: '128', zh: '128 个', unit: both('%') },
    smallHeart: { en: '16: of random labels, learned', zh: '16 个：学会的随机标签', unit: both('%') },
    largeHeart: { en: '128: of random labels, learned', zh: '128 个：学会的随机标签', unit: both('%') },
  },
  async measure(seed, { digits }) {
    const { own, others } = digitsOf(await digits(), seed, 300);
    const labels = new Random(seed, 'labels').permutation(300).data;
    const random: Pair = [own[0], tensor(Array.from(labels, (label) => label % 10))];
    const learned = (units: number, samples: Pair): Fit => {
      const model = classifier(seed, { hidden: [units] });
      train(model, samples, 250);
      return fitOf(model, samples, others);
    };
    const tests = { n4: learned(4, own).test, n8: learned(8, own).test, n16: learned(16, own).test };
    return {
      ...tests,
      ...{ small: Math.max(...Object.values(tests)), large: learned(128, own).test },
      ...{ smallHeart: learned(16, random).train, largeHeart: learned(128, random).train },
    };
  },
  effect: {
    name: { en: 'Gain of test accuracy by the best simpler network', zh: '最好的较简单网络带来的测试准确率增益' },
    of: ['small', 'large'],
    unit: { en: 'points', zh: '个百分点' },
    better: 'higher',
    smallest: 1,
  },
  reasons: {
    fails: {
      en: 'The large network can learn anything by heart: of 300 random labels it has {largeHeart} % right after training, one of 16 hidden neurons {smallHeart} %. Yet with the true labels it generalizes: {large} % on test samples, where the best of three simpler networks has {small} %. What a model could learn does not say what it does learn; that depends on the data and on the way of training too.',
      zh: '大网络什么都背得下来：训练之后，300 个随机标签答对 {largeHeart} %，而 16 个隐藏神经元的网络为 {smallHeart} %。然而用真实标签训练时它照样能泛化：测试准确率为 {large} %，三个较简单的网络中最好的为 {small} %。模型能学会什么，并不等于它实际学到了什么；后者还取决于数据和训练方式。',
    },
  },
  citations: [{ text: 'Zhang et al. 2017', url: 'https://arxiv.org/abs/1611.03530' }],
  charts: armStrips,
});
