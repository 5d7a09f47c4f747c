import { listed, show, ValueError } from '../../base/errors.ts';
import type { Shape } from '../../base/shape.ts';
import { decodeWeight } from '../../graph/decode.ts';
import type { Encoding } from '../../graph/encoding.ts';
import { ARRAYS, checkTensor, type SafeDType, type SafeTensor } from '../../io/safetensors.ts';
import type { Origin } from './layouts.ts';

const OP = 'withForeignWeights';

/** The tensors of one layer: those whose names differ in the last part alone. */
export interface Group {
  readonly prefix: string;
  /** By the last part of the name. */
  readonly tensors: ReadonlyMap<string, Named>;
}
export interface Named {
  readonly name: string;
  readonly tensor: SafeTensor;
  /** As it is looked for: of a depthwise kernel of its own name not the file's. */
  readonly shape: Shape;
}

/** What is kept beside the weights, and no layer reads when it runs. */
const IGNORED: ReadonlySet<string> = new Set(['num_batches_tracked', 'seed_generator_state']);

/** Parts of names stand behind a point in PyTorch, behind a stroke or a point in Keras, whose names may end in `:0`. */
const LAST: { readonly [O in Origin]: RegExp } = { pytorch: /[^.]*$/, keras: /[^./]*$/ };

/** Tensors by layer, in the order of the Map. Throws ValueError for what is no tensor. */
export function groupsOf(from: Origin, tensors: ReadonlyMap<string, SafeTensor>): Group[] {
  const groups = new Map<string, Map<string, Named>>();
  const put = (prefix: string, role: string, named: Named): void => {
    const group = groups.get(prefix) ?? new Map<string, Named>();
    groups.set(prefix, group);
    if (group.has(role)) throw new ValueError(OP, 'tensors', 'of different names', named.name);
    group.set(role, named);
  };
  for (const [name, tensor] of tensors) {
    if (typeof name !== 'string' || typeof tensor !== 'object' || tensor === null || !Array.isArray(tensor.shape))
      throw new ValueError(OP, `tensors ${show(name)}`, '{ dtype, shape, data }', tensor);
    checkTensor(OP, name, tensor);
    const path = from === 'keras' ? name.replace(/:\d{1,9}$/, '') : name;
    const role = path.slice(path.search(LAST[from]));
    if (!IGNORED.has(role)) put(path.slice(0, -role.length - 1), role, { name, tensor, shape: tensor.shape });
  }
  if (from === 'pytorch') return [...groups].map(([prefix, own]) => ({ prefix, tensors: own }));
  // A depthwise kernel of a name of its own is a layer by itself where a pointwise one follows it
  return [...groups].flatMap(([prefix, own]) => {
    const { depthwise_kernel: depthwise, pointwise_kernel: pointwise, ...others } = Object.fromEntries(own);
    const rest = Object.entries(others);
    if (depthwise === undefined || own.has('kernel')) return { prefix, tensors: own };
    const kernel = (named: Named): readonly [string, Named] => ['kernel', named];
    const layer = (...entries: (readonly [string, Named])[]): Group => ({ prefix, tensors: new Map(entries) });
    if (pointwise === undefined) return layer(kernel(depthwise), ...rest);
    return [layer(kernel(depthwise)), layer(kernel(pointwise), ...rest)];
  });
}

/** What tells which layers a group fits: the names and shapes of its tensors. */
export const signatureOf = (tensors: Iterable<readonly [string, { readonly shape: Shape }]>): string =>
  [...tensors]
    .map(([role, { shape }]) => `${role} ${listed(shape)}`)
    .sort()
    .join('; ');

const ENCODED: ReadonlyMap<SafeDType, (values: never) => Encoding> = new Map<SafeDType, (values: never) => Encoding>([
  ['F32', (values: Float32Array) => ({ type: 'float32', values })],
  ['F16', (values: Uint16Array) => ({ type: 'float16', values })],
  ['BF16', (values: Uint16Array) => ({ type: 'bfloat16', values })],
  ['F64', (values: Float64Array) => ({ type: 'float32', values: Float32Array.from(values) })],
]);

/** The numbers of a tensor as float32, copied. Throws ValueError for other types than floats. */
export function floatsOf({ name, tensor }: Named): Float32Array {
  const { dtype, shape } = tensor;
  const encoded = ENCODED.get(dtype);
  if (encoded === undefined) throw new ValueError(OP, `${show(name)} dtype`, [...ENCODED.keys()].join(', '), dtype);
  const { bytes } = checkTensor(OP, name, tensor);
  const values = new (ARRAYS.get(dtype)!)(new Uint8Array(bytes).buffer);
  return decodeWeight({ shape, encoding: encoded(values as never), mask: null }) as Float32Array;
}

/** Names with numbers in them in the order of the numbers: b2 before b10. */
function compareNames(a: string, b: string): number {
  const as = a.split(/(\d+)/);
  const bs = b.split(/(\d+)/);
  for (let i = 0; i < Math.min(as.length, bs.length); i++) {
    const byNumber = i % 2 === 1 ? Number(as[i]) - Number(bs[i]) : 0;
    if (byNumber !== 0) return byNumber;
    if (as[i] !== bs[i]) return as[i]! < bs[i]! ? -1 : 1;
  }
  return as.length - bs.length;
}

/**
 * Layers that fit in the same places, in their order in the network. Files whose writers sort names say nothing by their order:
 * of those the numbers in the names count, else the order of the Map.
 */
export function inOrder(groups: readonly Group[]): readonly Group[] {
  const isSorted = groups.every(({ prefix }, i) => i === 0 || groups[i - 1]!.prefix <= prefix);
  return isSorted ? [...groups].sort((a, b) => compareNames(a.prefix, b.prefix)) : groups;
}
