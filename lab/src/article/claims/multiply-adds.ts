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
  reasons: {
    fails: {
      en: 'A depthwise 3×3 and a 1×1, in place of a 3×3 from 32 to 32 channels, need {fewer} times fewer multiply-adds and are {faster} times as fast: {seen} % of that arrives. A depthwise convolution does little with each number that it loads, so that a count of multiply-adds is a hint and the clock decides.',
      zh: '用一个逐通道 3×3 卷积加一个 1×1 卷积代替 32 到 32 通道的 3×3 卷积，乘加次数减少到 {fewer} 分之一，速度变为 {faster} 倍：实际得到的是其中的 {seen} %。逐通道卷积对每个读入的数只做很少的运算，所以乘加次数只是参考，最终要看时钟。',
    },
    depends: {
      en: 'A depthwise 3×3 and a 1×1, in place of a 3×3 from 32 to 32 channels, need {fewer} times fewer multiply-adds and are {faster} times as fast: {seen} % of that arrives. A depthwise convolution does little with each number that it loads, so that a count of multiply-adds is a hint and the clock decides.',
      zh: '用一个逐通道 3×3 卷积加一个 1×1 卷积代替 32 到 32 通道的 3×3 卷积，乘加次数减少到 {fewer} 分之一，速度变为 {faster} 倍：实际得到的是其中的 {seen} %。逐通道卷积对每个读入的数只做很少的运算，所以乘加次数只是参考，最终要看时钟。',
    },
    holds: {
      en: 'A depthwise 3×3 and a 1×1, in place of a 3×3 from 32 to 32 channels, need {fewer} times fewer multiply-adds and are {faster} times as fast: {seen} % of that arrives. Other processors, sizes and kernels may show less: the clock decides.',
      zh: '用一个逐通道 3×3 卷积加一个 1×1 卷积代替 32 到 32 通道的 3×3 卷积，乘加次数减少到 {fewer} 分之一，速度变为 {faster} 倍：实际得到的是其中的 {seen} %。换一种处理器、尺寸或计算内核，得到的可能更少：最终要看时钟。',
    },
  },
  citations: [{ text: 'Ma et al. 2018, ShuffleNet V2, section 1', url: 'https://arxiv.org/abs/1807.11164' }],
});
