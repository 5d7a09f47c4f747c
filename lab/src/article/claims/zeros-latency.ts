import { Dense, latencies, makePermanent, prune, Sequential, toNetwork, toSparse } from 'whittle-ml';
import { armStrips } from '../charts.ts';
import { defineClaim } from '../claim.ts';

const microseconds = { en: 'µs', zh: '微秒' };
const times = { en: 'times', zh: '倍' };

export const claim = defineClaim({
  id: 'II.2-zeros-latency',
  mistake: 21,
  section: 'II.2',
  title: { en: 'Weights that are set to zero make a network faster', zh: '把权重置零，网络就会变快' },
  claim: {
    en: 'Pruned weights need no multiplication, so a network with zeros answers sooner.',
    zh: '剪掉的权重不需要乘法，因此带零的网络响应更快。',
  },
  quick: true,
  clock: true,
  arms: {
    whole: { en: 'all weights', zh: '全部权重', unit: microseconds },
    zeros: { en: '80 % are zeros', zh: '80 % 为零', unit: microseconds },
    sparse: {
      en: '80 % are zeros in lines of 16, which a kernel skips',
      zh: '80 % 为零，16 个一组，计算时跳过',
      unit: microseconds,
    },
    faster: { en: 'times as fast by zeros', zh: '置零后的速度倍数', unit: times },
  },
  measure(seed) {
    // What a kernel takes does not depend on what was learned
    const hidden = [256, 256].map((units) => new Dense(units, { activation: 'relu' }));
    const model = new Sequential([...hidden, new Dense(10, { activation: 'softmax' })], { seed });
    model.build([256]);
    const networks = [
      toNetwork(model),
      toNetwork(makePermanent(prune(model, { sparsity: 0.8 }))),
      toSparse(prune(model, { sparsity: 0.8, pattern: 'panels' })),
    ];
    const [whole, zeros, sparse] = latencies(networks, { batchSize: 64 }).map((milliseconds) => 1000 * milliseconds);
    return { whole: whole!, zeros: zeros!, sparse: sparse!, faster: whole! / zeros! };
  },
  effect: {
    name: { en: 'How many times as fast zeros make it', zh: '置零使速度变为原来的倍数' },
    of: 'faster',
    unit: times,
    better: 'higher',
    smallest: 1.5,
  },
  reasons: {
    fails: {
      en: 'A dense kernel multiplies by 0 as by any other number: {zeros} µs for 64 samples, and {whole} µs without zeros. To gain time a kernel has to step over zeros, which pays where these lie side by side: in lines of 16 they bring it to {sparse} µs.',
      zh: '稠密计算照样会乘以 0：64 个样本用时 {zeros} 微秒，没有零时为 {whole} 微秒。要节省时间，计算内核必须跳过零，而零成片相邻时才划算：16 个一组时用时 {sparse} 微秒。',
    },
  },
  citations: [
    {
      text: 'Blalock et al. 2020, What is the State of Neural Network Pruning?',
      url: 'https://arxiv.org/abs/2003.03033',
    },
  ],
  charts: armStrips,
});
