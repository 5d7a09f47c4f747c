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

/** An attribute of a node: whole numbers and lists of them are integers, and `{ float: x }` a float. */
const attribute = ([name, value]) => {
  if (typeof value === 'number') return bytes(5, bytes(1, name), integer(3, value), integer(20, 2));
  if (Array.isArray(value)) return bytes(5, bytes(1, name), ...value.map((n) => integer(8, n)), integer(20, 7));
  return bytes(5, bytes(1, name), float(2, value.float), integer(20, 1));
};

/** ONNX Runtime's own operations. */
export const OWN = 'com.microsoft';

/** An operation of opset 17, or of another domain, with the names of what it reads and writes. */
export const node = (operation, inputs, outputs, attributes = {}, domain = '') =>
  bytes(
    1,
    ...inputs.map((name) => bytes(1, name)),
    ...outputs.map((name) => bytes(2, name)),
    bytes(4, operation),
    ...Object.entries(attributes).map(attribute),
    bytes(7, domain),
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
  const opsets = [bytes(8, bytes(1, ''), integer(2, 17)), bytes(8, bytes(1, OWN), integer(2, 1))];
  return new Uint8Array(Buffer.concat([integer(1, 8), graph, ...opsets]));
}
