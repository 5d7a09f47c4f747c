import { numbersOf } from '../base/values.ts';
import { dtypeOf, type FloatDType, isFloat } from '../memory/dtype.ts';
import { tensor } from '../tensor/create.ts';
import { Tensor, type Values } from '../tensor/tensor.ts';

/**
 * Numbers as a tensor; those of nested arrays, and floats of typed ones, become `dtype`, and with `isInput` integers too.
 * Throws for what are no numbers, with the argument and the sample; `forTexts` says what to do with texts instead of mapping
 * them to class numbers.
 */
export function tensorOfValues(
  op: string,
  name: string,
  given: Values,
  dtype: FloatDType,
  isInput = false,
  forTexts?: string,
): Tensor {
  if (given instanceof Tensor) return given;
  const numbers = numbersOf(op, name, given, forTexts);
  const areLabels = !isInput && ArrayBuffer.isView(numbers) && !isFloat(dtypeOf(numbers));
  return tensor(numbers, areLabels ? {} : { dtype });
}
