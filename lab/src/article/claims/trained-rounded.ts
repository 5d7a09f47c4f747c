import { convert, type Model, prepareQAT } from 'whittle-ml';
import { both } from '../bilingual.ts';
import { armStrips } from '../charts.ts';
import { defineClaim } from '../claim.ts';
import { POINTS } from '../drawn-digits.ts';
import { accuracy, partsOf, teacher, trainedOn } from '../whittled.ts';

/** Epochs behind the first training: rounded kernels were those of a trained network already. */
const MORE = 10;

export const claim = defineClaim({
  id: 'II.6.2-trained-rounded',
  section: 'II.6.2',
  title: { en: 'Training while rounding beats rounding afterwards', zh: '边量化边训练优于训练后量化' },
  claim: {
    en: 'A network that is trained with its weights rounded keeps more accuracy in few bits than one that is rounded when trained.',
    zh: '与训练好再取整相比，带着取整的权重训练的网络在低位宽下能保住更多准确率。',
  },
  quick: false,
  arms: {
    trained2: { en: '2 bits, trained rounded', zh: '2 位，边量化边训练', unit: both('%') },
    after2: { en: '2 bits, rounded afterwards', zh: '2 位，训练后量化', unit: both('%') },
    trained3: { en: '3 bits, trained rounded', zh: '3 位，边量化边训练', unit: both('%') },
    after3: { en: '3 bits, rounded afterwards', zh: '3 位，训练后量化', unit: both('%') },
    trained4: { en: '4 bits, trained rounded', zh: '4 位，边量化边训练', unit: both('%') },
    after4: { en: '4 bits, rounded afterwards', zh: '4 位，训练后量化', unit: both('%') },
  },
  async measure(seed, context) {
    const parts = await partsOf(seed, context);
    const [x, y] = parts.train;
    const model = teacher(seed, parts);
    const longer = trainedOn(model, parts, MORE); // has as many epochs behind it
    const score = (from: Model, bits: number, epochs: number): number => {
      const prepared = prepareQAT(from, { calibration: x, bits });
      if (epochs > 0) prepared.fit(x, y, { epochs });
      return accuracy(convert(prepared), parts);
    };
    return {
      trained2: score(model, 2, MORE),
      after2: score(longer, 2, 0),
      trained3: score(model, 3, MORE),
      after3: score(longer, 3, 0),
      trained4: score(model, 4, MORE),
      after4: score(longer, 4, 0),
    };
  },
  effect: {
    name: { en: 'Gain of accuracy at 2 bits', zh: '2 位时的准确率增益' },
    of: ['trained2', 'after2'],
    unit: POINTS,
    better: 'higher',
    smallest: 1,
  },
  reasons: {
    holds: {
      en: 'With 2 bits a weight has three levels, and one that learned with them does better: {trained2} %, and {after2} % for a network that was trained as long and then rounded. At 3 bits it is {trained3} % and {after3} %, at 4 bits {trained4} % and {after4} %, where there is little to win back.',
      zh: '2 位时每个权重只有三个值，带着它们训练的网络更好：{trained2} %，而训练同样久再取整的网络为 {after2} %。3 位时为 {trained3} % 和 {after3} %，4 位时为 {trained4} % 和 {after4} %，已没有多少可以挽回。',
    },
    depends: {
      en: 'With 2 bits a weight has three levels, and one that learned with them does better: {trained2} %, and {after2} % for a network that was trained as long and then rounded. At 3 bits it is {trained3} % and {after3} %, at 4 bits {trained4} % and {after4} %, where there is little to win back.',
      zh: '2 位时每个权重只有三个值，带着它们训练的网络更好：{trained2} %，而训练同样久再取整的网络为 {after2} %。3 位时为 {trained3} % 和 {after3} %，4 位时为 {trained4} % 和 {after4} %，已没有多少可以挽回。',
    },
  },
  citations: [
    { text: 'Jacob et al. 2018, section 3', url: 'https://arxiv.org/abs/1712.05877' },
    { text: 'Esser et al. 2020, Learned Step Size Quantization', url: 'https://arxiv.org/abs/1902.08153' },
  ],
  charts: armStrips,
});
