import { ValueError } from '../../base/errors.ts';
import type { Shape } from '../../base/shape.ts';
import type { Format } from '../../graph/fact.ts';
import type { IntegerRule } from '../../graph/graph.ts';
import { encodeFlatbuffer } from '../flatbuffer.ts';
import { HINT, writeHint } from './hint.ts';
import { operatorCode } from './names.ts';
import {
  type BufferTable,
  MODEL,
  type OperatorTable,
  type Options,
  type OptionsName,
  optionsType,
  type QuantizationTable,
  TENSOR_TYPES,
  type TensorTable,
} from './schema.ts';

/** Numbers as files hold them. */
export type Numbers = Float32Array | Uint16Array | Int8Array | Int32Array;

/** What of a tensor may still change until the file is written. */
interface Draft {
  name: string;
  readonly table: Omit<TensorTable, 'name'>;
}

/** An operator whose activation may still be set. */
interface Ending {
  readonly output: number;
  readonly table: { fusedActivation: number };
}

const FORMAT_OF = (format: Format): { readonly quantization?: QuantizationTable } =>
  format === null
    ? {}
    : { quantization: { scale: [format.scale], zeroPoint: [format.zeroPoint], quantizedDimension: 0 } };

/** A network as the lists of a file. */
export class Sheet {
  private readonly tensors: Draft[] = [];
  /** The first is of those that have none. */
  private readonly buffers: BufferTable[] = [{ data: new Uint8Array() }];
  private readonly codes = new Map<string, { readonly name: string; readonly version: number }>();
  private readonly operators: OperatorTable[] = [];
  private readonly endings = new Map<number, Ending>();
  /** Tensors by the names of the values that they are. */
  private readonly values = new Map<string, number>();
  private readonly scales = new Map<number, number>();
  /** Results whose sums become int8 in float32, by the rules that they have. */
  private readonly rules = { float: [] as number[], xnnpack: [] as number[] };
  /** Biases that are not told from real ones. */
  readonly biases: Map<number, readonly number[]> = new Map();

  /** A value, of one sample of this shape. */
  tensor(name: string, shape: Shape, format: Format): number {
    const type = format === null ? TENSOR_TYPES.float32 : TENSOR_TYPES.int8;
    const index = this.add(name, { shape: [1, ...shape], type, buffer: 0, ...FORMAT_OF(format) });
    if (format !== null && Math.fround(format.scale) !== format.scale) this.scales.set(index, format.scale);
    return index;
  }

  /** An input of whole numbers. */
  indices(name: string, shape: Shape): number {
    return this.add(name, { shape: [1, ...shape], type: TENSOR_TYPES.int32, buffer: 0 });
  }

  private add(name: string, table: Draft['table']): number {
    return this.tensors.push({ name, table }) - 1;
  }

  /** Numbers of the file; of int8 with scales along an axis. */
  constant(name: string, shape: Shape, values: Numbers, scales: readonly number[] = [], axis = 0): number {
    const data = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    const buffer = this.buffers.push({ data }) - 1;
    const type =
      values instanceof Float32Array
        ? 'float32'
        : values instanceof Uint16Array
          ? 'float16'
          : values instanceof Int8Array
            ? 'int8'
            : 'int32';
    const quantization = {
      scale: scales,
      zeroPoint: scales.map(() => 0),
      quantizedDimension: scales.length > 1 ? axis : 0,
    };
    return this.add(name, { shape, type: TENSOR_TYPES[type], buffer, ...(scales.length > 0 && { quantization }) });
  }

  /** A list of whole numbers, such as of axes. */
  list(name: string, values: readonly number[], shape: Shape = [values.length]): number {
    return this.constant(name, shape, Int32Array.from(values));
  }

  /** Real numbers that a constant of another type stands for. */
  decoded(name: string, shape: Shape, constant: number, version: number): number {
    const index = this.add(name, { shape, type: TENSOR_TYPES.float32, buffer: 0 });
    this.operator('DEQUANTIZE', version, [constant], [index]);
    return index;
  }

  operator<O extends OptionsName>(
    name: string,
    version: number,
    inputs: readonly number[],
    outputs: readonly number[],
    options?: O,
    table?: Options[O],
  ): void {
    const key = `${name} ${version}`;
    this.codes.set(key, { name, version });
    const own = options && { ...(table as object) };
    this.operators.push({
      opcodeIndex: [...this.codes.keys()].indexOf(key),
      inputs,
      outputs,
      ...(options && { builtinOptions: { type: optionsType(options), table: own! } }),
    });
    if (own && 'fusedActivation' in own)
      this.endings.set(outputs[0]!, { output: outputs[0]!, table: own as Ending['table'] });
  }

  /** Lets the operator of a tensor end in an activation, under another name; whether it can. */
  end(tensor: number, fusedActivation: number, name: string): boolean {
    const ending = this.endings.get(tensor);
    if (ending === undefined || ending.table.fusedActivation !== 0) return false;
    ending.table.fusedActivation = fusedActivation;
    this.rename(tensor, name);
    return true;
  }

  rename(tensor: number, name: string): void {
    this.tensors[tensor]!.name = name;
  }

  /** Notes the rule by which sums become the int8 of a tensor: `multiplier` is that of the file. */
  ruled(tensor: number, rule: IntegerRule['rule']): void {
    if (rule !== 'multiplier') this.rules[rule ?? 'float'].push(tensor);
  }

  set(value: string, tensor: number): void {
    this.values.set(value, tensor);
  }

  at(value: string): number {
    return this.values.get(value)!;
  }

  file(inputs: readonly number[], outputs: readonly number[]): Uint8Array<ArrayBuffer> {
    const named = <T>(map: ReadonlyMap<number, T>): Map<string, T> =>
      new Map([...map].map(([tensor, value]) => [this.tensors[tensor]!.name, value]));
    const namesOf = (tensors: readonly number[]): Set<string> =>
      new Set(tensors.map((tensor) => this.tensors[tensor]!.name));
    const float = namesOf(this.rules.float);
    const xnnpack = namesOf(this.rules.xnnpack);
    const hint = writeHint({ scales: named(this.scales), float, xnnpack, biases: named(this.biases) });
    const buffers = hint === null ? this.buffers : [...this.buffers, { data: hint }];
    const operatorCodes = [...this.codes.values()].map(({ name, version }) => {
      const code = operatorCode(name);
      return { deprecatedBuiltinCode: Math.min(code, 127), version, builtinCode: code };
    });
    const tensors = this.tensors.map(({ name, table }) => ({ ...table, name }));
    const file = encodeFlatbuffer(
      {
        version: 3,
        operatorCodes,
        subgraphs: [{ tensors, inputs, outputs, operators: this.operators, name: 'main' }],
        description: 'whittle-ml',
        buffers,
        metadata: hint === null ? [] : [{ name: HINT, buffer: buffers.length - 1 }],
      },
      MODEL,
      'TFL3',
    );
    if (file.length >= 2 ** 31)
      throw new ValueError('toTflite', 'the network', 'one whose file is smaller than 2 GiB', file.length);
    return file;
  }
}
