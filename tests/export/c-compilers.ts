import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe } from 'vitest';
import { type At, areToolsAsked, missingOf, type Tool } from '../../scripts/boards.mjs';
import { type COptions, toC } from '../../src/export/index.ts';
import type { Graph, Stored } from '../../src/index.ts';

/** What is strict C99 has no warning of these. */
export const STRICT = ['-std=c99', '-Wall', '-Wextra', '-Wpedantic', '-Wconversion', '-Werror'];

/** `describe` where all tools are there. A missing one is a failure where they are asked for, as in CI. */
export function describeWith(name: string, tools: readonly Tool[], body: () => void): void {
  const missing = missingOf(tools);
  if (missing !== null && areToolsAsked()) throw new Error(missing);
  if (missing !== null) console.log(missing);
  describe.skipIf(missing !== null)(name, body);
}

/** A folder that goes with the tests of a file. */
export function folder(): At {
  const path = mkdtempSync(join(tmpdir(), 'whittle-c-'));
  afterAll(() => rmSync(path, { recursive: true }));
  return (name, text) => {
    const file = join(path, name);
    if (text !== undefined) writeFileSync(file, text);
    return file;
  };
}

/** Writes a network as `<name>.c` and `<name>.h`; gives the path of the first. */
export function written(at: At, network: Graph<Stored>, options: COptions & { readonly name: string }): string {
  const { source, header } = toC(network, options);
  at(`${options.name}.h`, header);
  return at(`${options.name}.c`, source);
}
