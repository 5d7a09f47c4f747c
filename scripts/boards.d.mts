import type { Buffer } from 'node:buffer';

export interface Tool {
  readonly command: string;
  /** Which apt package has it. */
  readonly packages: string;
}
/** The path of a file of a name, written if there is a text. */
export type At = (name: string, text?: string | Uint8Array) => string;
export interface Board {
  readonly title: string;
  readonly tools: readonly Tool[];
  /** Compiles files of C to a program. */
  link(files: readonly string[], program: string, at: At): void;
  /** What the program writes by `tell`. */
  run(program: string): string;
  /** A `main` around lines that may call `tell(text)`. */
  main(body: string): string;
}
export const X86: Board;
export const CORTEX_M4: Board;
export const RISC_V: Board;
export const AVR: Board;
export function missingOf(tools: readonly Tool[]): string | null;
export function areToolsAsked(): boolean;
export function told(command: string, args: readonly string[], input?: Uint8Array, withErrors?: boolean): Buffer;
export function digestOn(
  board: Board,
  files: { readonly name: string; readonly source: string; readonly header: string },
  samples: number,
  at: At,
): string;
export function sizesOf(program: string): { readonly flash: number; readonly memory: number };
