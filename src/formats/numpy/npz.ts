import { checkBytes, checkCount, FormatError, show, ValueError } from '../../base/errors.ts';
import { checkOptions } from '../../base/options.ts';
import type { SafeTensor } from '../../io/safetensors.ts';
import { decodeNpy, npyOf } from './npy.ts';
import { checkMemberName, unzip, zipped } from './zip.ts';

const ENDING = '.npy';

/**
 * An NPZ file, which `numpy.load` reads: a zip file with an NPY file for each array, stored as it is. Names may have folders in
 * them, as those of weights do (`dense/kernel`), but no `..` and no root. Throws what `encodeNpy` throws.
 *
 * @example
 * const w: SafeTensor = { dtype: 'F32', shape: [2], data: Float32Array.of(0.5, 2) };
 * const file = encodeNpz(new Map([['dense/kernel', w]]));
 * (await decodeNpz(file)).get('dense/kernel'); // { dtype: 'F32', shape: [ 2 ], data: Float32Array(2) [ 0.5, 2 ] }
 */
export function encodeNpz(arrays: ReadonlyMap<string, SafeTensor>): Uint8Array<ArrayBuffer> {
  const op = 'encodeNpz';
  if (!(arrays instanceof Map))
    throw new ValueError(
      op,
      'arrays',
      'a Map of names to { dtype, shape, data }',
      arrays,
      'new Map(Object.entries(arrays)) makes one',
    );
  return zipped(
    op,
    [...arrays].map(([name, array]) => {
      const refuse = (wanted: string): never => {
        throw new ValueError(op, 'the name of an array', wanted, name);
      };
      checkMemberName(typeof name === 'string' ? name : '', refuse);
      return [`${name}${ENDING}`, npyOf(op, show(name), array)];
    }),
  );
}

/**
 * The arrays of an NPZ file, as `numpy.savez` and `savez_compressed` write it, by name; each as `decodeNpy` gives it. Throws
 * LimitError before anything is unpacked where the arrays have more than `maxBytes` together (default 256 MiB), and FormatError
 * for what is no such file: another member than `.npy`, a name that is no plain path, two members that share a name or a byte, a
 * wrong checksum, encryption, zip64. Nothing is ever written under the names.
 *
 * @example
 * const w: SafeTensor = { dtype: 'F32', shape: [2], data: Float32Array.of(0.5, 2) };
 * const file = encodeNpz(new Map([['w', w]]));
 * [...(await decodeNpz(file)).keys()]; // [ 'w' ]
 * await decodeNpz(file, { maxBytes: 100 }); // throws LimitError
 */
export async function decodeNpz(
  bytes: Uint8Array,
  options: { maxBytes?: number } = {},
): Promise<Map<string, SafeTensor>> {
  checkOptions('decodeNpz', options, 'maxBytes');
  checkBytes('decodeNpz', 'the file', bytes);
  const { maxBytes = 256 * 1024 * 1024 } = options;
  checkCount('decodeNpz', 'maxBytes', maxBytes, 0);
  const arrays = new Map<string, SafeTensor>();
  for (const [name, content] of await unzip('decodeNpz', bytes, maxBytes)) {
    if (!name.endsWith(ENDING)) throw new FormatError('npz', show(name), `is no ${ENDING} file`);
    try {
      arrays.set(name.slice(0, -ENDING.length), decodeNpy(content));
    } catch (error) {
      if (error instanceof FormatError) throw new FormatError('npz', `${show(name)} ${error.field}`, problemOf(error));
      throw error;
    }
  }
  return arrays;
}

/** What an error says, behind the format and the field that it names. */
const problemOf = ({ message, format, field }: FormatError): string => message.slice(`${format}: ${field}: `.length);
