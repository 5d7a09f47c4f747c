import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';
import ts from 'typescript';
import { describe, expect, test, vi } from 'vitest';
import * as kernels from '../kernels/index.ts';
import * as data from '../src/data/index.ts';
import * as exporting from '../src/export/index.ts';
import * as formats from '../src/formats/index.ts';
import * as gpu from '../src/gpu/index.ts';
import * as whittle from '../src/index.ts';
import * as infer from '../src/infer/index.ts';
import * as io from '../src/io/index.ts';
import * as learn from '../src/learn/index.ts';
import * as nodeEntry from '../src/node/index.ts';
import * as threads from '../src/threads/index.ts';
import { samples } from './docstring-scope.ts';
import { install, standIn } from './gpu/stand-in.ts';

/**
 * Examples in the docstrings of what the package exports are checked for types and run as they stand, on samples of the names
 * that they use. A statement with a comment behind it comes to what the comment says: `relu(tensor([-1, 2])); // [0. 2.]`,
 * or `sqrt(3); // throws ValueError`.
 */

vi.mock('gpu.js', () => ({ default: standIn, ...standIn }));
install();

/** Later entries pass on some of what earlier ones export. */
const ENTRIES: Readonly<Record<string, object>> = {
  'src/index.ts': whittle,
  'src/data/index.ts': data,
  'src/infer/index.ts': infer,
  'src/io/index.ts': io,
  'src/learn/index.ts': learn,
  'src/export/index.ts': exporting,
  'src/formats/index.ts': formats,
  'src/node/index.ts': nodeEntry,
  'src/gpu/index.ts': gpu,
  'src/threads/index.ts': threads,
  'kernels/index.ts': kernels,
};

interface Documented {
  readonly name: string;
  readonly file: string;
  readonly isValue: boolean;
  readonly examples: readonly string[];
}

const root = new URL('..', import.meta.url);

/** The comment of a declaration, its stars taken off; an `@example` goes to its end, or to the next one. */
function docOf(node: ts.Node, source: ts.SourceFile): string {
  const comments = ts.getLeadingCommentRanges(source.text, node.getFullStart()) ?? [];
  const last = comments
    .map(({ pos, end }) => source.text.slice(pos, end))
    .filter((text) => text.startsWith('/**'))
    .at(-1);
  return (last ?? '').replace(/^\/\*\*|\*\/$/g, '').replace(/^ *\* ?/gm, '');
}

const hasExport = (node: ts.Statement): boolean =>
  ts.canHaveModifiers(node) && (ts.getModifiers(node) ?? []).some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword);

function namesOf(node: ts.Statement): readonly string[] {
  if (ts.isVariableStatement(node)) return node.declarationList.declarations.map(({ name }) => name.getText());
  const { name } = node as { readonly name?: ts.Node };
  return name === undefined ? [] : [name.getText()];
}

type Seen = Map<string, readonly Documented[]>;

const moduleAt = (specifier: string, path: string, seen: Seen): readonly Documented[] =>
  exportsOf(new URL(specifier, new URL(path, root)).href.slice(root.href.length), seen);

/** What the modules export that a module imports, for names that it passes on. */
const importsOf = (source: ts.SourceFile, path: string, seen: Seen): readonly Documented[] =>
  source.statements.flatMap((node) => {
    const specifier = ts.isImportDeclaration(node) ? (node.moduleSpecifier as ts.StringLiteral).text : '';
    return specifier.startsWith('.') ? moduleAt(specifier, path, seen) : [];
  });

/** Everything that a module exports, with the examples of its docstring; of overloads the first that has one. */
function exportsOf(path: string, seen: Seen = new Map()): readonly Documented[] {
  const known = seen.get(path);
  if (known !== undefined) return known;
  seen.set(path, []);
  const text = readFileSync(new URL(path, root), 'utf8');
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const found = new Map<string, Documented>();
  for (const node of source.statements) {
    if (ts.isExportDeclaration(node)) {
      const specifier = (node.moduleSpecifier as ts.StringLiteral | undefined)?.text;
      const others = specifier === undefined ? importsOf(source, path, seen) : moduleAt(specifier, path, seen);
      const { exportClause } = node;
      if (exportClause === undefined) for (const each of others) found.set(each.name, each);
      else if (ts.isNamedExports(exportClause))
        for (const { name, propertyName, isTypeOnly } of exportClause.elements) {
          const isType = isTypeOnly || node.isTypeOnly;
          const other = others.find((each) => each.name === (propertyName ?? name).text);
          if (other !== undefined)
            found.set(name.text, { ...other, name: name.text, isValue: other.isValue && !isType });
        }
    } else if (hasExport(node)) {
      const isValue = !ts.isInterfaceDeclaration(node) && !ts.isTypeAliasDeclaration(node);
      const doc = docOf(node, source);
      const examples = doc.split(/@example\n/).slice(1);
      for (const name of namesOf(node))
        if ((found.get(name)?.examples.length ?? 0) === 0) found.set(name, { name, file: path, isValue, examples });
    }
  }
  seen.set(path, [...found.values()]);
  return seen.get(path)!;
}

const all = Object.keys(ENTRIES).flatMap((entry) => exportsOf(entry).map((each) => ({ ...each, entry })));
const distinct = [...new Map(all.map((each) => [`${each.file} ${each.name}`, each])).values()];
const values = distinct.filter(({ isValue }) => isValue);
const shown = distinct.filter(({ examples }) => examples.length > 0);

/** The statements of an example, and what the comment behind each says that it comes to. */
function statementsOf(code: string): readonly { readonly text: string; readonly told: string | null }[] {
  const source = ts.createSourceFile('example.ts', code, ts.ScriptTarget.Latest, true);
  return source.statements.map((node) => {
    const [comment] = ts.isExpressionStatement(node) ? (ts.getTrailingCommentRanges(code, node.end) ?? []) : [];
    return {
      text: node.getText(),
      told: comment === undefined ? null : code.slice(comment.pos + 2, comment.end).trim(),
    };
  });
}

/** A value as an example writes it: on one line, of a tensor its numbers alone. */
function written(value: unknown): string {
  const text = typeof value === 'string' ? value : inspect(value, { breakLength: Infinity, compact: 100, depth: 8 });
  const numbers = value instanceof whittle.Tensor ? text.split('\n').slice(1).join(' ') : text;
  return numbers.replace(/\s+/g, ' ').trim();
}

async function comesTo(told: string, made: () => unknown): Promise<void> {
  const thrown = /^throws (\w+)/.exec(told);
  let found: string;
  try {
    found = written(await made());
  } catch (error) {
    if (thrown === null) throw error;
    found = `throws ${(error as Error).name}`;
  }
  expect(found).toBe(thrown === null ? told : thrown[0]);
}

/** An example without types, whose comments are asked for. */
function javaScript(code: string): string {
  const text = statementsOf(code).map(({ text, told }) =>
    told === null ? text : `await comesTo(${JSON.stringify(told)}, async () => (${text.replace(/;$/, '')}));`,
  );
  const options = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext };
  return ts.transpileModule(text.join('\n'), { compilerOptions: options }).outputText;
}

type Run = (...args: readonly unknown[]) => Promise<unknown>;
const AsyncFunction = Object.getPrototypeOf(async () => {}).constructor as new (...args: readonly string[]) => Run;

const exported = Object.assign({}, ...Object.values(ENTRIES)) as Readonly<Record<string, unknown>>;

async function run(code: string): Promise<void> {
  const used = Object.entries(samples).filter(([name]) => new RegExp(`\\b${name}\\b`).test(code));
  const names = { ...exported, ...Object.fromEntries(used.map(([name, make]) => [name, make()])), comesTo };
  await new AsyncFunction(...Object.keys(names), `{ ${javaScript(code)} }`)(...Object.values(names));
}

/** Threads are for a process that has computed nothing yet. */
function runAlone(code: string): void {
  const entries = ['src/index', 'src/threads/index'].map((entry) => {
    const names = Object.keys(ENTRIES[`${entry}.ts`]!).join(', ');
    return `import { ${names} } from '${new URL(`../dist/${entry}.js`, import.meta.url).href}';`;
  });
  const text = `${entries.join('\n')}
    const all = [];
    const comesTo = async (told, made) => all.push([told, await made()]);
    { ${javaScript(code)} }
    console.log(JSON.stringify(all));`;
  const all = execFileSync(process.execPath, ['--input-type=module', '-e', text], { encoding: 'utf8', stdio: 'pipe' });
  for (const [told, found] of JSON.parse(all) as [string, unknown][]) expect(written(found)).toBe(told);
}

/** All examples as functions of one module. */
function moduleOf(codes: readonly string[]): string {
  const valuesLast = [...all].sort((a, b) => Number(a.isValue) - Number(b.isValue)); // a type may have the name of a value
  const owner = new Map(valuesLast.map(({ name, entry }) => [name, entry]));
  const lines = Object.keys(ENTRIES).map((entry) => {
    const own = [...owner].flatMap(([name, place]) => (place === entry ? [name] : []));
    return `import { ${own.join(', ')} } from '../${entry}';`;
  });
  const given = Object.keys(samples).map((name) => `declare const ${name}: ReturnType<(typeof samples)['${name}']>;`);
  const functions = codes.map((code, i) => `export async function example${i}() {\n${code}\n}`);
  return [...lines, "import type { samples } from './docstring-scope.ts';", ...given, ...functions].join('\n');
}

function faultsOfTypes(codes: readonly string[]): readonly string[] {
  const path = fileURLToPath(new URL('docstring-examples.generated.ts', import.meta.url));
  const text = moduleOf(codes);
  const config = ts.readConfigFile(fileURLToPath(new URL('tsconfig.json', import.meta.url)), ts.sys.readFile);
  const folder = fileURLToPath(new URL('.', import.meta.url));
  const { options } = ts.parseJsonConfigFileContent(config.config, ts.sys, folder);
  const own = { ...options, noUnusedLocals: false, noUnusedParameters: false, verbatimModuleSyntax: false };
  const host = ts.createCompilerHost(own);
  const { getSourceFile, fileExists } = host;
  host.fileExists = (file) => file === path || fileExists(file);
  host.getSourceFile = (file, version, ...rest) =>
    file === path ? ts.createSourceFile(file, text, version, true) : getSourceFile(file, version, ...rest);
  const program = ts.createProgram([path], own, host);
  const source = program.getSourceFile(path)!;
  return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)].map(
    ({ messageText, start }) => {
      const line = text.split('\n')[source.getLineAndCharacterOfPosition(start!).line]!;
      return `${ts.flattenDiagnosticMessageText(messageText, ' ')}: ${line.trim()}`;
    },
  );
}

test('the list has every value that is exported', () => {
  for (const [entry, module] of Object.entries(ENTRIES)) {
    const listed = all.filter((each) => each.entry === entry && each.isValue).map(({ name }) => name);
    expect([...new Set(listed)].sort(), entry).toEqual(Object.keys(module).sort());
  }
});

test('every value has one', () => {
  const without = values.filter(({ examples }) => examples.length === 0);
  expect(without.map(({ name, file }) => `${name}, ${file}`)).toEqual([]);
});

test('the types of all are right', () => {
  expect(faultsOfTypes(shown.flatMap(({ examples }) => examples))).toEqual([]);
}, 120_000);

describe.each(shown)('$name, $file', ({ file, examples }) => {
  test.each(examples)('runs as it stands: %s', async (code) => {
    const { log } = console;
    console.log = () => {};
    try {
      if (file.startsWith('src/threads/')) runAlone(code);
      else await run(code);
    } finally {
      console.log = log;
    }
  });
});

test('an example with a wrong name, option, type or value is noticed', async () => {
  for (const code of [
    'new Ridg();',
    'new Ridge({ alpa: 1 });',
    'const n: number = missing;',
    'add(tensor(1), 2); // 4.',
  ])
    await expect(run(code)).rejects.toThrow();
  await expect(run('sqrt(tensor(4)); // throws ValueError')).rejects.toThrow();
  await run('add(tensor(1), 2); // 3.0');
  expect(faultsOfTypes(['sqrt("4");'])).toHaveLength(1);
}, 120_000);
