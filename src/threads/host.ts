/** Workers of Node (and of Bun and Deno, which have the same module) and of the web, as one thing. */
import { messageOf } from '../base/errors.ts';

interface NodeWorker {
  postMessage(message: unknown): void;
  terminate(): Promise<number>;
  unref(): void;
  on(event: 'error' | 'exit' | 'message', listener: (detail: unknown) => void): void;
}

interface NodePort {
  once(event: 'message', listener: (message: unknown) => void): void;
  on(event: 'message', listener: (message: unknown) => void): void;
  postMessage(message: unknown): void;
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
  onmessage: ((event: { readonly data: unknown }) => void) | null;
}

type WebWorkerClass = new (url: URL, options: { readonly type: 'module' }) => WebWorker;

interface Host {
  readonly process?: { readonly execArgv?: readonly string[]; getBuiltinModule?(name: string): unknown };
  readonly Worker?: WebWorkerClass;
  readonly crossOriginIsolated?: boolean;
  readonly Deno?: unknown;
  onmessage?: ((event: { readonly data: unknown }) => void) | null;
  postMessage?(message: unknown): void;
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

/** What this runtime lacks for workers that share nothing, as a sentence; null if nothing. */
export function missingForWorkers(): string | null {
  return host().Worker === undefined && nodeThreads() === null ? 'this runtime has no workers' : null;
}

/** A running worker. */
export interface HostWorker {
  /** Sends it another message. */
  post(message: unknown): void;
  /** Ends it, whatever it does. */
  stop(): void;
}

/** The file that a worker runs. */
export interface WorkerFile {
  readonly url: URL;
  /** Makes it in a page, in words by which bundlers find the file. */
  readonly inPage: (Worker: WebWorkerClass) => WebWorker;
}

export interface WorkerListeners {
  /**
   * Hears why it ended, and whether its code surely runs no more: after an error it does not. A worker that was terminated may
   * run on for a while; Deno calls it ended all the same, and the web says nothing.
   */
  readonly onEnd: (reason: string, isOver: boolean) => void;
  /** Hears what it sends. Default: nothing is heard. */
  readonly onMessage?: (message: unknown) => void;
  /** Whether the program waits for it to end. Default false. */
  readonly keepsAlive?: boolean;
}

/** Starts a worker on a file, and sends it a message. */
export function runWorker(
  file: WorkerFile,
  message: unknown,
  { onEnd, onMessage, keepsAlive = false }: WorkerListeners,
): HostWorker {
  const threads = nodeThreads();
  if (threads !== null) {
    // what says of which kind the text of `node -e` is would be refused for a file
    const isText = host().process?.execArgv?.some((option) => option.startsWith('--input-type')) ?? false;
    const worker = new threads.Worker(file.url, isText ? { execArgv: [] } : {});
    let problem: string | null = null;
    worker.on('error', (error) => {
      problem = messageOf(error);
    });
    worker.on('exit', () => onEnd(problem ?? 'it was terminated', problem !== null || host().Deno === undefined));
    if (onMessage !== undefined) worker.on('message', onMessage);
    worker.postMessage(message);
    if (!keepsAlive) worker.unref();
    return { post: (next) => worker.postMessage(next), stop: () => void worker.terminate() };
  }
  const worker = file.inPage(host().Worker!);
  worker.onerror = (event) => {
    event.preventDefault?.();
    worker.terminate();
    onEnd(event.message ?? 'its file could not be loaded', true);
  };
  if (onMessage !== undefined) worker.onmessage = ({ data }) => onMessage(data);
  worker.postMessage(message);
  return { post: (next) => worker.postMessage(next), stop: () => worker.terminate() };
}

/** Starts a worker of products on the file at `url`, or on the library's own, and sends it a message. It keeps no program alive. */
export function startWorker(url: string | null, message: unknown, onEnd: WorkerListeners['onEnd']): HostWorker {
  const own = workerUrl('worker', import.meta.url, url);
  const file: WorkerFile = {
    url: own,
    // Written out for bundlers, which find a worker's file by these very words.
    inPage: (Worker) =>
      url === null && !isSource(import.meta.url)
        ? new Worker(new URL('./worker.js', import.meta.url), { type: 'module' })
        : new Worker(own, { type: 'module' }),
  };
  return runWorker(file, message, { onEnd });
}

/** Run from TypeScript, the worker is TypeScript too. `from` is the address of a module. */
export const isSource = (from: string): boolean => from.endsWith('.ts');

/** Where the file of a worker is: at `url`, or beside the module at `from`. */
export const workerUrl = (name: string, from: string, url: string | null): URL =>
  new URL(url ?? `./${name}.${isSource(from) ? 'ts' : 'js'}`, from);

/** For the worker: hears the first message. */
export function onStart(listener: (message: unknown) => void): void {
  const port = nodeThreads()?.parentPort ?? null;
  if (port !== null) port.once('message', listener);
  else {
    host().onmessage = ({ data }) => listener(data);
  }
}

/** For the worker: hears every message, the first too, and may answer. */
export function onMessages(listener: (message: unknown, answer: (message: unknown) => void) => void): void {
  const port = nodeThreads()?.parentPort ?? null;
  if (port !== null) port.on('message', (message) => listener(message, (own) => port.postMessage(own)));
  else {
    host().onmessage = ({ data }) => listener(data, (own) => host().postMessage?.(own));
  }
}
