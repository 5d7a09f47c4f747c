// Reads the models of ONNX's own tests (Debian's package libonnx-testdata) and compares what the networks give with what the
// files say: node scripts/formats/onnx-testdata.mjs [--write] [--show NAME]. Ends with 1 where one network gives other numbers.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cpu } from '../../dist/kernels/index.js';
import { WhittleError } from '../../dist/src/base/errors.js';
import { MODEL, TENSOR_FILE } from '../../dist/src/formats/onnx/messages.js';
import { fromOnnx } from '../../dist/src/formats/onnx/read.js';
import { decodeTensor } from '../../dist/src/formats/onnx/tensors.js';
import { decodeMessage } from '../../dist/src/formats/protobuf.js';
import { compileNetwork } from '../../dist/src/infer/index.js';

const DATA = '/usr/share/libonnx-testdata/data';
/** ONNX's own tolerances (onnx/backend/test/runner): |ours - theirs| <= atol + rtol·|theirs|. */
const RTOL = 1e-3;
const ATOL = 1e-7;
/** Operators that the reader has a row for. */
const REACH = new Set(
  `Gemm MatMul Conv ConvTranspose Relu Clip LeakyRelu Elu Sigmoid Tanh Softplus Exp HardSwish HardSigmoid Softmax LogSoftmax Gelu Swish
  Erf Identity Dropout Flatten Reshape Squeeze Unsqueeze Transpose Add Sum Sub Mul Div Concat Split Slice MaxPool AveragePool
  GlobalAveragePool GlobalMaxPool ReduceMean ReduceMax Pad Upsample Resize BatchNormalization LayerNormalization Gather Shape Constant
  QuantizeLinear DequantizeLinear Cast`.split(/\s+/),
);

/** The data have bfloat16 as uint16. */
const tensorIn = (path, type) => {
  const tensor = decodeMessage(readFileSync(path), TENSOR_FILE, 'onnx', path);
  return decodeTensor({ ...tensor, dataType: type === 16 ? 16 : tensor.dataType }, '', path);
};

/** The numbers of a file's tensor as the network has them, or the reverse. */
function moved(data, shape, axes, back) {
  if (axes === null) return data;
  const result = new Float64Array(data.length);
  const fileShape = back ? axes.map((_, axis) => shape[axes.indexOf(axis)]) : shape;
  const strides = fileShape.map((_, axis) => fileShape.slice(axis + 1).reduce((a, b) => a * b, 1));
  const own = axes.map((axis) => fileShape[axis]);
  const at = own.map(() => 0);
  for (let i = 0; i < data.length; i++) {
    const place = at.reduce((sum, n, axis) => sum + n * strides[axes[axis]], 0);
    if (back) result[place] = data[i];
    else result[i] = data[place];
    for (let axis = own.length - 1; axis >= 0; axis--) {
      at[axis]++;
      if (at[axis] < own[axis]) break;
      at[axis] = 0;
    }
  }
  return result;
}

function runOnce(imported, tensors, names, batch) {
  const { network, inputs, outputs } = imported;
  const program = compileNetwork(network, batch, cpu);
  const given = inputs.map((port, i) => {
    const tensor = tensors[names.indexOf(port.name)];
    const data = moved(tensor.data, tensor.shape, port.axes, false);
    if (network.inputs[i].dtype === 'int32') return Int32Array.from(data);
    const { format } = port;
    return Float32Array.from(data, (q) => (format === null ? q : (q - format.zeroPoint) * format.scale));
  });
  const several = network.inputs.length > 1 || network.outputs.length > 1;
  const made = several ? program.run(given, batch) : [program.run(given[0], batch)];
  const results = outputs.map((port) => {
    const at = network.outputs.indexOf(port.value);
    const shape = [batch, ...program.outputShapes[at]];
    const reals = moved(made[at], shape, port.axes, true);
    if (port.format === null) return Array.from(reals);
    const { scale, zeroPoint } = port.format;
    return Array.from(reals, (x) => Math.round(x / Math.fround(scale)) + zeroPoint);
  });
  program.dispose();
  return results;
}

/** The largest of |ours - theirs| / (atol + rtol·|theirs|). */
function distance(ours, theirs) {
  if (ours.length !== theirs.length) return Infinity;
  let worst = 0;
  for (let i = 0; i < ours.length; i++) {
    const a = ours[i];
    const b = theirs[i];
    if (a === b || (Number.isNaN(a) && Number.isNaN(b))) continue;
    worst = Math.max(worst, Math.abs(a - b) / (ATOL + RTOL * Math.abs(b)));
    if (Number.isNaN(a - b)) return Infinity;
  }
  return worst;
}

function testOf(folder) {
  const file = readFileSync(join(folder, 'model.onnx'));
  const { graph, opsetImport } = decodeMessage(file, MODEL, 'onnx', 'model');
  const sets = readdirSync(folder).filter((name) => name.startsWith('test_data_set_'));
  const operators = new Set(graph.node.map(({ opType, domain }) => (domain ? `${domain}.${opType}` : opType)));
  const held = new Set(graph.initializer.map(({ name }) => name));
  const names = graph.input.map(({ name }) => name);
  const types = graph.input.map(({ type }) => type?.tensorType?.elemType);
  return { file, sets, operators, names, types, open: names.filter((name) => !held.has(name)), opsetImport };
}

function verdictOf(folder) {
  const test = testOf(folder);
  const { file, sets, names, open, types } = test;
  if (sets.length === 0) return { ...test, kind: 'no data' };
  // As it is; then with some of the inputs constant, of a few inputs each choice, those with the most computed first
  const choices =
    open.length > 4
      ? [open.slice(1)]
      : Array.from({ length: 2 ** open.length - 1 }, (_, bits) => open.filter((_, i) => (bits >> i) % 2 === 1));
  const ways = [...choices].sort((a, b) => a.length - b.length);
  if (open.length > 4 || open.length === 0) ways.unshift([]);
  let first;
  for (const way of ways) {
    let parts = false;
    try {
      for (const set of sets) {
        const path = join(folder, set);
        const count = (kind) => readdirSync(path).filter((name) => name.startsWith(kind)).length;
        const tensors = Array.from({ length: count('input_') }, (_, i) =>
          tensorIn(join(path, `input_${i}.pb`), types[i]),
        );
        const wanted = Array.from({ length: count('output_') }, (_, i) => tensorIn(join(path, `output_${i}.pb`)));
        const constants = new Map(way.map((name) => [name, tensors[names.indexOf(name)]]));
        const imported = fromOnnx(file, { constants });
        const port = imported.inputs[0];
        const batch = tensors[names.indexOf(port.name)].shape[0];
        const results = runOnce(imported, tensors, names, batch);
        parts ||= imported.outputs.length < wanted.length;
        for (const [i, result] of results.entries()) {
          const worst = distance(result, wanted[i].data); // outputs that are left out come behind the first
          if (!(worst <= 1))
            return {
              ...test,
              kind: 'wrong',
              reason: `output ${i} is ${worst} times the tolerance off, constants: ${way}`,
            };
        }
      }
      return { ...test, kind: parts ? 'in part' : 'pass', way };
    } catch (error) {
      if (!(error instanceof WhittleError)) return { ...test, kind: 'wrong', reason: error.stack };
      // What keeps it from being read with its first input alone computed says most
      if (first === undefined || way.join() === open.slice(1).join()) first = error.message;
    }
  }
  return { ...test, kind: 'refused', reason: first };
}

const show = process.argv.includes('--show') ? process.argv[process.argv.indexOf('--show') + 1] : null;
const verdicts = [];
for (const group of readdirSync(DATA).sort())
  for (const name of readdirSync(join(DATA, group)).sort()) {
    const folder = join(DATA, group, name);
    if (!existsSync(join(folder, 'model.onnx')) || (show && !name.includes(show))) continue;
    let verdict;
    try {
      verdict = verdictOf(folder);
    } catch (error) {
      verdict = {
        operators: new Set(['?']),
        kind: 'refused',
        reason: error instanceof WhittleError ? error.message : `!! ${error.stack}`,
      };
    }
    const inReach = [...verdict.operators].every((op) => REACH.has(op));
    verdicts.push({ group, name, inReach, ...verdict });
    if (show || verdict.kind === 'wrong' || (inReach && process.argv.includes('--list')))
      console.log(`${group}/${name}: ${verdict.kind} [${[...verdict.operators]}] ${verdict.reason ?? ''}`);
  }
const count = (kind, list) => list.filter((each) => each.kind === kind).length;
const reach = verdicts.filter(({ inReach }) => inReach);
for (const [title, list] of [
  ['all', verdicts],
  ['only operators that the reader has', reach],
])
  console.log(
    `${title}: ${list.length} models, pass ${count('pass', list)}, in part ${count('in part', list)}, refused ${count('refused', list)}, no data ${count('no data', list)}, wrong ${count('wrong', list)}`,
  );

/** A refusal without what networks have instead, and without the names and numbers of its model. */
const classOf = (reason) =>
  reason
    .replace(/^onnx: \/.*$/, 'the data of the test are no tensors of numbers')
    .replace(/^onnx: (?:(?:node|output|input|initializer) "[^"]*"(?: \([^)]*\))?|graph): /, '')
    .replace(/ \("[^"]*"\)/g, '')
    .replace(/"[^"]*"/g, 'a value')
    .replace(/(?:: |, (?:which|and) networks).*$/, '')
    .replace(/ of a value \[[^\]]*\]/g, '')
    .replace(/\[[^\]]*\]/g, '[...]')
    // Numbers, and lists of them, but no digits of words such as float64
    .replace(/(?<![\w.])-?\d+(?:\.\d+)?(?:e[+-]?\d+)?(?:, \d+)*(?![\w.])/g, 'n')
    .replace(/needs (?:the )?ax[ei]s n (?:on )?/, 'needs axis n ');

if (process.argv.includes('--write')) {
  const rows = [...REACH].sort().map((operator) => {
    const having = reach.filter(({ operators }) => operators.has(operator));
    const reasons = new Map();
    for (const { kind, reason } of having)
      if (kind === 'refused') reasons.set(classOf(reason), (reasons.get(classOf(reason)) ?? 0) + 1);
    const why = [...reasons]
      .sort((a, b) => b[1] - a[1])
      .map(([text, n]) => `${text} (${n})`)
      .join('; ');
    return `| ${operator} | ${having.length} | ${count('pass', having)} | ${count('in part', having)} | ${count('refused', having)} | ${why} |`;
  });
  const line = (title, list) =>
    `| ${title} | ${list.length} | ${count('pass', list)} | ${count('in part', list)} | ${count('refused', list)} | ${count('wrong', list)} |`;
  const text = [
    "# ONNX's own test models",
    '',
    `Written by \`node scripts/formats/onnx-testdata.mjs --write\` from the models of Debian's package libonnx-testdata. A model passes if`,
    `all outputs are within ONNX's own tolerances, |ours - theirs| <= ${ATOL} + ${RTOL}·|theirs|; in part, if it has outputs besides that`,
    'networks do not give, such as the indices of a pool. Weights that models have as inputs are given as constants: each model is',
    'read as it is, and then with some of its inputs constant.',
    '',
    '| models | all | pass | in part | refused | wrong |',
    '|---|---|---|---|---|---|',
    line('all', verdicts),
    line('of operators that are read alone', reach),
    '',
    'The latter by operator; a model of several counts for each. Why is how the sentence begins that a model is refused with, and of how',
    'many: n is a number, [...] a shape.',
    '',
    '| operator | models | pass | in part | refused | why |',
    '|---|---|---|---|---|---|',
    ...rows,
    '',
  ];
  writeFileSync(new URL('../../docs/onnx-models.md', import.meta.url), text.join('\n'));
}
process.exitCode = count('wrong', verdicts) > 0 ? 1 : 0;
