import { type NumberArray, numbersOf } from '../base/values.ts';
import { tensor } from '../tensor/create.ts';
import { type NestedArray, Tensor } from '../tensor/tensor.ts';

/** Samples or labels: a tensor, nested arrays or a typed array. */
export type Values = Tensor | NestedArray | NumberArray;

/** As a tensor; numbers of nested arrays become float32. Throws for what are no numbers, with the sample. */
export const tensorOf = (op: string, name: string, given: Values): Tensor =>
  given instanceof Tensor ? given : tensor(numbersOf(op, name, given));
