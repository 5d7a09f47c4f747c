/**
 * Functions of real numbers in exported modules: the text of kernels/reference/math.ts and logarithm.ts, operation by operation,
 * since engines differ in the last bits of Math.exp and its like.
 */
export const FUNCTIONS: Readonly<Record<string, string>> = {
  REAL: `const REAL = new Float64Array(1), HALVES = new Int32Array(REAL.buffer);`,
  exp: `function exp(x) {
  return power(Math.max(Math.min(x, 89), -104));
}`,
  power: `// e^y - minus for |y| <= 130: engines differ in the last bits of Math.exp.
function power(y, minus = 0) {
  const n = y * Math.LOG2E + ROUND - ROUND, r = y - n * Math.LN2;
  const p = 0.16666666249329432 + (0.04166635432491419 + (0.008333402935940745 +
    (0.0013941015350188732 + 0.0001984124597896562 * r) * r) * r) * r;
  HALVES[0] = 0;
  HALVES[1] = ((n | 0) + 1023) << 20; // makes REAL 2 to the power n
  return r * (1.000000000031224 + (0.5000000046680092 + p * r) * r) * REAL[0] + (REAL[0] - minus);
}`,
  expm1: `function expm1(x) {
  return x === 0 ? x : power(Math.max(Math.min(x, 89), -104), 1);
}`,
  tanh: `function tanh(x) {
  if (x === 0) return x;
  const e = power(2 * Math.max(Math.min(x, 20), -20), 1);
  return e / (e + 2);
}`,
  sigmoid: `function sigmoid(x) {
  return 1 / (1 + power(0 - Math.max(Math.min(x, 104), -104)));
}`,
  softplus: `function softplus(x) {
  return Math.max(x, 0) + log1p(exp(-Math.abs(x)));
}`,
  silu: `function silu(x) {
  const v = Math.max(x, -128);
  return v / (1 + power(Math.max(-v, -104)));
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
  const tail = a * power(-0.5 * a * a) * p;
  return x < 0 ? -tail : x - tail;
}`,
  geluTanh: `function geluTanh(x) {
  const v = Math.max(x, -16);
  const y = -1.5957691216057308 * (v + 0.044715 * v * v * v);
  return v / (1 + power(Math.max(Math.min(y, 128), -104)));
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
  log: `function log(x) {
  if (!(x > 0)) return x === 0 ? -Infinity : NaN;
  if (x === Infinity) return x;
  REAL[0] = x;
  const high = HALVES[1];
  HALVES[1] = (high & 0xfffff) | 0x3ff00000;
  let e = (high >> 20) - 1023, m = REAL[0];
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
