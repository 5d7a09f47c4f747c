import type { BitCoder } from './range-coder.ts';

/**
 * Context mixing (Mahoney 2005, "Adaptive weighing of context models for lossless data compression", PAQ and lpaq): several
 * models each say how likely a 1 is, by what they have counted in a context of theirs. Their logits are added with weights that
 * learn from every bit: x = Σ wᵢ·stretch(pᵢ), p = squash(x), wᵢ += rate·stretch(pᵢ)·(bit - p), a step of logistic regression.
 *
 * Integers alone: logits are in 256ths and of 12 bits, probabilities in 65536ths, weights in 65536ths.
 */
const UNIT = 65536;
const MOST_LOGIT = 2047;

/** squash: 65536/(1 + e⁻ˣ) at x/256. Products and quotients of float64 have the same bits everywhere, unlike Math.exp. */
const SQUASH: Uint16Array = new Uint16Array(2 * MOST_LOGIT + 1);
/** stretch: ln(p/(1 - p)) in 256ths for p in 4096ths, the inverse of squash. */
const STRETCH: Int16Array = new Int16Array(4096);

const STEP = 1.0039138893383475; // e^(1/256)
for (let x = 0, power = 1; x <= MOST_LOGIT; x++, power *= STEP) {
  SQUASH[MOST_LOGIT - x] = UNIT / (1 + power);
  SQUASH[MOST_LOGIT + x] = UNIT - SQUASH[MOST_LOGIT - x]!;
}
for (let p = 0, x = -MOST_LOGIT; p < 4096; p++) {
  while (x < MOST_LOGIT && SQUASH[MOST_LOGIT + x]! < p * 16 + 8) x++;
  STRETCH[p] = x;
}

/** The least probability that anything is given, of 65536: a bit takes at least log₂(1/(1 - 1/4096)) bits. */
export const LEAST = 16;
const within = (p: number): number => Math.min(UNIT - LEAST, Math.max(LEAST, p));

/** Probabilities that follow what is counted: quick at first, by 1/(count + 1.5), and slow from `limit` on. */
export class Counters {
  readonly p: Uint16Array;
  private readonly count: Uint8Array;
  private readonly limit: number;

  constructor(size: number, limit: number) {
    this.limit = limit;
    this.p = new Uint16Array(size).fill(UNIT / 2);
    this.count = new Uint8Array(size);
  }

  learn(i: number, bit: number): void {
    const count = this.count[i]!;
    const p = this.p[i]!;
    this.p[i] = p + Math.trunc(((bit === 1 ? UNIT - 1 : 0) - p) / (count + 1.5));
    if (count < this.limit) this.count[i] = count + 1;
  }

  /** Codes a bit by this model alone. */
  code(coder: BitCoder, i: number, bit: number): number {
    const coded = coder.code(within(this.p[i]!), bit);
    this.learn(i, coded);
    return coded;
  }
}

/** Adds up the opinions of `models`. */
export class Mixer {
  private readonly models: readonly Counters[];
  private readonly weights: Int32Array;
  private readonly logits: Int32Array;

  constructor(models: readonly Counters[]) {
    this.models = models;
    this.weights = new Int32Array(models.length).fill(UNIT / 2);
    this.logits = new Int32Array(models.length);
  }

  /** Codes a bit; model i is in context `at[i]`. */
  code(coder: BitCoder, at: Int32Array, bit: number): number {
    const { models, weights, logits } = this;
    let sum = 0;
    for (let i = 0; i < models.length; i++) {
      logits[i] = STRETCH[models[i]!.p[at[i]!]! >> 4]!;
      sum += weights[i]! * logits[i]!;
    }
    const x = Math.max(-MOST_LOGIT, Math.min(MOST_LOGIT, Math.floor(sum / UNIT)));
    const p = within(SQUASH[x + MOST_LOGIT]!);
    const coded = coder.code(p, bit);
    const error = (coded === 1 ? UNIT : 0) - p;
    for (let i = 0; i < models.length; i++) {
      weights[i] = weights[i]! + ((logits[i]! * error) >> 13);
      models[i]!.learn(at[i]!, coded);
    }
    return coded;
  }
}
