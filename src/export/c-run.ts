import { CALLS, type CallSite } from './c-calls.ts';
import type { CListing, CPort } from './c-inputs.ts';
import { areDirect } from './c-kinds.ts';
import type { Layer } from './c-layer.ts';
import { layersOf, windowedOf } from './c-layers.ts';
import { roomsOf } from './c-product-routines.ts';
import { type ProductsText, productsText } from './c-products.ts';
import type { RoutineName } from './c-routine.ts';
import { commented, constant, identifier } from './c-text.ts';
import { type Call, isReference, type Numbers } from './listing.ts';
import { type Life, type Memory, memoryOf, type Scratch } from './memory.ts';
import type { Product } from './product.ts';
import type { Numbers as Stored } from './storage.ts';

/** An input or output as C has it. */
export interface PortText {
  /** Of the parameter. */
  readonly name: string;
  /** Of the value. */
  readonly title: string;
  readonly type: CPort['type'];
  /** What int8 stands for; null for other types. */
  readonly format: { readonly scale: number; readonly zeroPoint: number } | null;
  readonly shape: readonly number[];
  readonly size: number;
}

const ports = (all: readonly CPort[], what: string): PortText[] =>
  all.map((port, i) => ({
    ...{ name: all.length === 1 ? what : `${what}_${i + 1}`, title: port.name },
    ...{ type: port.type, shape: port.shape, size: port.size },
    format: port.type === 'int8' ? { scale: port.scale, zeroPoint: port.zeroPoint } : null,
  }));

/** What C calls numbers of inputs and outputs. */
export const portType = ({ type }: Pick<PortText, 'type'>): string => (type === 'float32' ? 'float' : `${type}_t`);

type Room = Scratch & { readonly of: 'row' | 'numbers' };

/** The calls of a listing as lines of C, and what they need to stand before them. */
export class RunText {
  readonly inputs: readonly PortText[];
  readonly outputs: readonly PortText[];
  readonly lines: string[] = [];
  /** Constants, and rooms that are no part of the memory. */
  readonly declarations: string[] = [];
  readonly routines: Set<RoutineName> = new Set();
  readonly products: ProductsText;
  readonly memory: Memory & { readonly scratch: readonly Life[] };
  /** Of rooms that are no part of the memory. */
  apartBytes = 0;
  /** The largest number that a structure holds. */
  readonly mostOf: number;
  private readonly layers: ReadonlyMap<number, Layer>;
  private readonly rooms: readonly Room[];
  private readonly names = new Map<Life, string>();
  private readonly constants = new Map<Numbers | Stored, string>();
  private readonly taken = new Map<string, number>();

  private readonly listing: CListing;
  private readonly isSmall: boolean;

  constructor(listing: CListing, isSmall: boolean) {
    this.listing = listing;
    this.isSmall = isSmall;
    this.inputs = ports(listing.inputs, 'input');
    this.outputs = ports(listing.outputs, 'output');
    const calls = [...listing.calls.entries()].filter(([, { kernel }]) => kernel === 'product');
    const own = calls.map(([, { args }]) => args[0] as Product);
    const layers = layersOf(
      own.map((product, i) => [`layer_${identifier(product.name)}_${i + 1}`, product] as const), // a number last: no name of its arrays meets another
      isSmall,
    );
    this.layers = new Map(calls.map(([i], at) => [i, layers[at]!]));
    this.rooms = [...this.layers].flatMap(([call, layer]) => this.roomsFor(call, layer));
    this.memory = memoryOf(listing, this.rooms);
    this.products = productsText(layers, isSmall);
    for (const routine of this.products.needs) this.routines.add(routine);
    const pools = listing.calls.flatMap(({ args: [window] }) => Object.values((window ?? {}) as object));
    this.mostOf = Math.max(
      0,
      ...layers.flatMap(({ terms, units, storage, product: { extent } }) => [
        ...[terms, units, storage.length],
        ...(Object.values(windowedOf(extent)) as number[]),
      ]),
      ...pools.filter((x): x is number => typeof x === 'number'),
    );
    if (this.inputs.some(({ format }) => format !== null)) this.routines.add('quantized'); // for the self-test
    this.open();
    for (const [i, call] of listing.calls.entries()) this.take(i, call);
    this.close();
  }

  private isDirect(of: Layer): boolean {
    const alike = (layer: Layer): boolean => (layer.as === 'integers') === (of.as === 'integers');
    return areDirect([...this.layers.values()].filter(alike));
  }

  /** Room for the row of a kernel, and for what it is made of. */
  private roomsFor(call: number, layer: Layer): Room[] {
    if (this.isDirect(layer)) return [];
    const { as, terms, type } = layer;
    if (as === 'integers') return [{ call, type: 'int8', length: terms, of: 'row' }];
    const row: Room = { call, type: 'float32', length: terms, of: 'row' };
    return as === 'levels' && type === 'int8_t' ? [row, { call, type: 'int8', length: terms, of: 'numbers' }] : [row];
  }

  private unique(name: string): string {
    const before = this.taken.get(name) ?? 0;
    this.taken.set(name, before + 1);
    return before === 0 ? name : this.unique(`${name}_${before + 1}`);
  }

  /** Names memory, and copies inputs that calls write. */
  private open(): void {
    const { inputs, outputs, lives, scratch } = this.memory;
    for (const [i, life] of inputs.entries()) if (life.offset === null) this.names.set(life, this.inputs[i]!.name);
    for (const [i, life] of outputs.entries())
      if (!this.names.has(life) && !inputs.includes(life)) this.names.set(life, this.outputs[i]!.name);
    const isReal = this.isRealMemory;
    for (const life of [...lives, ...scratch]) {
      if (this.names.has(life)) continue;
      const name = this.unique('v');
      this.names.set(life, name);
      if (life.type === 'int32') this.lines.push(`int32_t ${name}[${life.length}];`);
      else if (life.type === 'float32') this.lines.push(`float *const ${name} = memory + ${life.offset! / 4};`);
      else this.lines.push(`int8_t *const ${name} = ${isReal ? '(int8_t *)' : ''}memory + ${life.offset};`);
    }
    for (const [i, life] of inputs.entries())
      if (life.offset !== null)
        this.lines.push(
          `memcpy(${this.names.get(life)}, ${this.inputs[i]!.name}, ${life.length} * sizeof(${portType(life)}));`,
        );
  }

  /** Whether real numbers lie in the memory, with which it is aligned. */
  get isRealMemory(): boolean {
    const { lives, scratch } = this.memory;
    return [...lives, ...scratch].some(({ type, offset }) => type === 'float32' && offset !== null);
  }

  private close(): void {
    for (const [i, life] of this.memory.outputs.entries()) {
      const { name, size } = this.outputs[i]!;
      if (this.names.get(life) === name) continue;
      this.lines.push(`memcpy(${name}, ${this.names.get(life)}, ${size} * sizeof(${portType(this.outputs[i]!)}));`);
    }
  }

  private take(i: number, { kernel, args }: Call): void {
    const arrayOf = (argument: number): Numbers | null => {
      const arg = args[argument];
      return isReference(arg) && arg.in === 'constants' ? this.listing.constants[arg.at]! : null;
    };
    const place = (argument: number): string => this.names.get(this.memory.lifeOf(i, argument)) ?? '0';
    if (kernel === 'product') {
      this.lines.push(this.productText(i, place));
      return;
    }
    const site: CallSite = {
      args,
      place,
      array: arrayOf,
      held: (argument) => this.listing.held.get(arrayOf(argument)!) ?? null,
      isSmall: this.isSmall,
      use: (routine) => {
        this.routines.add(routine);
        return routine;
      },
      constant: (numbers) => this.constantText(numbers),
      declare: (name, text) => {
        const own = this.unique(name === 'window' ? 'window_1' : name);
        this.declarations.push(text(own));
        return own;
      },
    };
    this.lines.push(CALLS[kernel](site));
  }

  private constantText(numbers: Numbers | Stored): string {
    const known = this.constants.get(numbers);
    if (known !== undefined) return known;
    const name = this.unique('numbers_1');
    this.constants.set(numbers, name);
    this.declarations.push(constant(name, numbers));
    return name;
  }

  private productText(call: number, place: (argument: number) => string): string {
    const layer = this.layers.get(call)!;
    const { product, name } = layer;
    const room = (of: Room['of'], type: Room['type']): string => {
      const at = this.rooms.findIndex((each) => each.call === call && each.of === of && each.type === type);
      return at < 0 ? '0' : this.names.get(this.memory.scratch[at]!)!;
    };
    const all = [...this.layers.values()];
    const rows = all.filter(({ as }) => as !== 'integers');
    const hasDynamic = all.some(({ product: { finish } }) => finish.kind === 'dynamic');
    const comment = `/* ${commented(product.name)} */ `;
    if (layer.as === 'integers') {
      const sample = product.finish.kind === 'dynamic' ? [place(2), place(3)] : ['0', '0'];
      const row = this.isDirect(layer) ? [] : [room('row', 'int8')];
      const args = [`&${name}`, place(1), ...(hasDynamic ? sample : []), ...row, place(4)];
      return `${comment}integer_layer(${args.join(', ')});`;
    }
    const rooms = roomsOf(rows).map((type) => {
      if (type === 'float') return room('row', 'float32');
      if (type === 'int8_t') return room('numbers', 'int8');
      return this.apart(type, layer, rows);
    });
    return `${comment}real_layer(${[`&${name}`, place(1), ...rooms, place(4)].join(', ')});`;
  }

  /** Numbers of 16 bits have an array of their own: memory is of float, which only bytes may share. */
  private apart(type: string, layer: Layer, rows: readonly Layer[]): string {
    if (layer.type !== type) return '0';
    const name = `${identifier(type)}_numbers`;
    if (this.taken.get(name) === undefined) {
      this.unique(name);
      const most = rows.reduce((max, each) => (each.type === type ? Math.max(max, each.terms) : max), 1);
      this.declarations.push(`static ${type} ${name}[${most}];`);
      this.apartBytes += 2 * most;
    }
    return name;
  }
}
