// Reads `npm pack --dry-run --json` and fails unless the package holds just what a user needs.
import { readFileSync } from 'node:fs';

const [{ files, size }] = JSON.parse(readFileSync(0, 'utf8'));
const allowed = [
  /^dist\/(src|kernels)\/.+\.(js|d\.ts)(\.map)?$/,
  /^dist\/bundle\/[\w-]+\.js$/,
  /^(src|kernels)\/.+\.ts$/,
  /^(LICENSE|README\.md|CHANGELOG\.md|package\.json)$/,
];
const extra = files.map(({ path }) => path).filter((path) => !allowed.some((pattern) => pattern.test(path)));
const { exports } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
const named = Object.values(exports).flatMap((entry) => (typeof entry === 'string' ? [entry] : Object.values(entry)));
const workers = ['dist/src/threads/worker.js', 'dist/bundle/worker.js'];
const needed = [...named.map((path) => path.replace('./', '')), ...workers];
const missing = needed.filter((path) => !files.some((file) => file.path === path));
if (extra.length > 0 || missing.length > 0) {
  console.error(`package: extra ${JSON.stringify(extra)}, missing ${JSON.stringify(missing)}`);
  process.exit(1);
}
console.log(`package: ${files.length} files, ${Math.round(size / 1024)} KiB packed`);
