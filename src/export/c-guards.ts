import { bytesOfConstants } from './c-text.ts';

/** What a file asks of its compiler, and refuses. */

export const FLASH = `/* Where constants lie. On AVR this needs GNU extensions (-std=gnu99); elsewhere they are in flash by themselves. */
#ifndef WHITTLE_FLASH
#ifdef __FLASH
#ifdef __STRICT_ANSI__
#error "on AVR constants lie in __flash, which ISO C does not have: build this file with -std=gnu99"
#endif
#define WHITTLE_FLASH __flash
#else
#define WHITTLE_FLASH
#endif
#endif`;

export const EXACT = `#if defined(__FAST_MATH__) || defined(__ASSOCIATIVE_MATH__) || defined(__RECIPROCAL_MATH__) || defined(_M_FP_FAST)
#error "the bits of the network need numbers as IEEE 754 has them: build this file without -ffast-math and its parts"
#endif
#if defined(__FINITE_MATH_ONLY__) && __FINITE_MATH_ONLY__ > 0
#error "the bits of the network need NaN and infinity: build this file without -ffinite-math-only"
#endif
#if defined(__FLT_EVAL_METHOD__) && (__FLT_EVAL_METHOD__ == 1 || __FLT_EVAL_METHOD__ == 2)
#error "float is computed in more bits here: build this file with -msse2 -mfpmath=sse"
#endif`;

/** The vectorizer of gcc for x86 makes vfmaddsub of neighbouring products and sums, whatever -ffp-contract says. */
export const APART = `/* A product and a sum are two roundings. */
#if defined(__GNUC__) && !defined(__clang__)
#if defined(__FP_FAST_FMA) || defined(__FP_FAST_FMAF)
#pragma GCC optimize("fp-contract=off")
#endif
#ifdef __FMA__
#pragma GCC optimize("no-tree-vectorize") /* which makes one of them in spite of that */
#endif
#else
#pragma STDC FP_CONTRACT OFF
#endif`;

/** Routines that a network may end in, without which the largest of its outputs is the same. */
const AT_THE_END: readonly string[] = ['softmax', 'log_softmax', 'exp_sum_of', 'each_sigmoid'];

/** What it says where double has fewer than 64 bits: which routines need them, and what helps. */
export function wideText(routines: readonly string[], isWhole: boolean): string {
  const own = routines.filter((name) => !/64$/.test(name)); // not what others are made of
  const asked = own.length > 0 ? own : routines;
  const helps = isWhole && own.some((name) => AT_THE_END.includes(name));
  const remedy = helps ? ', and toC with logits: true leaves out a softmax or sigmoid at the end' : '';
  return `#ifdef __DBL_MANT_DIG__
#if __DBL_MANT_DIG__ < 53
#error "${asked.join(', ')} of this network: float64 inside, which double is not here. avr-gcc from 10 on has -mdouble=64${remedy}"
#endif
#else
typedef char double_of_64_bits[sizeof(double) < 8 ? -1 : 1]; /* needed by ${asked.join(', ')} */
#endif`;
}

/** Bytes that addresses of 16 bits reach, but for what else lies there; and the most that avr-gcc takes for one array. */
const REACHED = 64_000;
const LONGEST = 32_767;

/** Refuses machines that cannot reach all constants of a text; null where all can. */
export function roomText(constants: string): string | null {
  const bytes = bytesOfConstants(constants);
  const all = bytes.reduce((sum, n) => sum + n, 0);
  const longest = Math.max(0, ...bytes);
  if (all <= REACHED && longest <= LONGEST) return null;
  const reason =
    all > REACHED
      ? `the constants of this network take ${all} bytes, and __flash of AVR reaches 65536`
      : `an array of this network takes ${longest} bytes, and those of AVR have ${LONGEST} at most`;
  return `#ifdef __FLASH
#error "${reason}: prune or share more, or take another machine"
#endif`;
}
