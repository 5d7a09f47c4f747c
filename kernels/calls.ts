import type { AnyKernel, ArrayOf, ElementType, Kernels, LinkedCall } from './kernels.ts';

/** A kernel call that was made, to be made again on the same arrays with the numbers they hold then. */
export interface KernelCall {
  readonly kernel: AnyKernel;
  readonly args: readonly unknown[];
}

/** A table that does what `table` does and hands every call to `note`. */
export function noting<T extends object>(table: T, note: (call: KernelCall) => void): T {
  const entries = Object.entries(table).map(([name, kernel]: [string, unknown]) => {
    if (typeof kernel !== 'function' || name === 'link') return [name, kernel];
    const call = kernel as (...args: readonly unknown[]) => void;
    return [
      name,
      (...args: readonly unknown[]) => {
        note({ kernel: call as AnyKernel, args });
        call(...args);
      },
    ];
  });
  return Object.fromEntries(entries) as T;
}

/**
 * What makes a call again: calls of compiled functions with numbers alone where the table can say so, else the call as it
 * was, on the same arrays, wherever a growth of the heap has put them.
 */
export function repeated({ kernel, args }: KernelCall, { link, heap }: Kernels): readonly (() => void)[] {
  const linked = link?.(kernel, args) ?? null;
  if (linked !== null) return linked.map(bound);
  const call = kernel as (...args: readonly unknown[]) => void;
  if (heap === undefined) return [() => call(...args)];
  const current = args.map((arg) => (isArray(arg) ? heap.lasting(arg) : null) ?? (() => arg));
  return [() => call(...current.map((get) => get()))];
}

const isArray = (x: unknown): x is ArrayOf[ElementType] => ArrayBuffer.isView(x) && !(x instanceof DataView);

/** Spelled out by the number of operands: spreading an array costs more than a small kernel. */
function bound({ fn, operands }: LinkedCall): () => void {
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0, i = 0] = operands;
  const [, , , , , , , , , j = 0, k = 0, l = 0, m = 0, n = 0] = operands;
  switch (operands.length) {
    case 2:
      return () => fn(a, b);
    case 3:
      return () => fn(a, b, c);
    case 4:
      return () => fn(a, b, c, d);
    case 5:
      return () => fn(a, b, c, d, e);
    case 6:
      return () => fn(a, b, c, d, e, f);
    case 7:
      return () => fn(a, b, c, d, e, f, g);
    case 8:
      return () => fn(a, b, c, d, e, f, g, h);
    case 9:
      return () => fn(a, b, c, d, e, f, g, h, i);
    case 14:
      return () => fn(a, b, c, d, e, f, g, h, i, j, k, l, m, n);
    default:
      return () => fn(...operands);
  }
}
