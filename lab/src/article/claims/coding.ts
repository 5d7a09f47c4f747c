import { encodeNetwork, prune, quantize } from 'whittle-ml';
import { both } from '../bilingual.ts';
import { armStrips } from '../charts.ts';
import { defineClaim } from '../claim.ts';
import { partsOf, teacher, trainedOn } from '../whittled.ts';

const bytes = { en: 'bytes', zh: '字节' };

export const claim = defineClaim({
  id: 'II.2-coding',
  section: 'II.2',
  title: { en: 'Coded weights take less space', zh: '对权重编码可以节省空间' },
  claim: {
    en: 'Weights that are coded, and not stored as they are, make a model smaller still.',
    zh: '对权重进行编码而不是原样存储，模型还能更小。',
  },
  quick: true,
  arms: {
    plain: { en: '80 % pruned, int8', zh: '剪去 80 %，int8', unit: bytes },
    huffman: { en: 'the same by Huffman codes', zh: '再用哈夫曼编码', unit: bytes },
    range: { en: 'the same by a range coder', zh: '再用区间编码', unit: bytes },
    saved: { en: 'saved by Huffman codes', zh: '哈夫曼编码节省', unit: both('%') },
    floatSaved: { en: 'saved of float32, nothing pruned', zh: '未剪枝的 float32 节省', unit: both('%') },
  },
  async measure(seed, context) {
    const parts = await partsOf(seed, context);
    const model = teacher(seed, parts);
    const network = quantize(trainedOn(prune(model, { sparsity: 0.8 }), parts), { format: 'int8' });
    const whole = quantize(model, { format: 'float32' });
    const size = (of: typeof network, coding: 'none' | 'huffman' | 'range'): number =>
      encodeNetwork(of, { coding }).length;
    const saved = (of: typeof network): number => 100 * (1 - size(of, 'huffman') / size(of, 'none'));
    return {
      plain: size(network, 'none'),
      huffman: size(network, 'huffman'),
      range: size(network, 'range'),
      saved: saved(network),
      floatSaved: saved(whole),
    };
  },
  effect: {
    name: { en: 'Share of the file that Huffman codes save', zh: '哈夫曼编码节省的文件比例' },
    of: 'saved',
    unit: both('%'),
    better: 'higher',
    smallest: 10,
  },
  reasons: {
    holds: {
      en: 'Of the integers that are left, and of the gaps between them, some are far more common than others, and get short codes: {huffman} bytes in place of {plain}, by a range coder {range}. Of float32 numbers codes save {floatSaved} %, since their last bits are as good as random.',
      zh: '剩下的整数以及它们之间的间隔，有些出现得多得多，因而得到短码：从 {plain} 字节变为 {huffman} 字节，区间编码为 {range} 字节。对 float32 数值，编码只节省 {floatSaved} %，因为它们的末尾几位近乎随机。',
    },
  },
  citations: [{ text: 'Han et al. 2016, Deep Compression, section 4', url: 'https://arxiv.org/abs/1510.00149' }],
  charts: armStrips,
});
