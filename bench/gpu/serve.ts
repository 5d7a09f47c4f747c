import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { POLICY, renderShell } from './page.ts';
import type { Request } from './results.ts';

export interface Served {
  readonly address: string;
  readonly close: () => void;
}

/** The page's modules by their paths, GPU.js among them. */
async function bundled(): Promise<Map<string, string>> {
  const input = { page: fileURLToPath(new URL('browser.js', import.meta.url)) };
  // Modules of Node are there for functions that a page does not call: what imports them is left out with these.
  const bundle = await rolldown({
    input,
    platform: 'browser',
    logLevel: 'warn',
    external: /^node:/,
    treeshake: { moduleSideEffects: [{ external: true, sideEffects: false }] },
  });
  try {
    const { output } = await bundle.generate({ format: 'esm', entryFileNames: '[name].js' });
    return new Map(
      output.flatMap((part) => (part.type === 'chunk' ? [[`/${part.fileName}`, part.code] as const] : [])),
    );
  } finally {
    await bundle.close();
  }
}

/** Serves the page to this machine alone. */
export async function serve(request: Request): Promise<Served> {
  const scripts = await bundled();
  const shell = renderShell('/page.js', request);
  const server = createServer(({ url }, response) => {
    const { pathname } = new URL(url ?? '/', 'http://127.0.0.1');
    const script = scripts.get(pathname);
    // Isolated from other origins, a page has a clock of 5 µs instead of 100 µs.
    response.setHeader('Cross-Origin-Opener-Policy', 'same-origin');
    response.setHeader('Cross-Origin-Embedder-Policy', 'require-corp');
    response.setHeader('Content-Security-Policy', POLICY);
    response.setHeader('Cache-Control', 'no-store');
    if (pathname === '/') response.setHeader('Content-Type', 'text/html; charset=utf-8').end(shell);
    else if (script !== undefined) response.setHeader('Content-Type', 'text/javascript; charset=utf-8').end(script);
    else response.writeHead(404).end();
  });
  await listening(server);
  const { port } = server.address() as AddressInfo;
  const close = (): void => {
    server.close();
    server.closeAllConnections();
  };
  return { address: `http://127.0.0.1:${port}/`, close };
}

const listening = (server: Server): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
