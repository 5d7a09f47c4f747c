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

interface Results {
  readonly paper: string;
  readonly data: { readonly name: string; readonly digest: string };
  readonly settings: object;
  readonly cells: readonly Cell[];
}

/** What is there of a paper, on disk after every row: `<paper>.json`, and networks in a folder of that name. */
export class Store {
  private readonly path: string;
  private readonly folder: string;
  private readonly head: Omit<Results, 'cells'>;
  private readonly list: Cell[];

  /** Throws UsageError where the file is of other data or settings, or is none, or cannot be read. */
  constructor(out: string, { name, settings }: Pick<Paper, 'name' | 'settings'>, data: Results['data']) {
    this.path = join(out, `${name}.json`);
    // Models of other settings lie elsewhere, also where the file of results was removed.
    const of = createHash('sha256')
      .update(JSON.stringify([data.digest, settings]))
      .digest('hex')
      .slice(0, 12);
    this.folder = join(out, `${name}-${of}`);
    this.head = { paper: name, data: { name: data.name, digest: data.digest }, settings };
    const held = existsSync(this.path) ? resultsIn(this.path) : null;
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
    write(this.path, `${JSON.stringify({ ...this.head, cells: this.list }, null, 1)}\n`);
  }

  /** The model of a name and seed, read where it is and else made and written. */
  model(name: string, seed: number, make: () => Model): Model {
    const path = join(this.folder, `${name}-${seed}.model`);
    if (existsSync(path)) return modelIn(path);
    const model = make();
    write(path, saveModel(model));
    return model;
  }

  keep(name: string, seed: number, file: Uint8Array): void {
    write(join(this.folder, `${name}-${seed}.safetensors`), file);
  }
}

/** Writes a file, with the folders that it is in. Throws UsageError where the system does not let it. */
export function write(path: string, content: Uint8Array | string): void {
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileAtomic(path, content);
  } catch (error) {
    throw new UsageError(
      `${path} cannot be written (${messageOf(error)}): give a folder to --out in which files can be made`,
    );
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

function modelIn(path: string): Model {
  try {
    return loadModel(new Uint8Array(readFileSync(path)));
  } catch (error) {
    throw new UsageError(`${path} cannot be read (${messageOf(error)}): remove it, and it is trained again`);
  }
}

function resultsIn(path: string): Results {
  try {
    const held = JSON.parse(readFileSync(path, 'utf8')) as Partial<Results> | null;
    if (Array.isArray(held?.cells)) return held as Results;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw new UsageError(`${path} cannot be read (${messageOf(error)})`);
  }
  throw new UsageError(`${path} holds no results of this command: give another folder to --out, or remove that file`);
}
