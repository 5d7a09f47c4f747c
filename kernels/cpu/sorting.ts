import type { TypedArray } from '../arrays.ts';
import type { SortingKernels } from '../interface/sorting.ts';

/**
 * Radix sort, lowest digit first (Knuth 1998, section 5.2.5, algorithm R), of integers that are in the order of the numbers:
 * four passes of eight bits in linear time. Three of eleven bits are no faster at 1e5 numbers and slower at 1e6, where 2048
 * places of memory are written in turn (Node 20). A digit that all numbers share takes no pass.
 */

/** Rows up to here are sorted by insertion, which needs no counts of digits. */
const SHORT = 32;

/** Bits 31 of a key: flipped, digits without a sign are in the order of keys with one. */
const SIGN: number = -0x80000000;
const MAGNITUDE = 0x7fffffff;

/** How often each digit occurs, then where its keys begin: [4 digits, 256]. */
const counts: Int32Array = new Int32Array(4 * 256);

/** Words that scratch may keep from call to call, 1 MB; what is more is made for one call. */
const MOST_KEPT = 262144;
let kept: Int32Array = new Int32Array(0);

/** `parts` arrays of n words. */
function scratch(n: number, parts: number): Int32Array[] {
  const words = n * parts;
  const block = words <= kept.length ? kept : new Int32Array(words);
  if (words <= MOST_KEPT) kept = block;
  return Array.from({ length: parts }, (_, part) => block.subarray(part * n, (part + 1) * n));
}

// Keys ---------------------------------------------------------------------------------------------------------------

/**
 * Keys of float32: their bits, and of negative numbers all but the sign flipped. Zeros have one key, and so have NaNs.
 * Says whether there is a -0.
 */
function floatKeys(n: number, bits: Int32Array, at: number, keys: Int32Array): boolean {
  let hasNegativeZero = false;
  for (let i = 0; i < n; i++) {
    const b = bits[at + i]!;
    const magnitude = b & MAGNITUDE;
    if (b === SIGN) hasNegativeZero = true;
    keys[i] = magnitude > 0x7f800000 ? MAGNITUDE : magnitude === 0 ? 0 : b ^ ((b >> 31) & MAGNITUDE);
  }
  return hasNegativeZero;
}

/** Keys of float64 as two words: those of `low` order what those of `high` leave equal. */
function doubleKeys(n: number, bits: Int32Array, at: number, low: Int32Array, high: Int32Array): void {
  for (let i = 0; i < n; i++) {
    const l = bits[2 * (at + i)]!;
    const h = bits[2 * (at + i) + 1]!;
    const magnitude = h & MAGNITUDE;
    const hasNoValue = magnitude > 0x7ff00000 || (magnitude === 0x7ff00000 && l !== 0);
    const isZero = (magnitude | l) === 0;
    high[i] = hasNoValue ? MAGNITUDE : isZero ? 0 : h ^ ((h >> 31) & MAGNITUDE);
    low[i] = hasNoValue ? 0 : isZero ? SIGN : l ^ (h >> 31) ^ SIGN;
  }
}

/** The floats of sorted keys. */
function floatsOf(n: number, keys: Int32Array, bits: Int32Array, at: number): void {
  for (let i = 0; i < n; i++) {
    const k = keys[i]!;
    bits[at + i] = k ^ ((k >> 31) & MAGNITUDE);
  }
}

/** Zeros of a sorted row with their signs, in the order in which they stand in x. */
function signZeros(n: number, x: Int32Array, y: Int32Array, at: number): void {
  let q = at;
  while (y[q] !== 0) q++;
  for (let p = at; p < at + n; p++) if ((x[p]! & MAGNITUDE) === 0) y[q++] = x[p]!;
}

// Passes -------------------------------------------------------------------------------------------------------------

function countDigits(n: number, keys: Int32Array): void {
  const c = counts.fill(0);
  for (let i = 0; i < n; i++) {
    const k = keys[i]! ^ SIGN;
    c[k & 255]!++;
    c[256 + ((k >>> 8) & 255)]!++;
    c[512 + ((k >>> 16) & 255)]!++;
    c[768 + (k >>> 24)]!++;
  }
}

/** Makes starts of the counts of a digit; false if all n keys share it. */
function makeStarts(digit: number, n: number): boolean {
  let start = 0;
  for (let d = 256 * digit, end = d + 256; d < end; d++) {
    const count = counts[d]!;
    if (count === n) return false;
    counts[d] = start;
    start += count;
  }
  return true;
}

function moveKeys(n: number, digit: number, keys: Int32Array, to: Int32Array): void {
  const first = 256 * digit;
  const shift = 8 * digit;
  for (let i = 0; i < n; i++) {
    const k = keys[i]!;
    const d = first + (((k ^ SIGN) >>> shift) & 255);
    const q = counts[d]!;
    counts[d] = q + 1;
    to[q] = k;
  }
}

function movePairs(
  n: number,
  digit: number,
  keys: Int32Array,
  places: Int32Array,
  toKeys: Int32Array,
  toPlaces: Int32Array,
): void {
  const first = 256 * digit;
  const shift = 8 * digit;
  for (let i = 0; i < n; i++) {
    const k = keys[i]!;
    const d = first + (((k ^ SIGN) >>> shift) & 255);
    const q = counts[d]!;
    counts[d] = q + 1;
    toKeys[q] = k;
    toPlaces[q] = places[i]!;
  }
}

/** Sorts keys, with `other` as scratch, and returns whichever of the two has them in the end. */
function sortKeys(n: number, keys: Int32Array, other: Int32Array): Int32Array {
  if (n <= SHORT) {
    for (let i = 1; i < n; i++) {
      const k = keys[i]!;
      let q = i;
      for (; q > 0 && keys[q - 1]! > k; q--) keys[q] = keys[q - 1]!;
      keys[q] = k;
    }
    return keys;
  }
  countDigits(n, keys);
  let from = keys;
  let to = other;
  for (let digit = 0; digit < 4; digit++) {
    if (!makeStarts(digit, n)) continue;
    moveKeys(n, digit, from, to);
    [from, to] = [to, from];
  }
  return from;
}

/** The same of keys with their places, and returns whichever of the two has the places. */
function sortPairs(
  n: number,
  keys: Int32Array,
  places: Int32Array,
  otherKeys: Int32Array,
  otherPlaces: Int32Array,
): Int32Array {
  if (n <= SHORT) {
    for (let i = 1; i < n; i++) {
      const k = keys[i]!;
      const place = places[i]!;
      let q = i;
      for (; q > 0 && keys[q - 1]! > k; q--) {
        keys[q] = keys[q - 1]!;
        places[q] = places[q - 1]!;
      }
      keys[q] = k;
      places[q] = place;
    }
    return places;
  }
  countDigits(n, keys);
  let isOther = false;
  for (let digit = 0; digit < 4; digit++) {
    if (!makeStarts(digit, n)) continue;
    if (isOther) movePairs(n, digit, otherKeys, otherPlaces, keys, places);
    else movePairs(n, digit, keys, places, otherKeys, otherPlaces);
    isOther = !isOther;
  }
  return isOther ? otherPlaces : places;
}

// Rows ---------------------------------------------------------------------------------------------------------------

const bitsOf = (x: Float32Array | Float64Array): Int32Array => new Int32Array(x.buffer, x.byteOffset, x.byteLength / 4);

/** Calls `take` with the places of each row of x in rising order, and where the row begins. */
function eachOrder(rows: number, n: number, x: TypedArray, take: (places: Int32Array, at: number) => void): void {
  const [keys, places, otherKeys, otherPlaces, high] = scratch(n, 5) as [
    Int32Array,
    Int32Array,
    Int32Array,
    Int32Array,
    Int32Array,
  ];
  const bits = x instanceof Float32Array || x instanceof Float64Array ? bitsOf(x) : null;
  for (let row = 0, at = 0; row < rows; row++, at += n) {
    for (let i = 0; i < n; i++) places[i] = i;
    if (bits === null) keys.set(x.subarray(at, at + n));
    else if (x instanceof Float32Array) floatKeys(n, bits, at, keys);
    else doubleKeys(n, bits, at, keys, high);
    let sorted = sortPairs(n, keys, places, otherKeys, otherPlaces);
    if (x instanceof Float64Array) {
      for (let i = 0; i < n; i++) keys[i] = high[sorted[i]!]!;
      sorted = sortPairs(n, keys, sorted, otherKeys, sorted === places ? otherPlaces : places);
    }
    take(sorted, at);
  }
}

function sortFloats(rows: number, n: number, x: Int32Array, y: Int32Array): void {
  const [keys, other] = scratch(n, 2) as [Int32Array, Int32Array];
  for (let row = 0, at = 0; row < rows; row++, at += n) {
    const hasNegativeZero = floatKeys(n, x, at, keys);
    floatsOf(n, sortKeys(n, keys, other), y, at);
    if (hasNegativeZero) signZeros(n, x, y, at);
  }
}

export const sorting: Partial<SortingKernels> = {
  sort: (rows, n, x, y) => {
    if (x instanceof Float32Array && y instanceof Float32Array) sortFloats(rows, n, bitsOf(x), bitsOf(y));
    else if (x instanceof Float64Array) {
      eachOrder(rows, n, x, (places, at) => {
        for (let j = 0; j < n; j++) y[at + j] = x[at + places[j]!]!;
      });
    } else {
      const [keys, other] = scratch(n, 2) as [Int32Array, Int32Array];
      for (let row = 0, at = 0; row < rows; row++, at += n) {
        keys.set(x.subarray(at, at + n));
        y.set(sortKeys(n, keys, other), at);
      }
    }
  },
  argsort: (rows, n, x, indices) => eachOrder(rows, n, x, (places, at) => indices.set(places, at)),
};
