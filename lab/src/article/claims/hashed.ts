import { factorize, hashWeights, type Model } from 'whittle-ml';
import { armStrips } from '../charts.ts';
import { defineClaim } from '../claim.ts';
import { accuracyOf, BYTES, bytesOf, denseNetwork, drawDigits, fitted, PERCENT, POINTS } from '../drawn-digits.ts';

/** The widest network of one hidden layer whose file is no larger. */
function smallNetwork(bytes: number, seed: number): Model {
  let hidden = 2;
  while (bytesOf(denseNetwork([hidden + 1], seed)) <= bytes) hidden++;
  return denseNetwork([hidden], seed);
}

export const claim = defineClaim({
  id: 'II.5-hashed',
  section: 'II.5',
  title: {
    en: 'A wide network with shared weights beats a narrow one of its size',
    zh: '共享权重的宽网络胜过同样大小的窄网络',
  },
  claim: {
    en: 'Weights can be shared within a network: a wide one with few different numbers is better than an ordinary one of as many bytes.',
    zh: '网络内部可以共享权重：只有少数不同数值的宽网络，比同样字节数的普通网络更好。',
  },
  quick: false,
  arms: {
    dense: { en: 'a narrow network', zh: '窄网络', unit: PERCENT },
    hashed: { en: '128 neurons, weights hashed to an eighth', zh: '128 个神经元，权重散列到八分之一', unit: PERCENT },
    lowRank: {
      en: '128 neurons, factors of low rank, an eighth of the numbers',
      zh: '128 个神经元，低秩分解，数值为八分之一',
      unit: PERCENT,
    },
    denseBytes: { en: 'file of the narrow network', zh: '窄网络的文件', unit: BYTES },
    hashedBytes: { en: 'file of the hashed one', zh: '散列网络的文件', unit: BYTES },
    lowRankBytes: { en: 'file of the one of low rank', zh: '低秩网络的文件', unit: BYTES },
  },
  async measure(seed, context) {
    const { train, test } = await drawDigits(seed, context, 600);
    const hashed = fitted(hashWeights(denseNetwork([128], seed), { ratio: 1 / 8 }), train, 60);
    const dense = fitted(smallNetwork(bytesOf(hashed), seed), train, 60);
    // Half of the epochs teach it what its factors are.
    const lowRank = fitted(factorize(fitted(denseNetwork([128], seed), train, 30), { ratio: 1 / 8 }), train, 30);
    return {
      ...{ dense: accuracyOf(dense, test), hashed: accuracyOf(hashed, test), lowRank: accuracyOf(lowRank, test) },
      ...{ denseBytes: bytesOf(dense), hashedBytes: bytesOf(hashed), lowRankBytes: bytesOf(lowRank) },
    };
  },
  effect: {
    name: { en: 'Gain of accuracy by hashed weights', zh: '散列权重带来的准确率增益' },
    of: ['hashed', 'dense'],
    unit: POINTS,
    better: 'higher',
    smallest: 0.5,
  },
  reasons: {
    depends: {
      en: 'Files of {hashedBytes} and {denseBytes} bytes: the wide network with hashed weights is right about {hashed} % of new digits, the narrow one about {dense} %, and five seeds do not tell whether that is half a point. Sharing is no matter of course: factors of low rank with as many bytes ({lowRankBytes}) make {lowRank} %, since ten digits have to pass through four numbers. The hashed network has all multiply-adds of a wide one, so that fewer bytes are not less time.',
      zh: '文件分别为 {hashedBytes} 与 {denseBytes} 字节：散列权重的宽网络认对 {hashed} % 的新数字，窄网络为 {dense} %，五个种子还看不出差别是否有半个百分点。共享并不总是好：同样大小（{lowRankBytes} 字节）的低秩分解只有 {lowRank} %，因为十个数字要从四个数中通过。散列网络的乘加运算仍与宽网络一样多，省字节不等于省时间。',
    },
  },
  citations: [{ text: 'Chen et al. 2015', url: 'https://arxiv.org/abs/1504.04788' }],
  charts: armStrips,
});
