import { measure, shareWeights } from 'whittle-ml';
import { both } from '../bilingual.ts';
import { armStrips } from '../charts.ts';
import { defineClaim } from '../claim.ts';
import { POINTS } from '../drawn-digits.ts';
import { accuracy, partsOf, teacher, trainedOn } from '../whittled.ts';

const bytes = { en: 'bytes', zh: '字节' };

export const claim = defineClaim({
  id: 'II.5-shared-values',
  section: 'II.5',
  title: { en: 'Weights can share a few values', zh: '权重可以共用少数几个值' },
  claim: {
    en: 'Weights that are alike share one value, so that few are stored, and accuracy stays what it was.',
    zh: '相近的权重共用一个值，只需存储少数几个值，准确率不变。',
  },
  quick: true,
  arms: {
    whole: { en: 'values of their own', zh: '各有各的值', unit: both('%') },
    sixteen: { en: '16 values a kernel', zh: '每个权重矩阵 16 个值', unit: both('%') },
    four: { en: '4 values a kernel', zh: '每个权重矩阵 4 个值', unit: both('%') },
    fourTuned: { en: '4 values, trained on', zh: '4 个值，再训练', unit: both('%') },
    wholeBytes: { en: 'file with values of their own', zh: '各有各的值时的文件', unit: bytes },
    sixteenBytes: { en: 'file with 16 values', zh: '16 个值时的文件', unit: bytes },
  },
  async measure(seed, context) {
    const parts = await partsOf(seed, context);
    const model = teacher(seed, parts);
    const [sixteen, four] = [16, 4].map((clusters) => shareWeights(model, { clusters }));
    return {
      whole: accuracy(model, parts),
      sixteen: accuracy(sixteen!, parts),
      four: accuracy(four!, parts),
      fourTuned: accuracy(trainedOn(four!, parts), parts),
      wholeBytes: measure(model, { latency: false }).bytes,
      sixteenBytes: measure(sixteen!, { latency: false }).bytes,
    };
  },
  effect: {
    name: { en: 'Accuracy with 16 values, less that with all', zh: '16 个值的准确率减去全部值的准确率' },
    of: ['sixteen', 'whole'],
    unit: POINTS,
    better: 'higher',
    smallest: -1,
  },
  reasons: {
    holds: {
      en: 'With 16 values a kernel, found by k-means, a weight is a code of 4 bits: {sixteenBytes} bytes in place of {wholeBytes}, and {sixteen} % right against {whole} %. With 4 values it is {four} %, and {fourTuned} % when these are trained on, all weights of a value together.',
      zh: '用 k 均值为每个权重矩阵找出 16 个值后，一个权重只是 4 位的编码：文件从 {wholeBytes} 字节变为 {sixteenBytes} 字节，准确率为 {sixteen} %，原来为 {whole} %。只用 4 个值时为 {four} %，让共用一个值的权重一起再训练后为 {fourTuned} %。',
    },
    depends: {
      en: 'With 16 values a kernel, found by k-means, a weight is a code of 4 bits: {sixteenBytes} bytes in place of {wholeBytes}, and {sixteen} % right against {whole} %. With 4 values it is {four} %, and {fourTuned} % when these are trained on, all weights of a value together.',
      zh: '用 k 均值为每个权重矩阵找出 16 个值后，一个权重只是 4 位的编码：文件从 {wholeBytes} 字节变为 {sixteenBytes} 字节，准确率为 {sixteen} %，原来为 {whole} %。只用 4 个值时为 {four} %，让共用一个值的权重一起再训练后为 {fourTuned} %。',
    },
  },
  citations: [{ text: 'Han et al. 2016, Deep Compression, section 3', url: 'https://arxiv.org/abs/1510.00149' }],
  charts: armStrips,
});
