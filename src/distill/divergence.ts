import { add, equal, less, mul, neg, sub, where } from '../autograd/arithmetic.ts';
import { abs, expm1, log1p, sigmoid, softplus, square } from '../autograd/elementwise.ts';
import { softmaxCrossEntropy } from '../autograd/products.ts';
import { logSoftmax, max, softmax, sum } from '../autograd/reductions.ts';
import { noGrad, record } from '../autograd/tape.ts';
import { checkRange, ValueError } from '../base/errors.ts';
import type { Tensor } from '../tensor/tensor.ts';

// Cross-entropy less entropy is KL, but where the two nearly agree it is a rounding error of both, which T² multiplies.
// With d = (t - s)/T, p the teacher's softened distribution, c = Σp·d and e = d - c, since Σp·e = 0,
//   KL = log Σp·exp(-d) + c = log(1 + Σp·(exp(-e) - 1 + e)),
// a sum of numbers above 0. The gradient of the plain form, T·(softmax(s/T) - softmax(t/T)), loses nothing and stays.

/** From here to there, a temperature leaves digits in the gradient and squares in the range of float32. */
const TEMPERATURES = [1e-3, 1e6] as const;

/** Throws ValueError for a temperature that is not positive, or by which nothing could be learned in float32. */
export function checkTemperature(op: string, T: number, called = 'temperature'): void {
  checkRange(op, called, T, 'positive');
  const [least, most] = TEMPERATURES;
  if (T < least || T > most) throw new ValueError(op, called, 'from 0.001 to 1,000,000', T);
}

/** t - s, 0 where both are the same infinity: a class that both leave out. */
const between = (t: Tensor, s: Tensor): Tensor => where(equal(t, s), 0, sub(t, s));

/** p·x, 0 where p is, though x be infinite. */
const weighed = (p: Tensor, x: Tensor): Tensor => where(equal(p, 0), 0, mul(p, x));

/** KL(softmax(t/T) ‖ softmax(s/T)) of each row of logits [n, classes], of teacher and student: [n], never below 0. */
export function softmaxDivergence(t: Tensor, s: Tensor, T: number): Tensor {
  const softened = mul(t, 1 / T);
  const p = softmax(softened);
  const plain = add(softmaxCrossEntropy(mul(s, 1 / T), p), sum(weighed(p, logSoftmax(softened)), { axis: 1 }));
  return valued(plain, () => {
    const d = mul(between(t, s), 1 / T);
    const e = sub(d, sum(mul(p, d), { axis: 1, keepDims: true }));
    return [max(abs(e), { axis: 1 }), sum(mul(p, beyondLinear(e)), { axis: 1 })];
  });
}

/** The same for logits that stand for two classes each, the other's logit being 0: in the shape of the logits. */
export function sigmoidDivergence(t: Tensor, s: Tensor, T: number): Tensor {
  const softened = mul(t, 1 / T);
  const p = sigmoid(softened);
  const crossEntropy = (z: Tensor): Tensor => sub(softplus(z), weighed(p, z));
  return valued(sub(crossEntropy(mul(s, 1 / T)), crossEntropy(softened)), () => {
    const d = mul(between(t, s), 1 / T);
    const other = sigmoid(neg(softened));
    const own = beyondLinear(mul(d, other));
    const others = beyondLinear(neg(mul(d, p)));
    return [abs(d), add(mul(p, own), mul(other, others))];
  });
}

/** Beyond it exp(-e) leaves float32, and the plain form has all its digits. */
const MOST = 80;

/** The gradient of the plain form with the value log(1 + excess), where the exponents are small enough for it. */
function valued(plain: Tensor, of: () => readonly [exponents: Tensor, excess: Tensor]): Tensor {
  const value = noGrad(() => {
    const [exponents, excess] = of();
    return where(less(exponents, MOST), log1p(excess), plain);
  });
  return record('divergence', value, [plain, (g) => g]);
}

/** exp(-e) - 1 + e, by its series where the difference would cancel: there to 1e-8 of itself. */
function beyondLinear(e: Tensor): Tensor {
  let series = mul(e, 1 / 720);
  for (const factor of [1 / 120, 1 / 24, 1 / 6]) series = mul(e, sub(factor, series));
  return where(less(abs(e), 1 / 8), mul(square(e), sub(0.5, series)), add(expm1(neg(e)), e));
}
