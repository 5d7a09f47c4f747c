import { add, type Loss, mean, mul, Random, square, sub } from 'whittle-ml';
import { both } from '../bilingual.ts';
import { armStrips } from '../charts.ts';
import { defineClaim } from '../claim.ts';
import { fitted, quantileLoss } from '../examples/quantile-loss.ts';

export const claim = defineClaim({
  id: 'I.6.2-loss-order',
  mistake: 12,
  section: 'I.6.2',
  title: { en: 'A loss takes the prediction first, then the truth', zh: '损失函数先接收预测值，再接收真实值' },
  claim: {
    en: 'A loss of one’s own is written as loss(y_pred, y_true) and given to compile.',
    zh: '自定义损失写成 loss(y_pred, y_true)，再传给 compile。',
  },
  quick: true,
  arms: {
    right: {
      en: '(y_true, y_pred): new numbers below the answer',
      zh: '(y_true, y_pred)：低于预测的新数值',
      unit: both('%'),
    },
    swapped: { en: '(y_pred, y_true): the same', zh: '(y_pred, y_true)：同上', unit: both('%') },
    square: {
      en: 'squared error, answers that differ by the order',
      zh: '平方误差：因顺序而不同的预测',
      unit: both('%'),
    },
  },
  measure(seed) {
    const samples = (stream: string, count: number) => {
      const random = new Random(seed, stream);
      const x = random.uniform([count, 1], -1, 1);
      return { x, y: add(mul(x, 2), random.normal([count, 1])) };
    };
    const [own, others] = [samples('train', 300), samples('test', 1000)];
    const answers = (loss: Loss): number[] => [...fitted(loss, own.x, own.y, seed).predict(others.x).data];
    const below = (loss: Loss): number =>
      answers(loss).reduce((sum, answer, i) => sum + Number(others.y.data[i]! < answer), 0) / 10;
    const swapped = (loss: Loss): Loss => {
      const { name, call } = loss;
      return { name, replayable: true, call: (yTrue, yPred) => call(yPred, yTrue) };
    };
    const squares: Loss = {
      name: 'squares',
      replayable: true,
      call: (yTrue, yPred) => mean(square(sub(yTrue, yPred))),
    };
    const [one, other] = [answers(squares), answers(swapped(squares))];
    return {
      right: below(quantileLoss),
      swapped: below(swapped(quantileLoss)),
      square: one.reduce((sum, answer, i) => sum + Number(answer !== other[i]), 0) / 10,
    };
  },
  effect: {
    name: { en: 'Share below the answer: swapped, less right', zh: '低于预测的比例：颠倒顺序减去正确顺序' },
    of: ['swapped', 'right'],
    unit: { en: 'points', zh: '个百分点' },
    better: 'higher',
    smallest: -2,
  },
  reasons: {
    fails: {
      en: 'compile calls it with the truth first. That is harmless for squared errors, which are the same both ways: {square} % of the answers differ. A loss for the answer that 90 % of the numbers lie below gives {right} % in the right order and {swapped} % in the other: its opposite, without any error message.',
      zh: 'compile 会把真实值放在第一个参数。平方误差两个方向相同，所以没有影响：{square} % 的预测不同。如果损失要求 90 % 的数值低于预测，正确顺序得到 {right} %，颠倒后得到 {swapped} %：恰好相反，而且没有任何报错。',
    },
  },
  citations: [{ text: 'Koenker & Bassett 1978, for the loss' }],
  example: {
    before: `def loss(y_pred, y_true):  # Keras calls loss(y_true, y_pred)
    error = y_true - y_pred
    return tf.reduce_mean(tf.maximum(0.9 * error, -0.1 * error))

model.compile(optimizer='adam', loss=loss)`,
    after: 'quantile-loss',
  },
  charts: armStrips,
});
