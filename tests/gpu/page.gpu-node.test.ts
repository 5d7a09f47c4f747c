import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Browser, chromium } from 'playwright';
import { rolldown } from 'rolldown';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findChromium, QUIET_FLAGS, SOFTWARE_GPU_FLAGS } from '../../scripts/find-chromium.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = `${root}.cache/gpu-page/`;

/** A page of a user's: multiplies on both devices, and tells what came out. `LOAD` is how GPU.js gets there. */
const page = (options: string): string => `
import { createGpuBackend, gpuMatmul } from ${JSON.stringify(`${root}dist/src/gpu/index.js`)};
import { tensor } from ${JSON.stringify(`${root}dist/src/index.js`)};
globalThis.multiply = async (mode) => {
  const gpu = await createGpuBackend({ mode${options} });
  const a = await gpu.upload(tensor([[1, 2], [3, 4]]));
  const c = await gpuMatmul(a, a);
  const result = [...(await gpu.download(c)).data];
  await gpu.dispose();
  return result;
};
`;

let server: Server;
let browser: Browser;
const requests: string[] = [];

beforeAll(async () => {
  mkdirSync(folder, { recursive: true });
  for (const [name, options] of [
    ['bundled', ''],
    ['script', ', load: async () => globalThis.GPU'],
  ] as const) {
    writeFileSync(`${folder}${name}-entry.mjs`, page(options));
    const bundle = await rolldown({ input: `${folder}${name}-entry.mjs`, platform: 'browser', logLevel: 'silent' });
    const file = { entryFileNames: `${name}.js`, chunkFileNames: `${name}-[name].js` };
    await bundle.write({ dir: folder, format: 'esm', minify: true, ...file });
    await bundle.close();
  }
  server = createServer((request, response) => {
    const path = request.url ?? '/';
    requests.push(path);
    response.setHeader('Content-Security-Policy', "script-src 'self'");
    if (path.endsWith('.html')) {
      response.setHeader('Content-Type', 'text/html');
      const first = path === '/script.html' ? '<script src="/gpu-browser.min.js"></script>' : '';
      response.end(
        `<!doctype html><link rel="icon" href="data:,">${first}<script type="module" src="${path.replace('html', 'js')}"></script>`,
      );
      return;
    }
    response.setHeader('Content-Type', 'text/javascript');
    const isLibrary = path === '/gpu-browser.min.js';
    const file = isLibrary ? `${root}node_modules/gpu.js/dist/gpu-browser.min.js` : `${folder}${basename(path)}`;
    try {
      response.end(readFileSync(file));
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const args = [...QUIET_FLAGS, ...SOFTWARE_GPU_FLAGS];
  browser = await chromium.launch({ executablePath: findChromium()!, args });
});

afterAll(async () => {
  await browser?.close();
  server?.close();
  rmSync(folder, { recursive: true, force: true });
});

test.each(['bundled', 'script'])('a minified page (%s) computes under a policy without eval', async (name) => {
  const tab = await browser.newPage();
  const errors: string[] = [];
  tab.on('pageerror', (error) => errors.push(String(error)));
  tab.on('console', (message) => {
    if (message.type() === 'error') errors.push(message.text());
  });
  const { port } = server.address() as AddressInfo;
  requests.length = 0;
  await tab.goto(`http://127.0.0.1:${port}/${name}.html`, { waitUntil: 'load' });
  const before = [...requests];
  for (const mode of ['webgl2', 'webgpu']) {
    const result = await tab.evaluate(
      (m) => (globalThis as unknown as { multiply(m: string): Promise<number[]> }).multiply(m),
      mode,
    );
    expect(result).toEqual([7, 10, 15, 22]);
  }
  expect(errors).toEqual([]);
  // GPU.js is a file of its own, fetched when a backend is made
  if (name === 'bundled') {
    expect(before.some((path) => path.includes('gpu-browser'))).toBe(false);
    expect(requests.some((path) => path.includes('gpu-browser'))).toBe(true);
  }
  await tab.close();
});
