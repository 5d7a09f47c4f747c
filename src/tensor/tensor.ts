import type { TypedArray } from '../../kernels/arrays.ts';
import { DTypeError, listed, ShapeError, ValueError } from '../base/errors.ts';
import { elementsOf, type Shape, sameShape, size, stridesOf } from '../base/shape.ts';
import type { NumberArray } from '../base/values.ts';
import { adopt, allocate, checkAlive, partOf, persistent, type Storage } from '../memory/arena.ts';
import { type DType, dtypeOf } from '../memory/dtype.ts';
import { cannotRepeat, eachTime } from '../memory/recorder.ts';
import { run } from '../memory/runtime.ts';
import { format } from './print.ts';

/** What the tape hangs on a tensor; defined in `autograd`. */
export interface TapeNode {
  readonly op: string;
}

/** A recorded step repeats kernels; what TypeScript did with numbers that it read, it cannot know. */
const READ = 'numbers of a tensor are read during the step';

/** Nested arrays of numbers, as deep as the rank. */
export type NestedArray = number | boolean | readonly NestedArray[];

/** Numbers in any form that is taken: a tensor, nested arrays, or a typed array. */
export type Values = Tensor | NestedArray | NumberArray;

/**
 * Numbers with a shape. A tensor is a view on a storage: several tensors may share one, with other shapes and strides.
 * It has no operations of its own: they are functions (`add(a, b)`), in `autograd/`.
 *
 * @example
 * const t = tensor([[1, 2], [3, 4]]);
 * [t.shape, t.dtype, t.size]; // [ [ 2, 2 ], 'float32', 4 ]
 * t.data; // Float32Array(4) [ 1, 2, 3, 4 ]
 * t.toArray(); // [ [ 1, 2 ], [ 3, 4 ] ]
 * sum(t).item(); // 10
 */
export class Tensor {
  readonly shape: Shape;
  readonly size: number;
  readonly storage: Storage;
  /** Where the first element lies in the storage. */
  readonly offset: number;
  /** Strides in elements, or null when the elements lie row-major without gaps. */
  readonly viewStrides: readonly number[] | null;
  private readonly generation: number;
  /** The step that computed this tensor, when a gradient may flow back through it. */
  node: TapeNode | null = null;
  /** Set on parameters: `backward` leaves a gradient here. */
  requiresGrad = false;
  /** The gradient that `backward` left, summed over calls; null before the first. */
  grad: Tensor | null = null;

  constructor(shape: Shape, count: number, storage: Storage, offset = 0, strides: readonly number[] | null = null) {
    this.shape = shape;
    this.size = count;
    this.storage = storage;
    this.offset = offset;
    this.viewStrides = strides;
    this.generation = storage.owner.generation;
  }

  get dtype(): DType {
    return this.storage.dtype;
  }

  get rank(): number {
    return this.shape.length;
  }

  /** Elements to skip per index along each axis. */
  get strides(): readonly number[] {
    return this.viewStrides ?? stridesOf(this.shape);
  }

  /**
   * The numbers, row-major: the live memory where they lie so already, else a copy. Throws DisposedError if stale. Ask
   * anew each time: while a model trains its weights are in the memory of the kernels, in another array than before.
   */
  get data(): TypedArray {
    cannotRepeat(READ);
    const array = flat('data', this);
    return array.length === this.size ? array : array.subarray(0, this.size);
  }

  /** Throws DisposedError when the step that made this tensor has ended. */
  check(op: string): void {
    checkAlive(op, this.storage, this.generation);
  }

  /** The only number of a tensor of size 1. */
  item(): number {
    if (this.size !== 1) throw new ShapeError('item', [this.shape], 'needs a tensor of size 1');
    this.check('item');
    cannotRepeat(READ);
    return this.storage.array[this.offset]!;
  }

  /** Nested arrays of numbers. */
  toArray(): NestedArray {
    const data = this.data;
    const build = (axis: number, at: number): NestedArray => {
      if (axis === this.rank) return data[at]!;
      const inner = elementsOf(this.shape.slice(axis + 1));
      return Array.from({ length: this.shape[axis]! }, (_, i) => build(axis + 1, at + i * inner));
    };
    return build(0, 0);
  }

  /** What JSON.stringify writes: numbers row-major. JSON has no NaN and no infinities, which become null in the text. */
  toJSON(): { readonly shape: Shape; readonly dtype: DType; readonly data: number[] } {
    return { shape: this.shape, dtype: this.dtype, data: Array.from(this.data) };
  }

  /** Prints as NumPy does. */
  toString(): string {
    return format(this.shape, this.dtype, this.data);
  }

  // Node's console.log calls the method of this name instead of showing the fields.
  static {
    Object.defineProperty(Tensor.prototype, Symbol.for('nodejs.util.inspect.custom'), {
      value(this: Tensor): string {
        return `Tensor ${this.dtype} ${listed(this.shape)}\n${this.toString()}`;
      },
    });
  }
}

/** Throws ValueError for what is no tensor, where an operation takes one. Every operation asks before it looks at anything. */
export function checkTensors(op: string, ...given: readonly unknown[]): void {
  for (const t of given) {
    if (t instanceof Tensor) continue;
    const areNumbers = Array.isArray(t) || ArrayBuffer.isView(t) || typeof t === 'number';
    const areOptions = Object(t) === t && Object.getPrototypeOf(t) === Object.prototype;
    const order = 'Options come last: null stands for a bias or another operand before them that is left out';
    const remedy = areNumbers ? 'tensor() makes one of numbers' : areOptions ? order : undefined;
    throw new ValueError(op, 'an operand', 'a tensor', t, remedy);
  }
}

/** The same for an operation that takes a list. */
export function checkList(op: string, tensors: readonly Tensor[]): void {
  if (!Array.isArray(tensors)) throw new ValueError(op, 'tensors', `a list of them, as in ${op}([a, b])`, tensors);
  checkTensors(op, ...tensors);
}

/** The elements as one row-major array for a kernel; it may be longer than the tensor. Copies only a strided view. */
export function flat(op: string, t: Tensor): TypedArray {
  t.check(op);
  const { array } = t.storage;
  if (t.viewStrides === null) return t.offset === 0 ? array : partOf(t.storage, t.offset, t.offset + t.size);
  const copy = allocate(t.dtype, t.size).array;
  run.kernels.stridedCopy(t.shape, array, t.offset, t.viewStrides, copy, 0, stridesOf(t.shape));
  return copy;
}

/** A new tensor whose contents are not yet defined. `count` is the size of a shape already checked. */
export function empty(shape: Shape, dtype: DType, count: number = size('empty', shape)): Tensor {
  return new Tensor(shape, count, allocate(dtype, count));
}

/**
 * Wraps a typed array without copying it; a Uint8Array may be `bool`. Throws ShapeError when its length is not the size
 * of `shape`, DTypeError when it holds another type.
 *
 * @example
 * const data = Float32Array.of(1, 2, 3, 4);
 * const t = fromData(data, [2, 2]);
 * data[0] = 9;
 * t; // [[9. 2.] [3. 4.]]
 */
export function fromData(data: TypedArray, shape: Shape = [data.length], dtype: DType = dtypeOf(data)): Tensor {
  const held = dtypeOf(data);
  if (dtype !== held && !(dtype === 'bool' && held === 'uint8')) {
    throw new DTypeError('fromData', [String(dtype)], `the array holds ${held}`);
  }
  return new Tensor([...shape], sizeFor('fromData', shape, data), adopt(dtype, data));
}

/** The size of a shape for the elements of an array. */
export function sizeFor(op: string, shape: Shape, { length }: TypedArray): number {
  const count = size(op, shape);
  if (count === length) return count;
  throw new ShapeError(op, [shape], `the shape holds ${count} elements, the array ${length}`);
}

/** A view on the same numbers with other shape and strides; row-major strides are recognised as such. */
export function viewOf(t: Tensor, shape: Shape, strides: readonly number[] | null, offset: number = t.offset): Tensor {
  const count = elementsOf(shape);
  t.check('view');
  const plain = strides === null || count === 0 || isRowMajor(shape, strides);
  return new Tensor(shape, count, t.storage, offset, plain ? null : strides);
}

function isRowMajor(shape: Shape, strides: readonly number[]): boolean {
  let expected = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] !== 1 && strides[axis] !== expected) return false;
    expected *= shape[axis]!;
  }
  return true;
}

/** The same tensor if its elements lie row-major, else a copy that does. */
export function contiguous(t: Tensor): Tensor {
  if (t.viewStrides === null) return t;
  return copyOf(t);
}

/** A fresh row-major copy, without gradient. */
export function copyOf(t: Tensor): Tensor {
  t.check('copy');
  const y = empty(t.shape, t.dtype, t.size);
  run.kernels.stridedCopy(t.shape, t.storage.array, t.offset, t.strides, y.storage.array, 0, stridesOf(t.shape));
  return y;
}

/**
 * A copy of `t` that outlives the step, without gradient.
 *
 * @example
 * const kept = step(() => keep(add(tensor([1, 2]), 1)));
 * kept; // [2. 3.]
 */
export function keep(t: Tensor): Tensor {
  checkTensors('keep', t);
  return persistent(() => copyOf(t));
}

/**
 * Overwrites the numbers of `target` with those of `source`, of the same shape and type. The one write in place that
 * users have; a graph that still needs the old numbers refuses to run backward afterwards.
 *
 * @example
 * const w = zeros([2]);
 * assign(w, tensor([1, 2]));
 * w; // [1. 2.]
 */
export function assign(target: Tensor, source: Tensor): void {
  checkTensors('assign', target, source);
  if (!sameShape(target.shape, source.shape)) {
    throw new ShapeError('assign', [target.shape, source.shape], 'shapes differ');
  }
  if (target.dtype !== source.dtype) {
    throw new DTypeError('assign', [target.dtype, source.dtype], 'element types differ');
  }
  if (target.viewStrides?.some((stride, axis) => stride === 0 && target.shape[axis]! > 1)) {
    throw new ShapeError('assign', [target.shape], 'the target is a broadcast view, whose elements share memory');
  }
  target.check('assign');
  // A flat copy first: the two may overlap.
  const from = flat('assign', source.storage === target.storage ? copyOf(source) : source);
  const { shape, storage, offset, strides } = target;
  run.kernels.stridedCopy(shape, from, 0, stridesOf(shape), storage.array, offset, strides);
  eachTime(() => {
    storage.version++;
  });
}
