// Serves a built site from a folder for the scripts that look at it, gzipped as servers do, on a port that is free.
import { existsSync, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join } from 'node:path';
import { gzipSync } from 'node:zlib';

const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
};

/** The address, the bytes that were sent so far by path, and what ends it. */
export async function serve(folder) {
  const sent = new Map();
  const packed = new Map();
  const server = createServer((request, response) => {
    let path = decodeURIComponent(new URL(request.url, 'http://localhost').pathname);
    if (path.endsWith('/')) path += 'index.html';
    const file = join(folder, path);
    if (path.includes('..') || !existsSync(file) || !statSync(file).isFile()) return response.writeHead(404).end();
    const type = TYPES[extname(file)];
    if (!packed.has(file)) packed.set(file, type === undefined ? readFileSync(file) : gzipSync(readFileSync(file)));
    const body = packed.get(file);
    sent.set(path, body.length);
    const coding = type === undefined ? {} : { 'content-encoding': 'gzip' };
    response.writeHead(200, { 'content-type': type ?? 'application/octet-stream', ...coding }).end(body);
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  return { url: `http://127.0.0.1:${server.address().port}/`, sent, close: () => server.close() };
}
