// Pages in a headless Chromium, one after another, served from here to 127.0.0.1 alone.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { QUIET_FLAGS } from './find-chromium.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const TYPES = { '.js': 'text/javascript', '.mjs': 'text/javascript', '.csv': 'text/plain; charset=utf-8' };
const PAGE =
  '<!doctype html><link rel="icon" href="data:,"><script type="module" src="/scripts/browser-page.mjs"></script>';
function serve(pages, onResult) {
  const address = (i) => (i < pages.length ? `/page?page=${i}&${new URLSearchParams(pages[i].query)}` : '');
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url, 'http://127.0.0.1');
    // These two make a page cross-origin isolated, and only such a page may share memory between threads.
    response.setHeader('Cross-Origin-Opener-Policy', 'same-origin');
    response.setHeader('Cross-Origin-Embedder-Policy', 'require-corp');
    response.setHeader('Cache-Control', 'no-store');
    const asset =
      /^\/(dist\/(src|kernels)|scripts|data|\.cache\/modules)\/[\w./-]+$/.test(pathname) && !pathname.includes('..');
    const file = join(root, pathname);
    const result = /^\/result\/(\d+)$/.exec(pathname);
    if (request.method === 'POST' && result !== null) {
      let body = '';
      request.setEncoding('utf8');
      request.on('data', (part) => {
        body += part;
      });
      request.on('end', () => {
        const i = Number(result[1]);
        response.end(address(i + 1));
        onResult(i, JSON.parse(body));
      });
    } else if (pathname === '/page') {
      const { policy } = pages[Number(searchParams.get('page'))];
      if (policy !== undefined) response.setHeader('Content-Security-Policy', policy);
      response.setHeader('Content-Type', 'text/html; charset=utf-8');
      response.end(PAGE);
    } else if (asset && existsSync(file)) {
      response.setHeader('Content-Type', TYPES[extname(file)] ?? 'application/octet-stream');
      response.end(readFileSync(file));
    } else {
      response.statusCode = 404;
      response.end();
    }
  });
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      resolve({ server, first: `http://127.0.0.1:${server.address().port}${address(0)}` });
    });
  });
}

const FLAGS = [
  '--headless',
  '--disable-gpu',
  '--enable-logging=stderr', // what pages log goes to stderr
  ...QUIET_FLAGS,
];

/**
 * Opens `pages`, each a `query` for browser-page.mjs and perhaps a content security `policy`. Returns what each page
 * sent, with `console`, the lines that the browser has seen logged before the page's end; pages without an answer are
 * `{ error }`.
 */
export async function inChromium(binary, pages, { seconds = 60 } = {}) {
  const results = [];
  const logged = pages.map(() => []);
  let ends = 0;
  let finish = () => {};
  const finished = new Promise((resolve) => {
    finish = resolve;
  });
  const finishOnceAllIsThere = () => {
    if (ends === pages.length && results[pages.length - 1] !== undefined) finish();
  };
  const { server, first } = await serve(pages, (i, result) => {
    results[i] = { ...result, console: logged[i] };
    finishOnceAllIsThere();
  });
  const profile = mkdtempSync(join(tmpdir(), 'whittle-chromium-'));
  const isGroup = process.platform !== 'win32';
  const flags = [...FLAGS, `--user-data-dir=${profile}`, first];
  const browser = spawn(binary, flags, { detached: isGroup, stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = new Promise((resolve) => {
    browser.on('close', resolve);
    browser.on('error', resolve);
  });
  let last = '';
  createInterface(browser.stderr).on('line', (line) => {
    if (!line.includes(':CONSOLE')) last = line;
    else if (line.includes(`end of page ${ends}`)) ends++;
    else logged[ends]?.push(line);
    finishOnceAllIsThere();
  });
  const timer = setTimeout(finish, seconds * 1000);
  await Promise.race([finished, ended]);
  clearTimeout(timer);
  if (isGroup && browser.pid !== undefined && browser.exitCode === null) process.kill(-browser.pid, 'SIGTERM');
  else browser.kill();
  await ended;
  server.close();
  server.closeAllConnections();
  rmSync(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  return pages.map((_, i) => {
    if (results[i] === undefined) return { error: `Chromium did not answer; its last words: ${last}` };
    return i < ends ? results[i] : { error: 'Chromium did not show what was logged' };
  });
}
