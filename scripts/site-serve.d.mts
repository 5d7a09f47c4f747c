export function serve(folder: string): Promise<{
  readonly url: string;
  readonly sent: ReadonlyMap<string, number>;
  readonly close: () => void;
}>;
