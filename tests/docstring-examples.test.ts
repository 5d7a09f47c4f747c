import { readFileSync } from 'node:fs';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';
import { examplesIn } from '../scripts/examples.mjs';
import * as data from '../src/data/index.ts';
import * as whittle from '../src/index.ts';
import * as infer from '../src/infer/index.ts';
import * as io from '../src/io/index.ts';
import * as learn from '../src/learn/index.ts';
import * as nodeEntry from '../src/node/index.ts';

/** Examples in the docstrings of what the package exports are run, as they stand, on samples of the names that they use. */

const ENTRIES: Readonly<Record<string, object>> = {
  'src/index.ts': whittle,
  'src/data/index.ts': data,
  'src/infer/index.ts': infer,
  'src/io/index.ts': io,
  'src/learn/index.ts': learn,
  'src/node/index.ts': nodeEntry,
};

interface Documented {
  readonly name: string;
  readonly file: string;
  readonly isValue: boolean;
  readonly examples: readonly string[];
}

const root = new URL('..', import.meta.url);

/** The comment of a declaration, its stars taken off. */
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
      const tagged = doc.includes('@example') && !doc.includes('```') ? [doc.split('@example')[1]!] : [];
      const examples = [...examplesIn(doc, 'ts').map(({ code }) => code), ...tagged];
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

/** What examples may speak of, made anew for each. */
function scope(): Record<string, unknown> {
  const { add, Dense, Dropout, Random, Sequential, tensor } = whittle;
  const random = new Random(1, 'docstrings');
  const y = Array.from({ length: 200 }, (_, i) => i % 2);
  // each feature alone tells the classes apart, so that most weights may go
  const x = add(tensor(y.map((label) => [0, 0, 0, 0].fill(10 * label - 5))), random.normal([200, 4]));
  const layers = [new Dense(32, { activation: 'relu' }), new Dropout(0.1), new Dense(2, { activation: 'softmax' })];
  const model = new Sequential(layers, { seed: 1 });
  model.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy'] });
  model.fit(x, y, { epochs: 30 });
  const rows = (from: number): string =>
    Array.from({ length: 30 }, (_, i) => `${from + i},${i % 7},${['good', 'bad'][i % 2]}\n`).join('');
  const [csv, other] = [1, 3].map((from) => `price,rooms,quality\n${rows(from)}`);
  return { x, y, xTest: x, yTest: y, model, csv, other, others: other, table: data.readCSV(csv!) };
}

type Run = (...args: readonly unknown[]) => Promise<unknown>;
const AsyncFunction = Object.getPrototypeOf(async () => {}).constructor as new (...args: readonly string[]) => Run;

async function run(code: string): Promise<void> {
  const names = { ...Object.assign({}, ...Object.values(ENTRIES)), ...scope() } as Record<string, unknown>;
  const options = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext };
  const { outputText } = ts.transpileModule(code, { compilerOptions: options });
  await new AsyncFunction(...Object.keys(names), `{ ${outputText} }`)(...Object.values(names));
}

test('the list has every value that is exported', () => {
  for (const [entry, module] of Object.entries(ENTRIES)) {
    const listed = all.filter((each) => each.entry === entry && each.isValue).map(({ name }) => name);
    expect([...new Set(listed)].sort(), entry).toEqual(Object.keys(module).sort());
  }
});

/** A floor: whoever writes an example raises it. */
test('as many values as before have an example', () => {
  expect(values.filter(({ examples }) => examples.length > 0).length).toBeGreaterThanOrEqual(26);
});

describe.each(shown)('$name, $file', ({ examples }) => {
  test.each(examples)('runs as it stands: %s', async (code) => {
    const { log } = console;
    console.log = () => {};
    try {
      await run(code);
    } finally {
      console.log = log;
    }
  });
});

test('an example with a wrong name or option is noticed', async () => {
  for (const code of ['new Ridg();', 'new Ridge({ alpa: 1 });', 'const n: number = missing;'])
    await expect(run(code)).rejects.toThrow();
});
