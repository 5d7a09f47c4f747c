import type { BitCoder } from './range-coder.ts';

/**
 * Context mixing (Mahoney 2005, "Adaptive weighing of context models for lossless data compression"; PAQ, lpaq): several models
 * each say how likely a 1 is, by what they counted where a context of theirs was the same. Their logits are added with weights,
 * x = Σ wᵢ·stretch(pᵢ), p = squash(x), and the weights learn from every bit, wᵢ += rate·stretch(pᵢ)·(bit - p): a step of
 * logistic regression. So what helps in this matrix is found while it is coded, and nothing but the bits is stored.
 *
 * Two engines must come to the same p, or all that follows is garbage. So there are integers and what IEEE 754 says to the last
 * bit (sums, products, quotients), and nothing of Math.exp and its like.
 */

/** Probabilities that are counted are in 2³⁰ths, those that are coded with in 2¹⁶ths. */
export const ONE: number = 2 ** 30;
const UNIT = 65536;
/** What a bit is coded with of which nothing is known. */
export const EVEN: number = UNIT / 2;
/** Logits are in 256ths, from -2047 to 2047: probabilities down to 1/2980. */
const MOST_LOGIT = 2047;
const STEP = 1.0039138893383475; // e^(1/256)
const WEIGHT = 2 ** 24;

/** squash, the logistic function: 1/(1 + e⁻ˣ) for each logit. */
function logistic(): Uint16Array {
  const table = new Uint16Array(2 * MOST_LOGIT + 1);
  for (let x = 0, power = 1; x <= MOST_LOGIT; x++, power *= STEP) {
    const p = Math.floor(UNIT / (1 + power));
    table[MOST_LOGIT - x] = p;
    table[MOST_LOGIT + x] = UNIT - p;
  }
  return table;
}

/** stretch, its inverse: ln(p/(1 - p)) for p in 4096ths. */
function logits(squash: Uint16Array): Int16Array {
  const table = new Int16Array(4096);
  for (let p = 0, x = 0; p < 4096; p++) {
    while (x < 2 * MOST_LOGIT && squash[x]! < p * 16 + 8) x++;
    table[p] = x - MOST_LOGIT;
  }
  return table;
}

const SQUASH: Uint16Array = /* @__PURE__ */ logistic();
const STRETCH: Int16Array = /* @__PURE__ */ logits(SQUASH);

/** A model: a probability for each of its contexts that follows what was counted, by 1/(count + 1.5), and of the last `limit` most. */
export class Counters {
  private readonly p: Int32Array;
  private readonly count: Uint16Array;
  private readonly limit: number;

  /** Each context starts from `p` as if that had been counted `count` times. */
  constructor(contexts: number, limit: number, p: number = ONE / 2, count = 0) {
    this.p = new Int32Array(contexts);
    this.count = new Uint16Array(contexts);
    this.limit = limit;
    for (let i = 0; i < contexts; i++) this.start(i, p, count);
  }

  start(i: number, p: number, count: number): void {
    this.p[i] = p;
    this.count[i] = count;
  }

  logit(i: number): number {
    return STRETCH[this.p[i]! >> 18]!;
  }

  learn(i: number, bit: number): void {
    const p = this.p[i]!;
    this.p[i] = p + (bit * ONE - p) / (this.count[i]! + 1.5);
    if (this.count[i]! < this.limit) this.count[i]!++;
  }
}

/** Adds up what `models` say, with weights of their own in each of so many `sets`. */
export class Mixer {
  private readonly models: readonly Counters[];
  private readonly weights: Int32Array;
  private readonly logits: Int32Array;
  private readonly shift: number;

  /** Weights start from `weights`; they learn at a rate of 2^(15 - shift). */
  constructor(models: readonly Counters[], weights: readonly number[], shift: number, sets = 1) {
    this.models = models;
    this.weights = new Int32Array(sets * models.length).map((_, i) => weights[i % models.length]! * WEIGHT);
    this.logits = new Int32Array(models.length);
    this.shift = shift;
  }

  /** Codes a bit where model i is in context `at[i]`. */
  code(coder: BitCoder, at: Int32Array, bit: number, set = 0): number {
    const { models, weights, logits } = this;
    const first = set * models.length;
    let sum = 0;
    for (let i = 0; i < models.length; i++) {
      logits[i] = models[i]!.logit(at[i]!);
      sum += weights[first + i]! * logits[i]!;
    }
    const x = Math.max(-MOST_LOGIT, Math.min(MOST_LOGIT, Math.floor(sum / WEIGHT)));
    const p = SQUASH[x + MOST_LOGIT]!;
    const coded = coder.code(p, bit);
    for (let i = 0; i < models.length; i++) {
      weights[first + i] = weights[first + i]! + ((logits[i]! * (coded * UNIT - p)) >> this.shift);
      models[i]!.learn(at[i]!, coded);
    }
    return coded;
  }
}

/** Codes an integer of so many bits, of which nothing is known. */
export function codeWord(coder: BitCoder, bits: number, value: number): number {
  let coded = 0;
  for (let i = bits - 1; i >= 0; i--) coded = coded * 2 + coder.code(EVEN, (value >> i) & 1);
  return coded;
}
