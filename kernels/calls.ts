import type { ArrayOf, ElementType } from './arrays.ts';
import type { KernelHeap } from './interface/heap.ts';
import type { AnyKernel, Kernels, LinkedCall } from './kernels.ts';

/** A kernel call that was made, to be made again on the same arrays with the numbers they hold then. */
export interface KernelCall {
  readonly kernel: AnyKernel;
  readonly args: readonly unknown[];
}

/** A table that does what `table` does and hands every call to `note`. */
export function noting<T extends object>(table: T, note: (call: KernelCall) => void): T {
  const entries = Object.entries(table).map(([name, kernel]: [string, unknown]) => {
    if (typeof kernel !== 'function' || name === 'link' || name === 'join') return [name, kernel];
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

/** Linked calls that one kernel call may come down to and be joined with others: of more, joining saves nothing. */
const MOST_LINKED = 64;

/** One entry of a list to be repeated: a kernel call, or what else was done between two. */
export type Entry = KernelCall | (() => void);

/**
 * What does the entries again, in order: calls of compiled functions joined to one where the table can do so, others as
 * they were, on the same arrays, wherever a growth of the heap has put them.
 */
export function repeated(entries: readonly Entry[], { link, join, heap }: Kernels): (() => void)[] {
  const actions: (() => void)[] = [];
  let linked: LinkedCall[] = [];
  const finish = (): void => {
    if (linked.length > 0) actions.push(join!(linked));
    linked = [];
  };
  for (const entry of entries) {
    const isCall = typeof entry !== 'function';
    const calls = isCall && join && link?.(entry.kernel, entry.args);
    if (calls && calls.length <= MOST_LINKED) linked.push(...calls);
    else {
      finish();
      actions.push(isCall ? madeAgain(entry, heap) : entry);
    }
  }
  finish();
  return actions;
}

function madeAgain({ kernel, args }: KernelCall, heap: KernelHeap | undefined): () => void {
  const call = kernel as (...args: readonly unknown[]) => void;
  if (heap === undefined) return () => call(...args);
  const current = args.map((arg) => (isArray(arg) ? heap.lasting(arg) : null) ?? (() => arg));
  return () => call(...current.map((get) => get()));
}

const isArray = (x: unknown): x is ArrayOf[ElementType] => ArrayBuffer.isView(x) && !(x instanceof DataView);
