import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { afterAll, describe } from 'vitest';
import { type COptions, toC } from '../../src/export/index.ts';
import type { Graph, Stored } from '../../src/index.ts';

/** Compilers of C and machines that run what they make, of Debian's packages. */

export interface Tool {
  readonly command: string;
  /** Which apt package has it. */
  readonly packages: string;
}

/** What is strict C99 has no warning of these. */
export const STRICT = ['-std=c99', '-Wall', '-Wextra', '-Wpedantic', '-Wconversion', '-Werror'];

const isThere = ({ command }: Tool): boolean => spawnSync(command, ['--version']).error === undefined;

/** `describe` where all tools are there. A missing one is a failure where they are asked for, as in CI. */
export function describeWith(name: string, tools: readonly Tool[], body: () => void): void {
  const missing = tools.filter((tool) => !isThere(tool));
  const isAsked = process.env.CI !== undefined || process.env.REQUIRE_C === '1';
  const note = missing.map(({ command, packages }) => `${command} is missing: apt-get install ${packages}`).join('; ');
  if (missing.length > 0 && isAsked) throw new Error(note);
  if (missing.length > 0) console.log(note);
  describe.skipIf(missing.length > 0)(name, body);
}

/** A folder that goes with the tests of a file. */
export function folder(): (name: string, text?: string | Uint8Array) => string {
  const path = mkdtempSync(join(tmpdir(), 'whittle-c-'));
  afterAll(() => rmSync(path, { recursive: true }));
  return (name, text) => {
    const file = join(path, name);
    if (text !== undefined) writeFileSync(file, text);
    return file;
  };
}

/** Writes a network as `<name>.c` and `<name>.h`; gives the path of the first. */
export function written(
  at: (name: string, text?: string) => string,
  network: Graph<Stored>,
  options: COptions & { readonly name: string },
): string {
  const { source, header } = toC(network, options);
  at(`${options.name}.h`, header);
  return at(`${options.name}.c`, source);
}

/** What a command prints, on request among its errors too; these are in what it throws. */
export function told(command: string, args: readonly string[], input?: Uint8Array, withErrors = false): Buffer {
  const limits = { maxBuffer: 2 ** 28, timeout: 200_000 };
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    ...limits,
    ...(input === undefined ? {} : { input }),
  });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`${command} ${args.join(' ').slice(0, 200)}: ${stderr}`);
  return withErrors ? Buffer.concat([stdout, stderr]) : stdout;
}

/**
 * A program that runs a network on so many samples of the numbers of its self-test, and makes a digest of all outputs,
 * `digest()`: 0 where the self-test does not hold.
 */
export function digesting(network: Pick<Graph<Stored>, 'inputs'>, name: string, samples: number): string {
  const big = name.toUpperCase();
  const inputs = network.inputs.map((_, i, all) => (all.length === 1 ? 'INPUT' : `INPUT_${i + 1}`));
  if (inputs.length > 1 || network.inputs[0]!.dtype === 'int32') throw new Error('made for one input of real numbers');
  return `#include "${name}.h"
#include <string.h>
static float input[${big}_INPUT_SIZE], output[${big}_OUTPUT_SIZE];
static uint32_t digest(void)
{
  uint32_t state = 1, hash = 2166136261u;
  if (!${name}_self_test()) return 0;
  for (int sample = 0; sample < ${samples}; sample++) {
    for (size_t i = 0; i < ${big}_INPUT_SIZE; i++) {
      state = state * 1664525u + 1013904223u;
      input[i] = (float)((int32_t)((state >> 16) ^ 0x8000u) - 0x8000) / 8192.0f;
    }
    if (${name}_run(input, output)) return 1;
    for (size_t i = 0; i < ${big}_OUTPUT_SIZE; i++) {
      uint32_t bits;
      memcpy(&bits, output + i, 4);
      if (output[i] != output[i] || output[i] == 0) bits = 0;
      for (int byte = 0; byte < 4; byte++, bits >>= 8) hash = (hash ^ (bits & 255)) * 16777619u;
    }
  }
  return hash;
}
`;
}
