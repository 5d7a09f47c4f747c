import { type NodeCost, networkCost, toNetwork } from 'whittle-ml';
import { defineClaim } from '../claim.ts';
import { PERCENT } from '../drawn-digits.ts';
import { cnn } from '../examples/light-cnn.ts';

export const claim = defineClaim({
  id: 'II.6.4-light-cnn',
  mistake: 28,
  section: 'II.6.4',
  title: { en: 'A CNN is a light design', zh: 'CNN 就是轻量化设计' },
  claim: {
    en: 'A convolution of 32 filters, a pool and two dense layers make a light network: convolutions share their weights.',
    zh: '一层 32 个卷积核的卷积、一个池化层和两个全连接层就是轻量化网络：卷积共享权重。',
  },
  quick: true,
  arms: {
    outside: { en: 'of the parameters are outside of one dense layer', zh: '的参数在那个全连接层之外', unit: PERCENT },
    macs: { en: 'of the multiply-adds are in the convolution', zh: '的乘加运算在卷积层', unit: PERCENT },
    parameters: { en: 'parameters', zh: '参数量' },
    means: { en: 'parameters with means of channels', zh: '改用通道均值后的参数量' },
  },
  measure(seed) {
    const cost = networkCost(toNetwork(cnn([28, 28, 1], 'pixels', seed)));
    const node = (name: string): NodeCost => cost.nodes.find((each) => each.name === name)!;
    return {
      outside: 100 * (1 - node('hidden').parameters / cost.parameters),
      macs: (100 * node('convolution').macs) / cost.macs,
      parameters: cost.parameters,
      means: networkCost(toNetwork(cnn([28, 28, 1], 'means', seed))).parameters,
    };
  },
  effect: {
    name: { en: 'Parameters outside of one dense layer', zh: '那个全连接层之外的参数' },
    of: 'outside',
    unit: PERCENT,
    better: 'higher',
    smallest: 50,
  },
  reasons: {
    fails: {
      en: 'All pixels behind the pool go into a dense layer of 128 neurons: 692,352 of {parameters} parameters are there, and {outside} % elsewhere. The convolution, which does share its weights, has 320, and {macs} % of the multiply-adds. With the mean of each channel in the place of its pixels the same layers have {means} parameters.',
      zh: '池化后的所有像素都送入一个 128 个神经元的全连接层：{parameters} 个参数中有 692,352 个在那里，其余部分只占 {outside} %。真正共享权重的卷积层只有 320 个参数，却占 {macs} % 的乘加运算。若用每个通道的均值代替像素，同样的层只有 {means} 个参数。',
    },
  },
  citations: [
    { text: 'Lin et al. 2014, Network in Network, section 3.2', url: 'https://arxiv.org/abs/1312.4400' },
    { text: 'Howard et al. 2017, MobileNets', url: 'https://arxiv.org/abs/1704.04861' },
  ],
  example: {
    before: `model = keras.Sequential([
    keras.layers.Conv2D(32, (3, 3), activation='relu', input_shape=(28, 28, 1)),
    keras.layers.MaxPooling2D((2, 2)),
    keras.layers.Flatten(),
    keras.layers.Dense(128, activation='relu'),  # 692,352 parameters
    keras.layers.Dropout(0.5),
    keras.layers.Dense(10, activation='softmax'),
])`,
    after: 'light-cnn',
  },
});
