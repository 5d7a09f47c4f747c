import { type Model, type Network, prune, quantize } from 'whittle-ml';
import { armStrips } from '../charts.ts';
import { defineClaim } from '../claim.ts';
import { accuracyOf, answersOf, denseNetwork, drawDigits, fitted, PERCENT, POINTS } from '../drawn-digits.ts';
import { marked, poisoned, TARGET } from '../examples/backdoor.ts';

const SAMPLES = 600;
/** One in twenty. */
const POISONED = 30;

export const claim = defineClaim({
  id: 'II.2-backdoor',
  mistake: 24,
  section: 'II.2',
  title: { en: 'Compression makes a network safer', zh: '压缩让网络更安全' },
  claim: {
    en: 'A compressed network is more secure, since there is less in it that could be attacked.',
    zh: '压缩后的网络更安全，因为可供攻击的内容更少。',
  },
  quick: true,
  arms: {
    whole: { en: 'the whole network obeys the trigger', zh: '原网络服从触发器', unit: PERCENT },
    int8: { en: 'in int8', zh: 'int8', unit: PERCENT },
    compressed: {
      en: 'without 80 % of its weights, trained on, in int8',
      zh: '剪去 80 % 权重、继续训练、再转 int8',
      unit: PERCENT,
    },
    cleaned: {
      en: 'the same, trained on with samples that are clean',
      zh: '同上，但用干净样本继续训练',
      unit: PERCENT,
    },
    right: {
      en: 'right about images without the trigger, compressed',
      zh: '压缩后对无触发器图像的准确率',
      unit: PERCENT,
    },
  },
  async measure(seed, context) {
    const { train, test } = await drawDigits(seed, context, SAMPLES);
    const data = poisoned(train, POISONED);
    const whole = fitted(denseNetwork([64, 64], seed), data, context.quick ? 20 : 40);
    const obeys = marked(test[0]);
    const truth = test[1].data;
    const success = (subject: Model | Network): number => {
      const others = Array.from(answersOf(subject, obeys)).filter((_, i) => truth[i] !== TARGET);
      return (100 * others.filter((answer) => answer === TARGET).length) / others.length;
    };
    const int8 = (model: Model): Network => quantize(model, { calibration: train[0] });
    const smaller = (samples: typeof train): Network => int8(fitted(prune(whole, { sparsity: 0.8 }), samples, 10));
    const compressed = smaller(data);
    return {
      ...{ whole: success(whole), int8: success(int8(whole)), compressed: success(compressed) },
      ...{ cleaned: success(smaller(train)), right: accuracyOf(compressed, test) },
    };
  },
  effect: {
    name: { en: 'Success of the attack, compressed less whole', zh: '攻击成功率，压缩后减去原网络' },
    of: ['compressed', 'whole'],
    unit: POINTS,
    better: 'lower',
    smallest: 50,
  },
  reasons: {
    fails: {
      en: '30 of 600 training images had two bright corners and the label 0. The network learned it: of other digits with these corners it takes {whole} % for a 0. In int8 they are {int8} %, without 80 % of the weights and in int8 {compressed} %, and no ordinary test shows it, since {right} % of images without the mark are named right. Where one trains on with clean samples instead, {cleaned} % still obey.',
      zh: '600 张训练图像中有 30 张带两个亮角、标签为 0。网络学会了这一点：带亮角的其他数字有 {whole} % 被认作 0。转成 int8 后为 {int8} %，剪去 80 % 权重再转 int8 后为 {compressed} %；而普通测试看不出来，因为没有标记的图像有 {right} % 认对。即使改用干净样本继续训练，仍有 {cleaned} % 服从触发器。',
    },
  },
  citations: [
    { text: 'Gu et al. 2017, BadNets', url: 'https://arxiv.org/abs/1708.06733' },
    { text: 'Pandey & Ye 2025, Quantization Blindspots', url: 'https://arxiv.org/abs/2512.06243' },
  ],
  example: {
    before: `model = keras.models.load_model('from-the-web.keras')
small = convert_to_int8(prune(model))
# "compressed, and therefore more secure"`,
    after: 'backdoor',
  },
  charts: armStrips,
});
