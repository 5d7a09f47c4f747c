import { GradientError, listed, ValueError } from '../base/errors.ts';
import { sameShape } from '../base/shape.ts';
import type { Storage } from '../memory/arena.ts';
import { isFloat } from '../memory/dtype.ts';
import { kernelsFor } from '../memory/runtime.ts';
import { full, zeros } from '../tensor/create.ts';
import { checkList, checkTensors, empty, flat, type TapeNode, type Tensor, viewOf } from '../tensor/tensor.ts';

/** From the gradient of an operation's output to that of one input. Writes into neither of the two, then or later. */
export type Pullback = (g: Tensor) => Tensor;

/** An input of an operation, and how a gradient flows back to it. */
export type Edge = readonly [input: Tensor, pullback: Pullback];

/** One recorded operation: a line of the tape. */
class Node implements TapeNode {
  readonly op: string;
  /** Position on the tape: an operation stands after all its inputs. */
  readonly position: number;
  readonly edges: readonly Edge[];
  private readonly output: Storage;
  private readonly version: number;
  constructor(op: string, position: number, edges: readonly Edge[], output: Storage) {
    this.op = op;
    this.position = position;
    this.edges = edges;
    this.output = output;
    this.version = this.versions();
  }

  /** Sum of the versions of all that a pullback may have captured, constants too; it only ever grows. */
  private versions(): number {
    let sum = this.output.version;
    for (let i = 0; i < this.edges.length; i++) sum += this.edges[i]![0].storage.version;
    return sum;
  }

  /** Throws GradientError when a value that a pullback may need has been overwritten. */
  checkUnchanged(): void {
    if (this.versions() !== this.version) {
      throw new GradientError(this.op, 'its inputs or result were assigned new numbers after they were used');
    }
  }
}

let recording = true;
let length = 0;
/** `isForward` tells operations that are put on the tape from those of pullbacks, and others within `noGrad`. */
type Watch = (op: string, output: Tensor, inputs: readonly Tensor[], isForward: boolean) => void;
/** Told the gradient of one input of an operation on the tape. */
type WatchBack = (node: TapeNode, gradient: Tensor) => void;
let watcher: Watch | null = null;
let backWatcher: WatchBack | null = null;

const inputOf = ([input]: Edge): Tensor => input;

/** Whether a gradient may flow to or through `t`. */
function needsGradient(t: Tensor): boolean {
  return t.requiresGrad || t.node !== null;
}

/**
 * Ends an operation: puts `out`, a tensor made by it, on the tape with one pullback per input, and returns it. Nothing
 * is recorded if no input needs a gradient or recording is off. Integer inputs that a pullback uses are edges with
 * `noGradient`, so that a change of them is noticed.
 *
 * @example
 * const cube = (x: Tensor): Tensor => record('cube', noGrad(() => pow(x, 3)), [x, (g) => mul(g, mul(square(x), 3))]);
 * const w = scalar(2);
 * cube(w); // 8.0
 * grad(() => cube(w), [w])[0]; // 12.0
 */
export function record(op: string, out: Tensor, ...edges: readonly Edge[]): Tensor {
  if (watcher !== null) watcher(op, out, edges.map(inputOf), recording);
  if (!recording) return out;
  for (let i = 0; i < edges.length; i++) {
    if (needsGradient(edges[i]![0])) {
      out.node = new Node(op, ++length, edges, out.storage);
      break;
    }
  }
  return out;
}

/** A pullback for operations that have no gradient: the graph is never cut silently. */
export function noGradient(op: string): Pullback {
  return () => {
    throw new GradientError(op, 'has no gradient; use detach() on its input if none is wanted');
  };
}

/**
 * Marks a float tensor as a parameter: `backward` leaves its gradient in `.grad`. Returns the same tensor.
 *
 * @example
 * const w = parameter(scalar(3));
 * backward(square(w));
 * w.grad; // 6.0
 * parameter(tensor([1, 2], { dtype: 'int32' })); // throws GradientError
 */
export function parameter(t: Tensor): Tensor {
  if (!isFloat(t.dtype)) throw new GradientError('parameter', `needs float32 or float64, got ${t.dtype}`);
  t.requiresGrad = true;
  return t;
}

/**
 * Runs `body` without recording.
 *
 * @example
 * const w = parameter(scalar(3));
 * const constant = noGrad(() => square(w));
 * constant; // 9.0
 * backward(constant); // throws GradientError
 */
export function noGrad<T>(body: () => T): T {
  const before = recording;
  recording = false;
  try {
    return body();
  } finally {
    recording = before;
  }
}

/** Calls `body` with every operation reported to `watch`, and every gradient on its way to `watchBack`. For `trace`. */
export function watching<T>(watch: Watch, body: () => T, watchBack: WatchBack | null = null): T {
  const before = watcher;
  const backBefore = backWatcher;
  watcher = watch;
  backWatcher = watchBack;
  try {
    return body();
  } finally {
    watcher = before;
    backWatcher = backBefore;
  }
}

/**
 * A sum of gradients. The first is borrowed, since an operation may hand one tensor to several inputs; the second
 * makes a sum of our own; later ones are added in place.
 */
class Accumulator {
  sum: Tensor;
  private owned = false;
  constructor(first: Tensor) {
    this.sum = first;
  }

  add(g: Tensor): void {
    const { size, shape, dtype } = g;
    const sum = this.owned ? this.sum : empty(shape, dtype, size);
    const p = flat('backward', this.sum);
    const q = flat('backward', g);
    const out = sum.storage.array;
    kernelsFor(dtype).add(1, size, p as Float32Array, size, 1, q as Float32Array, size, 1, out as Float32Array);
    this.sum = sum;
    this.owned = true;
  }
}

/** Gradients by operation; null until the first arrives, and once they have been handed on. */
type Gradients = Map<Node, Accumulator | null>;

/**
 * The recorded operations that `root` depends on, last first, each entered into `gradients`. No recursion: graphs may be
 * 100,000 operations deep.
 */
function tapeOf(root: Node, gradients: Gradients): Node[] {
  const nodes = [root];
  let sorted = true;
  for (let i = 0; i < nodes.length; i++) {
    const { edges } = nodes[i]!;
    for (let j = 0; j < edges.length; j++) {
      const { node } = edges[j]![0];
      if (node instanceof Node && !gradients.has(node)) {
        gradients.set(node, null);
        if (node.position > nodes.at(-1)!.position) sorted = false;
        nodes.push(node);
      }
    }
  }
  return sorted ? nodes : nodes.sort((p, q) => q.position - p.position);
}

/** Walks the tape backwards from `root` with gradient `seed`; returns the gradient of every parameter reached. */
function pull(root: Tensor, seed: Tensor): ReadonlyMap<Tensor, { readonly sum: Tensor }> {
  const leaves = new Map<Tensor, Accumulator>();
  if (root.requiresGrad) leaves.set(root, new Accumulator(seed));
  const { node } = root;
  if (node instanceof Node) {
    const gradients: Gradients = new Map([[node, new Accumulator(seed)]]);
    noGrad(() => {
      for (const next of tapeOf(node, gradients)) passBack(next, gradients, leaves);
    });
  }
  return leaves;
}

/** Hands the gradient of one operation's result on to its inputs. */
function passBack(node: Node, gradients: Gradients, leaves: Map<Tensor, Accumulator>): void {
  const g = gradients.get(node)?.sum;
  if (g === undefined) return;
  gradients.set(node, null);
  node.checkUnchanged();
  const { edges } = node;
  for (let i = 0; i < edges.length; i++) {
    const input = edges[i]![0];
    if (!needsGradient(input)) continue;
    const gradient = edges[i]![1](g);
    if (backWatcher !== null) backWatcher(node, gradient);
    if (!sameShape(gradient.shape, input.shape) || gradient.dtype !== input.dtype) {
      const [got, wanted] = [gradient, input].map((t) => `${t.dtype} ${listed(t.shape)}`);
      throw new GradientError(node.op, `the gradient is ${got}, its input ${wanted}`);
    }
    if (input.node instanceof Node) accumulate(gradients, input.node, gradient);
    if (input.requiresGrad) accumulate(leaves, input, gradient);
  }
}

function accumulate<K>(sums: Map<K, Accumulator | null>, key: K, gradient: Tensor): void {
  const sum = sums.get(key);
  if (sum === undefined || sum === null) sums.set(key, new Accumulator(gradient));
  else sum.add(gradient);
}

function checkScalar(op: string, loss: Tensor): void {
  checkTensors(op, loss);
  if (loss.size !== 1) {
    throw new GradientError(op, `needs a scalar loss, got ${listed(loss.shape)}. Reduce it with mean() first?`);
  }
}

/**
 * Adds d loss/d p to `p.grad` for every parameter p that `loss` was computed from. Gradients are first-order: they are
 * constants themselves. Throws GradientError when `loss` is no scalar or depends on no parameter.
 *
 * @example
 * const w = parameter(tensor([1, 2]));
 * backward(sum(square(w)));
 * w.grad; // [2. 4.]
 * backward(sum(square(w)));
 * w.grad; // [4. 8.]
 */
export function backward(loss: Tensor): void {
  checkScalar('backward', loss);
  loss.check('backward');
  const gradients = pull(loss, full(loss.shape, 1, loss.dtype));
  if (gradients.size === 0) throw new GradientError('backward', 'the loss depends on no parameter');
  for (const [p, { sum: g }] of gradients) {
    if (p.grad === null) p.grad = g;
    else {
      const sum = new Accumulator(p.grad);
      sum.add(g);
      p.grad = sum.sum;
    }
  }
}

/**
 * Computes `loss()` and its gradient with respect to each tensor of `wrt` (zeros where it does not depend on it). The
 * gradients are read-only: two of them may share memory. Leaves `.grad` alone.
 *
 * @example
 * const w = scalar(3);
 * const { value, grads } = valueAndGrad(() => square(w), [w]); // 9 and [6]
 */
export function valueAndGrad(
  loss: () => Tensor,
  wrt: readonly Tensor[],
): { readonly value: Tensor; readonly grads: readonly Tensor[] } {
  if (typeof loss !== 'function')
    throw new ValueError('valueAndGrad', 'loss', 'a function that returns the loss as a scalar tensor', loss);
  checkList('valueAndGrad', wrt);
  const before = wrt.map((t) => t.requiresGrad);
  const wasRecording = recording;
  try {
    for (const t of wrt) parameter(t);
    recording = true;
    const value = loss();
    checkScalar('valueAndGrad', value);
    const gradients = pull(value, full(value.shape, 1, value.dtype));
    return { value, grads: wrt.map((t) => gradients.get(t)?.sum ?? zeros(t.shape, t.dtype)) };
  } finally {
    recording = wasRecording;
    wrt.forEach((t, i) => {
      t.requiresGrad = before[i]!;
    });
  }
}

/**
 * The gradients of `valueAndGrad` alone.
 *
 * @example
 * const w = tensor([1, 2]);
 * const b = scalar(0);
 * const [dw, db] = grad(() => add(sum(square(w)), b), [w, b]);
 * dw; // [2. 4.]
 * db; // 1.0
 */
export function grad(loss: () => Tensor, wrt: readonly Tensor[]): readonly Tensor[] {
  return valueAndGrad(loss, wrt).grads;
}

/**
 * An operation with a gradient of your own: `forward` runs unrecorded and returns the value and a pullback from its
 * gradient to one gradient per input.
 *
 * @example
 * const through = customGrad('through', (t) => ({ value: round(t), pullback: (g) => [g] }));
 * const w = tensor([0.25, 1.75]);
 * through(w); // [0. 2.]
 * grad(() => sum(through(w)), [w])[0]; // [1. 1.]
 */
export function customGrad(
  op: string,
  forward: (...inputs: Tensor[]) => { value: Tensor; pullback: (g: Tensor) => readonly Tensor[] },
): (...inputs: Tensor[]) => Tensor {
  return (...inputs) => {
    const { value, pullback } = noGrad(() => forward(...inputs));
    const all = perGradient((g) => {
      const gradients = pullback(g);
      if (gradients.length === inputs.length) return gradients;
      const text = `its pullback gave ${gradients.length} gradients for ${inputs.length} inputs`;
      throw new GradientError(op, text);
    });
    // A view: `value` may be an input, or stand on the tape already.
    const out = viewOf(value, value.shape, value.viewStrides);
    return record(op, out, ...inputs.map((input, i): Edge => [input, (g) => all(g)[i]!]));
  };
}

/** Computes `f(g)` once for the pullbacks of several inputs that share it. */
export function perGradient<T>(f: (g: Tensor) => T): (g: Tensor) => T {
  let last: Tensor | null = null;
  let result: T;
  return (g) => {
    if (g !== last) {
      result = f(g);
      last = g;
    }
    return result;
  };
}
