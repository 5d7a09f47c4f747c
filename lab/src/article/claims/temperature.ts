import { Adam, distill, div, noGrad, softmax, type Tensor } from 'whittle-ml';
import { armStrips } from '../charts.ts';
import { defineClaim } from '../claim.ts';
import { accuracyOf, denseNetwork, drawDigits, fitted, PERCENT, POINTS } from '../drawn-digits.ts';

/** Mean bits of rows of probabilities: 0 where one class has all, log₂ 10 where all have as much. */
function bitsOf({ data, shape }: Tensor): number {
  const bits = Array.from(data, (p) => (p > 0 ? -p * Math.log2(p) : 0));
  return bits.reduce((sum, b) => sum + b, 0) / shape[0]!;
}

export const claim = defineClaim({
  id: 'II.6.3-temperature',
  mistake: 27,
  section: 'II.6.3',
  title: { en: 'A teacher’s probabilities do as they are', zh: '教师的输出概率可以原样使用' },
  claim: {
    en: 'A student can be trained on the softmax of its teacher as it is: no temperature is needed.',
    zh: '学生可以直接用教师的 softmax 输出训练，不需要温度。',
  },
  quick: true,
  arms: {
    one: { en: 'student, temperature 1', zh: '学生，温度 1', unit: PERCENT },
    four: { en: 'student, temperature 4', zh: '学生，温度 4', unit: PERCENT },
    labels: { en: 'student, labels alone', zh: '学生，只用标签', unit: PERCENT },
    oneBits: { en: 'in a target at temperature 1', zh: '温度 1 时每个目标所含', unit: { en: 'bits', zh: '比特' } },
    fourBits: { en: 'in a target at temperature 4', zh: '温度 4 时每个目标所含', unit: { en: 'bits', zh: '比特' } },
  },
  async measure(seed, context) {
    const { train, test } = await drawDigits(seed, context, context.quick ? 300 : 600);
    const epochs = context.quick ? 30 : 60;
    const teacher = fitted(denseNetwork([64], seed), train, epochs);
    const [x] = train;
    const student = (temperature: number): number => {
      const optimizer = new Adam({ learningRate: 0.005 });
      const { model } = distill({ teacher, student: denseNetwork([32], seed), x, temperature, optimizer, epochs });
      return accuracyOf(model, test);
    };
    const logits = noGrad(() => teacher.forward(x, { logits: true }));
    const bits = (temperature: number): number => bitsOf(softmax(div(logits, temperature)));
    const labels = accuracyOf(fitted(denseNetwork([32], seed), train, epochs), test);
    return { one: student(1), four: student(4), labels, oneBits: bits(1), fourBits: bits(4) };
  },
  effect: {
    name: { en: 'Accuracy at temperature 1, less that at 4', zh: '温度 1 的准确率减去温度 4 的准确率' },
    of: ['one', 'four'],
    unit: POINTS,
    better: 'higher',
    smallest: -0.5,
  },
  reasons: {
    holds: {
      en: 'It does no harm, and hands on nothing either. At temperature 1 a target has an entropy of {oneBits} bits, of 3.32 that ten digits may have: it is nearly the label again, since the teacher knows these samples by heart, and the student is as good as one that has labels alone, {one} against {labels} %. At temperature 4 a target has {fourBits} bits, but on these samples, whose labels are known, they do not make the student better: {four} %.',
      zh: '不设温度没有坏处，但也没有传递什么。温度为 1 时，一个目标的熵只有 {oneBits} 比特（十个数字最多 3.32 比特）：教师早已背下这些样本，目标几乎又成了标签，学生的准确率 {one} % 也与只用标签的 {labels} % 相当。温度为 4 时目标有 {fourBits} 比特，但这些样本的标签本来就已知，学生并没有因此更好：{four} %。',
    },
  },
  citations: [{ text: 'Hinton et al. 2015, section 2', url: 'https://arxiv.org/abs/1503.02531' }],
  charts: armStrips,
});
