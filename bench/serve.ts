import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { rolldown } from 'rolldown';

/** A page of this machine and all that it asks for. */
export interface Site {
  /** The page itself. */
  readonly shell: string;
  /** Modules that it may import, by the names that they are served under; each is bundled with all that it imports. */
  readonly modules: Readonly<Record<string, string>>;
  /** Files by their paths, which begin with a slash. */
  readonly files?: ReadonlyMap<string, URL>;
  /** What its script may do, in the words of a Content-Security-Policy. */
  readonly policy: string;
}

export interface Served {
  readonly address: string;
  readonly close: () => void;
}

/** A module's scripts by their paths. */
async function bundled(name: string, path: string): Promise<[path: string, code: string][]> {
  // Modules of Node are there for functions that a page does not call: what imports them is left out with these.
  const bundle = await rolldown({
    input: { [name]: path },
    platform: 'browser',
    logLevel: 'warn',
    external: /^node:/,
    treeshake: { moduleSideEffects: [{ external: true, sideEffects: false }] },
  });
  try {
    const { output } = await bundle.generate({ format: 'esm', entryFileNames: '[name].js' });
    return output.flatMap((part) => (part.type === 'chunk' ? [[`/${part.fileName}`, part.code]] : []));
  } finally {
    await bundle.close();
  }
}

const JAVASCRIPT = 'text/javascript; charset=utf-8';

/** Serves the page to this machine alone. */
export async function serve({ shell, modules, files = new Map(), policy }: Site): Promise<Served> {
  const bundles = await Promise.all(Object.entries(modules).map(([name, path]) => bundled(name, path)));
  const scripts = new Map(bundles.flat());
  const server = createServer(({ url }, response) => {
    const { pathname } = new URL(url ?? '/', 'http://127.0.0.1');
    const script = scripts.get(pathname);
    const file = files.get(pathname);
    // Isolated from other origins, a page has a clock of 5 µs instead of 100 µs.
    response.setHeader('Cross-Origin-Opener-Policy', 'same-origin');
    response.setHeader('Cross-Origin-Embedder-Policy', 'require-corp');
    response.setHeader('Content-Security-Policy', policy);
    response.setHeader('Cache-Control', 'no-store');
    const send = (type: string, body: string | Uint8Array): unknown =>
      response.setHeader('Content-Type', type).end(body);
    if (pathname === '/') send('text/html; charset=utf-8', shell);
    else if (script !== undefined) send(JAVASCRIPT, script);
    else if (file !== undefined) send(pathname.endsWith('.wasm') ? 'application/wasm' : JAVASCRIPT, readFileSync(file));
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
