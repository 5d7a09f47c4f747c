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
  reasons: {},
  citations: [{ text: 'Stanton et al. 2021', url: 'https://arxiv.org/abs/2106.05945' }],
  charts: armStrips,
});
