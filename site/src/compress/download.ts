/** A file that the engine made, with an address under which the browser saves it. */
export interface Saved {
  readonly name: string;
  readonly bytes: number;
  readonly address: string;
}

interface Made {
  readonly name: string;
  readonly type: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Gives each file an address. Those of earlier files are to be given back with `release`. */
export const savedOf = (files: readonly Made[]): readonly Saved[] =>
  files.map(({ name, type, bytes }) => ({
    name,
    bytes: bytes.length,
    address: URL.createObjectURL(new Blob([bytes], { type })),
  }));

export function release(files: readonly Saved[]): void {
  for (const { address } of files) URL.revokeObjectURL(address);
}
