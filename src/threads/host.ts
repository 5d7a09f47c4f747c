/** Workers of Node (and of Bun and Deno, which have the same module) and of the web, as one thing. */
import { messageOf } from '../base/errors.ts';

interface NodeWorker {
  postMessage(message: unknown): void;
  terminate(): Promise<number>;
  unref(): void;
  on(event: 'error' | 'exit', listener: (detail: unknown) => void): void;
}

interface NodePort {
  once(event: 'message', listener: (message: unknown) => void): void;
}

interface NodeThreads {
  readonly Worker: new (url: URL, options: { readonly execArgv?: readonly string[] }) => NodeWorker;
  /** Null in the main thread. */
  readonly parentPort: NodePort | null;
}

interface WebWorker {
  postMessage(message: unknown): void;
  terminate(): void;
  onerror: ((event: { readonly message?: string; preventDefault?(): void }) => void) | null;
}

interface Host {
  readonly process?: { readonly execArgv?: readonly string[]; getBuiltinModule?(name: string): unknown };
  readonly Worker?: new (url: URL, options: { readonly type: 'module' }) => WebWorker;
  readonly crossOriginIsolated?: boolean;
  readonly Deno?: unknown;
  onmessage?: ((event: { readonly data: unknown }) => void) | null;
}

const host = (): Host => {
  const all: object = globalThis;
  return all;
};

const nodeThreads = (): NodeThreads | null =>
  (host().process?.getBuiltinModule?.('node:worker_threads') as NodeThreads | undefined) ?? null;

/** What this runtime lacks for threads, as a sentence; null if nothing. */
export function missingForThreads(): string | null {
  const { crossOriginIsolated, Worker } = host();
  if (crossOriginIsolated === false && nodeThreads() === null) {
    return 'this page is not cross-origin isolated: it must be served with the headers Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp';
  }
  if (typeof SharedArrayBuffer === 'undefined') return 'this runtime has no SharedArrayBuffer';
  if (Worker === undefined && nodeThreads() === null) return 'this runtime has no workers';
  return null;
}

/** Whether this thread may sleep on shared memory; a page may not. */
export function mayBlock(): boolean {
  try {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 0);
    return true;
  } catch {
    return false;
  }
}

/** A running worker. */
export interface HostWorker {
  /** Ends it, whatever it does. */
  stop(): void;
}

/**
 * Starts a worker on the file at `url`, or on the library's own, and sends it a message. It keeps no program alive.
 * `onEnd` hears why it ended, and whether its code surely runs no more: after an error it does not. A worker that was
 * terminated may run on for a while; Deno calls it ended all the same, and the web says nothing.
 */
export function startWorker(
  url: string | null,
  message: unknown,
  onEnd: (reason: string, isOver: boolean) => void,
): HostWorker {
  const threads = nodeThreads();
  if (threads !== null) {
    // what says of which kind the text of `node -e` is would be refused for a file
    const isText = host().process?.execArgv?.some((option) => option.startsWith('--input-type')) ?? false;
    const worker = new threads.Worker(workerUrl(url), isText ? { execArgv: [] } : {});
    let problem: string | null = null;
    worker.on('error', (error) => {
      problem = messageOf(error);
    });
    worker.on('exit', () => onEnd(problem ?? 'it was terminated', problem !== null || host().Deno === undefined));
    worker.postMessage(message);
    worker.unref();
    return { stop: () => void worker.terminate() };
  }
  const Worker = host().Worker!;
  // Written out for bundlers, which find a worker's file by these very words.
  const worker =
    url === null && !isSource
      ? new Worker(new URL('./worker.js', import.meta.url), { type: 'module' })
      : new Worker(workerUrl(url), { type: 'module' });
  worker.onerror = (event) => {
    event.preventDefault?.();
    worker.terminate();
    onEnd(event.message ?? 'its file could not be loaded', true);
  };
  worker.postMessage(message);
  return { stop: () => worker.terminate() };
}

/** Run from TypeScript, the worker is TypeScript too. */
const isSource: boolean = import.meta.url.endsWith('.ts');

function workerUrl(url: string | null): URL {
  return new URL(url ?? `./worker.${isSource ? 'ts' : 'js'}`, import.meta.url);
}

/** For the worker: hears the first message. */
export function onStart(listener: (message: unknown) => void): void {
  const port = nodeThreads()?.parentPort ?? null;
  if (port !== null) port.once('message', listener);
  else {
    host().onmessage = ({ data }) => listener(data);
  }
}
