import { Adam, add, distill, prune, Random, type Samples } from 'whittle-ml';
import { takeRows } from 'whittle-ml/data';
import { armStrips } from '../charts.ts';
import { defineClaim } from '../claim.ts';
import { accuracyOf, denseNetwork, drawDigits, fitted, PERCENT } from '../drawn-digits.ts';
import { membershipAUC } from '../examples/membership.ts';

const MEMBERS = 300;
/** Standard deviation of the noise in each pixel: the whole network then errs on many a new image, as on data that is hard. */
const NOISE = 0.5;

export const claim = defineClaim({
  id: 'II.2-membership',
  mistake: 23,
  section: 'II.2',
  title: { en: 'Distillation protects privacy', zh: '蒸馏能保护隐私' },
  claim: {
    en: 'A compressed network, a distilled student above all, protects what the large one knows and the privacy of its data.',
    zh: '压缩后的网络，尤其是蒸馏得到的学生，能保护大模型的知识和数据隐私。',
  },
  quick: true,
  arms: {
    teacher: { en: 'the teacher', zh: '教师' },
    pruned: { en: 'the teacher without 80 % of its weights, trained on', zh: '剪去 80 % 权重并继续训练的教师' },
    student: { en: 'a student taught on the same samples', zh: '用同一批样本教出的学生' },
    apart: { en: 'a student taught on other samples, by the teacher alone', zh: '只由教师、用其他样本教出的学生' },
    accuracy: { en: 'accuracy of the first student on new samples', zh: '前一个学生在新样本上的准确率', unit: PERCENT },
  },
  async measure(seed, context) {
    const drawn = await drawDigits(seed, context, MEMBERS);
    const random = new Random(seed, 'noise');
    const noisy = ([x, y]: Samples): Samples => [add(x, random.normal(x.shape, 0, NOISE)), y];
    const train = noisy(drawn.train);
    const test = noisy(drawn.test);
    const rows = (from: number): Samples => {
      const indices = Array.from({ length: MEMBERS }, (_, i) => from + i);
      return [takeRows(test[0], indices), takeRows(test[1], indices)];
    };
    const [others, elsewhere] = [rows(0), rows(MEMBERS)];
    const epochs = context.quick ? 50 : 100;
    const teacher = fitted(denseNetwork([128], seed), train, epochs);
    const pruned = fitted(prune(teacher, { sparsity: 0.8 }), train, 20);
    const taught = (given: { readonly x: Samples[0]; readonly y?: Samples[1]; readonly alpha?: number }) =>
      distill({
        ...{ teacher, student: denseNetwork([32], seed), temperature: 4, epochs, ...given },
        optimizer: new Adam({ learningRate: 0.005 }),
      }).model;
    const student = taught({ x: train[0], y: train[1], alpha: 0.9 });
    const of = (model: typeof student): number => membershipAUC(model, train, others);
    return {
      ...{ teacher: of(teacher), pruned: of(pruned), student: of(student), apart: of(taught({ x: elsewhere[0] })) },
      accuracy: accuracyOf(student, others),
    };
  },
  effect: {
    name: {
      en: 'How well the student tells who was in the training (AUC; 0.5 is chance)',
      zh: '从学生能看出谁在训练集里的程度（AUC，0.5 为随机）',
    },
    of: 'student',
    better: 'lower',
    smallest: -0.55,
  },
  reasons: {
    fails: {
      en: 'The attack only looks at how sure a network is of the right class. On noisy images it tells those of the training from others with an AUC of {teacher} for the teacher, {pruned} for the pruned network and {student} for the student. Even a student that has seen none of these images, and learned from the teacher’s answers to others, gives them away with {apart}. None of these methods guarantees anything about privacy.',
      zh: '这种攻击只看网络对正确类别有多大把握。在带噪声的图像上，它分辨训练样本与其他样本的 AUC 对教师为 {teacher}，对剪枝网络为 {pruned}，对学生为 {student}。即使学生从未见过这些图像，只学了教师对其他图像的回答，AUC 仍有 {apart}。这些方法都不对隐私作任何保证。',
    },
  },
  citations: [
    { text: 'Jagielski et al. 2023', url: 'https://arxiv.org/abs/2303.03446' },
    { text: 'Yeom et al. 2018', url: 'https://arxiv.org/abs/1709.01604' },
  ],
  example: {
    before: `student.fit(x_train, teacher.predict(x_train), epochs=50)
student.save('student.keras')
# "the student never saw the labels, so the data stays private"`,
    after: 'membership',
  },
  charts: armStrips,
});
