/**
 * 2/π in three parts a row: row r holds the bits behind the first 16r as 29, 29 and 53 bits. A float32 number has 24 bits,
 * so that its products with the first two are exact. What row r leaves out is whole turns of every number from 2^(16r + 25) on.
 */
// biome-ignore format: a row a line
export const TWO_OVER_PI: Float64Array = Float64Array.of(
  0.636619770899415, 1.4681663246252086e-9, 2.276010073078396e-18,
  7.833891004338511e-6, 1.450456423669538e-14, 3.254380609134673e-23,
  7.118246487039515e-11, 1.0760572788072771e-19, 2.2665978049569943e-28,
  2.937095479631555e-16, 6.074026479468182e-24, 1.0181664387499708e-32,
  5.339561945840088e-20, 2.4711388756602014e-29, 2.5184173833409332e-39,
  2.83762200841452e-25, 9.3720065289016e-34, 1.5508167610028938e-42,
  1.2089614273065826e-29, 2.518417366074184e-39, 1.726676542312193e-47,
);

/** The size of number from which on each row counts. */
export const ROW_FROM: readonly number[] = [0, 2 ** 41, 2 ** 57, 2 ** 73, 2 ** 89, 2 ** 105, 2 ** 121];
