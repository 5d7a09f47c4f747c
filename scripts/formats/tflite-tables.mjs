// Changes .tflite files as the tables that they are, without reading a network out of them.
import { decodeFlatbuffer, encodeFlatbuffer } from '../../dist/src/formats/flatbuffer.js';
import { operatorCode, operatorName } from '../../dist/src/formats/tflite/names.js';
import { MODEL, TENSOR_TYPES } from '../../dist/src/formats/tflite/schema.js';

export const tablesOf = (file) => decodeFlatbuffer(file, MODEL, 'tflite', 'model');
export const fileOf = (model) => encodeFlatbuffer(model, MODEL, 'TFL3');

export const nameOf = (model, { opcodeIndex }) => {
  const { builtinCode, deprecatedBuiltinCode } = model.operatorCodes[opcodeIndex];
  return operatorName(Math.max(builtinCode, deprecatedBuiltinCode));
};

/**
 * The file with real numbers at its ends: LiteRT.js takes and gives no int8. Each int8 input comes out of a QUANTIZE, each int8 output
 * goes into a DEQUANTIZE, and both are exact for integers. `part` may take other operators, inputs and outputs.
 */
export function withRealEnds(model, part = {}) {
  const [graph] = model.subgraphs;
  const { operators = graph.operators, inputs = graph.inputs, outputs = graph.outputs } = part;
  const tensors = [...graph.tensors];
  const codes = [...model.operatorCodes];
  const code = (name, version) => {
    const builtinCode = operatorCode(name);
    return codes.push({ deprecatedBuiltinCode: builtinCode, version, builtinCode }) - 1;
  };
  const quantize = code('QUANTIZE', 1);
  const dequantize = code('DEQUANTIZE', 2);
  const real = (i) => {
    const { shape, name } = tensors[i];
    return tensors.push({ shape, type: TENSOR_TYPES.float32, buffer: 0, name: `${name}/real ${tensors.length}` }) - 1;
  };
  const isWhole = (i) => tensors[i].type === TENSOR_TYPES.int8;
  const before = [];
  const behind = [];
  const from = inputs.map((i) => {
    if (!isWhole(i)) return i;
    const input = real(i);
    before.push({ opcodeIndex: quantize, inputs: [input], outputs: [i] });
    return input;
  });
  const to = outputs.map((i) => {
    if (!isWhole(i)) return i;
    const output = real(i);
    behind.push({ opcodeIndex: dequantize, inputs: [i], outputs: [output] });
    return output;
  });
  const subgraph = { ...graph, tensors, inputs: from, outputs: to, operators: [...before, ...operators, ...behind] };
  return { ...model, operatorCodes: codes, subgraphs: [subgraph] };
}

/** A file of a few operators alone. */
export function cut(model, operators, inputs, outputs) {
  const [graph] = model.subgraphs;
  return { ...model, subgraphs: [{ ...graph, operators, inputs, outputs }] };
}

/** The values that operators make, and those that the file is given: no constants. */
export function valuesIn(model) {
  const [graph] = model.subgraphs;
  return new Set([...graph.inputs, ...graph.operators.flatMap(({ outputs }) => outputs)]);
}
