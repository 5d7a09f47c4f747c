import { StateError } from './errors.ts';

/** What ends long work, as an `AbortSignal` is. */
export interface Abort {
  readonly aborted: boolean;
  /** Becomes the `cause` of the error. */
  readonly reason?: unknown;
}

/** The error of a signal that was aborted, with its reason as the cause; null as long as it was not. */
export function abortOf(op: string, signal: Abort | undefined): StateError | null {
  if (signal?.aborted !== true) return null;
  const error = new StateError(op, 'was aborted');
  return signal.reason === undefined ? error : Object.assign(error, { cause: signal.reason });
}

/** Lets other work of the program in, at most every 12 ms: call it again and again during long work. */
export function breather(): () => Promise<void> | undefined {
  let since = performance.now();
  return () => {
    if (performance.now() - since <= 12) return undefined;
    return new Promise<void>((resolve) => setTimeout(resolve, 0)).then(() => {
      since = performance.now();
    });
  };
}
