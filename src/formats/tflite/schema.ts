import type { Chosen, Field, Fields, Schema } from '../flatbuffer.ts';

/**
 * The tables of a .tflite file (github.com/tensorflow/tensorflow, schema.fbs, version 3), as far as networks need them. Tensors,
 * operators and buffers name one another by their place in lists.
 */
export interface QuantizationTable {
  readonly scale: readonly number[];
  readonly zeroPoint: readonly number[];
  /** There for quantization of another kind, such as by blocks. */
  readonly details?: Chosen;
  /** The axis that the scales go along, where they are several. */
  readonly quantizedDimension: number;
}

export interface TensorTable {
  readonly shape: readonly number[];
  /** See TENSOR_TYPES. */
  readonly type: number;
  /** Where its numbers are; 0, or an empty one, for a value that operators make. */
  readonly buffer: number;
  readonly name?: string;
  readonly quantization?: QuantizationTable;
  readonly isVariable?: number;
  readonly sparsity?: object;
  /** The shape with -1 for sizes that are open. */
  readonly shapeSignature?: readonly number[];
  /** Of a buffer in another file. */
  readonly externalBuffer?: number;
}

export interface OperatorCodeTable {
  /** The code as far as a byte holds it, as old files have it alone. */
  readonly deprecatedBuiltinCode: number;
  readonly customCode?: string;
  readonly version: number;
  readonly builtinCode: number;
}

export interface OperatorTable {
  readonly opcodeIndex: number;
  /** Tensors; -1 for one that is left out. */
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  readonly builtinOptions?: Chosen;
}

export interface SubgraphTable {
  readonly tensors: readonly TensorTable[];
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  readonly operators: readonly OperatorTable[];
  readonly name?: string;
}

export interface BufferTable {
  readonly data: Uint8Array;
  /** Where the numbers lie behind all tables, in files of more than 2 GiB. */
  readonly offset?: number;
  readonly size?: number;
}

export interface MetadataTable {
  readonly name?: string;
  readonly buffer: number;
}

export interface ModelTable {
  readonly version: number;
  readonly operatorCodes: readonly OperatorCodeTable[];
  readonly subgraphs: readonly SubgraphTable[];
  readonly description?: string;
  readonly buffers: readonly BufferTable[];
  readonly metadata: readonly MetadataTable[];
}

/** What operators are told. */
export interface Options {
  readonly none: Readonly<Record<never, never>>;
  readonly conv2d: {
    readonly padding: number;
    readonly strideW: number;
    readonly strideH: number;
    readonly fusedActivation: number;
    readonly dilationW: number;
    readonly dilationH: number;
  };
  /** The multiplier is that of depth: units a channel. */
  readonly depthwise: Options['conv2d'] & { readonly depthMultiplier: number };
  readonly pool: Omit<Options['conv2d'], 'dilationW' | 'dilationH'> & {
    readonly filterWidth: number;
    readonly filterHeight: number;
  };
  readonly fullyConnected: {
    readonly fusedActivation: number;
    /** 0 for rows of numbers as they are. */
    readonly weightsFormat: number;
    readonly keepNumDims: number;
  };
  readonly softmax: { readonly beta: number };
  readonly concatenation: { readonly axis: number; readonly fusedActivation: number };
  readonly add: { readonly fusedActivation: number };
  readonly mul: { readonly fusedActivation: number };
  readonly reshape: { readonly newShape: readonly number[] };
  readonly gather: { readonly axis: number; readonly batchDims: number };
  readonly reducer: { readonly keepDims: number };
  readonly stridedSlice: {
    readonly beginMask: number;
    readonly endMask: number;
    readonly ellipsisMask: number;
    readonly newAxisMask: number;
    readonly shrinkAxisMask: number;
    readonly offset: number;
  };
  readonly split: { readonly numSplits: number };
  readonly transposeConv: {
    readonly padding: number;
    readonly strideW: number;
    readonly strideH: number;
    readonly fusedActivation: number;
  };
  readonly resize: { readonly alignCorners: number; readonly halfPixelCenters: number };
  readonly leakyRelu: { readonly alpha: number };
  readonly gelu: { readonly approximate: number };
}
export type OptionsName = keyof Options;

/** TensorType. */
export const TENSOR_TYPES = {
  float32: 0,
  float16: 1,
  int32: 2,
  uint8: 3,
  int64: 4,
  text: 5,
  bool: 6,
  int16: 7,
  complex64: 8,
  int8: 9,
  float64: 10,
  complex128: 11,
  uint64: 12,
  resource: 13,
  variant: 14,
  uint32: 15,
  uint16: 16,
  int4: 17,
  bfloat16: 18,
} as const;
export type TensorType = keyof typeof TENSOR_TYPES;

/** Padding. */
export const PADDINGS = ['same', 'valid'] as const;

/** ActivationFunctionType; null for those that no node ends in. */
export const FUSED = ['linear', 'relu', null, 'relu6'] as const;

const one = (number: number, kind: Field['kind'], usual = 0): Field => ({ number, kind, usual });
const list = (number: number, kind: Fields): Field => ({ number, kind, isList: true });
const enums = (number: number): Field => one(number, 'int8');
const int = (number: number, usual = 0): Field => one(number, 'int32', usual);
const flag = (number: number): Field => one(number, 'bool');

/** The tables of options, and their numbers in the union BuiltinOptions; 0 where there are none. */
const OPTIONS: { readonly [N in OptionsName]: { readonly type: number; readonly schema: Schema<Options[N]> } } = {
  none: { type: 0, schema: {} },
  conv2d: {
    type: 1,
    schema: {
      padding: enums(0),
      strideW: int(1),
      strideH: int(2),
      fusedActivation: enums(3),
      dilationW: int(4, 1),
      dilationH: int(5, 1),
    },
  },
  depthwise: {
    type: 2,
    schema: {
      padding: enums(0),
      strideW: int(1),
      strideH: int(2),
      depthMultiplier: int(3),
      fusedActivation: enums(4),
      dilationW: int(5, 1),
      dilationH: int(6, 1),
    },
  },
  pool: {
    type: 5,
    schema: {
      padding: enums(0),
      strideW: int(1),
      strideH: int(2),
      filterWidth: int(3),
      filterHeight: int(4),
      fusedActivation: enums(5),
    },
  },
  fullyConnected: { type: 8, schema: { fusedActivation: enums(0), weightsFormat: enums(1), keepNumDims: flag(2) } },
  softmax: { type: 9, schema: { beta: one(0, 'float32') } },
  concatenation: { type: 10, schema: { axis: int(0), fusedActivation: enums(1) } },
  add: { type: 11, schema: { fusedActivation: enums(0) } },
  reshape: { type: 17, schema: { newShape: one(0, 'int32s') } },
  mul: { type: 21, schema: { fusedActivation: enums(0) } },
  gather: { type: 23, schema: { axis: int(0), batchDims: int(1) } },
  reducer: { type: 27, schema: { keepDims: flag(0) } },
  stridedSlice: {
    type: 32,
    schema: {
      beginMask: int(0),
      endMask: int(1),
      ellipsisMask: int(2),
      newAxisMask: int(3),
      shrinkAxisMask: int(4),
      offset: flag(5),
    },
  },
  split: { type: 35, schema: { numSplits: int(0) } },
  transposeConv: {
    type: 49,
    schema: { padding: enums(0), strideW: int(1), strideH: int(2), fusedActivation: enums(3) },
  },
  resize: { type: 74, schema: { alignCorners: flag(0), halfPixelCenters: flag(1) } },
  leakyRelu: { type: 75, schema: { alpha: one(0, 'float32') } },
  gelu: { type: 116, schema: { approximate: flag(0) } },
};

/** The number of a table of options. */
export const optionsType = (name: OptionsName): number => OPTIONS[name].type;

/** What a table of options is where a file leaves it out. */
export const usualOptions = (name: OptionsName): object =>
  Object.fromEntries(
    Object.entries<Field>(OPTIONS[name].schema).map(([field, { kind, usual }]) => [
      field,
      kind === 'int32s' ? [] : usual,
    ]),
  );

const QUANTIZATION: Schema<QuantizationTable> = {
  scale: one(2, 'float32s'),
  zeroPoint: one(3, 'int64s'),
  details: one(5, { tables: new Map([1, 2, 3].map((type) => [type, {}])) }),
  quantizedDimension: int(6),
};

const TENSOR: Schema<TensorTable> = {
  shape: one(0, 'int32s'),
  type: enums(1),
  buffer: one(2, 'uint32'),
  name: one(3, 'text'),
  quantization: one(4, QUANTIZATION),
  isVariable: flag(5),
  sparsity: one(6, {}),
  shapeSignature: one(7, 'int32s'),
  externalBuffer: one(10, 'uint32'),
};

const CODE: Schema<OperatorCodeTable> = {
  deprecatedBuiltinCode: enums(0),
  customCode: one(1, 'text'),
  version: int(2, 1),
  builtinCode: int(3),
};

const OPERATOR: Schema<OperatorTable> = {
  opcodeIndex: one(0, 'uint32'),
  inputs: one(1, 'int32s'),
  outputs: one(2, 'int32s'),
  builtinOptions: one(4, {
    tables: new Map(Object.values(OPTIONS).map(({ type, schema }) => [type, schema as Fields])),
  }),
};

const SUBGRAPH: Schema<SubgraphTable> = {
  tensors: list(0, TENSOR),
  inputs: one(1, 'int32s'),
  outputs: one(2, 'int32s'),
  operators: list(3, OPERATOR),
  name: one(4, 'text'),
};

export const MODEL: Schema<ModelTable> = {
  version: one(0, 'uint32'),
  operatorCodes: list(1, CODE),
  subgraphs: list(2, SUBGRAPH),
  description: one(3, 'text'),
  buffers: list(4, { data: one(0, 'bytes'), offset: one(1, 'uint64'), size: one(2, 'uint64') }),
  metadata: list(6, { name: one(0, 'text'), buffer: one(1, 'uint32') }),
};
