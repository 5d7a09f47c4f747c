import { Random, tensor } from 'whittle-ml';
import { both } from '../bilingual.ts';
import { armStrips } from '../charts.ts';
import { defineClaim } from '../claim.ts';
import { classifier, digitsOf, fitOf, train } from '../fitting.ts';
import type { Pair } from '../made-data.ts';

export const claim = defineClaim({
  id: 'I.3-memorize',
  mistake: 6,
  section: 'I.3',
  title: { en: 'A model overfits because it is too complex', zh: '模型过于复杂就会过拟合' },
  claim: {
    en: 'A model that is complex enough to learn its training samples by heart generalizes worse than a simpler one.',
    zh: '复杂到足以背下训练样本的模型，泛化能力不如更简单的模型。',
  },
  quick: false,
  arms: {
    small: { en: '4 hidden neurons: test accuracy', zh: '4 个隐藏神经元：测试准确率', unit: both('%') },
    large: { en: '128 hidden neurons: test accuracy', zh: '128 个隐藏神经元：测试准确率', unit: both('%') },
    smallHeart: { en: '4: of random labels, learned', zh: '4 个：学会的随机标签', unit: both('%') },
    largeHeart: { en: '128: of random labels, learned', zh: '128 个：学会的随机标签', unit: both('%') },
  },
  async measure(seed, { digits }) {
    const { own, others } = digitsOf(await digits(), seed, 300);
    const labels = new Random(seed, 'labels').permutation(300).data;
    const random: Pair = [own[0], tensor(Array.from(labels, (label) => label % 10))];
    const [small, large] = [4, 128].map((units) => {
      const learned = (samples: Pair) => {
        const model = classifier(seed, { hidden: [units] });
        train(model, samples, 250);
        return fitOf(model, samples, others);
      };
      return { test: learned(own).test, heart: learned(random).train };
    });
    return { small: small!.test, large: large!.test, smallHeart: small!.heart, largeHeart: large!.heart };
  },
  effect: {
    name: { en: 'Gain of test accuracy by the simpler network', zh: '较简单的网络带来的测试准确率增益' },
    of: ['small', 'large'],
    unit: { en: 'points', zh: '个百分点' },
    better: 'higher',
    smallest: 1,
  },
  reasons: {
    fails: {
      en: 'The large network can learn anything by heart: of 300 random labels it has {largeHeart} % right after training, the small one {smallHeart} %. Yet with the true labels it generalizes, {large} % against {small} % on test samples. What a model could learn does not say what it does learn; that depends on the data and on the way of training too.',
      zh: '大网络什么都背得下来：训练之后，300 个随机标签答对 {largeHeart} %，小网络只有 {smallHeart} %。然而用真实标签训练时它照样能泛化，测试准确率为 {large} %，小网络为 {small} %。模型能学会什么，并不等于它实际学到了什么；后者还取决于数据和训练方式。',
    },
  },
  citations: [{ text: 'Zhang et al. 2017', url: 'https://arxiv.org/abs/1611.03530' }],
  charts: armStrips,
});
