// A copy of the repository in which code is broken on purpose, and one Vitest that says whether tests notice: starting it
// takes ten times as long as most tests. Each file of tests runs in a process of its own. The repository itself is never
// changed, and the code has no hook for this.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { createVitest } from 'vitest/node';

const root = fileURLToPath(new URL('..', import.meta.url));
const ENTRIES = [
  'src',
  'kernels',
  'tests',
  'bench',
  'lab',
  'site',
  'data',
  'docs',
  'examples',
  'scripts',
  'CONTRIBUTING.md',
  'README.md',
  'package.json',
  'tsconfig.json',
  'tsconfig.build.json',
  'vitest.config.ts',
];
/** A fault may make a loop that never ends: milliseconds after which its tests are ended. */
const LIMIT = 120_000;

export class Planting {
  /** Folder of the copy. */
  folder = mkdtempSync(join(tmpdir(), 'whittle-plants-'));
  #vitest = null;

  constructor() {
    process.env.FC_END_ON_FAILURE = '1';
    process.on('exit', () => rmSync(this.folder, { recursive: true, force: true }));
    for (const entry of ENTRIES) {
      cpSync(join(root, entry), join(this.folder, entry), {
        recursive: true,
        filter: (path) => !/[\\/](dist|node_modules)([\\/]|$)/.test(path),
      });
    }
    // The built library is what the command line's code finds under its name.
    for (const name of ['node_modules', 'dist']) symlinkSync(join(root, name), join(this.folder, name), 'dir');
    process.chdir(this.folder);
  }

  /** Paths of the test files from the root; those of a browser are left out, since a page may not read outside its folder. */
  tests() {
    const names = readdirSync(join(this.folder, 'tests'), { recursive: true, encoding: 'utf8' });
    return names.filter((name) => name.endsWith('.test.ts')).map((name) => `tests/${name.replaceAll('\\', '/')}`);
  }

  read(file) {
    return readFileSync(join(this.folder, file), 'utf8');
  }

  async write(file, text) {
    writeFileSync(join(this.folder, file), text);
    (await this.#open()).invalidateFile(join(this.folder, file));
  }

  /** Runs files of tests until one fails: how many tests passed and failed, and the first file with a failure. */
  async run(files) {
    const vitest = await this.#open();
    const paths = new Set(files.map((file) => join(this.folder, file)));
    const specifications = await Promise.all([...paths].map((path) => vitest.globTestSpecifications([path])));
    const going = vitest.runTestSpecifications(specifications.flat());
    let timer;
    const late = new Promise((resolve) => {
      timer = setTimeout(resolve, LIMIT, null);
    });
    const result = await Promise.race([going, late]);
    clearTimeout(timer);
    if (result === null) {
      going.catch(() => {});
      spawnSync('pkill', ['-KILL', '-P', String(process.pid)]); // the tests; this Vitest is done for
      this.#vitest = null;
      return { passed: 0, failed: 1, by: 'a loop that never ends' };
    }
    // The result has the files of earlier runs too.
    const own = result.testModules.filter(({ moduleId }) => paths.has(moduleId));
    const statesOf = ({ children }) => [...children.allTests()].map((test) => test.result().state);
    const count = (state) => own.flatMap(statesOf).filter((one) => one === state).length;
    const failing = own.find((testModule) => statesOf(testModule).includes('failed'));
    const by = failing === undefined ? null : failing.moduleId.slice(this.folder.length + 1);
    return { passed: count('passed'), failed: count('failed'), by };
  }

  async #open() {
    const options = {
      root: this.folder,
      watch: false,
      bail: 1,
      project: ['node', 'node apart', 'gpu in Node'],
      reporters: [{}],
    };
    this.#vitest ??= await createVitest('test', options);
    return this.#vitest;
  }
}
