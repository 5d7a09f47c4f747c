import { FormatError } from '../../base/errors.ts';
import { MAX_RANK } from '../../base/shape.ts';
import { isScale } from '../../graph/check.ts';
import type { QuantizationParams } from '../../graph/graph.ts';
import type { Hint } from './hint.ts';
import { type ModelTable, TENSOR_TYPES, type TensorTable, type TensorType } from './schema.ts';

export const FORMAT = 'tflite';

/** A tensor with what belongs to it. */
export interface TensorOf {
  /** Where it is in the file, for errors. */
  readonly path: string;
  readonly table: TensorTable;
  readonly type: TensorType;
  /** Its numbers; empty for a value that an operator makes. */
  readonly data: Uint8Array;
  /** What the file calls it, with its number where that is no name of its own. */
  readonly name: string;
}

const TYPES = Object.keys(TENSOR_TYPES) as TensorType[];

/** Of a list. Throws FormatError for a place beyond its end. */
export function at<T>(list: readonly T[], i: number, path: string, what: string): T {
  const found = Number.isInteger(i) && i >= 0 ? list[i] : undefined;
  if (found === undefined) throw new FormatError(FORMAT, path, `names ${what} ${i} of ${list.length}`);
  return found;
}

/** The tensors of the first subgraph, by their numbers. */
export class Tensors {
  private readonly model: ModelTable;
  private readonly tables: readonly TensorTable[];
  private readonly names: readonly string[];

  constructor(model: ModelTable) {
    this.model = model;
    this.tables = model.subgraphs[0]!.tensors;
    const known = new Set<string>();
    this.names = this.tables.map(({ name = '' }, i) => {
      const own = name === '' || known.has(name) ? `${name}#${i}` : name;
      known.add(name);
      return own;
    });
  }

  /** Throws FormatError for one that lies elsewhere than in the file, or is more than numbers. */
  at(index: number, from: string): TensorOf {
    const table = at(this.tables, index, from, 'the tensor');
    const name = this.names[index]!;
    const path = `tensor ${index} "${name.slice(0, 80)}"`;
    const fail = (problem: string): never => {
      throw new FormatError(FORMAT, path, problem);
    };
    const buffer = at(this.model.buffers, table.buffer, path, 'the buffer');
    if ((table.externalBuffer ?? 0) !== 0 || (buffer.offset ?? 0) > 1)
      fail('has its numbers outside of the tables of the file: convert the network to a file that holds them');
    if (table.isVariable)
      fail('is a variable, which keeps its numbers from run to run, and no value of a network does');
    if (table.sparsity !== undefined) fail('leaves numbers out: convert the network without sparsity');
    if (table.shape.length > MAX_RANK) fail(`has ${table.shape.length} axes, and ${MAX_RANK} are the most`);
    const wrong = table.shape.find((n) => n < 0);
    if (wrong !== undefined) fail(`has the size ${wrong}`);
    return { path, table, type: at(TYPES, table.type, path, 'the type'), data: buffer.data, name };
  }
}

/** What the integers of a value stand for. */
export interface ValueFormat {
  readonly dtype: TensorType;
  /** As the network has it, in int8; null for real numbers. */
  readonly format: QuantizationParams | null;
  /** As the file has it. */
  readonly own: QuantizationParams | null;
}

/** What uint8 is more than int8: the same integers, and a zero point that is so much larger. */
const BYTE_OFFSETS: { readonly [T in TensorType]?: number } = { int8: 0, uint8: 128 };

/** What a value of the network is. Throws FormatError for a type that none has, and for a format that is none. */
export function formatOf({ path, table, type, name }: TensorOf, hint: Hint): ValueFormat {
  const fail = (problem: string): never => {
    throw new FormatError(FORMAT, path, problem);
  };
  if (type === 'float32') return { dtype: type, format: null, own: null };
  const offset = BYTE_OFFSETS[type];
  if (offset === undefined)
    return fail(
      `is a value of the type ${type}: those of networks are float32 and int8, and uint8 that stands for numbers`,
    );
  const { scale = [], zeroPoint = [], details } = table.quantization ?? {};
  if (details !== undefined || scale.length !== 1 || zeroPoint.length > 1)
    return fail(`has ${scale.length} scales and ${zeroPoint.length} zero points, and a value has one each`);
  const [rounded = 0] = scale;
  const [zero = 0] = zeroPoint;
  const hinted = hint.scales.get(name);
  const exact = hinted !== undefined && Math.fround(hinted) === rounded ? hinted : rounded;
  if (!isScale(exact)) return fail(`has the scale ${rounded}, which is not positive and finite`);
  if (!(zero - offset >= -128 && zero - offset <= 127))
    return fail(`has the zero point ${zero}, which ${type} does not hold`);
  const format = { scale: exact, zeroPoint: zero - offset };
  return { dtype: type, format, own: { scale: exact, zeroPoint: zero } };
}
