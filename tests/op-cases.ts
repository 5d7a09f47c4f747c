import { arithmeticCases } from './op-cases/arithmetic.ts';
import { convolutionCases } from './op-cases/convolution.ts';
import { einsumCase } from './op-cases/einsum.ts';
import { elementwiseCases } from './op-cases/elementwise.ts';
import { movementCases } from './op-cases/movement.ts';
import { normalizationCases } from './op-cases/normalization.ts';
import { poolingCases } from './op-cases/pooling.ts';
import { productCases } from './op-cases/products.ts';
import { reductionCases } from './op-cases/reductions.ts';
import { sortingCases } from './op-cases/sorting.ts';
import type { OpCase } from './op-cases/types.ts';
import { viewCases } from './op-cases/views.ts';

export { Draw, type ErrorCase, type OpCase, type Sample } from './op-cases/types.ts';

/** One row per operation of the public surface. */
export const opCases: readonly OpCase[] = [
  ...arithmeticCases,
  ...elementwiseCases,
  ...viewCases,
  ...movementCases,
  ...reductionCases,
  ...sortingCases,
  ...productCases,
  einsumCase,
  ...convolutionCases,
  ...poolingCases,
  ...normalizationCases,
];
