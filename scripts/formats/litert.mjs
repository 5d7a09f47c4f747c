// LiteRT.js in a headless Chromium, as a function from a file and inputs to outputs.
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright';
import { adviceOnChromium, findChromium, QUIET_FLAGS } from '../find-chromium.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const peers = process.env.WHITTLE_PEERS ?? join(root, 'bench/peers');
const litert = join(peers, 'node_modules/@litertjs');
const TYPES = { '.js': 'text/javascript', '.mjs': 'text/javascript', '.wasm': 'application/wasm' };

const IMPORTS = JSON.stringify({
  imports: { '@litertjs/core': '/core/dist/index.js', '@litertjs/wasm-utils': '/wasm-utils/dist/index.js' },
});
const PAGE = `<!doctype html><link rel="icon" href="data:,"><script type="importmap">${IMPORTS}</script>
<script type="module" src="/scripts/formats/litert-page.mjs"></script>`;

/** Where the file of an address lies. */
function fileAt(path) {
  if (path.includes('..')) return null;
  if (path.startsWith('/litert/')) return join(litert, 'core/wasm', path.slice(8));
  if (path.startsWith('/core/') || path.startsWith('/wasm-utils/')) return join(litert, path);
  return /^\/(dist|scripts\/formats)\//.test(path) ? join(root, path) : null;
}

/** Why it can not be run here; null where it can. */
export function missing() {
  if (!existsSync(join(litert, 'core/package.json')))
    return `LiteRT.js is not in ${peers}: run npm run bench:peers, or name its folder in WHITTLE_PEERS`;
  return findChromium() === null ? adviceOnChromium() : null;
}

export const versionOfLiteRt = () => JSON.parse(readFileSync(join(litert, 'core/package.json'), 'utf8')).version;

const floats = (buffer) => new Float32Array(buffer.buffer.slice(buffer.byteOffset, buffer.byteOffset + buffer.length));

/** Serves pages and opens the browser; `page(isRelaxed)` is LiteRT.js with relaxed SIMD where there is such, or without. */
export async function openLiteRt() {
  const now = { model: new Uint8Array(), inputs: new Uint8Array(), outputs: Buffer.alloc(0) };
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url, 'http://127.0.0.1');
    // A page that is isolated has a clock of 5 µs
    response.setHeader('Cross-Origin-Opener-Policy', 'same-origin');
    response.setHeader('Cross-Origin-Embedder-Policy', 'require-corp');
    response.setHeader('Cache-Control', 'no-store');
    const file = fileAt(pathname);
    if (pathname === '/') response.setHeader('Content-Type', 'text/html').end(PAGE);
    else if (pathname === '/model') response.end(now.model);
    else if (pathname === '/inputs') response.end(now.inputs);
    else if (pathname === '/outputs') {
      const parts = [];
      request.on('data', (part) => parts.push(part));
      request.on('end', () => {
        now.outputs = Buffer.concat(parts);
        response.end();
      });
    } else if (file !== null && existsSync(file))
      response.setHeader('Content-Type', TYPES[extname(file)] ?? 'text/plain').end(readFileSync(file));
    else response.writeHead(404).end();
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const browser = await chromium.launch({ executablePath: findChromium(), args: QUIET_FLAGS });
  const open = async (isRelaxed) => {
    const page = await browser.newPage();
    page.on('pageerror', ({ message }) => process.stderr.write(`the page failed: ${message}\n`));
    await page.goto(`http://127.0.0.1:${server.address().port}/${isRelaxed ? '' : '?compat'}`);
    await page.waitForFunction('globalThis.isReady === true');
    const set = (model, inputs) => {
      now.model = model;
      now.inputs = new Uint8Array(inputs.buffer, inputs.byteOffset, inputs.byteLength);
    };
    return {
      /** The outputs of each sample, a list of arrays; `shapes` are those of the inputs of one sample with its batch of 1. */
      async run(model, inputs, ...shapes) {
        set(model, inputs);
        const asked = [shapes, inputs instanceof Int32Array];
        const { sizes, isFull } = await page.evaluate(([of, isWhole]) => globalThis.runAll(of, isWhole), asked);
        const all = floats(now.outputs);
        const each = sizes.reduce((sum, n) => sum + n, 0);
        const samples = Array.from({ length: all.length / each }, (_, k) => {
          let at = k * each;
          return sizes.map((n) => {
            at += n;
            return all.subarray(at - n, at);
          });
        });
        return { samples, isFull };
      },
      time(model, inputs, shape, samples, runs) {
        set(model, inputs);
        return page.evaluate(([of, n, m]) => globalThis.time(of, n, m), [shape, samples, runs]);
      },
    };
  };
  return {
    version: browser.version(),
    open,
    async close() {
      await browser.close();
      server.close();
      server.closeAllConnections();
    },
  };
}
