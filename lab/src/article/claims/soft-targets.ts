import { armStrips } from '../charts.ts';
import { defineClaim } from '../claim.ts';
import { accuracyOf, drawDigits, PERCENT, POINTS } from '../drawn-digits.ts';
import { taught, trained } from '../examples/distil.ts';

export const claim = defineClaim({
  id: 'II.6.3-soft-targets',
  mistake: 27,
  section: 'II.6.3',
  title: { en: 'A student that learns from a teacher generalizes better', zh: '向教师学习的学生泛化得更好' },
  claim: {
    en: 'A student with half as many neurons, trained on what a large teacher says, learns more and generalizes better than by itself.',
    zh: '神经元减半的学生网络，用大型教师网络的输出来训练，比自己单独训练学得更多、泛化得更好。',
  },
  quick: true,
  arms: {
    labels: { en: '32 neurons, labels alone', zh: '32 个神经元，只用标签', unit: PERCENT },
    teacher: { en: '32 neurons, labels and teacher', zh: '32 个神经元，标签加教师', unit: PERCENT },
    fewLabels: { en: '8 neurons, labels alone', zh: '8 个神经元，只用标签', unit: PERCENT },
    fewTeacher: { en: '8 neurons, labels and teacher', zh: '8 个神经元，标签加教师', unit: PERCENT },
    itself: { en: 'the teacher, 64 neurons', zh: '教师，64 个神经元', unit: PERCENT },
  },
  async measure(seed, context) {
    const { train, test } = await drawDigits(seed, context, context.quick ? 300 : 600);
    const epochs = context.quick ? 30 : 60;
    const teacher = trained(64, train, seed, epochs);
    const alone = (hidden: number): number => accuracyOf(trained(hidden, train, seed, epochs), test);
    const helped = (hidden: number): number => accuracyOf(taught(hidden, teacher, train, seed, epochs), test);
    return {
      ...{ labels: alone(32), teacher: helped(32), fewLabels: alone(8), fewTeacher: helped(8) },
      itself: accuracyOf(teacher, test),
    };
  },
  effect: {
    name: { en: 'Gain of accuracy by the teacher', zh: '教师带来的准确率增益' },
    of: ['teacher', 'labels'],
    unit: POINTS,
    better: 'higher',
    smallest: 0.5,
  },
  reasons: {
    fails: {
      en: 'The student of 32 neurons is right about {labels} % of new digits by the labels alone, as often as its teacher with {itself} %: there is nothing left to hand on, and with the teacher it is at {teacher} %. Of a student of 8 neurons more would be to be gained: there it is {fewTeacher} % against {fewLabels} %, which vary more between seeds than they differ. That a student generalizes better has to be measured, on samples that nobody has trained on.',
      zh: '32 个神经元的学生只靠标签就能认对 {labels} % 的新数字，与教师的 {itself} % 相当：已经没有什么可传授的，加上教师后反而是 {teacher} %。8 个神经元的学生提升空间更大，但 {fewTeacher} % 与 {fewLabels} % 之差还小于种子之间的波动。学生是否泛化得更好，必须用谁都没训练过的样本来测量。',
    },
  },
  citations: [{ text: 'Hinton et al. 2015, section 2', url: 'https://arxiv.org/abs/1503.02531' }],
  example: {
    before: `teacher.fit(x_train, y_train, epochs=50)
soft = teacher.predict(x_train)  # softmax as it is: almost one-hot
student.compile(optimizer='adam', loss='categorical_crossentropy',
                metrics=['accuracy'])
student.fit(x_train, soft, epochs=50)  # no temperature, no labels
# and no test: "accuracy" was agreement with the teacher`,
    after: 'distil',
  },
  charts: armStrips,
});
