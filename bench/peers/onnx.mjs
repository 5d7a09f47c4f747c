import { bytes, float, integer } from './protobuf.mjs';

/** Element types by their numbers in onnx.proto. */
export const TYPES = { float32: 1, uint8: 2, int8: 3, int32: 6 };

const typeOf = (data) =>
  data instanceof Float32Array
    ? 'float32'
    : data instanceof Int32Array
      ? 'int32'
      : data instanceof Int8Array
        ? 'int8'
        : 'uint8';

/** A constant: a name, a shape ([] is a scalar) and a typed array. */
export const constant = (name, shape, data) =>
  bytes(
    5,
    ...shape.map((length) => integer(1, length)),
    integer(2, TYPES[typeOf(data)]),
    bytes(8, name),
    bytes(9, Buffer.from(data.buffer, data.byteOffset, data.byteLength)),
  );

/** An attribute of a node: whole numbers are integers, and `{ float: x }` a float. */
const attribute = ([name, value]) =>
  typeof value === 'number'
    ? bytes(5, bytes(1, name), integer(3, value), integer(20, 2))
    : bytes(5, bytes(1, name), float(2, value.float), integer(20, 1));

/** An operation of opset 17 with the names of what it reads and writes. */
export const node = (operation, inputs, outputs, attributes = {}) =>
  bytes(
    1,
    ...inputs.map((name) => bytes(1, name)),
    ...outputs.map((name) => bytes(2, name)),
    bytes(4, operation),
    ...Object.entries(attributes).map(attribute),
  );

const value = (field, { name, type, shape }) => {
  const dimensions = shape.map((length) => bytes(1, integer(1, length)));
  const tensor = bytes(1, integer(1, TYPES[type]), bytes(2, ...dimensions));
  return bytes(field, bytes(1, name), bytes(2, tensor));
};

/** The bytes of a model: inputs and outputs are { name, type, shape }. IR version 8, opset 17. */
export function model({ nodes, constants = [], inputs, outputs }) {
  const graph = bytes(
    7,
    ...nodes,
    bytes(2, 'bench'),
    ...constants,
    ...inputs.map((one) => value(11, one)),
    ...outputs.map((one) => value(12, one)),
  );
  return new Uint8Array(Buffer.concat([integer(1, 8), graph, bytes(8, bytes(1, ''), integer(2, 17))]));
}
