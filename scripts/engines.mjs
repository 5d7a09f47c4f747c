// Checks that training gives the same bits with both tables on Node and on Bun, another JavaScript engine. Bun is
// fetched from the npm registry into .cache/, which git ignores; it is no dependency of anything.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const BUN = '1.4.5';
const root = fileURLToPath(new URL('..', import.meta.url));
const cache = join(root, '.cache', 'engines');

function fetchBun() {
  const { platform, arch } = process;
  const target = `${platform === 'win32' ? 'windows' : platform}-${arch === 'arm64' ? 'aarch64' : 'x64'}`;
  const packages = [`@oven/bun-${target}-baseline`, `@oven/bun-${target}`];
  for (const name of packages) {
    const binary = join(cache, 'node_modules', name, 'bin', platform === 'win32' ? 'bun.exe' : 'bun');
    if (existsSync(binary)) return binary;
  }
  mkdirSync(cache, { recursive: true });
  writeFileSync(join(cache, 'package.json'), '{"private":true}');
  for (const name of packages) {
    const binary = join(cache, 'node_modules', name, 'bin', platform === 'win32' ? 'bun.exe' : 'bun');
    const npm = spawnSync('npm', ['install', '--ignore-scripts', '--no-save', `${name}@${BUN}`], {
      cwd: cache,
      encoding: 'utf8',
      shell: platform === 'win32',
    });
    if (npm.status === 0 && existsSync(binary)) return binary;
  }
  return null;
}

const bun = fetchBun();
if (bun === null) {
  console.error(`engines: Bun ${BUN} could not be fetched from the npm registry`);
  process.exit(1);
}
const engines = [
  [`Node ${process.versions.node}`, process.execPath],
  [`Bun ${execFileSync(bun, ['--version'], { encoding: 'utf8' }).trim()}`, bun],
];
const results = [];
for (const [name, binary] of engines) {
  for (const table of ['cpu', 'reference']) {
    const output = execFileSync(binary, [join(root, 'scripts', 'digests.mjs'), table], { encoding: 'utf8' }).trim();
    results.push(output);
    console.log(`${name}, ${table}\n${output}`);
  }
}
const equal = results.every((result) => result === results[0]);
console.log(equal ? '4 passed, 0 failed' : 'The digests differ.');
process.exit(equal ? 0 : 1);
