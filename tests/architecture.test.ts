import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';
import { FACTS } from '../src/graph/facts.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

interface Import {
  readonly from: string;
  readonly typeOnly: boolean;
}

interface SourceFile {
  /** Path from the root with forward slashes. */
  readonly path: string;
  readonly text: string;
  readonly tree: ts.SourceFile;
  readonly imports: readonly Import[];
}

function readAll(folder: string): SourceFile[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts'))
    .map((name) => {
      const path = join(folder, name).replaceAll('\\', '/');
      const text = readFileSync(join(root, path), 'utf8');
      const tree = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
      return { path, text, tree, imports: importsOf(tree) };
    });
}

function visit(node: ts.Node, see: (node: ts.Node) => void): void {
  see(node);
  ts.forEachChild(node, (child) => visit(child, see));
}

function importsOf(tree: ts.SourceFile): Import[] {
  const found: Import[] = [];
  visit(tree, (node) => {
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) {
      if (node.moduleSpecifier === undefined || !ts.isStringLiteral(node.moduleSpecifier)) return;
      const typeOnly = ts.isExportDeclaration(node)
        ? node.isTypeOnly
        : node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword;
      found.push({ from: node.moduleSpecifier.text, typeOnly });
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      const [target] = node.arguments;
      found.push({ from: target && ts.isStringLiteral(target) ? target.text : 'a computed name', typeOnly: false });
    } else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
      found.push({ from: node.argument.literal.getText().slice(1, -1), typeOnly: true });
    }
  });
  return found;
}

const files = [...readAll('src'), ...readAll('kernels')];
const byPath = new Map(files.map((file) => [file.path, file]));

const resolve = (file: SourceFile, from: string): string =>
  normalize(join(dirname(file.path), from)).replaceAll('\\', '/');

/** The part of the library that a path belongs to: `kernels`, a folder of `src`, or `index`. */
const partOf = (path: string): string =>
  path.startsWith('kernels/') ? 'kernels' : path === 'src/index.ts' ? 'index' : path.split('/')[1]!;

/** What each part may import besides itself. */
const ARROWS: Record<string, readonly string[]> = {
  kernels: [],
  base: ['kernels'],
  memory: ['kernels', 'base'],
  tensor: ['memory', 'kernels', 'base'],
  autograd: ['tensor', 'memory', 'kernels', 'base'],
  graph: ['base'],
  infer: ['graph', 'kernels', 'base'],
  io: ['infer', 'graph', 'kernels', 'base'],
  export: ['data', 'tensor', 'memory', 'infer', 'graph', 'io', 'kernels', 'base'],
  formats: ['data', 'tensor', 'memory', 'infer', 'graph', 'io', 'kernels', 'base'],
  data: ['tensor', 'memory', 'kernels', 'base'],
  learn: ['data', 'nn', 'autograd', 'tensor', 'memory', 'infer', 'graph', 'io', 'kernels', 'base'],
  nn: ['autograd', 'tensor', 'memory', 'infer', 'graph', 'io', 'kernels', 'base'],
  compress: ['nn', 'autograd', 'tensor', 'memory', 'infer', 'graph', 'io', 'kernels', 'base'],
  quantize: ['compress', 'nn', 'autograd', 'tensor', 'memory', 'infer', 'graph', 'io', 'kernels', 'base'],
  share: ['compress', 'nn', 'autograd', 'tensor', 'memory', 'infer', 'graph', 'io', 'kernels', 'base'],
  distill: ['compress', 'nn', 'autograd', 'tensor', 'memory', 'infer', 'graph', 'io', 'kernels', 'base'],
  threads: ['kernels', 'base'],
  pareto: [
    'threads',
    'distill',
    'share',
    'quantize',
    'compress',
    'nn',
    'autograd',
    'tensor',
    'memory',
    'infer',
    'graph',
    'io',
    'data',
    'kernels',
    'base',
  ],
  gpu: ['nn', 'autograd', 'tensor', 'memory', 'infer', 'graph', 'kernels', 'base'],
  node: [
    'index',
    'pareto',
    'distill',
    'share',
    'quantize',
    'compress',
    'nn',
    'autograd',
    'tensor',
    'memory',
    'infer',
    'graph',
    'io',
    'data',
    'kernels',
    'base',
  ],
  index: [
    'pareto',
    'distill',
    'share',
    'quantize',
    'compress',
    'nn',
    'autograd',
    'tensor',
    'memory',
    'infer',
    'graph',
    'io',
    'data',
    'kernels',
    'base',
  ],
};

describe('imports', () => {
  test('follow the arrows between the layers', () => {
    const wrong: string[] = [];
    for (const file of files) {
      const part = partOf(file.path);
      for (const { from } of file.imports.filter((i) => i.from.startsWith('.'))) {
        const target = partOf(resolve(file, from));
        if (target !== part && ARROWS[part]?.includes(target) !== true) wrong.push(`${file.path} imports ${from}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  test('of base and the data layer take only errors and types from kernels', () => {
    const wrong = files
      .filter(({ path }) => ['base', 'data'].includes(partOf(path)))
      .flatMap((file) => file.imports.map((i) => ({ ...i, path: file.path, target: resolve(file, i.from) })))
      .filter(({ target, typeOnly }) => partOf(target) === 'kernels' && target !== 'kernels/errors.ts' && !typeOnly);
    expect(wrong).toEqual([]);
  });

  test('of kernels in WebAssembly take no kernel from another table: engine.orElse is the way to TypeScript', () => {
    const wrong = files
      .filter(({ path }) => path.startsWith('kernels/wasm/') && !/\/wasm(64)?\.ts$/.test(path))
      .flatMap((file) => file.imports.map(({ from }) => resolve(file, from)))
      .filter((target) => /^kernels\/(cpu|reference)\//.test(target));
    expect(wrong).toEqual([]);
  });

  test('are the same families in the interface and in every table', () => {
    const namesIn = (folder: string): string[] =>
      files.flatMap(({ path }) =>
        dirname(path) === `kernels/${folder}` ? [path.slice(path.lastIndexOf('/') + 1)] : [],
      );
    const tables = ['cpu.ts', 'quantized.ts']; // whole, and a few
    const families = namesIn('interface').filter((name) => name !== 'heap.ts');
    expect(namesIn('reference')).toEqual(expect.arrayContaining(families));
    expect(namesIn('wasm')).toEqual(expect.arrayContaining(families));
    expect(families).toEqual(expect.arrayContaining(namesIn('cpu').filter((name) => !tables.includes(name))));
  });

  test('decide on an operation in a table with a row for each, and elsewhere on these alone', () => {
    const known: Record<string, readonly string[]> = {
      'src/graph/print.ts': ['activation', 'activation'], // written as relu(x), not as activation(x, relu)
      'src/nn/heads.ts': ['flatten'], // looks through it for the activation
      'src/nn/averages.ts': ['quantize', 'dequantize', 'fakeQuantize', 'dense', 'add'], // the form of a mean of networks
      'src/graph/rewrite.ts': ['activation'], // what is nothing but an activation may become part of another node
      'src/graph/program-form.ts': ['conv', 'zeroPad'], // zeros around an image are its padding as well
      'src/nn/built.ts': ['dropout', 'custom'], // what they run with besides weights: random numbers, a layer
      'src/nn/network.ts': ['custom', 'custom', 'custom', 'activityRegularization'], // no network; an option of other layers
      'src/compress/fold.ts': ['batchNorm', 'activityRegularization'], // what it takes away, and not past what
      'src/compress/layers.ts': ['add', 'add'], // what has residual branches
      'src/gpu/stages.ts': ['custom'], // its type, for errors
      'src/io/network-file.ts': ['custom'], // no file holds it
      'src/io/versions.ts': ['convTranspose', 'batchNorm', 'layerNorm', 'embedding', 'activation'], // what version 3 had in int8
      'src/quantize/dequantize.ts': ['quantize', 'dequantize'], // what goes with the formats
      'src/quantize/keep.ts': ['quantize'], // gives the int8 form of another value
    };
    const ops = Object.keys(FACTS);
    const found: Record<string, string[]> = {};
    for (const { path, tree } of [...files, ...readAll('lab/src')]) {
      visit(tree, (node) => {
        const isCase =
          ts.isCaseClause(node) && ts.isStringLiteral(node.expression) && ops.includes(node.expression.text);
        // A list of operations, by itself or in a set
        const elements = ts.isArrayLiteralExpression(node) ? [...node.elements] : [];
        const listed = elements.flatMap((each) =>
          ts.isStringLiteral(each) && ops.includes(each.text) ? each.text : [],
        );
        if (listed.length > 0 && listed.length === elements.length) found[path] = [...(found[path] ?? []), ...listed];
        const isEqual =
          ts.isBinaryExpression(node) &&
          [ts.SyntaxKind.EqualsEqualsEqualsToken, ts.SyntaxKind.ExclamationEqualsEqualsToken].includes(
            node.operatorToken.kind,
          ) &&
          /(^|\.)op$/.test(node.left.getText().replace('?', '')) &&
          ts.isStringLiteral(node.right) &&
          ops.includes(node.right.text);
        const text = isCase ? node.expression : isEqual ? node.right : null;
        if (text !== null && ts.isStringLiteral(text)) found[path] = [...(found[path] ?? []), text.text];
      });
    }
    delete found['src/io/version-1.ts']; // reads kinds of layers that files of version 1 have, each by its name
    expect(found).toEqual(known);
  });

  test('name files that exist, with their ending', () => {
    const missing = files.flatMap((file) =>
      file.imports
        .filter(({ from }) => from.startsWith('.') && !byPath.has(resolve(file, from)))
        .map(({ from }) => `${file.path} imports ${from}`),
    );
    expect(missing).toEqual([]);
  });

  test('name no package; node: stands in src/node alone, and packages that may be missing in src/gpu', () => {
    const allowed: Record<string, RegExp> = {
      node: /^node:/,
      'src/gpu/backend.ts': /^gpu\.js$/,
      'src/gpu/dawn.ts': /^a computed name$/, // the package webgpu, which no bundler is to look for
    };
    const wrong = files.flatMap((file) =>
      file.imports
        .filter(({ from }) => !from.startsWith('.'))
        .filter(({ from }) => (allowed[partOf(file.path)] ?? allowed[file.path])?.test(from) !== true)
        .map(({ from }) => `${file.path} imports ${from}`),
    );
    expect(wrong).toEqual([]);
  });

  test('form no cycle between files', () => {
    const done = new Set<string>();
    const trail: string[] = [];
    const cycles: string[] = [];
    const walk = (path: string): void => {
      if (trail.includes(path)) cycles.push([...trail.slice(trail.indexOf(path)), path].join(' -> '));
      if (trail.includes(path) || done.has(path)) return;
      trail.push(path);
      const file = byPath.get(path)!;
      for (const { from } of file.imports) if (byPath.has(resolve(file, from))) walk(resolve(file, from));
      trail.pop();
      done.add(path);
    };
    for (const { path } of files) walk(path);
    expect(cycles).toEqual([]);
  });

  test('need no dependency at run time, and installing runs no script', () => {
    const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Record<string, object | undefined>;
    for (const field of ['dependencies', 'optionalDependencies', 'bundleDependencies']) {
      expect(manifest[field] ?? {}, field).toEqual({});
    }
    // npm installs no peer that is optional
    expect(Object.keys(manifest.peerDependencies ?? {})).toEqual(['gpu.js', 'webgpu']);
    expect(manifest.peerDependenciesMeta).toEqual({ 'gpu.js': { optional: true }, webgpu: { optional: true } });
    // npm runs these where a package is installed; `prepare`, which builds, only in a clone and for an install from git
    const scripts = Object.keys(manifest.scripts ?? {});
    expect(scripts.filter((name) => /^((pre|post)?install|preprepare|postprepare)$/.test(name))).toEqual([]);
  });
});

/** Functions whose last bits engines choose, each for itself. */
const INEXACT =
  /^(exp|expm1|log|log1p|log2|log10|pow|sin|cos|tan|tanh|sinh|cosh|atan|atan2|asin|acos|asinh|acosh|atanh|cbrt|hypot)$/;
const mayUseInexact = (path: string): boolean => path === 'kernels/reference/reference64.ts';

/** Powers of two written with literals are exact everywhere. */
const isPowerOfTwo = (node: ts.BinaryExpression): boolean =>
  node.left.getText() === '2' && /^-?\d+$/.test(node.right.getText());

describe('code', () => {
  const report = (find: (node: ts.Node, file: SourceFile) => boolean): string[] =>
    files.flatMap((file) => {
      const found: string[] = [];
      visit(file.tree, (node) => {
        if (!find(node, file)) return;
        const { line } = file.tree.getLineAndCharacterOfPosition(node.getStart());
        found.push(`${file.path}:${line + 1} ${node.getText().slice(0, 60)}`);
      });
      return found;
    });

  test('has no any and no double assertion', () => {
    expect(report((node) => node.kind === ts.SyntaxKind.AnyKeyword)).toEqual([]);
    expect(report((node) => ts.isAsExpression(node) && ts.isAsExpression(node.expression))).toEqual([]);
  });

  test('makes no code from text', () => {
    const made = (node: ts.Node): boolean =>
      (ts.isCallExpression(node) && /^(globalThis\.)?(eval|Function)$/.test(node.expression.getText())) ||
      (ts.isNewExpression(node) && /^(globalThis\.)?(Async|Generator)?Function$/.test(node.expression.getText()));
    expect(report(made)).toEqual([]);
  });

  test('uses no function of Math whose bits differ between engines, and no power, outside reference64', () => {
    const inexact = (node: ts.Node, file: SourceFile): boolean =>
      !mayUseInexact(file.path) &&
      ((ts.isPropertyAccessExpression(node) && node.expression.getText() === 'Math' && INEXACT.test(node.name.text)) ||
        (ts.isElementAccessExpression(node) && node.expression.getText() === 'Math') ||
        (ts.isVariableDeclaration(node) && node.initializer?.getText() === 'Math') ||
        (ts.isBinaryExpression(node) &&
          [ts.SyntaxKind.AsteriskAsteriskToken, ts.SyntaxKind.AsteriskAsteriskEqualsToken].includes(
            node.operatorToken.kind,
          ) &&
          !isPowerOfTwo(node)));
    expect(report(inexact)).toEqual([]);
  });

  test('states one value a statement: no pair of values for a pair of names, but to exchange two', () => {
    const isPair = (names: ts.Node, values: ts.Node | undefined): boolean =>
      (ts.isArrayBindingPattern(names) || ts.isArrayLiteralExpression(names)) &&
      values !== undefined &&
      ts.isArrayLiteralExpression(values);
    const isExchange = (names: ts.Node, values: ts.Node): boolean =>
      ts.isArrayLiteralExpression(names) &&
      ts.isArrayLiteralExpression(values) &&
      names.elements.every((name) => values.elements.some((value) => value.getText() === name.getText()));
    const paired = (node: ts.Node): boolean =>
      (ts.isVariableDeclaration(node) && isPair(node.name, node.initializer)) ||
      (ts.isBinaryExpression(node) &&
        node.operatorToken.kind === ts.SyntaxKind.EqualsToken &&
        isPair(node.left, node.right) &&
        !isExchange(node.left, node.right));
    expect(report(paired)).toEqual([]);
  });

  test('draws no hidden random numbers and asks no clock for them', () => {
    expect(report((node) => ts.isPropertyAccessExpression(node) && node.getText() === 'Math.random')).toEqual([]);
  });
});

/** Lines that hold more than blanks, comments and imports. */
function linesOf(file: SourceFile): number {
  const held = new Set<number>();
  const mark = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) return;
    const children = node.getChildren();
    if (children.length === 0 && node.getWidth() > 0) {
      const first = file.tree.getLineAndCharacterOfPosition(node.getStart()).line;
      const last = file.tree.getLineAndCharacterOfPosition(node.getEnd()).line;
      for (let line = first; line <= last; line++) held.add(line);
    }
    for (const child of children) if (!ts.isJSDoc(child)) mark(child);
  };
  mark(file.tree);
  return held.size;
}

/** The budgets of docs/design.md: a row each, the files of a part and the lines that they may have. */
const budgets = [
  ...readFileSync(join(root, 'docs/design.md'), 'utf8').matchAll(/^\| ([^|]+) \| (`[^|]+`) \| ([\d,]+) \|$/gm),
].map(([, part, places, lines]) => ({
  part: part!,
  places: [...places!.matchAll(/`([^`]+)`/g)].map(([, place]) => place!),
  lines: Number(lines!.replaceAll(',', '')),
}));

/** Whether a file is at one of these places: a folder that ends in a slash, with all below it, or a file. */
const isAt = (path: string, places: readonly string[]): boolean =>
  places.some((place) => (place.endsWith('/') ? path.startsWith(place) : path === place));

describe('size', () => {
  const counted = files.map((file) => ({ path: file.path, lines: linesOf(file) }));

  test.each(budgets)('$part: at most $lines lines of code', ({ places, lines }) => {
    const total = counted.reduce((sum, file) => sum + (isAt(file.path, places) ? file.lines : 0), 0);
    expect(total).toBeGreaterThan(0);
    expect(total).toBeLessThanOrEqual(lines);
  });

  test('every file is in the budget of one part, and some in what a student reads too', () => {
    const [student, ...parts] = budgets;
    expect(student!.part).toBe('what a student reads');
    expect(student!.lines).toBeLessThanOrEqual(6500);
    const times = files.map(({ path }) => `${path}: ${parts.filter(({ places }) => isAt(path, places)).length}`);
    expect(times.filter((entry) => !entry.endsWith(': 1'))).toEqual([]);
  });

  test('files stay at one idea: below 400 lines without examples', () => {
    const long = files.map(({ path, text }) => {
      const without = text
        .replace(/^( *)\/\*\*\n *\* (.*)\n *\*\n *\* @example\n(?: *\*(?!\/).*\n)* *\*\//gm, '$1/** $2 */')
        .replace(/^(?: *\*\n)? *\* @example\n(?: *\*(?!\/).*\n)*/gm, '');
      return `${path} ${without.split('\n').length}`;
    });
    expect(long.filter((entry) => Number(entry.split(' ')[1]) > 400)).toEqual([]);
  });
});

test('every part of the library has a rule for its imports', () => {
  const parts = new Set(files.map(({ path }) => partOf(path)));
  expect([...parts].filter((part) => ARROWS[part] === undefined)).toEqual([]);
});
