/** A number in so many digits. */
export const short = (x: number, digits = 3): string => String(Number(x.toPrecision(digits)));

/** A share in percent. */
export const percent = (share: number, digits = 3): string => `${short(100 * share, digits)} %`;
