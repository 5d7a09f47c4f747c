import { checkBytes, checkText, FormatError, StateError, ValueError, WhittleError } from '../base/errors.ts';
import { checkOptions, defined } from '../base/options.ts';
import { isGzip } from '../data/gzip.ts';
import { validateNetwork } from '../graph/encodings.ts';
import { JsonObject, parseJson } from '../io/json.ts';
import { decodeNetwork } from '../io/network-file.ts';
import { readHeader } from '../io/safetensors.ts';
import type { Imported, Port } from './imported.ts';
import { fromKeras } from './keras/read.ts';
import { isNpy } from './numpy/npy.ts';
import { isZip, zipEntries } from './numpy/zip.ts';
import { type FromOnnxOptions, fromOnnx } from './onnx/read.ts';
import { plainPort } from './plain-port.ts';
import { decodeMessage } from './protobuf.ts';
import { type FromTfliteOptions, fromTflite } from './tflite/read.ts';

/** What files are told apart. */
export type FileKind =
  | 'whittle'
  | 'onnx'
  | 'tflite'
  | 'keras-json'
  | 'safetensors'
  | 'npy'
  | 'npz'
  | 'tfjs-graph'
  | 'saved-model'
  | 'keras'
  | 'h5'
  | 'pytorch'
  | 'pickle'
  | 'gguf'
  | 'gzip'
  | 'zip'
  | 'unknown';

/** What a file is. */
export interface Recognized {
  readonly kind: FileKind;
  /** In words: `a model of PyTorch`. */
  readonly title: string;
  /** What to do with it, where `readModel` cannot read it; else null. */
  readonly remedy: string | null;
  /** The options by which `readModel` reads it, which others refuse. */
  readonly takes: readonly ReadingOption[];
}

/** `constants` and `sizes` are of ONNX, and `rule` is of TensorFlow Lite, as their readers have them. */
export interface ReadModelOptions extends FromOnnxOptions, FromTfliteOptions {
  /** What the file is called, which counts where its bytes do not tell. */
  readonly name?: string;
  /**
   * Files beside it by their names, where a model lies in several: those with the weights of a `model.json`. Of models in one file they
   * are passed over, since they are there whether they are needed or not.
   */
  readonly files?: ReadonlyMap<string, Uint8Array>;
}

/** The options of `readModel` by which single readers read. */
export type ReadingOption = keyof FromOnnxOptions | keyof FromTfliteOptions;

type Reader = (bytes: Uint8Array, options: Omit<ReadModelOptions, 'name'>) => Imported | Promise<Imported>;

/** How a kind is read, or in whose place what can be. */
type Row = { readonly title: string } & (
  | { readonly read: Reader; readonly takes?: readonly ReadingOption[] }
  | { readonly remedy: string }
);

/** One row a kind of file. */
const KINDS: { readonly [K in FileKind]: Row } = {
  whittle: { title: 'a network of this library', read: whittleImported },
  onnx: {
    title: 'an ONNX model',
    takes: ['constants', 'sizes'],
    read: (bytes, { constants, sizes }) => fromOnnx(bytes, defined({ constants, sizes })),
  },
  tflite: {
    title: 'a TensorFlow Lite model',
    takes: ['rule'],
    read: (bytes, { rule }) => fromTflite(bytes, defined({ rule })),
  },
  'keras-json': {
    title: 'a Keras model of TensorFlow.js',
    read: (bytes, { files }) => fromKeras(bytes, files ?? new Map<string, Uint8Array>()),
  },
  safetensors: {
    title: 'a safetensors file of weights',
    remedy: 'It holds no network: decodeSafetensors reads the weights, and withForeignWeights gives them to one',
  },
  npy: { title: 'a NumPy array', remedy: 'It holds no network: decodeNpy reads the array' },
  npz: {
    title: 'a file of NumPy arrays',
    remedy: 'It holds no network: decodeNpz reads the arrays, and withForeignWeights gives weights to one',
  },
  'tfjs-graph': {
    title: 'a TensorFlow graph of TensorFlow.js',
    remedy: 'Make an ONNX file of it: python -m tf2onnx.convert --tfjs model.json --output model.onnx',
  },
  'saved-model': {
    title: 'a SavedModel of TensorFlow',
    remedy: 'Make an ONNX file of its folder: python -m tf2onnx.convert --saved-model folder --output model.onnx',
  },
  keras: {
    title: 'a .keras file of Keras 3',
    remedy: "Make an ONNX file of it: keras.saving.load_model('model.keras').export('model.onnx', format='onnx')",
  },
  h5: {
    title: 'an HDF5 file, as Keras 2 writes it',
    remedy: 'Make a model.json of it: tensorflowjs_converter --input_format=keras model.h5 folder',
  },
  pytorch: {
    title: 'a model of PyTorch, whose reading runs programs',
    remedy:
      "Make an ONNX file of the model, torch.onnx.export(model, example, 'model.onnx'), or save its weights: safetensors.torch.save_file(model.state_dict(), 'model.safetensors')",
  },
  pickle: {
    title: 'a pickle of Python, whose reading runs programs',
    remedy:
      "Save arrays of numbers: numpy.savez('weights.npz', **arrays), or safetensors.numpy.save_file(arrays, path)",
  },
  gguf: {
    title: 'a GGUF file of a language model',
    remedy: 'Networks here are not of that kind: of another model take the ONNX file',
  },
  gzip: { title: 'a gzip file', remedy: 'gunzip unpacks it' },
  zip: { title: 'a zip file of no kind known here', remedy: 'Unpack it, and give the model inside' },
  unknown: {
    title: 'of no kind known here',
    remedy: 'What is read: ONNX, TensorFlow Lite, the model.json of TensorFlow.js, and files of this library',
  },
};

const starts = (bytes: Uint8Array, ...magic: readonly number[]): boolean => magic.every((byte, i) => bytes[i] === byte);
const ascii = (text: string): number[] => [...text].map((letter) => letter.charCodeAt(0));

/** Begins of files, the first that fits counts. */
const MAGIC: readonly (readonly [FileKind, readonly number[]])[] = [
  ['h5', [0x89, ...ascii('HDF\r\n'), 0x1a, 0x0a]],
  ['gguf', ascii('GGUF')],
  // A pickle of the number that PyTorch's files before version 1.6 begin with
  ['pytorch', [0x80, 0x02, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19]],
  ...[2, 3, 4, 5].map((protocol): [FileKind, number[]] => ['pickle', [0x80, protocol]]),
];

/** Ends of names, for files whose bytes do not tell. */
const ENDINGS: readonly (readonly [string, FileKind])[] = [
  ['.onnx', 'onnx'],
  ['.tflite', 'tflite'],
  ['.pb', 'saved-model'],
  ['.pt', 'pytorch'],
  ['.pth', 'pytorch'],
  ['.pkl', 'pickle'],
  ['.npy', 'npy'],
  ['.npz', 'npz'],
  ['.keras', 'keras'],
  ['.safetensors', 'whittle'],
  ['model.json', 'keras-json'],
];

/**
 * What a file is, by its bytes, and where they do not tell by its name. Nothing of it is run, unpacked or copied; what it is
 * called is not to say that it is whole. What cannot be read comes with the way to convert it.
 *
 * @example
 * recognize(encodeNetwork(toNetwork(model))).kind; // whittle
 * recognize(Uint8Array.of(0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a)).title; // an HDF5 file, as Keras 2 writes it
 */
export function recognize(bytes: Uint8Array, name = ''): Recognized {
  checkBytes('recognize', 'the file', bytes);
  checkText('recognize', 'name', name);
  const found = kindOf(bytes);
  const isOpen = found === 'unknown' || found === 'zip';
  const kind = isOpen ? (ENDINGS.find(([ending]) => name.toLowerCase().endsWith(ending))?.[1] ?? found) : found;
  const row = KINDS[kind];
  return 'remedy' in row
    ? { kind, title: row.title, remedy: row.remedy, takes: [] }
    : { kind, title: row.title, remedy: null, takes: row.takes ?? [] };
}

function kindOf(bytes: Uint8Array): FileKind {
  const known = MAGIC.find(([, magic]) => starts(bytes, ...magic))?.[0];
  if (known !== undefined) return known;
  if (isNpy(bytes)) return 'npy';
  if (isGzip(bytes)) return 'gzip';
  if (isZip(bytes)) return zipKind(bytes);
  if (starts(bytes.subarray(4), ...ascii('TFL3'))) return 'tflite';
  return safetensorsKind(bytes) ?? jsonKind(bytes) ?? protobufKind(bytes) ?? 'unknown';
}

/** What `read` finds, or null where the bytes are something else. */
function ifReadable<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (error instanceof WhittleError) return null;
    throw error;
  }
}

function zipKind(bytes: Uint8Array): FileKind {
  const names = ifReadable(() => zipEntries(bytes))?.map(({ name }) => name) ?? [];
  if (names.some((name) => /(^|\/)(data|constants)\.pkl$/.test(name))) return 'pytorch';
  if (names.includes('model.weights.h5')) return 'keras';
  return names.length > 0 && names.every((name) => name.endsWith('.npy')) ? 'npz' : 'zip';
}

const safetensorsKind = (bytes: Uint8Array): FileKind | null => {
  if (bytes[8] !== 0x7b) return null;
  const header = ifReadable(() => readHeader(bytes))?.header;
  const metadata = header?.get('__metadata__');
  return header ? (metadata instanceof JsonObject && metadata.has('whittle') ? 'whittle' : 'safetensors') : null;
};

/** A text that begins with { after blanks, and has the fields of a model. */
function jsonKind(bytes: Uint8Array): FileKind | null {
  const first = bytes.find((byte) => ![0x20, 0x09, 0x0a, 0x0d, 0xef, 0xbb, 0xbf].includes(byte));
  if (first !== 0x7b) return null;
  const value = ifReadable(() =>
    parseJson(new TextDecoder('utf-8').decode(bytes), (problem) => new FormatError('json', 'text', problem), {
      maxDepth: 100,
    }),
  );
  if (!(value instanceof JsonObject)) return null;
  const topology = value.get('modelTopology');
  const isGraph = value.get('format') === 'graph-model' || (topology instanceof JsonObject && topology.has('node'));
  if (isGraph) return 'tfjs-graph';
  return topology !== undefined || (value.has('class_name') && value.has('config')) ? 'keras-json' : null;
}

/** The fields by which messages at the top of files differ: ONNX has its graph in 7, a SavedModel graphs in 2 and nothing else. */
const TOP = {
  version: { number: 1, kind: 'int' },
  graphs: { number: 2, kind: 'bytes', isList: true },
  graph: { number: 7, kind: 'bytes' },
  imports: { number: 8, kind: 'bytes', isList: true },
} as const;
interface Top {
  readonly version?: number;
  readonly graphs: readonly Uint8Array[];
  readonly graph?: Uint8Array;
  readonly imports: readonly Uint8Array[];
}

function protobufKind(bytes: Uint8Array): FileKind | null {
  if (bytes[0] !== 0x08 && bytes[0] !== 0x3a) return null;
  const top = ifReadable(() => decodeMessage<Top>(bytes, TOP, 'protobuf', 'file'));
  if (top?.version === undefined) return null;
  if (top.graph !== undefined) return 'onnx';
  return top.graphs.length > 0 && top.imports.length === 0 ? 'saved-model' : null;
}

/**
 * The network of a file of any kind that is read here, which `recognize` tells by its bytes. Options of its reader are given along.
 * Throws StateError for a file that is not read, and says what it is and how to convert it, ValueError for options that those of its
 * kind do not take, and whatever its reader throws.
 *
 * @example
 * const { network } = await readModel(encodeNetwork(toNetwork(model)));
 * predictNetwork(network, x).shape; // [ 200, 2 ]
 * await readModel(Uint8Array.of(0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a)); // throws StateError
 */
export async function readModel(bytes: Uint8Array, options: ReadModelOptions = {}): Promise<Imported> {
  const op = 'readModel';
  checkOptions(op, options, 'name files constants sizes rule');
  checkBytes(op, 'the file', bytes);
  const { name, files, ...reading } = options;
  if (files !== undefined && !(files instanceof Map))
    throw new ValueError(
      op,
      'files',
      'a Map of file names to their bytes',
      files,
      'new Map(Object.entries(files)) makes one of an object',
    );
  const { kind, title, takes } = recognize(bytes, name);
  const row = KINDS[kind];
  if ('remedy' in row) throw new StateError(op, `the file is ${title}. ${row.remedy}`);
  for (const option of Object.keys(defined(reading)) as (keyof typeof reading)[])
    if (!takes.includes(option))
      throw new ValueError(
        op,
        option,
        `left out: it is for ${ofOption(option)}, and this is ${title}`,
        reading[option],
      );
  return row.read(bytes, options);
}

/** What an option is for: an ONNX model. */
const ofOption = (option: ReadingOption): string =>
  Object.values(KINDS).find((row) => 'read' in row && row.takes?.includes(option))!.title;

/** A network of this library's own, as one that is imported. */
function whittleImported(bytes: Uint8Array): Imported {
  const { network } = decodeNetwork(bytes);
  const values = validateNetwork(network);
  const port = (value: string): Port => plainPort(value, value, values.get(value)!);
  return {
    network,
    inputs: network.inputs.map(({ name }) => port(name)),
    outputs: network.outputs.map(port),
    notes: [],
  };
}
