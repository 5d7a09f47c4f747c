import { Adam, distill, type Samples } from 'whittle-ml';
import { takeRows } from 'whittle-ml/data';
import { armStrips } from '../charts.ts';
import { defineClaim } from '../claim.ts';
import { accuracyOf, denseNetwork, drawDigits, fitted, PERCENT, POINTS } from '../drawn-digits.ts';

const LABELLED = 60;

export const claim = defineClaim({
  id: 'II.6.3-unlabelled',
  section: 'II.6.3',
  title: { en: 'A teacher stands in for labels', zh: '教师可以代替标签' },
  claim: {
    en: 'The knowledge of a trained teacher reaches the student by what the teacher says of samples.',
    zh: '训练好的教师对样本的判断，能把知识传给学生。',
  },
  quick: true,
  arms: {
    few: { en: 'student, 60 labels alone', zh: '学生，只有 60 个标签', unit: PERCENT },
    helped: {
      en: 'student, 60 labels, and the teacher on 540 images more',
      zh: '学生，60 个标签，另 540 张图像由教师判断',
      unit: PERCENT,
    },
    all: { en: 'student, 600 labels', zh: '学生，600 个标签', unit: PERCENT },
    teacher: { en: 'the teacher, of 600 labels', zh: '教师，600 个标签', unit: PERCENT },
  },
  async measure(seed, context) {
    const { train, test } = await drawDigits(seed, context, 600);
    const part = (from: number, to: number): Samples => {
      const rows = Array.from({ length: to - from }, (_, i) => from + i);
      return [takeRows(train[0], rows), takeRows(train[1], rows)];
    };
    const epochs = context.quick ? 20 : 40;
    const teacher = fitted(denseNetwork([64], seed), train, epochs);
    const [x, y] = part(0, LABELLED);
    const { model } = distill({
      ...{ teacher, student: denseNetwork([32], seed), x, y, unlabelled: part(LABELLED, 600)[0] },
      ...{ temperature: 4, alpha: 0.9, optimizer: new Adam({ learningRate: 0.005 }), epochs },
    });
    const alone = (samples: Samples, times: number): number =>
      accuracyOf(fitted(denseNetwork([32], seed), samples, times * epochs), test);
    return {
      few: alone([x, y], 10), // as many steps as with ten times the images
      ...{ helped: accuracyOf(model, test), all: alone(train, 1), teacher: accuracyOf(teacher, test) },
    };
  },
  effect: {
    name: { en: 'Gain of accuracy by the teacher', zh: '教师带来的准确率增益' },
    of: ['helped', 'few'],
    unit: POINTS,
    better: 'higher',
    smallest: 2,
  },
  reasons: {
    holds: {
      en: '60 labels alone make a student that is right about {few} % of new digits. The teacher’s answers to 540 further images, which have no labels, bring it to {helped} %, near the {all} % of a student that is given all 600 labels. This is what distillation is good at: the teacher knows something that the student’s own data do not say.',
      zh: '只有 60 个标签时，学生认对 {few} % 的新数字。让教师对另外 540 张没有标签的图像作答，学生就达到 {helped} %，接近拿到全部 600 个标签的学生的 {all} %。这正是蒸馏的长处：教师知道学生自己的数据里没有的东西。',
    },
  },
  citations: [{ text: 'Hinton et al. 2015', url: 'https://arxiv.org/abs/1503.02531' }],
  charts: armStrips,
});
