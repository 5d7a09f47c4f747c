import { Adam, type Model, type Network, PruningSchedule, quantize } from 'whittle-ml';
import { armStrips } from '../charts.ts';
import { defineClaim } from '../claim.ts';
import { accuracyOf, BYTES, bytesOf, denseNetwork, drawDigits, fitted, PERCENT, POINTS } from '../drawn-digits.ts';

const EPOCHS = 40;
const BATCH = 32;

/** The most units, below 128, that something is true of. */
function widest(isTrue: (units: number) => boolean): number {
  let [low, high] = [1, 128];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (isTrue(middle)) low = middle;
    else high = middle;
  }
  return low;
}

export const claim = defineClaim({
  id: 'II.5-small-dense',
  section: 'II.5',
  title: {
    en: 'A compressed large network beats a small one of its bytes',
    zh: '压缩后的大网络胜过同样字节数的小网络',
  },
  claim: {
    en: 'To get a small network, train a large one and compress it: that is better than to train a small one.',
    zh: '想得到小网络，应先训练大网络再压缩，这比直接训练小网络更好。',
  },
  quick: false,
  arms: {
    compressed: { en: '128 neurons, 90 % of the weights pruned', zh: '128 个神经元，剪去 90 % 的权重', unit: PERCENT },
    small: { en: 'a small network, trained from the start', zh: '从头训练的小网络', unit: PERCENT },
    large: { en: '128 neurons, all weights', zh: '128 个神经元，全部权重', unit: PERCENT },
    compressedBytes: { en: 'file of the first', zh: '第一个的文件', unit: BYTES },
    smallBytes: { en: 'file of the second', zh: '第二个的文件', unit: BYTES },
  },
  async measure(seed, context) {
    const { train, test } = await drawDigits(seed, context, 600);
    const [x, y] = train;
    const int8 = (model: Model) => quantize(model, { calibration: x });
    const large = denseNetwork([128], seed);
    const sparse = denseNetwork([128], seed);
    const steps = EPOCHS * Math.ceil(y.shape[0]! / BATCH);
    const schedule = new PruningSchedule({
      finalSparsity: 0.9,
      ...{ begin: Math.round(steps / 4), end: Math.round((3 * steps) / 4), frequency: 20 },
    });
    sparse.compile({ optimizer: new Adam({ learningRate: 0.005 }), loss: 'sparseCategoricalCrossentropy' });
    sparse.fit(x, y, { epochs: EPOCHS, callbacks: [schedule] });
    const compressed = int8(sparse);
    const bytes = bytesOf(compressed, 'range');
    const start = widest((units) => bytesOf(int8(denseNetwork([units], seed)), 'range') <= bytes);
    const trained = (units: number): Network => int8(fitted(denseNetwork([units], seed), train, EPOCHS));
    let small = trained(start);
    for (let units = start - 1; bytesOf(small, 'range') > bytes; units--) small = trained(units); // trained weights take more
    return {
      ...{ compressed: accuracyOf(compressed, test), small: accuracyOf(small, test) },
      large: accuracyOf(int8(fitted(large, train, EPOCHS)), test),
      ...{ compressedBytes: bytes, smallBytes: bytesOf(small, 'range') },
    };
  },
  effect: {
    name: { en: 'Gain of accuracy over the small network', zh: '相对小网络的准确率增益' },
    of: ['compressed', 'small'],
    unit: POINTS,
    better: 'higher',
    smallest: 0.5,
  },
  reasons: {
    depends: {
      en: 'At {compressedBytes} and {smallBytes} bytes, both in int8 and coded, the pruned network is right about {compressed} % of new digits and the small one about {small} %; with all of its weights the large one is right about {large} %. The digits need no large network, so training one in order to prune it wins nothing that five seeds would show. On harder data large sparse networks were found to be better. A pruning has to be held against a small network in any case.',
      zh: '在 {compressedBytes} 与 {smallBytes} 字节下（均为 int8 并编码），剪枝后的网络认对 {compressed} % 的新数字，小网络为 {small} %；保留全部权重的大网络为 {large} %。这份数字数据不需要大网络，先训练大网络再剪枝，五个种子看不出好处。在更难的数据上，曾发现稀疏的大网络更好。无论如何，剪枝都应与同样大小的小网络相比。',
    },
  },
  citations: [
    { text: 'Zhu & Gupta 2017', url: 'https://arxiv.org/abs/1710.01878' },
    { text: 'Blalock et al. 2020', url: 'https://arxiv.org/abs/2003.03033' },
  ],
  charts: armStrips,
});
