import {
  type AttributeMessage,
  DATA_TYPES,
  type GraphMessage,
  MODEL,
  type ModelMessage,
  type NodeMessage,
  type TensorMessage,
} from '../../src/formats/onnx/messages.ts';
import { encodeMessage } from '../../src/formats/protobuf.ts';

/** Small ONNX files, part by part. */

const NO_DATA = {
  floatData: [],
  int32Data: [],
  stringData: [],
  int64Data: [],
  doubleData: [],
  uint64Data: [],
  externalData: [],
};

export const tensor = (
  name: string,
  dims: readonly number[],
  values: readonly number[],
  type: keyof typeof DATA_TYPES = 'float32',
): TensorMessage => ({
  ...NO_DATA,
  name,
  dims,
  dataType: DATA_TYPES[type],
  ...(type === 'float32' ? { floatData: values } : type === 'int64' ? { int64Data: values } : { int32Data: values }),
});

const EMPTY = { floats: [], ints: [], strings: [] };

/** An attribute: a number with a fraction or in a list of one is a float, a list whole numbers. */
export function attribute(name: string, value: number | string | readonly number[] | TensorMessage): AttributeMessage {
  if (typeof value === 'string') return { ...EMPTY, name, s: new TextEncoder().encode(value), type: 3 };
  if (typeof value === 'number')
    return Number.isInteger(value) ? { ...EMPTY, name, i: value, type: 2 } : { ...EMPTY, name, f: value, type: 1 };
  if (Array.isArray(value)) return { ...EMPTY, name, ints: value, type: 7 };
  return { ...EMPTY, name, t: value as TensorMessage, type: 4 };
}

export const node = (
  opType: string,
  input: readonly string[],
  output: readonly string[],
  attributes: Readonly<Record<string, Parameters<typeof attribute>[1]>> = {},
): NodeMessage => ({
  opType,
  input,
  output,
  attribute: Object.entries(attributes).map(([name, value]) => attribute(name, value)),
});

export const value = (name: string, dims: readonly (number | string)[], type: keyof typeof DATA_TYPES = 'float32') => ({
  name,
  type: {
    tensorType: {
      elemType: DATA_TYPES[type],
      shape: { dim: dims.map((size) => (typeof size === 'string' ? { dimParam: size } : { dimValue: size })) },
    },
  },
});

export const message = (
  graph: Partial<GraphMessage>,
  opset = 17,
  more: Partial<ModelMessage> = {},
): Uint8Array<ArrayBuffer> =>
  encodeMessage(
    {
      irVersion: 8,
      graph: { node: [], initializer: [], input: [], output: [], valueInfo: [], sparseInitializer: [], ...graph },
      opsetImport: [{ version: opset }],
      metadataProps: [],
      functions: [],
      ...more,
    },
    MODEL,
  );

/** A file of nodes from `x` to `y`. */
export const file = (
  shape: readonly (number | string)[],
  nodes: readonly NodeMessage[],
  initializer: readonly TensorMessage[] = [],
  opset = 17,
): Uint8Array<ArrayBuffer> =>
  message({ node: nodes, initializer, input: [value('x', shape)], output: [{ name: 'y' }] }, opset);
