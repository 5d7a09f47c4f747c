import { add, mul, Random, type Tensor, zeros } from 'whittle-ml';
import { r2Score } from 'whittle-ml/learn';
import { armStrips } from '../charts.ts';
import { defineClaim } from '../claim.ts';
import { int8Line } from '../examples/int8-line.ts';

export const claim = defineClaim({
  id: 'II.1-rounded-line',
  mistake: 20,
  section: 'II.1',
  title: { en: 'Quantization rounds the weights of a line to integers', zh: '量化就是把直线的权重取整' },
  claim: {
    en: 'To quantize the line y = θ₀ + θ₁x, round its weight to an integer: what is left is y = round(θ₀), which needs fewer bits and answers as before.',
    zh: '要量化直线 y = θ₀ + θ₁x，只需把权重取整，得到 y = round(θ₀)：所需位数更少，而效果不变。',
  },
  quick: true,
  arms: {
    real: { en: 'the line in float32', zh: 'float32 的直线' },
    rounded: { en: 'y = round(θ₀)', zh: 'y = round(θ₀)' },
    int8: { en: 'int8 with a scale', zh: '带缩放因子的 int8' },
  },
  measure(seed) {
    const x = new Random(seed).uniform([200, 1]);
    const y = add(mul(x, 3), 2.4);
    const { real, int8, bias } = int8Line(x, y, seed);
    const score = (answers: Tensor): number => r2Score(y, answers);
    return { real: score(real), rounded: score(add(zeros([200, 1]), Math.round(bias))), int8: score(int8) };
  },
  effect: {
    name: { en: 'R² of the rounded line, less that of the line', zh: '取整后的 R² 减去原直线的 R²' },
    of: ['rounded', 'real'],
    better: 'higher',
    smallest: -0.01,
  },
  reasons: {
    fails: {
      en: 'The formula drops θ₁x without a word, and a whole number is as coarse as its unit: R² is {rounded}, worse than the mean of y, which has 0. Quantization keeps every term and gives integers a scale: int8 has {int8}.',
      zh: '这个公式悄悄丢掉了 θ₁x，而整数的精度又取决于它的单位：R² 为 {rounded}，比直接用 y 的均值（R² 为 0）还差。真正的量化保留每一项，并给整数配上缩放因子：int8 的 R² 为 {int8}。',
    },
  },
  citations: [{ text: 'Jacob et al. 2018, section 2.1', url: 'https://arxiv.org/abs/1712.05877' }],
  example: {
    before: `theta_0, theta_1 = fit(x, y)
predictions = round(theta_0)  # "quantized"`,
    after: 'int8-line',
  },
  charts: armStrips,
});
