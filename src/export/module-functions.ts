/**
 * Functions of real numbers in exported modules: the text of kernels/reference/math.ts and logarithm.ts, operation by operation,
 * since engines differ in the last bits of Math.exp and its like.
 */
export const FUNCTIONS: Readonly<Record<string, string>> = {
  POWERS: `// 2 to the power n at n + 200, by doubling and halving.
const POWERS = new Float64Array(401).fill(1);
for (let n = 1; n <= 200; n++) {
  POWERS[200 + n] = POWERS[199 + n] * 2;
  POWERS[200 - n] = POWERS[201 - n] / 2;
}`,
  expMinus: `// e^y - minus for |y| <= 130; Math.exp has other last bits in other engines.
function expMinus(y, minus) {
  const n = y * Math.LOG2E + ROUND - ROUND;
  const r = y - n * Math.LN2;
  let p = 0.0001984124597896562;
  p = p * r + 0.0013941015350188732;
  p = p * r + 0.008333402935940745;
  p = p * r + 0.04166635432491419;
  p = p * r + 0.16666666249329432;
  p = p * r + 0.5000000046680092;
  p = p * r + 1.000000000031224;
  const s = POWERS[(n | 0) + 200];
  return r * p * s + (s - minus);
}`,
  exp: `function exp(x) {
  return expMinus(Math.max(Math.min(x, 89), -104), 0);
}`,
  expm1: `function expm1(x) {
  return x === 0 ? x : expMinus(Math.max(Math.min(x, 89), -104), 1);
}`,
  tanh: `function tanh(x) {
  if (x === 0) return x;
  const e = expMinus(2 * Math.max(Math.min(x, 20), -20), 1);
  return e / (e + 2);
}`,
  sigmoid: `function sigmoid(x) {
  return 1 / (1 + expMinus(0 - Math.max(Math.min(x, 104), -104), 0));
}`,
  softplus: `function softplus(x) {
  return Math.max(x, 0) + log1p(exp(-Math.abs(x)));
}`,
  silu: `function silu(x) {
  const v = Math.max(x, -128);
  return v / (1 + expMinus(Math.max(-v, -104), 0));
}`,
  gelu: `function gelu(x) {
  const a = Math.min(Math.abs(x), 16);
  const t = 1 / (1 + 0.25 * a);
  let p = -0.015102823997375267;
  p = p * t + 0.10860479958913351;
  p = p * t - 0.3101383097551566;
  p = p * t + 0.4377090891421105;
  p = p * t - 0.3591495829406036;
  p = p * t + 0.2745923878072969;
  p = p * t - 0.03434790374213598;
  p = p * t + 0.11003473150478939;
  p = p * t + 0.08760094880581892;
  p = p * t + 0.10052028465936663;
  p = p * t + 0.09967424689119186;
  p = p * t + 0.0000021322465844920055;
  const tail = a * expMinus(-0.5 * a * a, 0) * p;
  return x < 0 ? -tail : x - tail;
}`,
  geluTanh: `function geluTanh(x) {
  const v = Math.max(x, -16);
  const y = -1.5957691216057308 * (v + 0.044715 * v * v * v);
  return v / (1 + expMinus(Math.max(Math.min(y, 128), -104), 0));
}`,
  hardSwish: `function hardSwish(x) {
  return x * Math.min(Math.max(x / 6 + 0.5, 0), 1);
}`,
  relu: `function relu(x) {
  return x < 0 ? 0 : x;
}`,
  relu6: `function relu6(x) {
  return x > 6 ? 6 : x < 0 ? 0 : x;
}`,
  logRatio: `function logRatio(s) {
  const z = s * s;
  let p = 0.23617575136198363;
  p = p * z + 0.28534980556581513;
  p = p * z + 0.4000038594891289;
  p = p * z + 0.6666666524007613;
  p = p * z + 2.0000000000084284;
  return s * p;
}`,
  log: `const real = new Float64Array(1);
const halves = new Int32Array(real.buffer);
function log(x) {
  if (!(x > 0)) return x === 0 ? -Infinity : NaN;
  if (x === Infinity) return x;
  real[0] = x;
  const high = halves[1];
  halves[1] = (high & 0xfffff) | 0x3ff00000;
  let e = (high >> 20) - 1023, m = real[0];
  if (m >= 1.4142135381698608) {
    m *= 0.5;
    e += 1;
  }
  return logRatio((m - 1) / (m + 1)) + e * Math.LN2;
}`,
  log1p: `function log1p(x) {
  return x >= -0.25 && x < 0.375 ? logRatio(x / (2 + x)) : log(1 + x);
}`,
};
