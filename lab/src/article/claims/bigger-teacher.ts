import { armStrips } from '../charts.ts';
import { defineClaim } from '../claim.ts';
import { accuracyOf, drawDigits, PERCENT, POINTS } from '../drawn-digits.ts';
import { taught, trained } from '../examples/distil.ts';

export const claim = defineClaim({
  id: 'II.6.3-bigger-teacher',
  section: 'II.6.3',
  title: { en: 'A bigger teacher has better students', zh: '教师越大，学生越好' },
  claim: {
    en: 'What a student learns comes from a large and complex teacher: the larger it is, the better.',
    zh: '学生的知识来自庞大而复杂的教师：教师越大越好。',
  },
  quick: false,
  arms: {
    small: { en: 'student of a teacher of 64 neurons', zh: '64 个神经元的教师教出的学生', unit: PERCENT },
    big: { en: 'student of one of 512 neurons', zh: '512 个神经元的教师教出的学生', unit: PERCENT },
    smallTeacher: { en: 'the teacher of 64', zh: '64 个神经元的教师', unit: PERCENT },
    bigTeacher: { en: 'the teacher of 512', zh: '512 个神经元的教师', unit: PERCENT },
  },
  async measure(seed, context) {
    const { train, test } = await drawDigits(seed, context, 600);
    const [small, big] = [64, 512].map((hidden) => trained(hidden, train, seed, 60));
    const student = (teacher: typeof small): number => accuracyOf(taught(16, teacher!, train, seed, 60), test);
    return {
      ...{ small: student(small), big: student(big) },
      ...{ smallTeacher: accuracyOf(small!, test), bigTeacher: accuracyOf(big!, test) },
    };
  },
  effect: {
    name: { en: 'Gain of the student by a bigger teacher', zh: '更大的教师给学生带来的增益' },
    of: ['big', 'small'],
    unit: POINTS,
    better: 'higher',
    smallest: 0.5,
  },
  reasons: {
    fails: {
      en: 'With eight times as many neurons the teacher is right about {bigTeacher} % of new digits instead of {smallTeacher} %, and its student of 16 neurons about {big} % instead of {small} %: less than half a point more. What a student can take in is limited by its own size. On harder data students of larger teachers were found to be worse.',
      zh: '神经元多到八倍，教师在新数字上的准确率从 {smallTeacher} % 变为 {bigTeacher} %，而 16 个神经元的学生从 {small} % 变为 {big} %：增益不到半个百分点。学生能吸收多少，受限于自身的大小。在更难的数据上，曾发现教师越大学生反而越差。',
    },
  },
  citations: [
    { text: 'Cho & Hariharan 2019', url: 'https://arxiv.org/abs/1910.01348' },
    { text: 'Mirzadeh et al. 2020', url: 'https://arxiv.org/abs/1902.03393' },
  ],
  charts: armStrips,
});
