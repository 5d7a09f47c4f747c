import { armStrips } from '../charts.ts';
import { defineClaim } from '../claim.ts';
import { accuracyOf, drawDigits, PERCENT, POINTS } from '../drawn-digits.ts';
import { taught, trained } from '../examples/distil.ts';

export const claim = defineClaim({
  id: 'II.5-born-again',
  section: 'II.5',
  title: { en: 'A network that teaches its like makes it better', zh: '网络教出的同型网络更好' },
  claim: {
    en: 'Distillation improves a network even where teacher and student are of the same size.',
    zh: '即使教师与学生一样大，蒸馏也能让网络变得更好。',
  },
  quick: false,
  arms: {
    once: { en: 'trained for 60 epochs', zh: '训练 60 个轮次', unit: PERCENT },
    longer: { en: 'trained for 120 epochs', zh: '训练 120 个轮次', unit: PERCENT },
    again: { en: 'taught for 60 epochs by the first', zh: '由前者教 60 个轮次', unit: PERCENT },
  },
  async measure(seed, context) {
    const { train, test } = await drawDigits(seed, context, 600);
    const once = trained(32, train, seed, 60);
    const longer = trained(32, train, seed, 120);
    const again = taught(32, once, train, seed + 1000, 60);
    return { once: accuracyOf(once, test), longer: accuracyOf(longer, test), again: accuracyOf(again, test) };
  },
  effect: {
    name: { en: 'Gain over as many epochs without a teacher', zh: '相对于同样轮次、没有教师的增益' },
    of: ['again', 'longer'],
    unit: POINTS,
    better: 'higher',
    smallest: 0.5,
  },
  reasons: {
    fails: {
      en: 'A student with the size of its teacher is right about {again} % of new digits. The same network without a teacher is at {once} % after 60 epochs, and at {longer} % after the 120 that teacher and student need together. The gains that were published are of large networks for photographs.',
      zh: '与教师一样大的学生认对 {again} % 的新数字。同样的网络没有教师时，60 个轮次后为 {once} %；教师与学生合计要用 120 个轮次，单独训练这么久则为 {longer} %。已发表的增益来自处理照片的大型网络。',
    },
  },
  citations: [{ text: 'Furlanello et al. 2018', url: 'https://arxiv.org/abs/1805.04770' }],
  charts: armStrips,
});
