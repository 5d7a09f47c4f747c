import {
  foldBatchNorm,
  type ModelledEnergy,
  mobileNetV1,
  modelledEnergy,
  type Network,
  quantize,
  Random,
  type Sequential,
  smallCNN,
  toNetwork,
} from 'whittle-ml';
import { armStripsOnLog } from '../charts.ts';
import { defineClaim, type Summary, type Verdict } from '../claim.ts';
import { PERCENT } from '../drawn-digits.ts';

/** Where weights come from. */
type From = keyof ModelledEnergy['total'];

/** Of one sample, in microjoules: a model, not a measurement. */
const energyOf = (network: Network, from: From): number => modelledEnergy(network).total[from] / 1000;

const IMAGE = { inputShape: [28, 28, 1], classes: 10 };

export const claim = defineClaim({
  id: 'II.2-energy',
  mistake: 22,
  section: 'II.2',
  title: { en: 'Compression lowers energy', zh: '压缩降低能耗' },
  claim: {
    en: 'A compressed network has fewer weights and so needs less energy.',
    zh: '压缩后的网络权重更少，因此能耗更低。',
  },
  quick: true,
  arms: {
    plain: { en: 'the CNN, weights in DRAM', zh: 'CNN，权重在 DRAM', unit: { en: 'µJ', zh: 'µJ' } },
    int8: { en: 'the CNN in int8, weights in DRAM', zh: 'int8 的 CNN，权重在 DRAM', unit: { en: 'µJ', zh: 'µJ' } },
    light: {
      en: 'a separable network with 5 % of the weights, in DRAM',
      zh: '权重为 5 % 的可分离网络，在 DRAM',
      unit: { en: 'µJ', zh: 'µJ' },
    },
    plainOn: { en: 'the CNN, weights on the chip', zh: 'CNN，权重在片上', unit: { en: 'µJ', zh: 'µJ' } },
    int8On: { en: 'the CNN in int8, on the chip', zh: 'int8 的 CNN，在片上', unit: { en: 'µJ', zh: 'µJ' } },
    lightOn: { en: 'the separable network, on the chip', zh: '可分离网络，在片上', unit: { en: 'µJ', zh: 'µJ' } },
    saved: { en: 'saved by the separable network, from DRAM', zh: '可分离网络节省，权重在 DRAM', unit: PERCENT },
    savedOn: { en: 'saved by it, on the chip', zh: '可分离网络节省，权重在片上', unit: PERCENT },
  },
  measure(seed) {
    const network = (model: Sequential): Network => foldBatchNorm(toNetwork(model));
    const cnn = smallCNN({ ...IMAGE, seed });
    const plain = network(cnn);
    const light = network(mobileNetV1({ ...IMAGE, seed, stemStride: 1, width: 0.5, blocks: 5 }));
    const int8 = quantize(cnn, { calibration: new Random(seed).uniform([4, 28, 28, 1]) });
    const at = (from: From) => ({
      plain: energyOf(plain, from),
      int8: energyOf(int8, from),
      light: energyOf(light, from),
    });
    const far = at('dram');
    const near = at('sram');
    const saved = ({ plain, light }: typeof far): number => 100 * (1 - light / plain);
    return {
      ...{ ...far, plainOn: near.plain, int8On: near.int8, lightOn: near.light },
      ...{ saved: saved(far), savedOn: saved(near) },
    };
  },
  effect: {
    name: {
      en: 'Energy that the separable network saves, weights on the chip',
      zh: '权重在片上时可分离网络节省的能量',
    },
    of: 'savedOn',
    unit: PERCENT,
    better: 'higher',
    smallest: 10,
  },
  // The model has no chance in it: what it depends on is where the weights lie.
  verdict({ figures: { saved, savedOn } }: Summary<'saved' | 'savedOn'>): Verdict {
    const holds = [saved, savedOn].filter(({ mean }) => mean >= 10).length;
    return holds === 2 ? 'holds' : holds === 0 ? 'fails' : 'depends';
  },
  reasons: {
    depends: {
      en: 'This is a model, not a measurement, and the same with every seed: so many picojoules for each product, sum and byte that is read. Where weights come from DRAM, reading them is nearly all: the CNN takes {plain} µJ an image, a separable network with 5 % of its weights {light}. Where both fit on the chip they take {plainOn} and {lightOn}, for the separable network has 3.7 times as many multiply-adds. Int8 saves either way, {int8} and {int8On} µJ, since it makes weights, values and products smaller. So fewer weights need not be less energy.',
      zh: '这是模型而非实测，与种子无关：每次乘法、加法和每读一个字节各记若干皮焦。权重来自 DRAM 时，读取权重几乎占了全部：CNN 每张图像 {plain} µJ，权重只有其 5 % 的可分离网络为 {light} µJ。若两者都能放在片上，则为 {plainOn} 与 {lightOn} µJ，因为可分离网络的乘加运算是前者的 3.7 倍。int8 在两种情况下都省，为 {int8} 与 {int8On} µJ，因为权重、数值和乘法都变小了。所以权重更少不等于能耗更低。',
    },
  },
  citations: [
    { text: 'Horowitz 2014, Computing’s energy problem (and what we can do about it)' },
    { text: 'Han et al. 2016, EIE, table I', url: 'https://arxiv.org/abs/1602.01528' },
    { text: 'Yang et al. 2017', url: 'https://arxiv.org/abs/1611.05128' },
  ],
  charts: armStripsOnLog,
});
