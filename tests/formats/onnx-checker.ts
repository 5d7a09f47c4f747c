/** What onnx.checker asks of a file, by a reader of its own (onnx-proto), and the types of all tensors. */
import onnxProto from 'onnx-proto';

const { onnx } = onnxProto;
const TYPES = onnx.TensorProto.DataType;
const KINDS = onnx.AttributeProto.AttributeType;

interface Tensor {
  readonly name: string;
  readonly dims: readonly number[];
  readonly dataType: number;
  readonly rawData: Uint8Array;
}
interface Attribute {
  readonly name: string;
  readonly type: number;
  readonly f?: number;
  readonly i?: number;
  readonly s?: Uint8Array;
  readonly ints?: readonly number[];
}
interface Node {
  readonly name: string;
  readonly opType: string;
  readonly domain?: string;
  readonly input: readonly string[];
  readonly output: readonly string[];
  readonly attribute: readonly Attribute[];
}
interface Port {
  readonly name: string;
  readonly type: {
    readonly tensorType: {
      readonly elemType: number;
      readonly shape: { readonly dim: readonly { readonly dimValue?: number; readonly dimParam?: string }[] };
    };
  };
}
export interface Model {
  readonly irVersion: number;
  readonly producerName: string;
  readonly opsetImport: readonly { readonly domain: string; readonly version: number }[];
  readonly metadataProps: readonly { readonly key: string; readonly value: string }[];
  readonly graph: {
    readonly name: string;
    readonly node: readonly Node[];
    readonly initializer: readonly Tensor[];
    readonly input: readonly Port[];
    readonly output: readonly Port[];
  };
}

/** The file as onnx-proto reads it, its 64-bit integers as numbers. */
export const decodeModel = (file: Uint8Array): Model =>
  onnx.ModelProto.toObject(onnx.ModelProto.decode(file), { longs: Number, arrays: true }) as Model;

type Type = 'float' | 'float16' | 'bfloat16' | 'int8' | 'int32' | 'int64';
const NUMBERS: Readonly<Record<Type, number>> = {
  float: TYPES.FLOAT,
  float16: TYPES.FLOAT16,
  bfloat16: TYPES.BFLOAT16,
  int8: TYPES.INT8,
  int32: TYPES.INT32,
  int64: TYPES.INT64,
};
const BYTES: Readonly<Record<Type, number>> = { float: 4, float16: 2, bfloat16: 2, int8: 1, int32: 4, int64: 8 };
const typeOf = (n: number): Type | undefined => (Object.keys(NUMBERS) as Type[]).find((type) => NUMBERS[type] === n);

/** Types of inputs, a ? before what may be missing, a + behind what may come several times; result; attributes. */
type Schema = readonly [
  inputs: string,
  output: Type,
  attributes?: Readonly<Record<string, 'INT' | 'INTS' | 'FLOAT' | 'STRING'>>,
];
const WINDOW = { kernel_shape: 'INTS', pads: 'INTS', strides: 'INTS' } as const;
const same = ['float', 'float'] as const;

/** As github.com/onnx/onnx/blob/main/docs/Operators.md has them at version 17, as far as networks need them. */
const OPERATORS: ReadonlyMap<string, Schema> = new Map<string, Schema>([
  ...[
    'Relu',
    'Sigmoid',
    'Tanh',
    'Softplus',
    'HardSwish',
    'Exp',
    'Erf',
    'Identity',
    'GlobalMaxPool',
    'GlobalAveragePool',
  ].map((op): [string, Schema] => [op, same]),
  ...['Add', 'Mul', 'Div', 'MatMul'].map((op): [string, Schema] => [op, ['float float', 'float']]),
  ['Sum', ['float+', 'float']],
  ['Clip', ['float ?float ?float', 'float']],
  ['LeakyRelu', ['float', 'float', { alpha: 'FLOAT' }]],
  ['Elu', ['float', 'float', { alpha: 'FLOAT' }]],
  ['Softmax', ['float', 'float', { axis: 'INT' }]],
  ['LogSoftmax', ['float', 'float', { axis: 'INT' }]],
  ['Gemm', ['float float ?float', 'float']],
  ['Conv', ['float float ?float', 'float', { ...WINDOW, dilations: 'INTS', group: 'INT' }]],
  ['ConvTranspose', ['float float ?float', 'float', { ...WINDOW, output_padding: 'INTS' }]],
  ['MaxPool', ['float', 'float', WINDOW]],
  ['AveragePool', ['float', 'float', { ...WINDOW, count_include_pad: 'INT' }]],
  ['BatchNormalization', ['float float float float float', 'float', { epsilon: 'FLOAT', momentum: 'FLOAT' }]],
  ['LayerNormalization', ['float float ?float', 'float', { axis: 'INT', epsilon: 'FLOAT' }]],
  ['Flatten', ['float', 'float', { axis: 'INT' }]],
  ['Transpose', ['float', 'float', { perm: 'INTS' }]],
  ['Reshape', ['float int64', 'float']],
  ['Pad', ['float int64', 'float']],
  ['Slice', ['float int64 int64 ?int64', 'float']],
  ['Concat', ['float+', 'float', { axis: 'INT' }]],
  [
    'Resize',
    [
      'float ?float ?float',
      'float',
      { coordinate_transformation_mode: 'STRING', mode: 'STRING', nearest_mode: 'STRING' },
    ],
  ],
  ['Gather', ['float int32', 'float']],
  ['QuantizeLinear', ['float float int8', 'int8']],
]);
/** These take several types. */
const CAST: Readonly<Record<string, Schema>> = {
  float16: ['float16', 'float', { to: 'INT' }],
  bfloat16: ['bfloat16', 'float', { to: 'INT' }],
};
const DEQUANTIZE: Readonly<Record<string, Schema>> = {
  int8: ['int8 float ?int8', 'float', { axis: 'INT' }],
  int32: ['int32 float', 'float', { axis: 'INT' }],
};
const schemaOf = (opType: string, first: Type | undefined): Schema | undefined => {
  if (opType === 'Cast') return CAST[first ?? ''];
  if (opType === 'DequantizeLinear') return DEQUANTIZE[first ?? ''];
  if (first !== 'float' && (opType === 'Transpose' || opType === 'Identity'))
    return [first ?? '', first ?? 'float', OPERATORS.get(opType)![2] ?? {}];
  return OPERATORS.get(opType);
};

/** What is wrong with a file; empty if nothing. */
export function faultsOf(file: Uint8Array): string[] {
  const { irVersion, opsetImport, graph } = decodeModel(file);
  const faults: string[] = [];
  if (irVersion !== 8) faults.push(`IR version ${irVersion}`);
  if (JSON.stringify(opsetImport) !== '[{"domain":"","version":17}]')
    faults.push(`operators ${JSON.stringify(opsetImport)}`);
  if (!graph.name) faults.push('a graph without a name');
  const types = new Map<string, Type | undefined>();
  const define = (name: string, type: Type | undefined): void => {
    if (name === '') faults.push('a result without a name');
    if (types.has(name)) faults.push(`two of the name ${name}`);
    types.set(name, type);
  };
  const portType = ({ name, type: { tensorType } }: Port): Type | undefined => {
    const [batch, ...others] = tensorType.shape.dim;
    if (batch?.dimParam !== 'N' || others.some(({ dimValue }) => !(dimValue! >= 1)))
      faults.push(`the shape of ${name}`);
    return typeOf(tensorType.elemType);
  };
  for (const port of graph.input) define(port.name, portType(port));
  for (const { name, dims, dataType, rawData, ...others } of graph.initializer) {
    const type = typeOf(dataType);
    define(name, type);
    const bytes = dims.reduce((product, n) => product * n, BYTES[type ?? 'float']);
    if (type === undefined || rawData.length !== bytes)
      faults.push(`initializer ${name} [${dims}] of ${rawData.length} bytes`);
    if (Object.values(others).some((each) => (each as readonly unknown[]).length > 0))
      faults.push(`more data in ${name}`);
  }
  for (const { name, opType, domain, input, output, attribute } of graph.node) {
    const at = `${opType} ${name}`;
    if (domain) faults.push(`${at}: the domain ${domain}`);
    for (const each of input)
      if (each !== '' && !types.has(each)) faults.push(`${at} reads ${each}, which comes later`);
    const schema = schemaOf(opType, types.get(input[0]!));
    if (schema === undefined) {
      faults.push(`${at} is no operator that is known here`);
      continue;
    }
    const [inputs, result, attributes = {}] = schema;
    const wanted = inputs.split(' ');
    const isList = inputs.endsWith('+');
    if (!isList && input.length > wanted.length) faults.push(`${at} reads ${input.length} tensors`);
    for (let i = 0; i < Math.max(input.length, wanted.length); i++) {
      const own = wanted[isList ? 0 : i] ?? '';
      const given = types.get(input[i] ?? '');
      if (given === undefined && own.startsWith('?')) continue;
      if (given !== own.replace(/[?+]/, '')) faults.push(`${at} reads ${given} for ${own}`);
    }
    for (const { name: field, type, ...value } of attribute) {
      const kind = Object.hasOwn(attributes, field) ? attributes[field]! : undefined;
      if (kind === undefined || KINDS[kind] !== type)
        faults.push(`${at} has an attribute ${field} of the type ${type}`);
      const filled = Object.entries(value).filter(([, own]) => !(Array.isArray(own) && own.length === 0));
      const place = { INT: 'i', INTS: 'ints', FLOAT: 'f', STRING: 's' }[kind ?? 'INT'];
      if (filled.length !== 1 || filled[0]![0] !== place) faults.push(`${at} has its attribute ${field} elsewhere`);
    }
    if (new Set(attribute.map((each) => each.name)).size < attribute.length)
      faults.push(`${at} has an attribute twice`);
    if (output.length !== 1) faults.push(`${at} gives ${output.length} tensors`);
    define(output[0]!, result);
  }
  for (const port of graph.output)
    if (types.get(port.name) === undefined || types.get(port.name) !== portType(port))
      faults.push(`output ${port.name}`);
  const outputs = graph.output.map(({ name }) => name);
  if (new Set(outputs).size < outputs.length) faults.push('an output twice');
  return faults;
}

/** How many nodes there are of an operator. */
export const countOf = (file: Uint8Array, opType: string): number =>
  decodeModel(file).graph.node.filter((node) => node.opType === opType).length;
