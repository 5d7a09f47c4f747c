// What someone gets who installs the two packages. Packs them from the files that git has, in a fresh folder, installs both
// into an empty one, and runs there what README and package.json promise. Fails if any of it does not hold; what was tested
// is left in .cache/packages, ready to be published. Usage: npm run test:installed. WHITTLE_WITHOUT_CHROMIUM=1 skips the page
// where there is no Chromium.
//
// It checks that
// - packing without development tools fails with a sentence and packs nothing,
// - after `npm install` both packages hold what their package.json promises, and nothing else,
// - whittle-ml installs nothing beside itself, and every entry point can be imported, by `import` and by `require`,
// - README's examples print what they say, and they and all entry points compile for someone who uses TypeScript,
// - the command `whittle` says its version and its help, goes through a job on a small table and on the digits that come with
//   it, predicts with every network that it has left, and refuses a wrong option, a file that is not there and a table that
//   does not fit with one line, exit code 2, and nothing written,
// - README's page trains in Chromium: opened as a file with the classic script, and over HTTP with the module.
import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { faultsOf } from './check-package.mjs';
import { examplesIn } from './examples.mjs';
import { adviceOnChromium, findChromium, QUIET_FLAGS } from './find-chromium.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const work = mkdtempSync(join(tmpdir(), 'whittle-installed-'));
const sources = join(work, 'sources');
const tarballs = join(work, 'tarballs');
const user = join(work, 'user');
const readme = readFileSync(join(root, 'README.md'), 'utf8');
const { exports, version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

/**
 * npm tells what it runs where it came from, and what is tested here was called by nobody. But it may be called by a script
 * in another package of the user's, from another folder.
 */
const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name)));
env.INIT_CWD = work;
env.npm_package_name = 'another';

function execute(folder, command, ...args) {
  const shell = process.platform === 'win32' && command !== process.execPath;
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd: folder, env, shell, encoding: 'utf8' });
  return { status, out: stdout ?? '', err: stderr ?? '', all: `${stdout}${stderr}${error?.message ?? ''}` };
}

/** What a command prints; it must end well. */
function succeed(folder, command, ...args) {
  const { status, out, all } = execute(folder, command, ...args);
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}:\n${all}`);
  return out;
}

function expect(isTrue, problem) {
  if (!isTrue) throw new Error(problem);
}

const npm = (folder, ...args) => succeed(folder, 'npm', ...args, '--prefer-offline', '--no-audit', '--no-fund');
const run = (file) => succeed(user, process.execPath, file);
const WHITTLE = join('node_modules', '.bin', 'whittle');
const ROWS = 90;
/** What a check returns that could not be made here. */
const SKIPPED = 'skipped';
const PACK = ['pack', '--workspaces', '--include-workspace-root', '--json', '--pack-destination', tarballs];

/** Whether `whittle` refuses what it was given in one line and writes nothing. */
function refuses(line, ...args) {
  const before = readdirSync(user).join();
  const { status, out, err } = execute(user, WHITTLE, ...args);
  const isRefused = status === 2 && out === '' && line.test(err) && err.trim().split('\n').length === 1;
  expect(isRefused, `whittle ${args.join(' ')} ended with ${status}: ${out}${err}`);
  expect(readdirSync(user).join() === before, `whittle ${args.join(' ')} has written something`);
}

/** `whittle` with a job of few epochs, which must write a report. */
function reports(folder, ...args) {
  succeed(user, WHITTLE, ...args, '--epochs', '1', '--no-progress', '--out', folder);
  const page = readFileSync(join(user, folder, 'index.html'), 'utf8');
  expect(page.startsWith('<!doctype html>'), `${folder}/index.html is no page`);
  JSON.parse(readFileSync(join(user, folder, 'report.json'), 'utf8'));
}

/** A table: a number that tells the class, one that does not, and a text. */
function writeTable(path) {
  const rows = Array.from(
    { length: ROWS },
    (_, i) => `${(i % 3) + (i % 7) / 10},${(i * 37) % 11},${'rgb'[i % 2]},kind ${i % 3}`,
  );
  writeFileSync(path, `size,noise,colour,kind\n${rows.join('\n')}\n`);
}

/** What a page in Chromium shows, and what it complains about. */
async function textOf(browser, address) {
  const page = await browser.newPage();
  const problems = [];
  page.on('pageerror', (error) => problems.push(error.message));
  page.on('console', (message) => problems.push(message.text()));
  await page.goto(address);
  const text = await page.evaluate('document.body.innerText'); // scripts have run by now, modules too
  await page.close();
  return problems.length === 0 ? text : `${text} and says ${problems.join(' | ')}`;
}

async function withChromium(binary, see) {
  const { chromium } = await import('playwright');
  const browser = await chromium.launch({ executablePath: binary, args: QUIET_FLAGS });
  try {
    return await see(browser);
  } finally {
    await browser.close();
  }
}

/** Serves the files of a folder as long as `see` takes. */
async function withServer(folder, see) {
  const server = createServer(({ url }, response) => {
    const file = join(folder, url.slice(1));
    if (url === '/favicon.ico') return response.writeHead(204).end();
    if (!/^\/[\w.]+$/.test(url) || !existsSync(file)) return response.writeHead(404).end();
    response.setHeader('Content-Type', url.endsWith('.js') ? 'text/javascript' : 'text/html; charset=utf-8');
    return response.end(readFileSync(file));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    return await see(`http://127.0.0.1:${server.address().port}`);
  } finally {
    server.close();
  }
}

const SMALLEST = {
  compilerOptions: { target: 'ES2022', strict: true, noEmit: true, module: 'NodeNext', types: ['node'] },
};
const names = Object.keys(exports).filter((name) => name !== './package.json');
const entries = names.map((name) => `whittle-ml${name.slice(1)}`);

const CHECKS = {
  'packing without tools fails with a sentence'() {
    const listed = succeed(root, 'git', 'ls-files', '-z').split('\0');
    for (const path of listed.filter((name) => name !== '' && existsSync(join(root, name)))) {
      mkdirSync(dirname(join(sources, path)), { recursive: true });
      copyFileSync(join(root, path), join(sources, path));
    }
    for (const args of [['pack'], ['pack', '-w', 'lab']]) {
      const { status, all } = execute(sources, 'npm', ...args);
      expect(
        status !== 0 && all.includes('run npm install first'),
        `npm ${args.join(' ')} ended with ${status}: ${all}`,
      );
    }
    expect(!readdirSync(sources).some((name) => name.endsWith('.tgz')), 'it left a package all the same');
  },
  'both packages are built, and hold what they promise'() {
    npm(sources, 'install');
    mkdirSync(tarballs);
    const faults = faultsOf(JSON.parse(succeed(sources, 'npm', ...PACK)));
    expect(faults.length === 0, faults.join('; '));
  },
  'whittle-ml installs nothing beside itself'() {
    mkdirSync(user);
    writeFileSync(join(user, 'package.json'), '{ "type": "module" }\n');
    npm(user, 'install', join(tarballs, `whittle-ml-${version}.tgz`));
    const there = readdirSync(join(user, 'node_modules')).filter((name) => !name.startsWith('.'));
    expect(there.join() === 'whittle-ml', `in node_modules are ${there.join(', ')}`);
  },
  'every entry point can be imported and required'() {
    const imports = entries.map((entry) => `import * as _${entry.replace(/\W/g, '_')} from '${entry}';`);
    writeFileSync(join(user, 'imports.mjs'), `${imports.join('\n')}\n`);
    writeFileSync(join(user, 'requires.cjs'), entries.map((entry) => `require('${entry}');\n`).join(''));
    run('imports.mjs');
    run('requires.cjs');
  },
  "README's examples print what they say"() {
    cpSync(join(root, 'data'), join(user, 'data'), { recursive: true });
    for (const { code, printed, line } of examplesIn(readme, 'ts')) {
      writeFileSync(join(user, `line-${line}.mjs`), code);
      writeFileSync(join(user, `line-${line}.ts`), `export {};\n${code}`);
      const output = run(`line-${line}.mjs`);
      expect(printed === null || output === printed, `the one at line ${line} prints\n${output}instead of\n${printed}`);
    }
  },
  'README and all entry points compile with TypeScript'() {
    copyFileSync(join(user, 'imports.mjs'), join(user, 'imports.mts'));
    const { compilerOptions } = SMALLEST;
    const typeRoots = [join(sources, 'node_modules', '@types')];
    const config = { compilerOptions: { ...compilerOptions, typeRoots }, include: ['*.ts', '*.mts'] };
    writeFileSync(join(user, 'tsconfig.json'), JSON.stringify(config));
    succeed(user, process.execPath, join(sources, 'node_modules', 'typescript', 'bin', 'tsc'));
  },
  'the command says its version and its help'() {
    npm(user, 'install', join(tarballs, `whittle-cli-${version}.tgz`));
    expect(succeed(user, 'npx', 'whittle', '--version') === `${version}\n`, 'the version is another');
    expect(succeed(user, 'npx', 'whittle-cli', '--help').includes('--target <'), 'the help does not name --target');
  },
  'the command reports on a table, and on the digits that come with it'() {
    writeTable(join(user, 'table.csv'));
    reports('table', 'table.csv', '--target', 'kind');
    reports('digits');
  },
  'the command predicts with the networks of the report'() {
    const models = join('table', 'models');
    for (const model of readdirSync(join(user, models))) {
      succeed(user, WHITTLE, 'predict', join(models, model), 'table.csv', '--out', 'predictions.csv');
      const [names, ...rows] = readFileSync(join(user, 'predictions.csv'), 'utf8').trimEnd().split('\n');
      const isWhole = rows.length === ROWS && rows.every((row) => /,kind [0-2](,[\d.e-]+){3}$/.test(row));
      expect(isWhole, `${model}: there are ${rows.length} rows, the first ${rows[0]}`);
      expect(names === 'size,noise,colour,kind,prediction,p(kind 0),p(kind 1),p(kind 2)', `${model}: columns ${names}`);
    }
  },
  'the command exports a network, which predicts the same, and makes a page of it'() {
    const model = join('table', 'models', 'int8.safetensors');
    const predicted = (file) => {
      succeed(user, WHITTLE, 'predict', file, 'table.csv', '--out', 'predictions.csv');
      return readFileSync(join(user, 'predictions.csv'), 'utf8');
    };
    succeed(user, WHITTLE, 'export', model, '--out', 'exported');
    expect(predicted(join('exported', 'int8.mjs')) === predicted(model), 'the module predicts something else');
    writeFileSync(
      join(user, 'row.mts'),
      `import { predict, selfTest } from './exported/int8.mjs';
const { label } = predict({ size: 1, noise: 2, colour: 'r' });
console.log(selfTest(), label);
`,
    );
    writeFileSync(
      join(user, 'row.json'),
      JSON.stringify({ compilerOptions: SMALLEST.compilerOptions, files: ['row.mts'] }).replace('"node"', ''),
    );
    succeed(user, process.execPath, join(sources, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', 'row.json');
    copyFileSync(join(user, 'row.mts'), join(user, 'row.mjs'));
    const said = run('row.mjs');
    expect(/^true kind [0-2]\n$/.test(said), `the module says ${said}`);
    succeed(user, WHITTLE, 'export', model, '--out', join('exported', 'kinds.c'));
    const header = readFileSync(join(user, 'exported', 'kinds.h'), 'utf8');
    expect(header.includes('int kinds_run(') && header.includes('"size" as (x - '), `the header is ${header}`);
    succeed(user, WHITTLE, 'page', model, '--out', 'kinds.html');
    const page = readFileSync(join(user, 'kinds.html'), 'utf8');
    expect(page.startsWith('<!doctype html>') && page.includes('<label for="field-0">size</label>'), 'it is no page');
  },
  'the command refuses what is wrong'() {
    refuses(/whittle: .*--epoch\b/, '--epoch', '1');
    refuses(/whittle: .*nowhere\.csv/, 'nowhere.csv', '--target', 'kind');
    refuses(/whittle: .*"sort"/, '--csv', 'table.csv', '--target', 'sort');
    writeFileSync(join(user, 'other.csv'), 'size,colour\n1,r\n');
    refuses(/whittle: .*"noise"/, 'predict', join('table', 'models', 'teacher.safetensors'), 'other.csv');
    refuses(
      /whittle: other\.csv: column "noise": is not in the table/,
      'predict',
      join('exported', 'int8.mjs'),
      'other.csv',
    );
  },
  async "README's page trains in Chromium, as a file and over HTTP"() {
    const binary = findChromium();
    if (binary === null && process.env.WHITTLE_WITHOUT_CHROMIUM === '1') return SKIPPED;
    expect(binary !== null, adviceOnChromium());
    const [{ code, printed }] = examplesIn(readme, 'html');
    const name = /src="([\w.]+)"/.exec(code)[1];
    const asModule = '<script type="module">import * as whittle from \'./whittle.esm.min.js\';';
    const pages = join(work, 'pages');
    mkdirSync(pages);
    for (const file of [name, 'whittle.esm.min.js']) {
      copyFileSync(join(user, 'node_modules/whittle-ml/dist', file), join(pages, file));
    }
    writeFileSync(join(pages, 'file.html'), code);
    writeFileSync(join(pages, 'module.html'), code.replace(/<script src.*\n/, '').replace('<script>', asModule));
    const texts = await withServer(pages, (served) =>
      withChromium(binary, async (browser) => [
        await textOf(browser, pathToFileURL(join(pages, 'file.html')).href),
        await textOf(browser, `${served}/module.html`),
      ]),
    );
    for (const text of texts) expect(text === printed.trim(), `a page shows ${JSON.stringify(text)}`);
  },
};

let failed = 0;
const skipped = [];
try {
  for (const [name, check] of Object.entries(CHECKS)) {
    const start = performance.now();
    try {
      const isSkipped = (await check()) === SKIPPED;
      if (isSkipped) skipped.push(name);
      const seconds = ((performance.now() - start) / 1000).toFixed(1);
      console.log(`${isSkipped ? 'skipped' : 'ok     '} ${name} (${seconds} s)`);
    } catch (error) {
      failed++;
      console.log(`FAILED  ${name}: ${error.message}`);
      if (!existsSync(tarballs)) break;
    }
  }
  if (failed === 0) {
    const place = join(root, '.cache', 'packages');
    rmSync(place, { recursive: true, force: true });
    cpSync(tarballs, place, { recursive: true });
    const count = Object.keys(CHECKS).length;
    const held =
      skipped.length === 0 ? `all ${count} checks hold` : `${count - skipped.length} of ${count} checks hold`;
    console.log(
      `installed: ${held}${skipped.map((name) => `, skipped: ${name}`).join('')}; the packages are in ${place}`,
    );
  }
} finally {
  rmSync(work, { recursive: true, force: true });
}
process.exitCode = failed === 0 ? 0 : 1;
