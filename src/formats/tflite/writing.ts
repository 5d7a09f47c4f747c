import { ValueError } from '../../base/errors.ts';
import { type Shape, sameShape } from '../../base/shape.ts';
import { type Steps, windowOf } from '../../base/window.ts';
import type { Value } from '../../graph/check.ts';
import type { DenseStored } from '../../graph/encoding.ts';
import type { Format } from '../../graph/fact.ts';
import type { Graph, Node } from '../../graph/graph.ts';
import type { Names } from '../../graph/rewrite.ts';
import { PADDINGS } from './schema.ts';
import type { Sheet } from './sheet.ts';

/** A network on its way into a file. */
export interface Write {
  readonly sheet: Sheet;
  readonly graph: Graph<DenseStored>;
  readonly values: ReadonlyMap<string, Value>;
  readonly names: Names;
  readonly readers: ReadonlyMap<string, readonly Node[]>;
  /** The int8 values that real ones were. */
  readonly wholes: Map<string, string>;
}

/** Throws ValueError that names a node. */
export function refuse({ name, op }: Node, problem: string): never {
  throw new ValueError('toTflite', `node "${name}"`, problem, op);
}

/** What integers have in place of real numbers: the version of an operator. */
export const version = (format: Format, whole = 2): number => (format === null ? 1 : whole);

/** A tensor that no value of the network is. */
export const between = ({ sheet, names }: Write, name: string, shape: Shape, format: Format): number =>
  sheet.tensor(names.take(name), shape, format);

/** The tensor of a node's own value. */
export function own({ sheet, values }: Write, { name }: Node, format: Format = values.get(name)!.format): number {
  const tensor = sheet.tensor(name, values.get(name)!.shape, format);
  sheet.set(name, tensor);
  return tensor;
}

/** In another shape. */
export function reshape({ sheet, names }: Write, from: number, to: number, shape: Shape, name: string): void {
  const list = sheet.list(names.take(`${name}/shape`), [-1, ...shape]);
  sheet.operator('RESHAPE', 1, [from, list], [to], 'reshape', { newShape: [-1, ...shape] });
}

/** Of a sequence [length, channels] the same as an image of one row; an image as it is. */
export function asImage(
  write: Write,
  name: string,
  from: number = write.sheet.at(name),
  format: Format = write.values.get(name)!.format,
): number {
  const { shape } = write.values.get(name)!;
  if (shape.length !== 2) return from;
  const image = between(write, `${name}/image`, [1, ...shape], format);
  reshape(write, from, image, [1, ...shape], name);
  return image;
}

/** Writes an operator that makes an image, of which a sequence becomes one again. */
export function fromImage(write: Write, { name }: Node, to: number, format: Format, make: (to: number) => void): void {
  const { shape } = write.values.get(name)!;
  if (shape.length !== 2) {
    make(to);
    return;
  }
  const image = between(write, `${name}/image`, [1, ...shape], format);
  make(image);
  reshape(write, image, to, shape, name);
}

/** Along two axes: one in front of those of a sequence. */
export const twice = (list: readonly number[]): [down: number, across: number] => [list.at(-2) ?? 1, list.at(-1)!];

/** An operator of one tensor in another's place. */
export function convert(write: Write, name: 'QUANTIZE' | 'DEQUANTIZE', from: number, to: number): void {
  write.sheet.operator(name, name === 'QUANTIZE' ? 1 : 2, [from], [to]);
}

/** Writes what has no int8 form as its real one between a DEQUANTIZE and a QUANTIZE, which computes the same. */
export function throughReals(write: Write, node: Node, make: (inputs: readonly number[], to: number) => void): void {
  const { sheet, values } = write;
  const result = values.get(node.name)!;
  const inputs = node.inputs.map((input) => {
    const { shape, format } = values.get(input)!;
    if (format === null) return sheet.at(input);
    const real = between(write, `${input}/real`, shape, null);
    convert(write, 'DEQUANTIZE', sheet.at(input), real);
    return real;
  });
  if (result.format === null) {
    make(inputs, own(write, node));
    return;
  }
  const real = between(write, `${node.name}/real`, result.shape, null);
  make(inputs, real);
  convert(write, 'QUANTIZE', real, own(write, node));
}

/** The number of a padding that TensorFlow Lite has; null for other zeros around. */
export function paddingOf({ values }: Write, node: Node, taps: readonly number[], steps: Steps): number | null {
  if (typeof steps.padding === 'string') return PADDINGS.indexOf(steps.padding);
  const places = values.get(node.inputs[0]!)!.shape.slice(0, -1);
  const own = Object.values(windowOf(1, places, taps, steps));
  const at = PADDINGS.findIndex((padding) =>
    sameShape(own, Object.values(windowOf(1, places, taps, { ...steps, padding }))),
  );
  return at < 0 ? null : at;
}
