import { FormatError } from '../../base/errors.ts';
import { elementsOf, type Shape, sameShape, size } from '../../base/shape.ts';
import { fromFloat16 } from '../../graph/halves.ts';
import { type Config, FORMAT } from './config.ts';

/** A weight out of the files. */
export interface Held {
  readonly name: string;
  readonly shape: Shape;
  /** Null for what is no float32, which no layer here reads. */
  readonly values: Float32Array | null;
}

/** The weights of one layer: those whose names differ in the last part alone. */
export interface Group {
  /** As `block/conv1`. */
  readonly prefix: string;
  /** By the last part of the name, as `kernel`. */
  readonly weights: ReadonlyMap<string, Held>;
}

const WIDTHS: ReadonlyMap<string, number> = new Map([
  ['float32', 4],
  ['float16', 2],
  ['int32', 4],
  ['uint16', 2],
  ['uint8', 1],
  ['bool', 1],
]);

/** What is kept beside the weights and no layer reads when it runs. */
const OF_TRAINING = /^(seed_generator_state|iterations?|learning_rate)$/;

/**
 * The weights of a manifest: a list of { paths, weights }, of which the files at `paths`, one behind the other, hold the numbers
 * of `weights`. Throws FormatError for a file that is not there, for a path that is no plain name, and for files that hold more
 * or fewer bytes than their weights say.
 */
export function weightsIn(manifest: readonly Config[], shards: ReadonlyMap<string, Uint8Array>): Held[] {
  return manifest.flatMap((group) => {
    const bytes = joined(group.texts('paths').map((path) => shardAt(group, path, shards)));
    let at = 0;
    const held = group.objects('weights').map((spec): Held | null => {
      const name = spec.text('name');
      const shape = spec.counts('shape');
      const quantization = spec.has('quantization') ? spec.inner('quantization') : null;
      const dtype = (quantization ?? spec).text('dtype');
      const width = WIDTHS.get(dtype);
      if (width === undefined)
        return spec.fail('dtype', `is "${dtype.slice(0, 60)}" and must be one of ${[...WIDTHS.keys()].join(', ')}`);
      const length = size(FORMAT, shape) * width;
      if (length > bytes.length - at)
        spec.fail('shape', `needs ${length} bytes, and ${bytes.length - at} are left in the files of its group`);
      const own = bytes.subarray(at, at + length);
      at += length;
      if (spec.text('group', '') === 'optimizer') return null;
      return {
        name,
        shape,
        values: spec.text('dtype', 'float32') === 'float32' ? numbersOf(own, dtype, quantization) : null,
      };
    });
    if (at !== bytes.length) group.fail('weights', `take ${at} bytes, and their files hold ${bytes.length}`);
    return held.filter((each) => each !== null);
  });
}

function shardAt(group: Config, path: string, shards: ReadonlyMap<string, Uint8Array>): Uint8Array {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  const isPlain = path !== '' && !/^\.\.?$|[\\/:\u0000-\u001f]/.test(path);
  if (!isPlain)
    group.fail('paths', `${JSON.stringify(path.slice(0, 60))} must be the plain name of a file beside model.json`);
  const shard = shards.get(path);
  if (!(shard instanceof Uint8Array))
    return group.fail(
      'paths',
      `the file "${path.slice(0, 60)}" was not given: put its bytes into shards under this name`,
    );
  return shard;
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 1) return parts[0]!;
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** Numbers as they lie, or of fewer bits: halves, or whole numbers q that stand for q·scale + min. */
function numbersOf(bytes: Uint8Array, dtype: string, quantization: Config | null): Float32Array {
  const copy = new Uint8Array(bytes).buffer; // Not by slice: that of a Buffer of Node copies nothing
  if (dtype === 'float32') return new Float32Array(copy);
  if (dtype === 'float16') return Float32Array.from(new Uint16Array(copy), fromFloat16);
  if (quantization === null || !dtype.startsWith('uint'))
    throw new FormatError(FORMAT, 'weightsManifest', `numbers of ${dtype} stand for no float32`);
  const scale = quantization.number('scale');
  const min = quantization.number('min');
  const values = dtype === 'uint8' ? bytes : new Uint16Array(copy);
  return Float32Array.from(values, (q) => q * scale + min);
}

/** Weights by layer. A second weight of one name, `kernel_1`, is that of another layer with the same prefix. */
export function grouped(weights: readonly Held[]): Group[] {
  const groups = new Map<string, { prefix: string; weights: Map<string, Held> }>();
  for (const held of weights) {
    const path = held.name.replace(/:\d{1,9}$/, '');
    const cut = path.lastIndexOf('/');
    const [, role, copy] = /^(.*?)(_\d{1,9})?$/s.exec(path.slice(cut + 1))!;
    if (OF_TRAINING.test(role!)) continue;
    const prefix = path.slice(0, Math.max(cut, 0));
    const key = `${prefix}/${copy ?? ''}`;
    const group = groups.get(key) ?? { prefix, weights: new Map<string, Held>() };
    groups.set(key, group);
    if (group.weights.has(role!))
      throw new FormatError(FORMAT, 'weightsManifest', `the weight "${held.name.slice(0, 60)}" is there twice`);
    group.weights.set(role!, held);
  }
  // Keras 3 calls that of a DepthwiseConv2D a kernel as well
  for (const { weights: own } of groups.values()) {
    const kernel = own.get('depthwise_kernel');
    if (kernel === undefined || own.has('pointwise_kernel') || own.has('kernel')) continue;
    own.delete('depthwise_kernel');
    own.set('kernel', kernel);
  }
  return [...groups.values()];
}

/** What a layer asks for. */
export interface Asking {
  readonly name: string;
  /** With those of the models around it. */
  readonly path: string;
  readonly roles: readonly string[];
}

/**
 * The weights of each layer: those under its path, else under its own name, whatever stands before it; then, in order, those
 * that are left over and have the roles that it asks for. Throws FormatError that names the layers without weights and the weights
 * without a layer.
 */
export function assigned<L extends Asking>(layers: readonly L[], groups: readonly Group[]): Map<L, Group> {
  const left = new Set(groups);
  const found = new Map<L, Group>();
  /** In order, the first that fits of those under a key; what is taken is not looked at again. */
  const match = (keyOf: (group: Group) => string, wanted: (layer: L) => string): void => {
    const queues = new Map<string, Group[]>();
    for (const group of [...left].reverse()) {
      const key = `${keyOf(group)} ${[...group.weights.keys()].sort().join()}`;
      const queue = queues.get(key) ?? [];
      queue.push(group);
      queues.set(key, queue);
    }
    for (const layer of layers) {
      if (found.has(layer)) continue;
      const group = queues.get(`${wanted(layer)} ${[...layer.roles].sort().join()}`)?.pop();
      if (group === undefined) continue;
      found.set(layer, group);
      left.delete(group);
    }
  };
  match(
    ({ prefix }) => prefix,
    ({ path }) => path,
  );
  match(
    ({ prefix }) => prefix.slice(prefix.lastIndexOf('/') + 1),
    ({ name }) => name,
  );
  match(
    () => '',
    () => '',
  );
  const bare = layers.filter((layer) => !found.has(layer)).map(({ path, roles }) => `"${path}" (${roles.join(', ')})`);
  const unread = [...left].flatMap(({ weights }) => [...weights.values()].map(({ name }) => `"${name}"`));
  if (bare.length > 0 || unread.length > 0) {
    const told = [
      bare.length > 0 ? `there are no weights for the layers ${some(bare)}` : '',
      unread.length > 0 ? `no layer reads ${some(unread)}` : '',
    ];
    throw new FormatError(FORMAT, 'weightsManifest', told.filter((text) => text !== '').join(', and '));
  }
  return found;
}

/** A list for people. */
const some = (list: readonly string[]): string =>
  `${list
    .slice(0, 8)
    .map((text) => text.slice(0, 80))
    .join(', ')}${list.length > 8 ? ` and ${list.length - 8} more` : ''}`;

/** The numbers of a weight that must have this shape. */
export function floatsIn({ name, shape, values }: Held, wanted: Shape): Float32Array {
  if (!sameShape(shape, wanted))
    throw new FormatError(
      FORMAT,
      `"${name.slice(0, 60)}"`,
      `has the shape [${shape.join(', ')}], and its layer needs [${wanted.join(', ')}]`,
    );
  if (values === null || values.length !== elementsOf(shape))
    throw new FormatError(FORMAT, `"${name.slice(0, 60)}"`, 'must be float32');
  return values;
}
