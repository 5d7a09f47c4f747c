import { checkRange, DTypeError, ValueError } from '../base/errors.ts';
import { type Shape, size } from '../base/shape.ts';
import { type FloatDType, isFloat } from '../memory/dtype.ts';
import { cannotRepeat } from '../memory/recorder.ts';
import { run } from '../memory/runtime.ts';
import { tensor } from './create.ts';
import { empty, fromData, type Tensor } from './tensor.ts';

/** Throws ValueError unless `seed` is an integer of 0 to 2⁵³ - 1. */
export function checkSeed(op: string, seed: number): void {
  if (!Number.isSafeInteger(seed) || seed < 0) throw new ValueError(op, 'seed', 'an integer from 0 to 2^53 - 1', seed);
}

/** FNV-1a over the characters' code units: names streams; no secret depends on it. */
function hash(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return h >>> 0;
}

/**
 * A counter-based generator (Philox4x32-10; Salmon et al. 2011): what it draws depends on the seed, the stream's name
 * and how many draws were made before, and on nothing else. Each method is one draw. Two streams of one seed are
 * independent, so a layer's dropout does not change when another layer is added.
 *
 * @example
 * const random = new Random(1, 'shuffle');
 * random.permutation(5); // [3 2 1 4 0]
 * random.permutation(5); // [2 3 1 4 0]
 * new Random(1, 'shuffle').permutation(5); // [3 2 1 4 0]
 * random.normal([2, 3], 0, 0.1).shape; // [ 2, 3 ]
 */
export class Random {
  /** [key0, key1, stream, step], as kernels take it. */
  readonly state: Uint32Array<ArrayBuffer>;

  constructor(seed: number, stream = '') {
    checkSeed('Random', seed);
    this.state = Uint32Array.of(seed % 2 ** 32, Math.floor(seed / 2 ** 32), hash(stream), 0);
  }

  /** Draws made so far. Setting it resumes a generator. */
  get step(): number {
    return this.state[3]!;
  }

  set step(step: number) {
    this.state[3] = step;
  }

  /** Numbers spread evenly over [low, high); where low is not 0, rounding may give `high` itself. */
  uniform(shape: Shape, low = 0, high = 1, dtype: FloatDType = 'float32'): Tensor {
    if (!(Number.isFinite(low) && low <= high && high - low < Infinity))
      throw new ValueError('uniform', 'low', `at most high (${high})`, low);
    return this.draw('uniform', shape, low, high - low, dtype);
  }

  /** Normal numbers with the given mean and standard deviation. */
  normal(shape: Shape, mean = 0, deviation = 1, dtype: FloatDType = 'float32'): Tensor {
    if (typeof mean !== 'number') throw new ValueError('normal', 'mean', 'a number by itself', mean);
    if (typeof deviation !== 'number' || !(deviation >= 0))
      throw new ValueError('normal', 'deviation', 'at least 0', deviation);
    return this.draw('normal', shape, mean, deviation, dtype);
  }

  /** 1 with probability `p`, else 0, as a bool tensor. */
  bernoulli(shape: Shape, p: number): Tensor {
    checkRange('bernoulli', 'p', p, 'between 0 and 1');
    const ones = Uint8Array.from(this.uniform(shape).data, (x) => (x < p ? 1 : 0));
    return fromData(ones, shape, 'bool');
  }

  /** The integers below `n` in random order (Fisher and Yates), as int32. */
  permutation(n: number): Tensor {
    const count = size('permutation', [n]);
    const order = Int32Array.from({ length: count }, (_, i) => i);
    const words = new Uint32Array(count);
    cannotRepeat('random numbers are drawn during the step');
    run.kernels.philox(count, this.state, words);
    this.step++;
    for (let i = count - 1; i > 0; i--) {
      const j = Math.floor((words[i]! / 2 ** 32) * (i + 1));
      const other = order[j]!;
      order[j] = order[i]!;
      order[i] = other;
    }
    return fromData(order);
  }

  private draw(kind: 'uniform' | 'normal', shape: Shape, shift: number, scale: number, dtype: FloatDType): Tensor {
    if (!isFloat(dtype)) throw new DTypeError(kind, [String(dtype)], 'draws float32 or float64');
    const y = empty([...shape], 'float32', size(kind, shape));
    const n = y.size;
    const array = y.storage.array as Float32Array;
    cannotRepeat('random numbers are drawn during the step');
    run.kernels[kind](n, this.state, array);
    this.step++;
    if (scale !== 1) run.kernels.mul(1, n, array, n, 1, Float32Array.of(scale), 0, 0, array);
    if (shift !== 0) run.kernels.add(1, n, array, n, 1, Float32Array.of(shift), 0, 0, array);
    return dtype === 'float64' ? tensor(array, { shape, dtype }) : y;
  }
}
