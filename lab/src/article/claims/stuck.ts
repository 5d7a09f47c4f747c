import { matmul, Random, relu } from 'whittle-ml';
import { both } from '../bilingual.ts';
import { armStripsOnLog } from '../charts.ts';
import { defineClaim } from '../claim.ts';
import { regressor, train } from '../fitting.ts';

const INPUTS = 8;
const NEURONS = 6;
const STARTS = 2;

export const claim = defineClaim({
  id: 'I.3-stuck',
  mistake: 5,
  section: 'I.3',
  title: {
    en: 'Many parameters get stuck in local optima, few find the global one',
    zh: '参数多会陷入局部最优，参数少能达到全局最优',
  },
  claim: {
    en: 'A model with many parameters is caught in local optima in training, and one with few reaches the global optimum.',
    zh: '参数多的模型在训练中容易陷入局部最优，参数少的模型则能达到全局最优。',
  },
  quick: false,
  arms: {
    narrow: { en: '6 hidden neurons: variance left', zh: '6 个隐藏神经元：剩余方差', unit: both('%') },
    long: { en: '6 hidden neurons, three times the steps', zh: '6 个隐藏神经元，三倍步数', unit: both('%') },
    wide: { en: '100 hidden neurons: variance left', zh: '100 个隐藏神经元：剩余方差', unit: both('%') },
  },
  measure(seed) {
    const random = new Random(seed, 'truth');
    const x = random.normal([200, INPUTS]);
    const y = matmul(relu(matmul(x, random.normal([INPUTS, NEURONS]))), random.normal([NEURONS, 1]));
    /** After training, mean of several starts. The targets are those of a network with six neurons: 0 can be reached. */
    const left = (units: number, steps = 1000): number => {
      let sum = 0;
      for (let start = 0; start < STARTS; start++) {
        const model = regressor(1000 * seed + start, { hidden: [units] });
        train(model, [x, y], steps);
        sum += 100 * (1 - model.evaluate(x, y, { batchSize: 200 }).r2!);
      }
      return sum / STARTS;
    };
    return { narrow: left(NEURONS), long: left(NEURONS, 3000), wide: left(100) };
  },
  effect: {
    name: { en: 'Variance left by the wide network, less that by the narrow one', zh: '宽网络的剩余方差减去窄网络的' },
    of: ['wide', 'narrow'],
    unit: { en: 'points', zh: '个百分点' },
    better: 'higher',
    smallest: 1,
  },
  reasons: {
    fails: {
      en: 'The targets come from a network with six hidden neurons, so that six can reach a training loss of 0. They do not: after 1,000 steps they leave {narrow} % of the variance of the training targets, and after 3,000 still {long} %. A hundred neurons leave {wide} % after 1,000. Width gives descent more ways on, and the small network is the one that is caught.',
      zh: '目标由一个有六个隐藏神经元的网络生成，因此六个神经元理论上可以让训练损失为 0，但它们做不到：1,000 步之后，训练目标的方差还剩 {narrow} %，3,000 步之后仍剩 {long} %。一百个神经元在 1,000 步之后只剩 {wide} %。宽度给梯度下降更多的去路，被困住的反而是小网络。',
    },
  },
  citations: [
    { text: 'Safran & Shamir 2018', url: 'https://arxiv.org/abs/1712.08968' },
    { text: 'Livni, Shalev-Shwartz & Shamir 2014' },
  ],
  charts: armStripsOnLog,
});
