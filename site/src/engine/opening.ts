import {
  decodeNetwork,
  encodeNetwork,
  type FilePart,
  fileParts,
  type Network,
  networkCost,
  predictNetwork,
  type Tensor,
} from 'whittle-ml';
import { decodeNpy, decodeNpz, readModel, recognize } from 'whittle-ml/formats';
import { decodeSafetensors, type SafeTensor } from 'whittle-ml/io';
import { carriedIn, isModuleText, isOfNetwork } from './carried.ts';
import { damageLines } from './damaging.ts';
import { fileProblem } from './file-problems.ts';
import { MOST_BYTES } from './limits.ts';
import type { Opened, TensorLedger, Uncompared } from './messages.ts';
import { Refusal } from './refusal.ts';
import type { Context, Follow, Trained } from './trained.ts';
import { microsecondsOf } from './weighing.ts';

/** Multiply-adds, numbers of values and nodes up to which a network is timed, and those up to which it is asked for all test samples. */
const MOST_TIMED = { macs: 2e7, values: 4e6, nodes: 500 };
const MOST_ASKED = 2e9;
/** Characters of a name that is shown. */
const MOST_NAME = 80;

/** Reads a file of a network, or a module that carries one. Whatever is wrong with it is a Refusal. */
export const open: Follow<'open'> = async ({ name, bytes, beside = [] }, context) => {
  const called = shown(name);
  let opened: Opened;
  try {
    opened = await openedOf(called, bytes, new Map(beside.map((file) => [file.name, file.bytes])), context);
  } catch (error) {
    throw error instanceof Refusal ? error : new Refusal(fileProblem(called, error));
  }
  context.tell({ kind: 'opened', opened });
};

const shown = (name: string): string => {
  const plain = name.replace(/[\p{Cc}\s]+/gu, ' ').trim();
  return plain.length > MOST_NAME ? `${plain.slice(0, MOST_NAME)}…` : plain || 'The file';
};

/** Whether bytes begin as a safetensors file: with the length of its header, an object. */
const isSafetensors = (bytes: Uint8Array): boolean => bytes[8] === 0x7b && [4, 5, 6, 7].every((at) => bytes[at] === 0);

async function openedOf(
  name: string,
  bytes: Uint8Array,
  files: ReadonlyMap<string, Uint8Array>,
  context: Context,
): Promise<Opened> {
  if (bytes.length === 0) throw new Refusal({ kind: 'file empty', name });
  if (bytes.length > MOST_BYTES) {
    const [megabytes, most] = [bytes.length, MOST_BYTES].map((n) => Math.round(n / 2 ** 20)) as [number, number];
    throw new Refusal({ kind: 'file too large', name, megabytes, most });
  }
  if (isSafetensors(bytes)) {
    const isNetwork = decodeSafetensors(bytes).metadata.has('whittle');
    if (!isNetwork) return ofTensors(name, bytes.length, decodeSafetensors(bytes).tensors);
    return ofNetwork({ name, format: 'safetensors', bytes: bytes.length, foreign: null }, bytes, context, []);
  }
  const { kind, title, remedy } = recognize(bytes, name);
  if (kind === 'npy') return ofTensors(name, bytes.length, new Map([[name, decodeNpy(bytes)]]), title);
  if (kind === 'npz') return ofTensors(name, bytes.length, await decodeNpz(bytes, { maxBytes: 4 * MOST_BYTES }), title);
  if (remedy === null) {
    const { network, notes } = await readModel(bytes, { name, files });
    const file = encodeNetwork(network);
    const foreign = { title, bytes: bytes.length, notes };
    return ofNetwork({ name, format: 'foreign', bytes: file.length, foreign }, file, context, []);
  }
  if (kind !== 'unknown') throw new Refusal({ kind: 'other file', name, title, remedy });
  const text = new TextDecoder().decode(bytes);
  if (!isModuleText(text)) throw new Refusal({ kind: otherKind(text), name });
  const file = carriedIn(text);
  if (file === null) throw new Refusal({ kind: 'nothing carried', name });
  const { network } = decodeNetwork(file);
  if (!isOfNetwork(text, network)) throw new Refusal({ kind: 'module changed', name });
  const around = bytes.length - file.length;
  const program: TensorLedger = {
    ...{ key: null, encoding: '', shape: [], numbers: 0, held: 0, bytes: around, float32Bytes: 0 },
    parts: [{ part: 'program', bytes: around }],
  };
  return ofNetwork({ name, format: 'module', bytes: bytes.length, foreign: null }, file, context, [program]);
}

/** What a text is that is no module. */
const otherKind = (text: string): 'C' | 'types of a module' | 'no network' =>
  /_self_test\(void\)/.test(text) ? 'C' : text.includes('export declare') ? 'types of a module' : 'no network';

/** What is told of any file with a network. */
async function ofNetwork(
  about: Pick<Opened, 'name' | 'format' | 'bytes' | 'foreign'>,
  file: Uint8Array,
  context: Context,
  around: readonly TensorLedger[],
): Promise<Opened> {
  const { network } = decodeNetwork(file);
  const cost = networkCost(network);
  const parts = fileParts(file);
  await context.pause();
  const counted = new Set<string>();
  const byWeight = partsByWeight(parts);
  const nodes = network.nodes.map(({ name, op, inputs, weights }, i) => {
    const own = Object.values(weights).filter((key) => !counted.has(key) && counted.add(key));
    const bytes = own.reduce((sum, key) => sum + bytesOf(byWeight.get(key) ?? []), 0);
    const { outputShape: shape, macs, parameters } = cost.nodes[i]!;
    return { name, op, inputs, shape, bytes, macs, parameters };
  });
  const values = [...network.inputs.map(({ shape }) => shape), ...nodes.map(({ shape }) => shape)];
  const isSmall =
    nodes.length <= MOST_TIMED.nodes &&
    cost.macs <= MOST_TIMED.macs &&
    values.reduce((sum, shape) => sum + sizeOf(shape), 0) <= MOST_TIMED.values;
  const compared = isSmall ? damageOf(network, context.trained, cost.macs) : 'too large';
  const isCompared = typeof compared !== 'string';
  await context.pause();
  return {
    ...about,
    inputs: network.inputs.map(({ name, shape }) => ({ name, shape })),
    outputs: network.outputs,
    nodes,
    ...{ macs: cost.macs, parameters: cost.parameters, nonZero: cost.nonZeroParameters },
    microseconds: isSmall ? await timed(network, context.pause) : null,
    ledger: [...ledgerOf(network, byWeight), ...around],
    ...(isCompared ? { damage: compared, uncompared: null } : { damage: null, uncompared: compared }),
    lines: String(network).split('\n'),
  };
}

const sizeOf = (shape: readonly number[]): number => shape.reduce((product, n) => product * n, 1);

/** Null for a network that has no program, such as one of float64. */
async function timed(network: Network, pause: Context['pause']): Promise<number | null> {
  try {
    return (await microsecondsOf([network], pause))[0]!;
  } catch {
    return null;
  }
}

/** What the network does to the answers of the trained one, or why the two are not compared. */
function damageOf(network: Network, trained: Trained | null, macs: number): NonNullable<Opened['damage']> | Uncompared {
  if (trained === null || trained.epoch === 0) return 'nothing trained';
  const { model, test, epoch } = trained;
  const [input, ...others] = network.inputs;
  const isAlike = input !== undefined && others.length === 0 && String(input.shape) === String(model.inputShape);
  const samples = test.x.shape[0]!;
  if (!isAlike || input.dtype !== 'float32' || network.outputs.length !== 1) return 'other question';
  if (macs * samples > MOST_ASKED) return 'too large';
  const before: Tensor = model.predict(test.x);
  const after = answersOf(network, test.x);
  if (after === null) return 'not run';
  if (String(before.shape) !== String(after.shape)) return 'other question';
  const [score, was] = [after, before].map((outputs) => trained.score(outputs, test)) as [number, number];
  return { epoch, score, before: was, lines: damageLines(trained, network, before, after) };
}

/** Null for a network that has no program. */
function answersOf(network: Network, x: Tensor): Tensor | null {
  try {
    return predictNetwork(network, x) as Tensor;
  } catch {
    return null;
  }
}

/** In the order in which they come; null for what is of the whole file. */
type ByWeight = ReadonlyMap<string | null, readonly FilePart[]>;

function partsByWeight(parts: readonly FilePart[]): ByWeight {
  const found = new Map<string | null, FilePart[]>();
  for (const part of parts) {
    const own = found.get(part.weight);
    if (own === undefined) found.set(part.weight, [part]);
    else own.push(part);
  }
  return found;
}

const bytesOf = (parts: readonly FilePart[]): number => parts.reduce((sum, { bytes }) => sum + bytes, 0);

/** What each tensor takes and why, and last what is of the whole file. */
function ledgerOf(network: Network, byWeight: ByWeight): TensorLedger[] {
  const rows = [...byWeight].sort(([a], [b]) => Number(a === null) - Number(b === null));
  return rows.map(([key, own]): TensorLedger => {
    const weight = key === null ? undefined : network.weights.get(key);
    const numbers = weight === undefined ? 0 : sizeOf(weight.shape);
    return {
      ...{ key, encoding: weight?.encoding.type ?? '', shape: weight?.shape ?? [], numbers },
      held: own.find(({ part }) => part === 'values')?.numbers ?? numbers,
      bytes: bytesOf(own),
      float32Bytes: 4 * numbers,
      parts: own.map(({ part, bytes }) => ({ part, bytes })),
    };
  });
}

/** A file of tensors without a network: what each takes. Packed ones count as they are unpacked. */
function ofTensors(name: string, size: number, tensors: ReadonlyMap<string, SafeTensor>, packed?: string): Opened {
  const ledger = [...tensors].map(([key, { dtype, shape, data }]): TensorLedger => {
    const [numbers, size] = [sizeOf(shape), data.byteLength];
    const parts = [{ part: 'values' as const, bytes: size }];
    return { key, encoding: dtype, shape, numbers, held: numbers, bytes: size, float32Bytes: 4 * numbers, parts };
  });
  const held = ledger.reduce((sum, row) => sum + row.bytes, 0);
  const rest = size - held;
  if (packed === undefined)
    ledger.push({
      ...{ key: null, encoding: '', shape: [], numbers: 0, held: 0, bytes: rest, float32Bytes: 0 },
      parts: [{ part: 'header', bytes: rest }],
    });
  const about =
    packed === undefined
      ? ({ format: 'safetensors', bytes: size, foreign: null } as const)
      : ({ format: 'foreign', bytes: held, foreign: { title: packed, bytes: size, notes: [] } } as const);
  const parameters = ledger.reduce((sum, { numbers }) => sum + numbers, 0);
  return {
    ...{ name, ...about, inputs: [], outputs: [], nodes: [], macs: 0 },
    ...{ parameters, nonZero: parameters, microseconds: null, ledger, damage: null, uncompared: 'tensors', lines: [] },
  };
}
