export const FIRST_LOAD_LIMIT: number;
export interface Weighed {
  readonly path: string;
  readonly bytes: number;
}
export interface Sizes {
  readonly first: readonly Weighed[];
  readonly later: readonly Weighed[];
  readonly soon: readonly Weighed[];
  readonly isWhole: boolean;
}
export function gzipped(bytes: Uint8Array | string): number;
export function staticImports(code: string): string[];
export function pageFiles(html: string): string[];
export function loadedWith(entries: readonly string[], read: (path: string) => string): string[];
export function workersOf(code: string): string[];
export function weighed(folder: string): Sizes;
export function sum(files: readonly Weighed[]): number;
export function sizesText(sizes: Sizes): string;
export function checkSizes(sizes: Sizes): void;
