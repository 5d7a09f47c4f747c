import { both } from '../bilingual.ts';
import { armStrips } from '../charts.ts';
import { defineClaim } from '../claim.ts';
import { filesOf } from '../examples/zeros-left-out.ts';
import { partsOf, teacher } from '../whittled.ts';

const bytes = { en: 'bytes', zh: '字节' };

export const claim = defineClaim({
  id: 'II.2-zeros-file',
  mistake: 21,
  section: 'II.2',
  title: { en: 'Weights that are set to zero make a file smaller', zh: '把权重置零，文件就会变小' },
  claim: {
    en: 'Pruning sets weights to zero or deletes them; either way the model takes less space.',
    zh: '剪枝就是把权重置零或删除；无论哪一种，模型占用的空间都会减少。',
  },
  quick: true,
  arms: {
    whole: { en: 'all weights', zh: '全部权重', unit: bytes },
    zeros: { en: '80 % are zeros, all are held', zh: '80 % 为零，全部存储', unit: bytes },
    leftOut: { en: '80 % are zeros, which are left out', zh: '80 % 为零，零不存储', unit: bytes },
    saved: { en: 'saved by the zeros', zh: '置零节省的空间', unit: both('%') },
  },
  async measure(seed, context) {
    const model = teacher(seed, await partsOf(seed, context));
    const { whole, zeros, leftOut } = filesOf(model, 0.8);
    return {
      whole: whole.length,
      zeros: zeros.length,
      leftOut: leftOut.length,
      saved: 100 * (1 - zeros.length / whole.length),
    };
  },
  effect: {
    name: { en: 'Share of the file that zeros save', zh: '置零节省的文件比例' },
    of: 'saved',
    unit: both('%'),
    better: 'higher',
    smallest: 50,
  },
  reasons: {
    fails: {
      en: 'A zero is a number like any other: the file of all numbers has {zeros} bytes with the zeros and {whole} without. What makes it smaller is a format that leaves them out and says where they were: {leftOut} bytes.',
      zh: '零也是一个数：存储全部数值的文件，置零后为 {zeros} 字节，置零前为 {whole} 字节。要想变小，需要一种不存零、只记录位置的格式：{leftOut} 字节。',
    },
  },
  citations: [{ text: 'Han et al. 2016, Deep Compression, section 2', url: 'https://arxiv.org/abs/1510.00149' }],
  example: {
    before: `for layer in model.layers:
    kernel, bias = layer.get_weights()
    kernel[np.abs(kernel) < np.quantile(np.abs(kernel), 0.8)] = 0
    layer.set_weights([kernel, bias])
model.save('pruned.keras')  # as many numbers as before`,
    after: 'zeros-left-out',
  },
  charts: armStrips,
});
