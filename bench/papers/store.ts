import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { loadModel, type Model, saveModel } from 'whittle-ml';
import { writeFileAtomic } from 'whittle-ml/node';
import { UsageError } from '../options.ts';
import type { Outcome, Paper } from './paper.ts';

/** One row of one seed, with how long it took and where. */
export interface Cell extends Outcome {
  readonly row: string;
  readonly seed: number;
  readonly seconds: number;
  /** Machine and runtime, in a line. */
  readonly machine: string;
}

interface Held {
  readonly paper: string;
  readonly data: { readonly name: string; readonly digest: string };
  readonly settings: object;
  readonly cells: readonly Cell[];
}

/** What is there of a paper, on disk after every row: `<paper>.json`, and networks in a folder of that name. */
export class Store {
  private readonly path: string;
  private readonly folder: string;
  private readonly head: Omit<Held, 'cells'>;
  private readonly list: Cell[];

  /** Throws UsageError where the file is of other data or settings, or is none. */
  constructor(out: string, { name, settings }: Pick<Paper, 'name' | 'settings'>, data: Held['data']) {
    this.path = join(out, `${name}.json`);
    // Models of other settings lie elsewhere, also where the file of results was removed.
    const of = createHash('sha256')
      .update(JSON.stringify([data.digest, settings]))
      .digest('hex')
      .slice(0, 12);
    this.folder = join(out, `${name}-${of}`);
    this.head = { paper: name, data: { name: data.name, digest: data.digest }, settings };
    const held = existsSync(this.path) ? heldIn(this.path) : null;
    const isSame =
      held === null || JSON.stringify({ ...held, cells: [] }) === JSON.stringify({ ...this.head, cells: [] });
    if (!isSame)
      throw new UsageError(
        `${this.path} holds results of other images or other settings: give another folder to --out, or remove that file`,
      );
    this.list = [...(held?.cells ?? [])];
  }

  get cells(): readonly Cell[] {
    return this.list;
  }

  has(row: string, seed: number): boolean {
    return this.list.some((cell) => cell.row === row && cell.seed === seed);
  }

  add(cell: Cell): void {
    this.list.push(cell);
    writeFileAtomic(this.path, `${JSON.stringify({ ...this.head, cells: this.list }, null, 1)}\n`);
  }

  /** The model of a name and seed, read where it is and else made and written. */
  model(name: string, seed: number, make: () => Model): Model {
    const path = join(this.folder, `${name}-${seed}.model`);
    if (existsSync(path)) return loadModel(new Uint8Array(readFileSync(path)));
    const model = make();
    this.write(path, saveModel(model));
    return model;
  }

  keep(name: string, seed: number, file: Uint8Array): void {
    this.write(join(this.folder, `${name}-${seed}.safetensors`), file);
  }

  private write(path: string, bytes: Uint8Array): void {
    mkdirSync(dirname(path), { recursive: true });
    writeFileAtomic(path, bytes);
  }
}

function heldIn(path: string): Held {
  try {
    const held = JSON.parse(readFileSync(path, 'utf8')) as Partial<Held> | null;
    if (Array.isArray(held?.cells)) return held as Held;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new UsageError(`${path} holds no results of this command: give another folder to --out, or remove that file`);
}
