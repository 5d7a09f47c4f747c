import type { FieldKind, Fields, Schema } from '../protobuf.ts';

/**
 * The messages of an ONNX file (github.com/onnx/onnx, onnx/onnx.proto3), as far as networks need them. A field that is missing is
 * undefined, a list that is missing is empty; 64-bit integers are numbers.
 */
export interface TensorMessage {
  readonly dims: readonly number[];
  readonly dataType?: number;
  readonly floatData: readonly number[];
  readonly int32Data: readonly number[];
  readonly stringData: readonly Uint8Array[];
  readonly int64Data: readonly number[];
  readonly name?: string;
  /** Numbers as they lie in memory, little-endian; in the place of all other data. */
  readonly rawData?: Uint8Array;
  readonly doubleData: readonly number[];
  readonly uint64Data: readonly number[];
  /** Where the numbers lie in another file. */
  readonly externalData: readonly EntryMessage[];
  /** 1 where they do. */
  readonly dataLocation?: number;
}

export interface EntryMessage {
  readonly key?: string;
  readonly value?: string;
}

export interface AttributeMessage {
  readonly name?: string;
  readonly f?: number;
  readonly i?: number;
  readonly s?: Uint8Array;
  readonly t?: TensorMessage;
  /** A graph, which nothing here reads. */
  readonly g?: Uint8Array;
  readonly floats: readonly number[];
  readonly ints: readonly number[];
  readonly strings: readonly Uint8Array[];
  /** What of these it is: see ATTRIBUTE_TYPES. */
  readonly type?: number;
}

export interface NodeMessage {
  readonly input: readonly string[];
  readonly output: readonly string[];
  readonly name?: string;
  readonly opType?: string;
  readonly attribute: readonly AttributeMessage[];
  readonly docString?: string;
  /** Empty for the operators of ONNX itself. */
  readonly domain?: string;
}

export interface DimensionMessage {
  readonly dimValue?: number;
  /** A name for a size that is not fixed. */
  readonly dimParam?: string;
}
export interface ShapeMessage {
  readonly dim: readonly DimensionMessage[];
}
export interface TensorTypeMessage {
  readonly elemType?: number;
  readonly shape?: ShapeMessage;
}
export interface TypeMessage {
  /** Missing for sequences, maps and others. */
  readonly tensorType?: TensorTypeMessage;
}
export interface ValueMessage {
  readonly name?: string;
  readonly type?: TypeMessage;
}

export interface GraphMessage {
  readonly node: readonly NodeMessage[];
  readonly name?: string;
  readonly initializer: readonly TensorMessage[];
  readonly input: readonly ValueMessage[];
  readonly output: readonly ValueMessage[];
  readonly valueInfo: readonly ValueMessage[];
  readonly sparseInitializer: readonly Uint8Array[];
}

export interface OpsetMessage {
  readonly domain?: string;
  readonly version?: number;
}

export interface ModelMessage {
  readonly irVersion?: number;
  readonly producerName?: string;
  readonly producerVersion?: string;
  readonly graph?: GraphMessage;
  readonly opsetImport: readonly OpsetMessage[];
  readonly metadataProps: readonly EntryMessage[];
  /** Functions of the file's own, which nothing here reads. */
  readonly functions: readonly Uint8Array[];
}

/** TensorProto.DataType. */
export const DATA_TYPES = {
  float32: 1,
  uint8: 2,
  int8: 3,
  uint16: 4,
  int16: 5,
  int32: 6,
  int64: 7,
  text: 8,
  bool: 9,
  float16: 10,
  float64: 11,
  uint32: 12,
  uint64: 13,
  bfloat16: 16,
} as const;

/** AttributeProto.AttributeType. */
export const ATTRIBUTE_TYPES = {
  float: 1,
  int: 2,
  text: 3,
  tensor: 4,
  graph: 5,
  floats: 6,
  ints: 7,
  texts: 8,
} as const;

const one = (number: number, kind: FieldKind | Fields) => ({ number, kind });
const list = (number: number, kind: FieldKind | Fields) => ({ number, kind, isList: true }) as const;

const ENTRY: Schema<EntryMessage> = { key: one(1, 'text'), value: one(2, 'text') };

const TENSOR: Schema<TensorMessage> = {
  dims: list(1, 'int'),
  dataType: one(2, 'int'),
  floatData: list(4, 'float'),
  int32Data: list(5, 'int'),
  stringData: list(6, 'bytes'),
  int64Data: list(7, 'int'),
  name: one(8, 'text'),
  rawData: one(9, 'bytes'),
  doubleData: list(10, 'double'),
  uint64Data: list(11, 'int'),
  externalData: list(13, ENTRY),
  dataLocation: one(14, 'int'),
};

const ATTRIBUTE: Schema<AttributeMessage> = {
  name: one(1, 'text'),
  f: one(2, 'float'),
  i: one(3, 'int'),
  s: one(4, 'bytes'),
  t: one(5, TENSOR),
  g: one(6, 'bytes'),
  floats: list(7, 'float'),
  ints: list(8, 'int'),
  strings: list(9, 'bytes'),
  type: one(20, 'int'),
};

const NODE: Schema<NodeMessage> = {
  input: list(1, 'text'),
  output: list(2, 'text'),
  name: one(3, 'text'),
  opType: one(4, 'text'),
  attribute: list(5, ATTRIBUTE),
  docString: one(6, 'text'),
  domain: one(7, 'text'),
};

const DIMENSION: Schema<DimensionMessage> = { dimValue: one(1, 'int'), dimParam: one(2, 'text') };
const SHAPE: Schema<ShapeMessage> = { dim: list(1, DIMENSION) };
const TENSOR_TYPE: Schema<TensorTypeMessage> = { elemType: one(1, 'int'), shape: one(2, SHAPE) };
const TYPE: Schema<TypeMessage> = { tensorType: one(1, TENSOR_TYPE) };
const VALUE: Schema<ValueMessage> = { name: one(1, 'text'), type: one(2, TYPE) };

const GRAPH: Schema<GraphMessage> = {
  node: list(1, NODE),
  name: one(2, 'text'),
  initializer: list(5, TENSOR),
  input: list(11, VALUE),
  output: list(12, VALUE),
  valueInfo: list(13, VALUE),
  sparseInitializer: list(15, 'bytes'),
};

const OPSET: Schema<OpsetMessage> = { domain: one(1, 'text'), version: one(2, 'int') };

export const MODEL: Schema<ModelMessage> = {
  irVersion: one(1, 'int'),
  producerName: one(2, 'text'),
  producerVersion: one(3, 'text'),
  graph: one(7, GRAPH),
  opsetImport: list(8, OPSET),
  metadataProps: list(14, ENTRY),
  functions: list(25, 'bytes'),
};

/** The message of a tensor in a file of its own, as test data has them. */
export { TENSOR as TENSOR_FILE };
