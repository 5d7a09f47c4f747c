import { type Shape, size } from '../base/shape.ts';
import type { Encoding, EncodingName, Stored } from '../graph/encoding.ts';
import { scattered } from '../graph/sparse.ts';
import type { Fields } from './fields.ts';
import type { FileTensors } from './file-tensors.ts';
import type { SafeDType } from './safetensors.ts';
import { isPlaceCode, type PlaceCode, type Weights } from './sparse-code.ts';

/** Weights out of files; weight-tensors.ts says how they lie there. */

/** How a weight lies in the tensors. */
export interface Form {
  readonly shape: Shape;
  /** Whether they have the numbers that are held alone. Default false. */
  readonly coded?: boolean;
  /** The code of their places. Default `bitmask`. */
  readonly code?: PlaceCode;
  /** The code of the places that live. Default null: there is no mask. */
  readonly mask?: PlaceCode | null;
  /** What its encoding consists of. By default the numbers, and of int8 the scales. */
  readonly take?: (taken: Taken) => object;
}

/** A weight that is taken. */
export interface Taken extends Form {
  readonly tensors: FileTensors;
  readonly key: string;
  /** Of the tensor of its numbers, and its type. */
  readonly name: string;
  readonly dtype: SafeDType;
  readonly n: number;
  readonly units: number;
  /** Of the numbers that are held, or may live; null where they are all. */
  readonly places: Int32Array | null;
}

/** A kind of record. */
export interface Kind {
  /** The encoding that the type of a tensor stands for. */
  readonly types: Readonly<Record<string, EncodingName>>;
  /** What the fields of its own say; `whole` is the shape of a tensor of all its numbers. */
  readonly form: (fields: Fields, whole: () => Shape) => Form;
  /** For errors; left out for a weight that nothing more is told of than that it is coded. */
  readonly name?: string;
  /** Whether its places are of blocks, and those of what lives stand apart from them. Not if left out. */
  readonly hasBlocks?: true;
}
/** Kinds by the field of a record that tells them. */
export type Kinds = Readonly<Record<string, Kind>>;

/** Of a weight with a shape in its record where it is coded alone. */
export function numberedForm(fields: Fields, whole: () => Shape): Form {
  const coded = fields.has('shape');
  return { coded, shape: coded ? fields.numbers('shape') : whole() };
}

const NUMBERED: Kind = {
  types: { F32: 'float32', F64: 'float64', I8: 'int8', I32: 'int32', F16: 'float16', BF16: 'bfloat16' },
  form: numberedForm,
};

/** A weight out of a file; `fields` are those of its record, all of which are taken. */
export function takeWeight(kinds: Kinds, key: string, fields: Fields | undefined, tensors: FileTensors): Stored {
  const whole = (): Shape => tensors.get(key).shape;
  if (fields === undefined) return takeStored(tensors, key, { shape: whole() });
  const [, kind] = Object.entries(kinds).find(([field]) => fields.has(field)) ?? [null, NUMBERED];
  const form = kind.form(fields, whole);
  const code = fields.has('code') ? takeCode(fields, 'code') : 'bitmask';
  const takeMask = (): PlaceCode | null => (fields.flag('mask') ? code : null);
  const mask = !fields.has('mask') ? null : kind.hasBlocks ? takeCode(fields, 'mask') : takeMask();
  fields.done();
  return takeStored(tensors, key, { ...form, code, mask }, key, kind);
}

function takeCode(fields: Fields, field: 'code' | 'mask'): PlaceCode {
  const name = fields.text(field);
  return isPlaceCode(name) ? name : fields.fail(field, 'must be bitmask or deltas');
}

/**
 * A weight out of tensors called after `key`, the one of all its numbers `whole`. Nothing is allocated that is longer than the
 * tensors, or than what their places walk over.
 */
export function takeStored(
  tensors: FileTensors,
  key: string,
  form: Form,
  whole: string = key,
  { types, name: kind, hasBlocks }: Kind = NUMBERED,
): Stored {
  const { shape, coded, code = 'bitmask', mask: living = null, take = takeNumbers } = form;
  const name = coded ? `${key}.values` : whole;
  const { dtype } = tensors.get(name);
  const type = types[dtype];
  if (type === undefined) return tensors.fail(name, `there are no ${kind ? `${kind} ` : ''}weights of ${dtype}`);
  const n = size(tensors.format, shape);
  const places = hasBlocks || !(coded || living) ? null : tensors.takePlaces(key, code, n);
  const own = take({ ...form, tensors, key, name, dtype, n, units: shape.at(-1) ?? 1, places });
  const alive = living && (hasBlocks ? tensors.takePlaces(`${key}.mask`, living, n) : places!);
  return {
    shape,
    encoding: { type, ...own } as Encoding,
    mask: alive && scattered(new Uint8Array(alive.length).fill(1), alive, n),
  };
}

const takeNumbers = (taken: Taken): object => ({ values: takeValues(taken), ...takeScales(taken) });

export const takeValues = ({ tensors, name, dtype, coded, shape, places, n }: Taken): Weights =>
  coded
    ? scattered(tensors.takeHeld(name, dtype, places!.length), places!, n)
    : (tensors.take(name, dtype, shape) as Weights);

export const takeScales = ({ tensors, key, dtype, units }: Taken): object | false =>
  dtype === 'I8' && { scales: tensors.take(`${key}.scales`, 'F32', [units]) };
