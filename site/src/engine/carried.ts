import type { Network } from 'whittle-ml';
import { toModule } from 'whittle-ml/export';

/**
 * A page that runs no text as code cannot run a module that is dropped on it. So modules that are written here carry the file of
 * their network in a comment at their end, which no engine reads; and that the module computes what the file says is told by its
 * self-test, which holds the digest of the answers to made-up numbers.
 */

const BEFORE =
  '// The file of this network, for the page that wrote it to open; the module runs without it.\n// whittle-network ';

/** Bytes as base64. */
function base64(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}

export const withCarried = (source: string, file: Uint8Array): string => `${source}${BEFORE}${base64(file)}\n`;

/** The file that a module carries; null for none. */
export function carriedIn(source: string): Uint8Array<ArrayBuffer> | null {
  const [, text] = /^\/\/ whittle-network ([A-Za-z0-9+/]*={0,2})$/m.exec(source) ?? [];
  if (text === undefined) return null;
  try {
    const binary = atob(text);
    const bytes = new Uint8Array(binary.length);
    for (let i = 0; i < bytes.length; i++) bytes[i] = binary.charCodeAt(i);
    return bytes;
  } catch {
    return null;
  }
}

/** Whether a text is a module that `toModule` made. */
export const isModuleText = (source: string): boolean =>
  ['run', 'selfTest'].every((name) => new RegExp(`\\bexport function ${name}\\(`).test(source));

/** Whether the self-test of a module asks for the answers of this network. */
export function isOfNetwork(source: string, network: Network): boolean {
  const digest = digestIn(source);
  return digest !== null && digest === digestIn(toModule(network).source);
}

/** What the answers to made-up numbers must hash to, by the self-test of a module. */
function digestIn(source: string): string | null {
  const test = source.slice(source.indexOf('export function selfTest('));
  return /return \w+\s*===\s*(-?\d+)/.exec(test)?.[1] ?? null;
}
