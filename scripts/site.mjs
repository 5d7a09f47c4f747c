// Builds what the page needs, serves site/dist on 127.0.0.1 and opens it. Usage: npm run site [-- --no-open] [--port 4173]
// [--all], which builds the documentation, the reference and the article's results too
import { spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = fileURLToPath(new URL('..', import.meta.url));

function flags() {
  const { values } = parseArgs({
    options: { open: { type: 'boolean', default: true }, port: { type: 'string' }, all: { type: 'boolean' } },
    allowNegative: true,
  });
  const port = values.port === undefined ? 4173 : Number(values.port);
  if (!/^\d{0,5}$/.test(values.port ?? '') || port < 1 || port > 65_535) {
    throw new Error(`--port must be from 1 to 65535, got ${JSON.stringify(values.port)}`);
  }
  return { ...values, port };
}

/** By the system's own way; a machine without a desktop goes without. */
function show(url) {
  const [command, ...args] =
    process.platform === 'darwin' ? ['open'] : process.platform === 'win32' ? ['cmd', '/c', 'start', ''] : ['xdg-open'];
  const child = spawn(command, [...args, url], { stdio: 'ignore', detached: true });
  child.on('error', () => {});
  child.unref();
}

async function main() {
  const { open, port, all } = flags();
  const args = ['scripts/site-build.mjs', ...(all ? [] : ['--quick'])];
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
  if (status !== 0) {
    process.exitCode = 1;
    return;
  }
  const { preview } = await import('vite');
  const server = await preview({
    configFile: false,
    root: join(root, 'site'),
    appType: 'mpa', // a page that is not there is said not to be there
    preview: { host: '127.0.0.1', port, strictPort: false },
  });
  const [url] = server.resolvedUrls?.local ?? [];
  console.log(`the lab: ${url} (Ctrl+C ends it)`);
  if (open && url !== undefined) show(url);
}

try {
  await main();
} catch (error) {
  console.error(`site: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 2;
}
