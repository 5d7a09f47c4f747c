export function targetOf(file: string, link: string): { readonly path: string; readonly anchor: string } | null;
export function relinked(
  text: string,
  file: string,
  pageNames: ReadonlyMap<string, string>,
  fileAt: (path: string) => boolean,
): string;
export function prepare(): void;
export function baseOf(text: string): string;
export function buildDocs(base: string, out: string): Promise<void>;
