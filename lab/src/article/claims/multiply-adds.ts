import { Conv2D, DepthwiseConv2D, latencies, networkCost, Sequential, toNetwork } from 'whittle-ml';
import { both } from '../bilingual.ts';
import { defineClaim } from '../claim.ts';

const times = { en: 'times', zh: '倍' };
const CHANNELS = 32;

export const claim = defineClaim({
  id: 'II.2-multiply-adds',
  mistake: 21,
  section: 'II.2',
  title: { en: 'Latency falls as multiply-adds do', zh: '乘加次数减少多少，延迟就减少多少' },
  claim: {
    en: 'A light network needs fewer multiplications and additions, so its latency falls by as much.',
    zh: '轻量网络需要的乘法和加法更少，因此延迟也相应降低。',
  },
  quick: true,
  clock: true,
  arms: {
    fewer: { en: 'times fewer multiply-adds', zh: '乘加次数减少的倍数', unit: times },
    faster: { en: 'times as fast', zh: '速度的倍数', unit: times },
    seen: { en: 'of that, seen on a clock', zh: '其中在时钟上体现的比例', unit: both('%') },
  },
  measure(seed) {
    const options = { padding: 'same', activation: 'relu' } as const;
    const inputShape = [16, 16, CHANNELS];
    const dense = new Sequential([new Conv2D(CHANNELS, 3, { ...options, inputShape })], { seed });
    const separable = [new DepthwiseConv2D(3, { ...options, inputShape }), new Conv2D(CHANNELS, 1, options)];
    const networks = [dense, new Sequential(separable, { seed })].map((model) => toNetwork(model));
    const [many, few] = networks.map((network) => networkCost(network).macs);
    const [slow, quick] = latencies(networks, { batchSize: 8 });
    const fewer = many! / few!;
    const faster = slow! / quick!;
    return { fewer, faster, seen: (100 * faster) / fewer };
  },
  effect: {
    name: { en: 'Speed gained, as a share of multiply-adds saved', zh: '速度提升倍数与乘加减少倍数之比' },
    of: 'seen',
    unit: both('%'),
    better: 'higher',
    smallest: 90,
  },
  reasons: {},
  citations: [{ text: 'Ma et al. 2018, ShuffleNet V2, section 1', url: 'https://arxiv.org/abs/1807.11164' }],
});
