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
  reasons: {},
  citations: [{ text: 'Han et al. 2016, Deep Compression', url: 'https://arxiv.org/abs/1510.00149' }],
  example: {
    before: `pruned = prune_low_magnitude(model)
quantized = quantize_model(model)  # of the model, not of the pruned one
distilled = distill(model)         # three results, and no combination`,
    after: 'combined',
  },
  charts: armStripsOnLog,
});
