import { numbersOf } from '../base/values.ts';
import { tensor } from '../tensor/create.ts';
import { Tensor, type Values } from '../tensor/tensor.ts';

/** As a tensor; numbers of nested arrays become float32. Throws for what are no numbers, with the sample. */
export const tensorOf = (op: string, name: string, given: Values): Tensor =>
  given instanceof Tensor ? given : tensor(numbersOf(op, name, given));
