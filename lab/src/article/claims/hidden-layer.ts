import { add, Random, square } from 'whittle-ml';
import { armStrips } from '../charts.ts';
import { defineClaim } from '../claim.ts';
import { line, network } from '../examples/hidden-layer.ts';

export const claim = defineClaim({
  id: 'I.6.2-hidden-layer',
  mistake: 11,
  section: 'I.6.2',
  title: { en: 'Two dense layers with relu are a linear regression', zh: '带 relu 的两个全连接层是线性回归' },
  claim: {
    en: 'A dense layer of ten units with relu and one of a single unit are called a simple linear regression.',
    zh: '把一个带 relu 的十单元全连接层加一个单元的输出层，称为简单的线性回归模型。',
  },
  quick: true,
  arms: {
    line: { en: 'one linear unit: R² on y = x²', zh: '一个线性单元：在 y = x² 上的 R²' },
    network: { en: 'ten units with relu, then one', zh: '十个 relu 单元再接一个单元' },
  },
  measure(seed) {
    const samples = (stream: string) => {
      const random = new Random(seed, stream);
      const x = random.uniform([200, 1], -1, 1);
      return { x, y: add(square(x), random.normal([200, 1], 0, 0.05)) };
    };
    const [own, others] = [samples('train'), samples('test')];
    const score = (fit: typeof line): number => fit(own.x, own.y, seed).evaluate(others.x, others.y).r2!;
    return { line: score(line), network: score(network) };
  },
  effect: {
    name: { en: 'R² of the network, less that of the line', zh: '网络的 R² 减去直线的 R²' },
    of: ['network', 'line'],
    better: 'lower',
    smallest: -0.05,
  },
  reasons: {
    fails: {
      en: 'If it were a linear regression, it would answer as one. On y = x² a line explains {line} of the variance of new samples and this model {network}: it is a network with one hidden layer, which bends where relu does. A linear regression is one dense layer without an activation.',
      zh: '如果它是线性回归，就应当给出和直线一样的结果。在 y = x² 上，直线对新样本方差的解释比例为 {line}，而这个模型为 {network}：它是含一个隐藏层的神经网络，在 relu 处弯折。线性回归应当是一个不带激活函数的全连接层。',
    },
  },
  citations: [{ text: 'Hornik, Stinchcombe & White 1989' }],
  example: {
    before: `model = keras.Sequential([  # "a simple linear regression"
    keras.layers.Dense(10, activation='relu'),
    keras.layers.Dense(1),
])`,
    after: 'hidden-layer',
  },
  charts: armStrips,
});
