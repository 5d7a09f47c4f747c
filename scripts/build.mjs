// Compiles and bundles what has changed since the last build, and nothing where nothing has: a changed, new or removed
// source, setting or tool, and a missing or changed output, build anew. Files are made in a folder of their own and then put
// in place one by one, so that two builds at once, or a program that is just starting, never see half a file.
// Usage: node scripts/build.mjs [lab | bench], which the library is built for first.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const { resolve } = createRequire(import.meta.url);
const TOOLS = ['typescript', 'rolldown'];

/** What can be built: where it goes, what it is made of, and how it is made in another folder. */
const TARGETS = {
  library: {
    output: 'dist',
    inputs: ['src', 'kernels', 'tsconfig.json', 'tsconfig.build.json', 'tsconfig.node.json', 'scripts/bundle.mjs'],
    async make(folder) {
      compile('tsconfig.build.json', folder);
      compile('tsconfig.node.json', folder);
      const { bundle, minify } = await import('./bundle.mjs');
      await bundle(folder);
      await minify(folder);
    },
  },
  lab: {
    output: 'lab/dist',
    inputs: ['lab/src', 'lab/tsconfig.json', 'lab/package.json', 'data/digits.csv.gz'],
    make(folder) {
      checkVersions();
      compile('lab/tsconfig.json', folder);
      copyFileSync(join(root, 'data/digits.csv.gz'), join(folder, 'digits.csv.gz'));
    },
  },
  bench: {
    output: 'bench/dist',
    inputs: ['bench', 'lab/src'],
    make: (folder) => compile('bench/tsconfig.json', folder),
  },
};

class BuildError extends Error {}

function compile(project, folder) {
  const args = [resolve('typescript/bin/tsc'), '-p', project, '--outDir', folder];
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
  if (status !== 0) throw new BuildError(`the compiler finds faults (${project}), so nothing was changed`);
}

/** The command line is published with the library of its version: any other would be looked for on the registry. */
function checkVersions() {
  const [library, lab] = ['package.json', 'lab/package.json'].map((path) =>
    JSON.parse(readFileSync(join(root, path), 'utf8')),
  );
  const { [library.name]: wanted } = lab.dependencies;
  if (wanted === library.version && lab.version === library.version) return;
  const facts = `${lab.name} ${lab.version} wants ${library.name} ${wanted}, and this is ${library.version}`;
  throw new BuildError(`${facts}: write the same version in package.json and, twice, in lab/package.json`);
}

/** The files of a folder, or a file itself, by their paths from `from`, in order. Results of builds are no sources. */
function filesIn(from, path = '') {
  const place = join(from, path);
  if (!existsSync(place)) return [];
  if (statSync(place).isFile()) return [path];
  const names = readdirSync(place).filter((name) => !/^(dist(\.\d+)?|node_modules|results)$/.test(name));
  return names.sort().flatMap((name) => filesIn(from, join(path, name)));
}

/** A digest of files by name and content. */
function digest(from, paths) {
  const hash = createHash('sha256');
  for (const path of paths) {
    const bytes = readFileSync(join(from, path));
    hash.update(`${path}\n${bytes.length}\n`).update(bytes);
  }
  return hash.digest('hex');
}

function versionOf(tool) {
  try {
    return JSON.parse(readFileSync(resolve(`${tool}/package.json`), 'utf8')).version;
  } catch {
    throw new BuildError(`it needs ${tool}, which is not installed here: run npm install first, without --omit=dev`);
  }
}

const stampOf = (name) => join(root, '.cache', 'build', `${name}.json`);
const stamped = (name) => JSON.parse(readFileSync(stampOf(name), 'utf8'));

/** All that a target is made of, the library for the others too, in one line. */
function sourcesOf(name) {
  const paths = [...TARGETS[name].inputs, 'package.json', 'scripts/build.mjs'].flatMap((path) => filesIn(root, path));
  const library = name === 'library' ? [] : [stamped('library').made];
  return [digest(root, paths), ...TOOLS.map((tool) => `${tool} ${versionOf(tool)}`), ...library].join(', ');
}

function isFresh(name, sources) {
  const output = join(root, TARGETS[name].output);
  try {
    const { of, made } = stamped(name);
    return of === sources && made === digest(output, filesIn(output));
  } catch {
    return false; // no stamp, or another build that is just removing files
  }
}

/** Puts a file in place in one step, whoever reads the old one. */
function put(from, to) {
  mkdirSync(dirname(to), { recursive: true });
  renameSync(from, to);
}

async function build(name) {
  const sources = sourcesOf(name);
  if (isFresh(name, sources)) return;
  const output = join(root, TARGETS[name].output);
  const folder = `${output}.${process.pid}`; // as deep as the output: source maps name their sources from there
  try {
    await TARGETS[name].make(folder);
    const files = filesIn(folder);
    const stamp = JSON.stringify({ of: sources, made: digest(folder, files) });
    for (const path of filesIn(output)) if (!files.includes(path)) rmSync(join(output, path), { force: true });
    for (const path of files) put(join(folder, path), join(output, path));
    writeFileSync(join(folder, 'stamp'), stamp);
    put(join(folder, 'stamp'), stampOf(name));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const asked = process.argv[2] ?? 'library';
try {
  if (!Object.hasOwn(TARGETS, asked)) throw new BuildError(`there is no ${asked}: ${Object.keys(TARGETS).join(', ')}`);
  await build('library');
  if (asked === 'bench') await build('lab');
  if (asked !== 'library') await build(asked);
} catch (error) {
  if (!(error instanceof BuildError)) throw error;
  console.error(`build: ${error.message}`);
  process.exitCode = 1;
}
