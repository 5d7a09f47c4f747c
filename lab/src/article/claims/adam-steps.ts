import { both } from '../bilingual.ts';
import { armStripsOnLog } from '../charts.ts';
import { defineClaim } from '../claim.ts';
import { fitLine } from '../examples/adam-steps.ts';

export const claim = defineClaim({
  id: 'I.6.1-adam-steps',
  mistake: 10,
  section: 'I.6.1',
  title: { en: 'A hundred steps of Adam train a line', zh: '用 Adam 走一百步就能训练好一条直线' },
  claim: {
    en: 'A loop of 100 epochs over all samples at once, with Adam and a learning rate of 0.001, trains a linear model.',
    zh: '用 Adam（学习率 0.001）对全部样本循环 100 个轮次，就能训练好一个线性模型。',
  },
  quick: true,
  arms: {
    start: { en: 'before the first step', zh: '第一步之前' },
    hundred: { en: 'after 100 steps', zh: '100 步之后' },
    thousands: { en: 'after 5,000 steps', zh: '5,000 步之后' },
    removed: { en: 'of the first loss, removed by 100 steps', zh: '100 步消除的初始损失比例', unit: both('%') },
  },
  measure(seed) {
    const losses = fitLine(seed, 5000);
    const [start, hundred, thousands] = [losses[0]!, losses[100]!, losses[5000]!];
    return { start, hundred, thousands, removed: 100 * (1 - hundred / start) };
  },
  effect: {
    name: { en: 'Share of the loss that 100 steps remove', zh: '100 步消除的损失比例' },
    of: 'removed',
    unit: both('%'),
    better: 'higher',
    smallest: 90,
  },
  reasons: {
    fails: {
      en: 'A step of Adam moves a weight by about the learning rate, whatever the gradient is: 100 steps move it by about 0.1, and it has 3 to go. The loss is {hundred} instead of {start}: the example underfits. 5,000 steps bring it to {thousands}.',
      zh: '无论梯度多大，Adam 的一步大约只让权重移动一个学习率：100 步只移动约 0.1，而权重需要移动 3。损失只从 {start} 降到 {hundred}：这个示例本身就欠拟合。走 5,000 步后损失为 {thousands}。',
    },
  },
  citations: [{ text: 'Kingma & Ba 2015, section 2.1', url: 'https://arxiv.org/abs/1412.6980' }],
  example: {
    before: `optimizer = tf.keras.optimizers.Adam(learning_rate=0.001)
for epoch in range(100):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(w * x + b - y))
    gradients = tape.gradient(loss, [w, b])
    optimizer.apply_gradients(zip(gradients, [w, b]))`,
    after: 'adam-steps',
  },
  charts: armStripsOnLog,
});
