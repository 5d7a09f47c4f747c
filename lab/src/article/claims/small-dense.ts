import { Adam, type Model, PruningSchedule, quantize } from 'whittle-ml';
import { armStrips } from '../charts.ts';
import { defineClaim } from '../claim.ts';
import { accuracyOf, BYTES, bytesOf, denseNetwork, drawDigits, fitted, PERCENT, POINTS } from '../drawn-digits.ts';

const EPOCHS = 60;
const BATCH = 32;

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
    let hidden = 2;
    const coded = (units: number): number => bytesOf(int8(denseNetwork([units], seed)), 'range');
    while (coded(hidden + 1) <= bytes) hidden++;
    const small = int8(fitted(denseNetwork([hidden], seed), train, EPOCHS));
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
  reasons: {},
  citations: [
    { text: 'Zhu & Gupta 2017', url: 'https://arxiv.org/abs/1710.01878' },
    { text: 'Blalock et al. 2020', url: 'https://arxiv.org/abs/2003.03033' },
  ],
  charts: armStrips,
});
