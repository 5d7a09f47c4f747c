// Reads `npm pack --dry-run --json` and fails unless the package holds just what a user needs.
import { readFileSync } from 'node:fs';

const [{ files, size }] = JSON.parse(readFileSync(0, 'utf8'));
const allowed = [
  /^dist\/(src|kernels)\/.+\.(js|d\.ts)(\.map)?$/,
  /^(src|kernels)\/.+\.ts$/,
  /^(LICENSE|README\.md|CHANGELOG\.md|package\.json)$/,
];
const extra = files.map(({ path }) => path).filter((path) => !allowed.some((pattern) => pattern.test(path)));
const needed = [
  'dist/src/index.js',
  'dist/src/index.d.ts',
  'dist/src/infer/index.js',
  'dist/src/io/index.js',
  'dist/src/data/index.js',
  'dist/src/node/index.js',
  'dist/src/threads/index.js',
  'dist/src/threads/worker.js',
  'dist/kernels/index.js',
];
const missing = needed.filter((path) => !files.some((file) => file.path === path));
if (extra.length > 0 || missing.length > 0) {
  console.error(`package: extra ${JSON.stringify(extra)}, missing ${JSON.stringify(missing)}`);
  process.exit(1);
}
console.log(`package: ${files.length} files, ${Math.round(size / 1024)} KiB packed`);
