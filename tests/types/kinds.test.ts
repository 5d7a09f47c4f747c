import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Files that were read, for the next program. */
const parsed = new Map<string, ts.SourceFile>();

/** The files of src that do not compile if a file of it has one more line. */
function filesThatMustLearn(file: string, before: string, line: string): string[] {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile) as { config: object };
  const { options, fileNames } = ts.parseJsonConfigFileContent(config, ts.sys, root);
  const host = ts.createCompilerHost(options);
  const { readFile } = host;
  host.readFile = (path) => {
    const text = readFile(path);
    if (join(path) !== join(root, file) || text === undefined) return text;
    const changed = text.replace(before, `${before} ${line}`);
    return changed === text ? undefined : changed;
  };
  const { getSourceFile } = host;
  host.getSourceFile = (path, ...rest) => {
    const isChanged = join(path) === join(root, file);
    const known = isChanged ? undefined : parsed.get(path);
    const source = known ?? getSourceFile.call(host, path, ...rest);
    if (source !== undefined && !isChanged) parsed.set(path, source);
    return source;
  };
  const program = ts.createProgram(fileNames, options, host);
  const found = program.getSourceFiles().flatMap((file) => {
    const [, path] = /\/src\/(.*)$/.exec(file.fileName) ?? [];
    return path === undefined || program.getSemanticDiagnostics(file).length === 0 ? [] : [path];
  });
  return found.sort();
}

/** The files that CONTRIBUTING names after these words. */
function filesNamed(after: string): string[] {
  const text = readFileSync(join(root, 'CONTRIBUTING.md'), 'utf8').replace(/\s+/g, ' ');
  const at = text.indexOf(after);
  expect(at).toBeGreaterThan(0);
  const [list] = text.slice(at + after.length).split('. ');
  return [...list!.matchAll(/`([^`]+)`/g)].map(([, name]) => `${name}.ts`).sort();
}

describe('the compiler lists what CONTRIBUTING says must learn', () => {
  test('a new operation', () => {
    expect(filesThatMustLearn('src/graph/graph.ts', 'interface Attributes {', 'readonly another: None;')).toEqual(
      filesNamed('The compiler then lists the tables that must learn it:'),
    );
  });

  test('a new encoding', () => {
    const line = 'readonly another: { readonly values: Float32Array };';
    expect(filesThatMustLearn('src/graph/encoding.ts', 'interface Encodings {', line)).toEqual(
      filesNamed('The compiler lists the tables that must learn the encoding:'),
    );
  });

  test('a new format of weights', () => {
    expect(filesThatMustLearn('src/quantize/formats.ts', 'type WeightFormatName =', "| 'another'")).toEqual(
      filesNamed('The compiler lists the tables that must learn the format:'),
    );
  });
});
