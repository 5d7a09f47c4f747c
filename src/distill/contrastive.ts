import type { FloatArray } from '../../kernels/arrays.ts';
import { log64 } from '../../kernels/reference/math.ts';
import { add, equal, mul, neg, notEqual, sub, where } from '../autograd/arithmetic.ts';
import { softplus } from '../autograd/elementwise.ts';
import { concat, detach, reshape, transpose } from '../autograd/movement.ts';
import { matmul, softmaxCrossEntropy } from '../autograd/products.ts';
import { mean, sum } from '../autograd/reductions.ts';
import { checkCount, checkFlag, checkOneOf, DTypeError, ShapeError, StateError } from '../base/errors.ts';
import { checkOptions } from '../base/options.ts';
import { size } from '../base/shape.ts';
import { allocateWords } from '../memory/arena.ts';
import { arrayOf, checkFloatDType, type FloatDType } from '../memory/dtype.ts';
import { eachTime } from '../memory/recorder.ts';
import { run } from '../memory/runtime.ts';
import { eye, zeros } from '../tensor/create.ts';
import { Random } from '../tensor/random.ts';
import { contiguous, empty, type Tensor } from '../tensor/tensor.ts';
import { checkTemperature } from './divergence.ts';
import { checkAlike, teachersOf, unitRows } from './pairs.ts';

/** Embeddings that are compared besides those of the batch. */
export interface Negatives {
  /** [count, width]; constants. */
  readonly embeddings: Tensor;
  /** What these samples are called by, int32 [count]. */
  readonly marks: Tensor;
}

export interface ContrastiveOptions {
  /** Divides the cosines. Default 0.1. */
  readonly temperature?: number;
  /**
   * What the samples of the batch are called by, int32 [batch]: two of one mark are no negatives of each other. Numbers of samples
   * keep a sample from being its own negative; with labels those of its class are not either. Default: all are different.
   */
  readonly marks?: Tensor;
  /** Of the teacher, such as a memory has drawn. With marks for the batch too. Default none. */
  readonly negatives?: Negatives;
  /** Compare each embedding of the teacher with the student's of the batch too, and take the mean of both. Default false. */
  readonly symmetric?: boolean;
  /**
   * `infoNCE` asks which of all is the pair (van den Oord et al. 2018, arXiv:1807.03748v2, eq. 4), `crd` of each whether it is
   * one (Tian et al. 2020, arXiv:1910.10699, eq. 18 and 19, numbered otherwise in some versions): -log h of the pair less
   * log(1 - h) of each of N others, h = e^z/(e^z + N/M), M being `samples`. Default 'infoNCE'.
   */
  readonly form?: 'infoNCE' | 'crd';
  /** With `crd`: from how many samples negatives are taken. Default: as many as there are negatives. */
  readonly samples?: number;
}

const OPTIONS = 'temperature marks negatives symmetric form samples';

/**
 * Contrastive loss of embeddings [batch, width] of one width: the student's of a sample is to point where the teacher's of the same
 * sample does and away from the teacher's of the others, the mean over the batch. Embeddings are divided by their lengths; one of
 * zeros is at right angles to all. InfoNCE of a batch of one sample without negatives is 0.
 *
 * @example
 * const teacher = tensor([[1, 0], [0, 1]]);
 * contrastiveLoss(teacher, tensor([[2, 0], [0, 3]])).item().toFixed(3); // 0.000
 * contrastiveLoss(teacher, tensor([[0, 1], [1, 0]])).item().toFixed(3); // 10.000
 */
export function contrastiveLoss(teacher: Tensor, student: Tensor, options: ContrastiveOptions = {}): Tensor {
  const op = 'contrastiveLoss';
  checkOptions(op, options, OPTIONS, 'Write { temperature: $ }');
  const { negatives } = options;
  const fixed = negatives && { ...negatives, embeddings: detach(negatives.embeddings) };
  return contrast(op, teachersOf(op, teacher, student, 1), student, { ...options, ...(fixed && { negatives: fixed }) });
}

/** The same with gradients for both sides: where the teacher's embeddings come out of a projection that is trained too. */
export function contrast(op: string, teacher: Tensor, student: Tensor, options: ContrastiveOptions): Tensor {
  const { temperature = 0.1, marks, negatives, symmetric = false, form = 'infoNCE', samples } = options;
  checkTemperature(op, temperature);
  checkFlag(op, 'symmetric', symmetric);
  checkOneOf(op, 'form', form, ['infoNCE', 'crd']);
  if (samples !== undefined) checkCount(op, 'samples', samples);
  const n = student.shape[0]!;
  checkAlike(op, teacher, student, 'Project both to one width');
  if (student.rank !== 2) throw new ShapeError(op, [student.shape], 'embeddings must be [batch, width]');
  if (marks !== undefined) checkMarks(op, marks, n);
  const s = unitRows(student);
  const similar = (to: Tensor): Tensor => mul(matmul(s, unitRows(to), false, true), 1 / temperature);
  const inside = similar(teacher);
  const apart = marks === undefined ? null : differing(marks, marks);
  const kept = (logits: Tensor): Tensor =>
    apart === null ? logits : where(equal(eye(n), 1), logits, where(apart, logits, -Infinity));
  const logits = [kept(inside)];
  if (negatives !== undefined) {
    const { embeddings, marks: others } = negatives;
    checkMarks(op, others, embeddings.shape[0]!);
    if (marks === undefined || embeddings.rank !== 2 || embeddings.shape[1] !== student.shape[1])
      throw new ShapeError(op, [student.shape, embeddings.shape], 'negatives need marks of the batch and its width');
    logits.push(where(differing(marks, others), similar(embeddings), -Infinity));
  }
  const loss = (parts: readonly Tensor[]): Tensor => mean(lossesOf(form, parts, samples));
  return symmetric ? mul(add(loss(logits), loss([kept(transpose(inside))])), 0.5) : loss(logits);
}

function checkMarks(op: string, marks: Tensor, count: number): void {
  if (marks.dtype !== 'int32') throw new DTypeError(op, [marks.dtype], 'marks must be int32', 'cast() first?');
  if (marks.size !== count) throw new ShapeError(op, [marks.shape, [count]], 'needs a mark for each embedding');
}

/** Which of two lists of marks differ, [first, second]. */
const differing = (first: Tensor, second: Tensor): Tensor =>
  notEqual(reshape(first, [first.size, 1]), reshape(second, [1, second.size]));

/** A loss for each row, whose pair is on the diagonal of the first part; what is -Infinity is left out. */
function lossesOf(form: 'infoNCE' | 'crd', parts: readonly Tensor[], samples: number | undefined): Tensor {
  const n = parts[0]!.shape[0]!;
  const dtype = parts[0]!.dtype as FloatDType;
  const logits = parts.length === 1 ? parts[0]! : concat(parts, 1);
  const width = logits.shape[1]!;
  const pairs = width === n ? eye(n, dtype) : concat([eye(n, dtype), zeros([n, width - n], dtype)], 1);
  if (form === 'infoNCE') return softmaxCrossEntropy(logits, pairs);
  // h = e^z/(e^z + N/M) is the sigmoid of z - log(N/M): -log h of the pair, and -log(1 - h) of each of N others.
  const others = Math.max(1, width - 1);
  const odds = sub(logits, log64(others / (samples ?? others)));
  return sum(softplus(where(equal(pairs, 1), neg(odds), odds)), { axis: 1 });
}

export interface ContrastiveMemoryOptions {
  /** How many embeddings it holds; more take the places of the oldest. */
  readonly entries: number;
  /** Numbers of an embedding. */
  readonly width: number;
  /** Decides what is drawn. Default 0. */
  readonly seed?: number;
  /** Default `float32`. */
  readonly dtype?: FloatDType;
}

/**
 * Embeddings of earlier batches, or of all samples, from which negatives are drawn (Tian et al. 2020, section 3.1; a ring of the
 * latest, as in He et al. 2020). What is drawn depends on the seed, the number of draws before and what was pushed, and on nothing
 * else. Both methods may stand in a training step that is recorded: a repeated one pushes and draws anew.
 *
 * @example
 * const memory = new ContrastiveMemory({ entries: 512, width: 2 });
 * const [embeddings, marks] = [tensor([[1, 0], [0, 1]]), tensor([0, 1], { dtype: 'int32' })];
 * memory.push(embeddings, marks);
 * const student = tensor([[2, 0], [0, 3]]);
 * contrastiveLoss(embeddings, student, { marks, negatives: memory.draw(8) }).item().toFixed(3); // 0.000
 */
export class ContrastiveMemory {
  readonly entries: number;
  readonly width: number;
  private readonly values: FloatArray;
  private readonly marks: Int32Array;
  private readonly random: Random;
  private readonly dtype: FloatDType;
  private pushed = 0;

  constructor(options: ContrastiveMemoryOptions) {
    const op = 'ContrastiveMemory';
    checkOptions(op, options, 'entries width seed dtype');
    const { entries, width, seed = 0, dtype = 'float32' } = options;
    checkCount(op, 'entries', entries);
    checkCount(op, 'width', width);
    checkFloatDType(op, dtype);
    this.entries = entries;
    this.width = width;
    this.dtype = dtype;
    this.values = arrayOf(dtype, size(op, [entries, width])) as FloatArray;
    this.marks = new Int32Array(entries);
    this.random = new Random(seed, 'contrastive');
  }

  /** How many embeddings it holds so far. */
  get filled(): number {
    return Math.min(this.pushed, this.entries);
  }

  /** Takes in embeddings [count, width] as they are now, with the marks of their samples, int32 [count]. */
  push(embeddings: Tensor, marks: Tensor): void {
    const op = 'push';
    const [count, width] = embeddings.shape;
    if (embeddings.rank !== 2 || width !== this.width)
      throw new ShapeError(op, [embeddings.shape], `this memory holds embeddings [count, ${this.width}]`);
    if (embeddings.dtype !== this.dtype)
      throw new DTypeError(op, [embeddings.dtype], `this memory holds ${this.dtype}`, 'Say dtype when it is made');
    checkMarks(op, marks, count!);
    const from = contiguous(detach(embeddings));
    const called = contiguous(marks);
    eachTime(() => {
      for (let i = 0; i < count!; i++) {
        const at = this.pushed++ % this.entries;
        const start = from.offset + i * width;
        this.values.set((from.storage.array as FloatArray).subarray(start, start + width), at * width);
        this.marks[at] = called.storage.array[called.offset + i]!;
      }
    });
  }

  /** `count` of the embeddings that it holds, each drawn from all of them: one may come more than once. */
  draw(count: number): Negatives {
    checkCount('draw', 'count', count);
    if (this.pushed === 0) throw new StateError('draw', 'the memory holds no embeddings: push() some first');
    const places = drawnPlaces(count, this.random, () => this.filled);
    const embeddings = empty([count, this.width], this.dtype);
    const marks = empty([count], 'int32');
    eachTime(() => {
      const { width, values } = this;
      for (let i = 0; i < count; i++) {
        const at = places.storage.array[i]!;
        marks.storage.array[i] = this.marks[at]!;
        embeddings.storage.array.set(values.subarray(at * width, (at + 1) * width), i * width);
      }
    });
    return { embeddings, marks };
  }
}

/** `count` whole numbers below `most`, int32, any of them each time: one draw of the generator. A repeated step draws anew. */
export function drawnPlaces(count: number, random: Random, most: () => number): Tensor {
  const state = allocateWords(random.state.length);
  const words = allocateWords(count);
  eachTime(() => {
    state.array.set(random.state);
    random.step++;
  });
  run.kernels.philox(count, state.array, words.array);
  const places = empty([count], 'int32');
  eachTime(() => {
    const below = most();
    for (let i = 0; i < count; i++) places.storage.array[i] = Math.floor((words.array[i]! / 2 ** 32) * below);
  });
  return places;
}
