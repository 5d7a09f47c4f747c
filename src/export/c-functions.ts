import type { FunctionName, Routine, RoutineName, Routines } from './c-routine.ts';

/** A polynomial by Horner's rule, as lines of C. */
function polynomial(x: string, coefficients: string): string {
  const [first, ...rest] = coefficients.split(/\s+/);
  const step = (c: string): string => `  p = p * ${x} ${c.startsWith('-') ? `- ${c.slice(1)}` : `+ ${c}`};`;
  return [`  p = ${first};`, ...rest.map(step)].join('\n');
}

/** A function of one number in C, from float64 to float64: `kernels/reference/math.ts` in the same order of operations. */
export const double = (text: string, ...needs: RoutineName[]): Routine => ({
  needs,
  text,
  isContracted: true,
  isDouble: true,
});

/** Functions of `kernels/reference/math.ts`. */
export const FUNCTIONS: Routines<FunctionName> = {
  power_of_two: double(`static double power_of_two(int n)
{
  const uint64_t bits = (uint64_t)(n + 1023) << 52;
  double power;
  memcpy(&power, &bits, sizeof power);
  return power;
}`),
  between: double(`/* NaN stays. */
static double between(double x, double low, double high)
{
  return x < low ? low : x > high ? high : x;
}`),
  exp_minus: double(
    `/* e^y - minus for |y| up to 130, minus 0 or 1: y = n * ln 2 + r, e^r - 1 by a polynomial. */
static double exp_minus(double y, double minus)
{
  const double n = y * 1.4426950408889634 + 6755399441055744.0 - 6755399441055744.0;
  const double r = y - n * 0.6931471805599453;
  const double s = power_of_two(n == n ? (int)n : 0);
  double p;
${polynomial(
  'r',
  `0.0001984124597896562
    0.0013941015350188732
    0.008333402935940745
    0.04166635432491419
    0.16666666249329432
    0.5000000046680092
    1.000000000031224`,
)}
  return r * p * s + (s - minus);
}`,
    'power_of_two',
  ),
  exp64: double(
    `static double exp64(double x)
{
  return exp_minus(between(x, -104, 89), 0);
}`,
    'exp_minus',
    'between',
  ),
  expm1_64: double(
    `static double expm1_64(double x)
{
  return x == 0 ? x : exp_minus(between(x, -104, 89), 1);
}`,
    'exp_minus',
    'between',
  ),
  tanh64: double(
    `static double tanh64(double x)
{
  double e;
  if (x == 0) return x;
  e = exp_minus(2 * between(x, -20, 20), 1);
  return e / (e + 2);
}`,
    'exp_minus',
    'between',
  ),
  sigmoid64: double(
    `static double sigmoid64(double x)
{
  return 1 / (1 + exp_minus(0 - between(x, -104, 104), 0));
}`,
    'exp_minus',
    'between',
  ),
  silu64: double(
    `static double silu64(double x)
{
  const double v = x < -128 ? -128 : x;
  return v / (1 + exp_minus(-v < -104 ? -104 : -v, 0));
}`,
    'exp_minus',
  ),
  gelu64: double(
    `/* x * Phi(x) = max(x, 0) - |x| * Phi(-|x|). */
static double gelu64(double x)
{
  const double size = x < 0 ? -x : x + 0.0; /* -0 too */
  const double a = size > 16 ? 16 : size;
  const double t = 1 / (1 + 0.25 * a);
  double p, tail;
${polynomial(
  't',
  `-0.015102823997375267
    0.10860479958913351
    -0.3101383097551566
    0.4377090891421105
    -0.3591495829406036
    0.2745923878072969
    -0.03434790374213598
    0.11003473150478939
    0.08760094880581892
    0.10052028465936663
    0.09967424689119186
    0.0000021322465844920055`,
)}
  tail = a * exp_minus(-0.5 * a * a, 0) * p;
  return x < 0 ? -tail : x - tail;
}`,
    'exp_minus',
  ),
  gelu_tanh64: double(
    `static double gelu_tanh64(double x)
{
  const double v = x < -16 ? -16 : x;
  const double y = -1.5957691216057308 * (v + 0.044715 * v * v * v);
  return v / (1 + exp_minus(between(y, -104, 128), 0));
}`,
    'exp_minus',
    'between',
  ),
  log_ratio: double(`/* log((1 + s) / (1 - s)) for |s| up to 0.1716. */
static double log_ratio(double s)
{
  const double z = s * s;
  double p;
${polynomial(
  'z',
  `0.23617575136198363
    0.28534980556581513
    0.4000038594891289
    0.6666666524007613
    2.0000000000084284`,
)}
  return s * p;
}`),
  log64: double(
    `/* Of numbers from 1 on, infinity and NaN. */
static double log64(double x)
{
  uint64_t bits;
  double m;
  int e;
  if (!(x <= 1.7976931348623157e308)) return x;
  memcpy(&bits, &x, sizeof bits);
  e = (int)(bits >> 52) - 1023;
  bits = (bits & 0xfffffffffffffu) | 0x3ff0000000000000u;
  memcpy(&m, &bits, sizeof m);
  if (m >= 1.4142135381698608) {
    m *= 0.5;
    e++;
  }
  return log_ratio((m - 1) / (m + 1)) + e * 0.6931471805599453;
}`,
    'log_ratio',
  ),
  softplus64: double(
    `/* log(1 + e^x) = max(x, 0) + log(1 + e^-|x|). */
static double softplus64(double x)
{
  const double e = exp64(x > 0 ? -x : x);
  return (x < 0 ? 0 : x) + (e < 0.375 ? log_ratio(e / (2 + e)) : log64(1 + e));
}`,
    'exp64',
    'log64',
  ),
  hard_swish64: double(
    `static double hard_swish64(double x)
{
  return x * between(x / 6 + 0.5, 0, 1);
}`,
    'between',
  ),
};
