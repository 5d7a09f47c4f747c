import type { AnyKernel, Kernels64 } from '../../kernels.ts';
import type { Engine } from '../engine.ts';

type Some = Partial<Kernels64>;
type Kernel = (...operands: readonly unknown[]) => void;

/**
 * Compiled kernels, but those in TypeScript for calls with an array that is not in the heap: they walk arrays where they lie, and
 * to copy a double costs as much as to add it. Of kernels that do more, `isSmall` says by the operands when they do not. While a call
 * is linked, such arrays are counted as ever.
 */
export function orElsewhere(
  { args, heap: { addresses } }: Engine,
  typescript: Kernels64,
  compiled: Some,
  isSmall: (operands: readonly number[]) => boolean = () => true,
): Some {
  const isElsewhere = (x: unknown): boolean => ArrayBuffer.isView(x) && !addresses.has(x as Float64Array);
  const choosing = Object.entries(compiled).map(([name, own]: [string, AnyKernel]) => {
    const kernel = own as Kernel;
    const other = typescript[name as keyof Kernels64] as Kernel;
    return [
      name,
      (...operands: readonly unknown[]) => {
        const isBetter = operands.some(isElsewhere) && isSmall(operands as readonly number[]) && !args.isLinking;
        (isBetter ? other : kernel)(...operands);
      },
    ];
  });
  return Object.fromEntries(choosing) as Some;
}
