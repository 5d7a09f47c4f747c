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

/** A model: how many contexts it has, of which it counts the last `limit` most, and what each is from the start. */
export interface Model {
  readonly contexts: number;
  readonly limit: number;
  /** A probability as if it had been counted `count` times. Default a half, of nothing counted. */
  readonly p?: number;
  readonly count?: number;
}

/**
 * Adds up what models say, with weights of their own in each of so many `sets`. A model has a probability for each of its contexts
 * that follows what was counted, by 1/(count + 1.5).
 */
export class Mixer {
  /** The contexts of all models in a row: those of model i begin at `first[i]`. */
  readonly first: Int32Array;
  private readonly p: Int32Array;
  private readonly count: Uint16Array;
  private readonly limits: Uint16Array;
  private readonly weights: Int32Array;
  private readonly logits: Int32Array;
  private readonly shift: number;

  /** Weights start from `weights`; they learn at a rate of 2^(15 - shift). */
  constructor(models: readonly Model[], weights: readonly number[], shift: number, sets = 1) {
    this.first = new Int32Array(models.length);
    for (let i = 1; i < models.length; i++) this.first[i] = this.first[i - 1]! + models[i - 1]!.contexts;
    const contexts = models.reduce((sum, model) => sum + model.contexts, 0);
    this.p = new Int32Array(contexts);
    this.count = new Uint16Array(contexts);
    for (const [i, { contexts, p = ONE / 2, count = 0 }] of models.entries()) {
      this.p.fill(p, this.first[i]!, this.first[i]! + contexts);
      this.count.fill(count, this.first[i]!, this.first[i]! + contexts);
    }
    this.limits = Uint16Array.from(models, ({ limit }) => limit);
    this.weights = new Int32Array(sets * models.length).map((_, i) => weights[i % models.length]! * WEIGHT);
    this.logits = new Int32Array(models.length);
    this.shift = shift;
  }

  /** Sets a context to `p` as if that had been counted `count` times. */
  start(context: number, p: number, count: number): void {
    this.p[context] = p;
    this.count[context] = count;
  }

  logit(context: number): number {
    return STRETCH[this.p[context]! >> 18]!;
  }

  /** Codes a bit where model i is in context `at[i]`, which counts from the first of all. */
  code(coder: BitCoder, at: Int32Array, bit: number, set = 0): number {
    const { p, count, limits, weights, logits, shift } = this;
    const models = logits.length;
    const own = set * models;
    let sum = 0;
    for (let i = 0; i < models; i++) {
      const logit = STRETCH[p[at[i]!]! >> 18]!;
      logits[i] = logit;
      sum += weights[own + i]! * logit;
    }
    const x = Math.floor(sum / WEIGHT);
    const mixed = SQUASH[x < -MOST_LOGIT ? 0 : x > MOST_LOGIT ? 2 * MOST_LOGIT : x + MOST_LOGIT]!;
    const coded = coder.code(mixed, bit);
    const error = coded * UNIT - mixed;
    for (let i = 0; i < models; i++) {
      weights[own + i] = weights[own + i]! + ((logits[i]! * error) >> shift);
      const context = at[i]!;
      const before = p[context]!;
      const counted = count[context]!;
      p[context] = before + (coded * ONE - before) / (counted + 1.5);
      if (counted < limits[i]!) count[context] = counted + 1;
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
