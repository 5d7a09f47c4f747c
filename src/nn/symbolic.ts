import { checkText, ValueError } from '../base/errors.ts';
import { checkOptions } from '../base/options.ts';
import { MAX_RANK, type Shape } from '../base/shape.ts';
import type { Lowerable } from './lowering.ts';

/**
 * A value of a model that is being described: an input, or what a layer gives for other values.
 *
 * @example
 * const block = (at: SymbolicTensor): SymbolicTensor => new Add().apply([at, new Dense(4, { activation: 'relu' }).apply(at)]);
 * const at = input([4]);
 * new Model(at, block(block(at))).predict(x).shape; // [ 200, 4 ]
 */
export class SymbolicTensor {
  /** Null for an input. */
  readonly layer: Lowerable | null;
  readonly inputs: readonly SymbolicTensor[];
  /** Of one sample of an input; undefined where it shows only when the model is built. */
  readonly shape: Shape | undefined;
  /** Of an input. */
  readonly name: string;

  constructor(layer: Lowerable | null, inputs: readonly SymbolicTensor[], shape?: Shape, name = 'input') {
    this.layer = layer;
    this.inputs = inputs;
    this.shape = shape;
    this.name = name;
  }
}

/** One value, or a list of several. */
export type Symbols = SymbolicTensor | readonly SymbolicTensor[];

/** The values as a list. Throws ValueError for anything else. */
export function symbolsOf(op: string, name: string, given: Symbols): readonly SymbolicTensor[] {
  const list: unknown = given instanceof SymbolicTensor ? [given] : given;
  const fits = Array.isArray(list) && list.length > 0 && list.every((each) => each instanceof SymbolicTensor);
  if (!fits) throw new ValueError(op, name, 'what input() or apply() gave, or a list of that', given);
  return [...list];
}

/** Throws ValueError unless it is the shape of a sample. */
export function checkSample(op: string, field: string, shape: Shape): void {
  const fits = Array.isArray(shape) && shape.length < MAX_RANK && shape.every((n) => Number.isSafeInteger(n) && n >= 0);
  if (!fits) throw new ValueError(op, field, 'a list of sizes, without the batch axis', shape);
}

/** The shape of a sample that is given as one or, by Keras's null for the samples before it, as that of a batch. */
export function sampleOf(op: string, field: string, given: Shape | readonly [null, ...number[]]): Shape {
  const sample = Array.isArray(given) && given[0] === null ? given.slice(1) : (given as Shape);
  checkSample(op, field, sample);
  return [...sample];
}

export interface InputOptions {
  /** What the network calls the input. Default `input`. */
  readonly name?: string;
}

/**
 * An input of a model, for samples of `shape`: `const x = input([64]); new Model(x, new Dense(10).apply(x))`.
 *
 * @example
 * const at = input([4]);
 * const net = new Model(at, [new Dense(2).apply(at), new Dense(1).apply(at)]);
 * net.predict<readonly Tensor[]>(x).map(({ shape }) => shape); // [ [ 200, 2 ], [ 200, 1 ] ]
 */
export function input(shape: Shape, options: InputOptions = {}): SymbolicTensor {
  checkOptions('input', options, 'name');
  checkSample('input', 'shape', shape);
  const { name = 'input' } = options;
  checkText('input', 'name', name);
  return new SymbolicTensor(null, [], [...shape], name);
}

/** The inputs, and every value that the outputs are made of, each after those that it is made of. */
export function valuesFrom(inputs: readonly SymbolicTensor[], outputs: readonly SymbolicTensor[]): SymbolicTensor[] {
  const order = [...inputs];
  const seen = new Set(order);
  for (const output of outputs) {
    if (seen.has(output)) continue;
    seen.add(output);
    const open: { readonly value: SymbolicTensor; next: number }[] = [{ value: output, next: 0 }];
    while (open.length > 0) {
      const top = open.at(-1)!;
      const input = top.value.inputs[top.next++];
      if (input === undefined) order.push(open.pop()!.value);
      else if (!seen.has(input)) {
        seen.add(input);
        open.push({ value: input, next: 0 });
      }
    }
  }
  return order;
}
