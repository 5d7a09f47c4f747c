import type { SlotType } from '../infer/site.ts';
import {
  type Argument,
  type Call,
  isReference,
  type ListedKernel,
  type ListedPort,
  type Listing,
  WRITES,
} from './listing.ts';
import type { Extent, Product } from './product.ts';

/**
 * Memory by how long numbers live: what a call makes lies where nothing else is that is read later. Bytes of one array, whatever
 * their type.
 */
export interface Memory {
  readonly lives: readonly Life[];
  /** The life that an argument of a call is, by the numbers of both. */
  readonly lifeOf: (call: number, argument: number) => Life;
  readonly inputs: readonly Life[];
  readonly outputs: readonly Life[];
  /** Of the array. */
  readonly bytes: number;
}

/** Numbers from the call that makes them to the last that reads them. */
export interface Life {
  readonly type: SlotType;
  length: number;
  /** -1 for what is there before the first call. */
  readonly first: number;
  last: number;
  /** Whether a call writes it. */
  isWritten: boolean;
  /** Place in the array; null for what lies elsewhere: int32, inputs that are only read, and outputs. */
  offset: number | null;
}

/** Room that a call needs while it runs. */
export interface Scratch {
  readonly call: number;
  readonly type: 'float32' | 'int8';
  readonly length: number;
}

const BYTES: { readonly [T in SlotType]: number } = { float32: 4, int32: 4, int8: 1 };

type Sizes = (args: readonly Argument[]) => readonly number[];

const first: Sizes = ([n]) => [n as number];
const matrix: Sizes = ([rows, n]) => [(rows as number) * (n as number)];
const reduced: Sizes = ([outer, , inner]) => [(outer as number) * (inner as number)];
const pooled: Sizes = ([window, channels]) => {
  const { outHeight, outWidth } = window as { readonly outHeight: number; readonly outWidth: number };
  return [outHeight * outWidth * (channels as number)];
};

/** How many numbers a product gives. */
const RESULTS: { readonly [K in Extent['kind']]: (extent: Extract<Extent, { kind: K }>) => number } = {
  dense: ({ rows, units }) => rows * units,
  conv: ({ windows: { outHeight, outWidth, units } }) => outHeight * outWidth * units,
  transposed: ({ windows: { height, width, channels } }) => height * width * channels,
};

/** One row a kernel: how many numbers lie before the end of what it writes, for each parameter that it does. */
const SIZES: { readonly [K in ListedKernel]: Sizes } = {
  product: ([product]) => {
    const { extent } = product as Product;
    return [(RESULTS[extent.kind] as (extent: Extent) => number)(extent)];
  },
  quantize: first,
  dequantize: first,
  quantizeRows: ([rows, cols]) => [rows as number, rows as number, (rows as number) * (cols as number)],
  lookUp: first,
  addInt8: first,
  addInt8Whole: first,
  addInt8Shifted: first,
  maxPoolInt8: pooled,
  avgPoolInt8: pooled,
  avgPoolInt8Whole: pooled,
  maxPool: pooled,
  avgPool: pooled,
  max: reduced,
  sum: reduced,
  add: matrix,
  mul: matrix,
  batchNorm: matrix,
  standardize: matrix,
  gather: ([outer, , inner, count]) => [(outer as number) * (inner as number) * (count as number)],
  stridedCopy([shape, , , , , offset, strides]) {
    const apart = strides as readonly number[];
    return [(shape as readonly number[]).reduce((at, n, axis) => at + (n - 1) * apart[axis]!, offset as number) + 1];
  },
  fill: first,
  softmax: matrix,
  logSoftmax: matrix,
  relu: first,
  relu6: first,
  leakyRelu: first,
  elu: first,
  gelu: first,
  geluTanh: first,
  sigmoid: first,
  tanh: first,
  softplus: first,
  silu: first,
  hardSwish: first,
  exp: first,
};

type Port = Pick<ListedPort, 'place' | 'size'>;

/** What has memory. */
interface Planned extends Pick<Listing, 'places' | 'calls'> {
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
}

/** What lives in a listing, without a place for it. */
class Lives {
  readonly all: Life[] = [];
  readonly arguments = new Map<string, Life>();
  private readonly current: (Life | undefined)[] = [];
  /** Of places that were read since they were written: what is written there next is other numbers. */
  private readonly wasRead = new Set<number>();

  private readonly listing: Planned;

  constructor(listing: Planned) {
    this.listing = listing;
    for (const { place, size } of listing.inputs) {
      this.start(place, -1).length = size;
      this.wasRead.add(place);
    }
  }

  start(place: number, call: number): Life {
    const { type } = this.listing.places[place]!;
    const life: Life = { type, length: 0, first: call, last: call, isWritten: call >= 0, offset: null };
    this.current[place] = life;
    this.all.push(life);
    return life;
  }

  at = (place: number): Life => this.current[place]!;

  /** Parts of a value are written one after the other, and nobody reads it before all of them are there. */
  take({ kernel, args }: Call, call: number): void {
    const written = new Map(WRITES[kernel].map((arg, i) => [arg, SIZES[kernel](args)[i]!]));
    const places = args.map((arg) => (isReference(arg) && arg.in === 'places' ? arg.at : null));
    const read = places.filter((place, arg) => place !== null && !written.has(arg));
    for (const [arg, place] of places.entries()) {
      if (place === null) continue;
      const isNew = written.has(arg) && !read.includes(place);
      if (this.at(place) === undefined || (isNew && this.wasRead.has(place))) this.start(place, call);
      const life = this.at(place);
      life.last = call;
      life.length = Math.max(life.length, written.get(arg) ?? 0);
      if (written.has(arg)) life.isWritten = true;
      this.arguments.set(`${call} ${arg}`, life);
    }
    for (const place of read) this.wasRead.add(place!);
    for (const arg of written.keys()) this.wasRead.delete(places[arg]!);
  }
}

/** Plans the memory of a listing, with room for `scratch` while its calls run. */
export function memoryOf(
  listing: Planned,
  scratch: readonly Scratch[],
): Memory & { readonly scratch: readonly Life[] } {
  const lives = new Lives(listing);
  const inputs = listing.inputs.map(({ place }) => lives.at(place));
  for (const [i, call] of listing.calls.entries()) lives.take(call, i);
  const outputs = listing.outputs.map(({ place }) => lives.at(place));
  for (const life of outputs) life.last = listing.calls.length;
  const rooms = scratch.map(
    ({ call, type, length }): Life => ({ type, length, first: call, last: call, isWritten: true, offset: null }),
  );
  const own = lives.all.filter(
    (life) => life.type !== 'int32' && (inputs.includes(life) ? life.isWritten : !outputs.includes(life)),
  );
  return {
    lives: lives.all,
    lifeOf: (call, argument) => lives.arguments.get(`${call} ${argument}`)!,
    inputs,
    outputs,
    scratch: rooms,
    bytes: placed([...own, ...rooms]),
  };
}

const bytesOf = ({ type, length }: Life): number => BYTES[type] * length;

/** The largest first, each at the lowest place that is free while it lives (Pisarchyk & Lee 2020, "greedy by size"). */
function placed(lives: readonly Life[]): number {
  const done: Life[] = [];
  let end = 0;
  for (const life of [...lives].sort((a, b) => bytesOf(b) - bytesOf(a) || a.first - b.first)) {
    const around = done.filter((other) => other.first <= life.last && life.first <= other.last);
    around.sort((a, b) => a.offset! - b.offset!);
    const width = BYTES[life.type];
    let at = 0;
    for (const other of around) {
      if (at + bytesOf(life) <= other.offset!) break;
      at = Math.max(at, Math.ceil((other.offset! + bytesOf(other)) / width) * width);
    }
    life.offset = at;
    end = Math.max(end, at + bytesOf(life));
    done.push(life);
  }
  return end;
}
