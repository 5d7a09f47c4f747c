import address from '../engine/worker.ts?worker&url';

/** The engine's script, which lies beside this one. */
const SCRIPT = new URL(address, import.meta.url);

/**
 * Starts the engine. A browser refuses workers of another origin: from there a worker of this page imports it, which the
 * other server must allow (`Access-Control-Allow-Origin`), and this page's policy too (`worker-src blob:` and that server).
 */
export function startEngine(): Worker {
  if (SCRIPT.origin === location.origin) return new Worker(SCRIPT, { type: 'module' });
  const script = new Blob([`import ${JSON.stringify(SCRIPT.href)};`], { type: 'text/javascript' });
  const url = URL.createObjectURL(script);
  try {
    return new Worker(url, { type: 'module' });
  } finally {
    // The worker has been told where its script is; a moment later it has it.
    setTimeout(() => URL.revokeObjectURL(url), 10_000);
  }
}
