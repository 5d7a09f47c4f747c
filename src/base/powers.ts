/** 2 to an integer power, exact where a float64 is: engines need not round `**` alike. */
export function powerOfTwo(exponent: number): number {
  let power = 1;
  for (let i = 0; i < exponent; i++) power *= 2;
  for (let i = 0; i > exponent; i--) power /= 2;
  return power;
}
