import { add, mul, Random } from 'whittle-ml';
import { r2Score } from 'whittle-ml/learn';
import { defineClaim } from '../claim.ts';
import { answersOf, fitAndSave } from '../examples/saved-line.ts';

export const claim = defineClaim({
  id: 'I.6.1-saved-line',
  mistake: 9,
  section: 'I.6.1',
  title: { en: 'A loop of one’s own trains a line and saves it', zh: '自己写的循环可以训练并保存一条直线' },
  claim: {
    en: 'Compute the mean squared error in a loop, let the optimizer minimize it, and save w and b at the end.',
    zh: '在循环中计算均方误差，让优化器将其最小化，最后保存 w 和 b。',
  },
  quick: true,
  arms: {
    r2: { en: 'R² of the loaded line on new samples', zh: '重新载入的直线在新样本上的 R²' },
    bytes: { en: 'file', zh: '文件', unit: { en: 'bytes', zh: '字节' } },
  },
  measure(seed) {
    const samples = (stream: string) => {
      const random = new Random(seed, stream);
      const x = random.uniform([100, 1], -1, 1);
      return { x, y: add(add(mul(x, 3), 2), random.normal([100, 1], 0, 0.1)) };
    };
    const [own, others] = [samples('train'), samples('test')];
    const file = fitAndSave(own.x, own.y);
    return { r2: r2Score(others.y, answersOf(file, others.x)), bytes: file.length };
  },
  effect: {
    name: { en: 'R² of the loaded line on new samples', zh: '重新载入的直线在新样本上的 R²' },
    of: 'r2',
    better: 'higher',
    smallest: 0.99,
  },
  reasons: {
    holds: {
      en: 'Corrected, it does: R² is {r2} by a file of {bytes} bytes. As printed it cannot run: w and b are made nowhere, save_model is defined nowhere, and the optimizer gets the number that the loss is, from which no gradient leads back. It needs the loss as a function, or a tape that recorded it.',
      zh: '改正之后确实可以：{bytes} 字节的文件给出的 R² 为 {r2}。原样的代码无法运行：w 和 b 从未创建，save_model 从未定义，而传给优化器的损失只是一个数值，无法由它反求梯度。优化器需要的是作为函数的损失，或记录了计算过程的梯度带。',
    },
  },
  citations: [
    { text: 'TensorFlow, tf.keras.optimizers.Optimizer.minimize' },
    { text: 'safetensors', url: 'https://github.com/huggingface/safetensors' },
  ],
  example: {
    before: `optimizer = tf.keras.optimizers.Adam(0.001)
for epoch in range(100):
    loss_value = tf.reduce_mean(tf.square(w * x + b - y))  # no w, no b
    optimizer.minimize(loss_value)  # a number, no function
save_model(w, b)  # defined nowhere`,
    after: 'saved-line',
  },
});
