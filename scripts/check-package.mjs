// Whether packages hold what their package.json promises and just what a user needs. Reads what npm says of them:
// npm pack --workspace whittle-cli --include-workspace-root --dry-run --json | node scripts/check-package.mjs
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const read = (path) => JSON.parse(readFileSync(new URL(`../${path}`, import.meta.url), 'utf8'));

/** The packages of the repository: what each may hold, and files that it needs without naming them in package.json. */
const PACKAGES = {
  'whittle-ml': {
    manifest: read('package.json'),
    allowed: [
      /^dist\/(src|kernels)\/.+\.(js|d\.ts)(\.map)?$/,
      /^dist\/bundle\/[\w-]+\.js$/,
      /^dist\/whittle(\.esm)?\.min\.js$/,
      /^dist\/whittle\.min\.d\.ts$/,
      /^(src|kernels)\/.+\.ts$/,
      /^(LICENSE|README\.md|CHANGELOG\.md|package\.json)$/,
    ],
    needed: ['dist/src/threads/worker.js', 'dist/bundle/worker.js', 'dist/whittle.min.js'],
  },
  'whittle-cli': {
    manifest: read('lab/package.json'),
    allowed: [/^dist\/[\w-]+\.(js|d\.ts)$/, /^dist\/digits\.csv\.gz$/, /^(LICENSE|README\.md|package\.json)$/],
    needed: ['dist/digits.csv.gz'],
  },
};

/** The files that a field of package.json names: `exports` and `bin` have them within conditions and names. */
const named = (field) =>
  typeof field === 'string' ? [field.replace(/^\.\//, '')] : Object.values(field ?? {}).flatMap(named);

/** What is wrong with `packed`, which npm says of all packages: sentences, none where all is well. */
export function faultsOf(packed) {
  const faults = [];
  for (const [name, { manifest, allowed, needed }] of Object.entries(PACKAGES)) {
    const paths = packed.find((each) => each.name === name)?.files.map(({ path }) => path);
    if (paths === undefined) {
      faults.push(`${name} is not packed`);
      continue;
    }
    const { exports, bin, unpkg, jsdelivr } = manifest;
    const promised = [...named(exports), ...named(bin), ...named(unpkg), ...named(jsdelivr), 'LICENSE', 'README.md'];
    for (const path of new Set([...promised, ...needed])) {
      if (!paths.includes(path)) faults.push(`${name} lacks ${path}`);
    }
    for (const path of paths) {
      if (!allowed.some((pattern) => pattern.test(path))) faults.push(`${name} holds ${path}, which no user needs`);
    }
    if (manifest.private === true) faults.push(`${name} is private, so that npm does not publish it`);
  }
  return faults;
}

/** What npm says, from standard input. */
async function given() {
  const chunks = [];
  for await (const chunk of process.stdin) chunks.push(chunk);
  try {
    return JSON.parse(Buffer.concat(chunks).toString());
  } catch {
    return []; // npm has packed nothing, and has said why
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const packed = await given();
  const faults = faultsOf(packed);
  for (const fault of faults) console.error(`package: ${fault}`);
  const sizes = packed.map(({ name, files, size }) => `${name}, ${files.length} files, ${Math.ceil(size / 1024)} KiB`);
  if (faults.length === 0) console.log(`packages: ${sizes.join('; ')}`);
  process.exitCode = faults.length === 0 ? 0 : 1;
}
