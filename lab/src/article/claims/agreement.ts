import { Adam, distill } from 'whittle-ml';
import { armStrips } from '../charts.ts';
import { defineClaim } from '../claim.ts';
import {
  accuracyOf,
  agreement,
  answersOf,
  denseNetwork,
  drawDigits,
  fitted,
  PERCENT,
  POINTS,
} from '../drawn-digits.ts';

export const claim = defineClaim({
  id: 'II.6.3-agreement',
  mistake: 27,
  section: 'II.6.3',
  title: { en: 'The accuracy on soft targets says how good a student is', zh: '在软目标上的准确率说明学生有多好' },
  claim: {
    en: 'A student that is trained on the teacher’s outputs is judged by the accuracy that its training prints.',
    zh: '用教师输出训练学生时，训练过程打印的准确率就是对学生的评价。',
  },
  quick: true,
  arms: {
    printed: {
      en: 'as the teacher, on training samples: what is printed',
      zh: '训练样本上与教师一致：打印出来的数字',
      unit: PERCENT,
    },
    agreed: { en: 'as the teacher, on test samples', zh: '测试样本上与教师一致', unit: PERCENT },
    right: { en: 'right, on test samples', zh: '测试样本上正确', unit: PERCENT },
  },
  async measure(seed, context) {
    const { train, test } = await drawDigits(seed, context, 300);
    const epochs = context.quick ? 30 : 60;
    const teacher = fitted(denseNetwork([64], seed), train, epochs);
    const { model } = distill({
      ...{ teacher, student: denseNetwork([32], seed), x: train[0], temperature: 1 },
      ...{ optimizer: new Adam({ learningRate: 0.005 }), epochs },
    });
    const agreed = ([x]: typeof train): number => agreement(answersOf(model, x), answersOf(teacher, x));
    return { printed: agreed(train), agreed: agreed(test), right: accuracyOf(model, test) };
  },
  effect: {
    name: { en: 'What is printed, less the accuracy on test samples', zh: '打印的数字减去测试集准确率' },
    of: ['printed', 'right'],
    unit: POINTS,
    better: 'lower',
    smallest: -1,
  },
  reasons: {
    fails: {
      en: 'What is printed is how often the student says what its teacher says, on samples that both have trained on: {printed} %. On new samples it agrees with the teacher in {agreed} %, mistakes included, and is right in {right} %. These are three questions, and only the last is the accuracy.',
      zh: '打印的数字是学生与教师说法一致的比例，而且是在两者都训练过的样本上：{printed} %。在新样本上，它与教师一致的有 {agreed} %（连错误也一致），真正正确的是 {right} %。这是三个不同的问题，只有最后一个才是准确率。',
    },
  },
  citations: [{ text: 'Stanton et al. 2021', url: 'https://arxiv.org/abs/2106.05945' }],
  charts: armStrips,
});
