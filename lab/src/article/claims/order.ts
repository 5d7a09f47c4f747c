import { dequantize, fromNetwork, type Model, type Network, prune, quantize } from 'whittle-ml';
import { armStrips } from '../charts.ts';
import { defineClaim } from '../claim.ts';
import { accuracyOf, denseNetwork, drawDigits, fitted, PERCENT, POINTS } from '../drawn-digits.ts';

export const claim = defineClaim({
  id: 'II.5-order',
  section: 'II.5',
  title: { en: 'Methods combine in any order', zh: '各种方法可以按任意次序组合' },
  claim: {
    en: 'Pruning and quantization can be combined, whichever comes first.',
    zh: '剪枝与量化可以组合使用，先后次序不限。',
  },
  quick: true,
  arms: {
    pruneFirst: { en: 'pruned, trained on, then int8', zh: '先剪枝、继续训练，再 int8', unit: PERCENT },
    quantizeFirst: { en: 'int8, then pruned', zh: '先 int8，再剪枝', unit: PERCENT },
    again: {
      en: 'int8, then pruned and trained on, int8 again',
      zh: '先 int8，再剪枝、继续训练，又一次 int8',
      unit: PERCENT,
    },
  },
  async measure(seed, context) {
    const { train, test } = await drawDigits(seed, context, 600);
    const model = fitted(denseNetwork([64, 64], seed), train, context.quick ? 15 : 40);
    const int8 = (of: Model | Network): Network => quantize(of, { calibration: train[0] });
    const pruneFirst = int8(fitted(prune(model, { sparsity: 0.8 }), train, 20));
    const integers = dequantize(int8(model));
    const again = int8(fitted(prune(fromNetwork(integers, { seed }), { sparsity: 0.8 }), train, 20));
    return {
      pruneFirst: accuracyOf(pruneFirst, test),
      quantizeFirst: accuracyOf(int8(prune(integers, { sparsity: 0.8 })), test),
      again: accuracyOf(again, test),
    };
  },
  effect: {
    name: { en: 'Accuracy, int8 first less pruned first', zh: '先 int8 的准确率减去先剪枝的准确率' },
    of: ['quantizeFirst', 'pruneFirst'],
    unit: POINTS,
    better: 'higher',
    smallest: -1,
  },
  reasons: {
    fails: {
      en: 'A pruning has to be followed by training, and integers cannot be trained. Pruned behind int8 the network is right about {quantizeFirst} % of new digits. Pruned, trained on and then in int8 it is right about {pruneFirst} %. Who comes from int8 has to make real numbers of it, prune, train and make int8 again, which gives {again} %: the first order, by a detour.',
      zh: '剪枝之后需要训练，而整数无法训练。先 int8 再剪枝，网络认对 {quantizeFirst} % 的新数字；先剪枝、继续训练、再 int8，则为 {pruneFirst} %。若已经是 int8，就得先还原为实数，剪枝、训练、再转一次 int8，结果为 {again} %：不过是绕道走了第一种次序。',
    },
  },
  citations: [{ text: 'Han et al. 2016, Deep Compression', url: 'https://arxiv.org/abs/1510.00149' }],
  charts: armStrips,
});
