import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const operations = join(root, 'src/graph/graph.ts');

/** The files of src that do not compile if networks have one more operation. */
function filesThatMustLearn(): string[] {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile) as { config: object };
  const { options, fileNames } = ts.parseJsonConfigFileContent(config, ts.sys, root);
  const host = ts.createCompilerHost(options);
  const { readFile } = host;
  host.readFile = (path) => {
    const text = readFile(path);
    if (join(path) !== operations || text === undefined) return text;
    const changed = text.replace('interface Attributes {', 'interface Attributes { readonly another: None;');
    return changed === text ? undefined : changed;
  };
  const program = ts.createProgram(fileNames, options, host);
  const found = program.getSourceFiles().flatMap((file) => {
    const [, path] = /\/src\/((?:graph|infer|io|nn|compress|gpu)\/.*)$/.exec(file.fileName) ?? [];
    return path === undefined || program.getSemanticDiagnostics(file).length === 0 ? [] : [path];
  });
  return found.sort();
}

test('the compiler lists what CONTRIBUTING says must learn a new operation', () => {
  const text = readFileSync(join(root, 'CONTRIBUTING.md'), 'utf8');
  const [, list] = /compiler\s+then lists the tables that must learn it: ([^.]*?)\.\n/.exec(text)!;
  const named = [...list!.matchAll(/`([^`]+)`/g)].map(([, name]) => `${name}.ts`);
  expect(filesThatMustLearn()).toEqual(named.sort());
});
