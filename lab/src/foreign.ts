import { basename, dirname, join, resolve } from 'node:path';
import { decodeNetwork, type Network, type QuantizationParams, WhittleError } from 'whittle-ml';
import type { TableEncoder } from 'whittle-ml/data';
import { decodeNpy, decodeNpz, type Port, readModel, recognize } from 'whittle-ml/formats';
import { decodeSafetensors, type SafeTensor } from 'whittle-ml/io';
import { asOptions, checkTaken, givenOf } from './given.ts';
import { NETWORKS, readModel as readOwn, type Trained } from './models.ts';
import type { ExportFlags } from './options-export.ts';
import type { ModelFlags } from './options-model.ts';
import { readBytes } from './reading.ts';
import { FileError } from './write.ts';

/** Files of other programs, and those of this library, opened by what they are. */
export interface OpenedNetwork {
  /** In words. */
  readonly kind: string;
  readonly network: Network;
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  readonly notes: readonly string[];
}

/** A file of arrays without a network. */
export interface OpenedArrays {
  readonly kind: string;
  readonly network: null;
  readonly arrays: ReadonlyMap<string, SafeTensor>;
}

/** A network to be written in another form, and what is known of its table; the encoder is null where nothing is. */
export interface Exported {
  readonly network: Network;
  readonly encoder: TableEncoder | null;
  readonly trained: Trained | undefined;
  readonly notes: readonly string[];
}

/**
 * What a file holds; paths start at `folder`. Throws FileError for a file that is not read here, and UsageError for options that
 * are for files of another kind.
 */
export async function openedOf(
  bytes: Uint8Array,
  path: string,
  flags: ModelFlags,
  folder: string,
): Promise<OpenedNetwork | OpenedArrays> {
  const name = basename(path);
  const recognized = recognize(bytes, name);
  const { kind, title, remedy } = recognized;
  checkNotEmpty(bytes, path);
  const isArrays = kind === 'npy' || kind === 'npz' || kind === 'safetensors';
  if (remedy !== null && !isArrays) throw new FileError(`${path}: the file is ${title}. ${remedy}`);
  checkTaken(path, flags, recognized);
  const arrays = (tensors: ReadonlyMap<string, SafeTensor>): OpenedArrays => ({
    kind: title,
    network: null,
    arrays: tensors,
  });
  try {
    if (kind === 'npy') return arrays(new Map([[name, decodeNpy(bytes)]]));
    if (kind === 'npz') return arrays(await decodeNpz(bytes));
    if (kind === 'safetensors') return arrays(decodeSafetensors(bytes).tensors);
    const own = dirname(resolve(folder, path));
    const files = kind === 'keras-json' ? await shardsOf(bytes, path, own) : new Map<string, Uint8Array>();
    return { kind: title, ...(await readModel(bytes, { name, files, ...(await givenOf(flags, folder)) })) };
  } catch (error) {
    if (!(error instanceof WhittleError)) throw error;
    const isByName = recognize(bytes).kind !== kind;
    const doubt = isByName ? `: the file is cut off, damaged, or not ${title} in spite of its name` : '';
    throw new FileError(`${path}: ${asOptions(error)}${doubt}`);
  }
}

function checkNotEmpty({ length }: Uint8Array, path: string): void {
  if (length === 0) throw new FileError(`${path}: the file is empty`);
}

/** The files beside a model.json that it names by plain names; the reader refuses other names. */
async function shardsOf(bytes: Uint8Array, path: string, folder: string): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  for (const name of new Set(pathsOf(bytes)))
    if (!/[/\\:\0]/.test(name) && !name.startsWith('.'))
      files.set(
        name,
        await readBytes(join(folder, name)).catch((error: unknown): never => {
          if (!(error instanceof FileError)) throw error;
          throw new FileError(`${path}: its weights are in ${name}, which must lie beside it: ${error.message}`);
        }),
      );
  return files;
}

/** What a model.json calls them; none where it is no JSON, which the reader tells better. */
function pathsOf(bytes: Uint8Array): string[] {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return [];
  }
  const { weightsManifest } = Object(json) as { weightsManifest?: unknown };
  const groups: readonly unknown[] = Array.isArray(weightsManifest) ? weightsManifest : [];
  return groups.flatMap((group) => {
    const { paths } = Object(group) as { paths?: unknown };
    return Array.isArray(paths) ? paths.filter((path): path is string => typeof path === 'string' && path !== '') : [];
  });
}

/** A network of a run with its encoder, or any other that is read here. */
export async function exportedOf(
  bytes: Uint8Array,
  path: string,
  flags: ExportFlags,
  folder: string,
): Promise<Exported> {
  checkNotEmpty(bytes, path);
  const recognized = recognize(bytes, basename(path));
  const { kind } = recognized;
  if (kind === 'whittle' && isOfRun(bytes)) {
    checkTaken(path, flags, recognized);
    return { ...readOwn(bytes, path), notes: [] };
  }
  // What is none, or damaged, is told as everywhere
  if (kind === 'unknown')
    return { ...readOwn(bytes, path, `${NETWORKS}, or an .onnx, a .tflite or a model.json`), notes: [] };
  const file = await openedOf(bytes, path, flags, folder);
  if (file.network === null)
    throw new FileError(`${path} is ${file.kind}, and holds no network: whittle inspect shows its arrays`);
  const notes = [...orderNotes(file), ...integerNotes(file, flags), ...file.notes];
  return { network: file.network, encoder: null, trained: undefined, notes };
}

/** What an integer q stands for: 0.0039·(q + 128). */
export function realText({ scale, zeroPoint }: QuantizationParams): string {
  const factor = `${Number(scale.toPrecision(4))}·`;
  if (zeroPoint === 0) return `${factor}q`;
  return `${factor}(q ${zeroPoint < 0 ? '+' : '-'} ${Math.abs(zeroPoint)})`;
}

/** What is written has real numbers where a file has integers, but for C that is asked for int8. */
function integerNotes({ inputs, outputs }: OpenedNetwork, { int8Inputs = false }: ExportFlags): string[] {
  const noteOf = ({ name, dtype, format }: Port, verb: 'takes' | 'gives'): string[] => {
    if (format === null) return [];
    const { scale, zeroPoint } = format;
    const isWhole = verb === 'takes' && int8Inputs;
    const what = isWhole
      ? `${name} takes int8 in what is written, ${dtype === 'int8' ? 'those' : '128 less than those'} of the file, whose ${dtype} q`
      : `${name} ${verb} real numbers in what is written, and ${dtype} in the file, whose q`;
    // Nine digits tell a float32 from every other
    const facts = `scale ${Number(scale.toPrecision(9))}, zero point ${zeroPoint}`;
    return [`${what} stands for ${realText(format)} (${facts}).`];
  };
  return [...inputs.flatMap((port) => noteOf(port, 'takes')), ...outputs.flatMap((port) => noteOf(port, 'gives'))];
}

/** Whether the network has the axes of a port in another order than the file. */
export const isMoved = ({ axes }: Port): boolean => axes?.some((axis, i) => axis !== i) === true;

/** What is written has its inputs and outputs as networks have them. */
const orderNotes = ({ inputs, outputs }: OpenedNetwork): string[] =>
  [...inputs, ...outputs].filter(isMoved).map(({ name, shape, axes }) => {
    const sizes = shape.map((n) => String(n ?? '?'));
    return `${name} is [${axes!.map((axis) => sizes[axis]).join(', ')}] in what is written, its channels last, and [${sizes.join(', ')}] in the file.`;
  });

/** Whether the file of a network holds an encoder. */
function isOfRun(bytes: Uint8Array): boolean {
  try {
    return decodeNetwork(bytes).metadata.has('encoder');
  } catch {
    return true; // the reader says what is wrong
  }
}
