const LF = 0x0a;
const PLUS = 0x2b;
const MINUS = 0x2d;
const ZERO = 0x30;
const NINE = 0x39;

/** The powers of ten that float64 holds exactly. */
const POWERS = Float64Array.from({ length: 23 }, (_, i) => Number(`1e${i}`));

/**
 * Reads the number that begins at `at`: sign, digits, `point`, digits, exponent, where digits stand on one side of the
 * point at least. It goes to `into[index]`, equal to what `Number` makes of it; returns where it ends, -1 when there
 * is none. An integer below 2^53 times or over a power of ten up to 1e22 is one rounding of exact operands, so exact
 * (Clinger 1990, "How to read floating point numbers accurately"); the rest is left to `Number`.
 */
export function scanNumber(
  bytes: Uint8Array,
  at: number,
  stop: number,
  point: number,
  into: Float64Array,
  index: number,
): number {
  const first = at;
  let code = at < stop ? bytes[at]! : LF;
  const negative = code === MINUS;
  if (negative || code === PLUS) code = ++at < stop ? bytes[at]! : LF;
  const digits = at;
  // Below 2^53 after the last digit means exact at every digit before.
  let mantissa = 0;
  for (; code >= ZERO && code <= NINE; code = ++at < stop ? bytes[at]! : LF) mantissa = mantissa * 10 + (code - ZERO);
  let exponent = 0;
  if (code === point) {
    code = ++at < stop ? bytes[at]! : LF;
    const fraction = at;
    for (; code >= ZERO && code <= NINE; code = ++at < stop ? bytes[at]! : LF) mantissa = mantissa * 10 + (code - ZERO);
    exponent = fraction - at;
    if (at - digits === 1) return -1;
  } else if (at === digits) return -1;
  if (code === 0x65 || code === 0x45) {
    code = ++at < stop ? bytes[at]! : LF;
    const down = code === MINUS;
    if (down || code === PLUS) code = ++at < stop ? bytes[at]! : LF;
    const power = at;
    let shift = 0;
    for (; code >= ZERO && code <= NINE; code = ++at < stop ? bytes[at]! : LF) shift = shift * 10 + (code - ZERO);
    if (at === power) return -1;
    exponent += down ? -shift : shift;
  }
  if (mantissa < 2 ** 53 && exponent >= -22 && exponent <= 22) {
    const value = exponent < 0 ? mantissa / POWERS[-exponent]! : mantissa * POWERS[exponent]!;
    into[index] = negative ? -value : value;
  } else {
    const value = exponent >= -22 && exponent <= 0 ? divideLong(bytes, digits, at, POWERS[-exponent]!) : Number.NaN;
    into[index] = Number.isNaN(value) ? Number(ascii(bytes, first, at).replace(',', '.')) : negative ? -value : value;
  }
  return at;
}

/**
 * The digits from `start` on, up to 19 of them, over a power of ten, in twice the precision of float64 (Dekker 1971, "A
 * floating-point technique for extending the available precision"). NaN when there are more, or when the quotient is so
 * near the middle of two numbers that it does not say to which to round.
 */
function divideLong(bytes: Uint8Array, start: number, stop: number, divisor: number): number {
  let head = 0;
  let tail = 0;
  let shift = 1;
  let count = 0;
  for (let at = start; at < stop; at++) {
    const digit = bytes[at]! - ZERO;
    if (digit < 0) continue;
    if (digit > 9) break;
    if (count < 15) head = head * 10 + digit;
    else {
      tail = tail * 10 + digit;
      shift *= 10;
    }
    if (head > 0) count++;
  }
  if (count > 19) return Number.NaN;
  // head·shift + tail as high + low, both exact: below 2^64.
  const product = head * shift;
  const high = product + tail;
  const low = lost(head, shift, product) + (tail - (high - product));
  const quotient = high / divisor;
  const back = quotient * divisor;
  const correction = (high - back - lost(quotient, divisor, back) + low) / divisor;
  const value = quotient + correction;
  const rest = correction - (value - quotient);
  return value + rest * (1 + 2 ** -30) === value ? value : Number.NaN;
}

/** a·b less its rounded product. */
function lost(a: number, b: number, product: number): number {
  const aHigh = SPLIT * a - (SPLIT * a - a);
  const bHigh = SPLIT * b - (SPLIT * b - b);
  const aLow = a - aHigh;
  const bLow = b - bHigh;
  return aLow * bLow - (product - aHigh * bHigh - aLow * bHigh - aHigh * bLow);
}

/** Times this, less the difference to itself, leaves the upper half of a number's 53 bits. */
const SPLIT = 2 ** 27 + 1;

/** Bytes that are known to be ASCII, as a string. */
function ascii(bytes: Uint8Array, start: number, end: number): string {
  let text = '';
  for (let i = start; i < end; i++) text += String.fromCharCode(bytes[i]!);
  return text;
}
