import { quantize } from 'whittle-ml';
import { armStripsOnLog } from '../charts.ts';
import { defineClaim } from '../claim.ts';
import { accuracyOf, BYTES, bytesOf, denseNetwork, drawDigits, fitted, PERCENT, POINTS } from '../drawn-digits.ts';
import { smaller } from '../examples/combined.ts';

export const claim = defineClaim({
  id: 'II.5-combined',
  section: 'II.5',
  title: { en: 'Methods combine, and what they save multiplies', zh: '各种方法可以组合，节省的倍数相乘' },
  claim: {
    en: 'Pruning, quantization and coding can be used together, and the network gets smaller by all of them.',
    zh: '剪枝、量化与编码可以一起使用，每一种都让网络变得更小。',
  },
  quick: true,
  arms: {
    whole: { en: 'the whole network', zh: '原网络', unit: BYTES },
    pruned: { en: 'without 80 % of its weights', zh: '剪去 80 % 的权重', unit: BYTES },
    int8: { en: 'in int8', zh: 'int8', unit: BYTES },
    coded: { en: 'coded by a range coder', zh: '区间编码', unit: BYTES },
    all: { en: 'all three', zh: '三者合用', unit: BYTES },
    factor: { en: 'of the product of the three factors', zh: '实得倍数占三个倍数之积的', unit: PERCENT },
    lost: { en: 'accuracy lost by all three', zh: '三者合用损失的准确率', unit: POINTS },
    sum: { en: 'lost by each alone, added up', zh: '各自损失之和', unit: POINTS },
  },
  async measure(seed, context) {
    const { train, test } = await drawDigits(seed, context, 600);
    const model = fitted(denseNetwork([128, 64], seed), train, context.quick ? 15 : 40);
    const int8 = quantize(model, { calibration: train[0] });
    const small = smaller(model, train);
    const [whole, pruned, alone, coded, all] = [
      bytesOf(model),
      bytesOf(small.pruned),
      bytesOf(int8),
      bytesOf(model, 'range'),
      bytesOf(small.int8, 'range'),
    ] as const;
    const product = (whole / pruned) * (whole / alone) * (whole / coded);
    const before = accuracyOf(model, test);
    const lost = (subject: Parameters<typeof accuracyOf>[0]): number => before - accuracyOf(subject, test);
    return {
      ...{ whole, pruned, int8: alone, coded, all, factor: (100 * (whole / all)) / product },
      ...{ lost: lost(small.int8), sum: lost(small.pruned) + lost(int8) },
    };
  },
  effect: {
    name: {
      en: 'What they save together, of the product of what each saves',
      zh: '合用的压缩倍数占各自倍数之积的比例',
    },
    of: 'factor',
    unit: PERCENT,
    better: 'higher',
    smallest: 80,
  },
  reasons: {
    fails: {
      en: 'They do combine: {whole} bytes become {pruned} by pruning, {int8} by int8, {coded} by codes, and {all} by all three. But that is {factor} % of the product. Int8 makes numbers smaller and not the places of those that are left, biases, scales and header stay, and codes find less to save in integers. The accuracy that is lost, {lost} points by all three and {sum} where each alone is added up, is not to be told from none.',
      zh: '它们确实可以组合：{whole} 字节，剪枝后为 {pruned}，int8 为 {int8}，编码为 {coded}，三者合用为 {all}。但实得倍数只有三者之积的 {factor} %。int8 缩小的是数值，不是剩余权重的位置；偏置、缩放因子和文件头仍在，整数中可供编码节省的也更少。准确率的损失，三者合用为 {lost} 个百分点，各自相加为 {sum}，都与零无法区分。',
    },
  },
  citations: [{ text: 'Han et al. 2016, Deep Compression', url: 'https://arxiv.org/abs/1510.00149' }],
  example: {
    before: `pruned = prune_low_magnitude(model)
quantized = quantize_model(model)  # of the model, not of the pruned one
distilled = distill(model)         # three results, and no combination`,
    after: 'combined',
  },
  charts: armStripsOnLog,
});
