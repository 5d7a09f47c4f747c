import { add, Dense, distill, mul, Random, Sequential, SGD } from 'whittle-ml';
import { r2Score } from 'whittle-ml/learn';
import { armStrips } from '../charts.ts';
import { defineClaim } from '../claim.ts';
import { BYTES, bytesOf, PERCENT } from '../drawn-digits.ts';

const line = (seed: number): Sequential => new Sequential([new Dense(1, { inputShape: [1] })], { seed });

export const claim = defineClaim({
  id: 'II.1-same-size',
  mistake: 20,
  section: 'II.1',
  title: { en: 'To distil a line into a line compresses it', zh: '把直线蒸馏成直线就是压缩' },
  claim: {
    en: 'To distil a linear model, train a new linear model on its predictions: the new one is the compressed form.',
    zh: '蒸馏线性模型，就是用它的预测训练一个新的线性模型：新模型就是压缩后的形式。',
  },
  quick: true,
  arms: {
    teacher: { en: 'the file of the line', zh: '原直线的文件', unit: BYTES },
    student: { en: 'the file of the distilled line', zh: '蒸馏所得直线的文件', unit: BYTES },
    saved: { en: 'saved', zh: '节省', unit: PERCENT },
    score: { en: 'R² of the distilled line', zh: '蒸馏所得直线的 R²' },
  },
  measure(seed) {
    const random = new Random(seed);
    const x = random.uniform([200, 1]);
    const y = add(add(mul(x, 3), 2.4), random.normal([200, 1], 0, 0.1));
    const optimizer = new SGD({ learningRate: 0.5 });
    const teacher = line(seed);
    teacher.compile({ optimizer, loss: 'mse' });
    teacher.fit(x, y, { epochs: 100, batchSize: 200 });
    const { model } = distill({
      ...{ teacher, student: line(seed + 1000), x, epochs: 100, batchSize: 200 },
      optimizer: new SGD({ learningRate: 0.5 }),
    });
    const [before, after] = [bytesOf(teacher), bytesOf(model)];
    return { teacher: before, student: after, saved: 100 * (1 - after / before), score: r2Score(y, model.predict(x)) };
  },
  effect: {
    name: { en: 'Bytes that distillation saves', zh: '蒸馏节省的字节' },
    of: 'saved',
    unit: PERCENT,
    better: 'higher',
    smallest: 10,
  },
  reasons: {
    fails: {
      en: 'Teacher and student have two numbers each, and files of {teacher} and {student} bytes: nothing was compressed. The student answers as the teacher does (R² {score}), at the price of a second training. What makes a network smaller is a smaller student, and distillation is one way to train that.',
      zh: '教师和学生各有两个数，文件分别为 {teacher} 与 {student} 字节：什么也没有压缩。学生的回答与教师相同（R² 为 {score}），代价是多训练一次。让网络变小的是更小的学生，蒸馏只是训练它的一种办法。',
    },
  },
  citations: [{ text: 'Hinton et al. 2015', url: 'https://arxiv.org/abs/1503.02531' }],
  charts: armStrips,
});
