import { StateError } from '../base/errors.ts';
import { type Argument, type Call, isReference, type ListedPort, type Listing, WRITES } from './listing.ts';

/** A listing whose inputs may be int8 already, in the format that the network would make of them. */
export interface CListing extends Omit<Listing, 'inputs'> {
  readonly inputs: readonly CPort[];
}

export type CPort = Omit<ListedPort, 'type'> &
  (
    | { readonly type: 'float32' | 'int32' }
    | { readonly type: 'int8'; readonly scale: number; readonly zeroPoint: number }
  );

/** Calls, by their numbers, that read or write what is in a place after a call, until others numbers are written there. */
function usesOf(calls: readonly Call[], place: number, after: number): number[] {
  const uses: number[] = [];
  for (const [i, { kernel, args }] of calls.entries()) {
    if (i <= after) continue;
    const own = [...args.keys()].filter((arg) => isAt(args[arg], place));
    if (own.length === 0) continue;
    if (own.every((arg) => WRITES[kernel].includes(arg))) break;
    uses.push(i);
  }
  return uses;
}

const isAt = (arg: Argument, place: number): boolean => isReference(arg) && arg.in === 'places' && arg.at === place;

/**
 * The listing without the calls that make int8 of its inputs: they have places of their own, of int8, and come as such. Inputs of
 * tables stay. Throws StateError, which names the input, where one is read as real numbers.
 */
export function withInt8Inputs(listing: Listing): CListing {
  const places = [...listing.places];
  const calls: (Call | null)[] = [...listing.calls];
  const inputs = listing.inputs.map((port): CPort => {
    if (port.type === 'int32') return { ...port, type: port.type };
    const [first, ...others] = usesOf(listing.calls, port.place, -1);
    const call = first === undefined ? null : listing.calls[first]!;
    if (call?.kernel !== 'quantize' || others.length > 0)
      throw new StateError(
        'toC',
        `input "${port.name}" is not read as int8 alone, so that it cannot be given as such. Quantize the network with calibration, or take inputs: 'real'`,
      );
    const [, , scale, zeroPoint, y] = call.args as [number, object, number, number, { readonly at: number }];
    const place = places.push({ type: 'int8', length: port.size }) - 1;
    calls[first!] = null;
    for (const i of usesOf(listing.calls, y.at, first!)) {
      const { kernel, args } = calls[i]!;
      calls[i] = { kernel, args: args.map((arg) => (isAt(arg, y.at) ? { in: 'places' as const, at: place } : arg)) };
    }
    return { ...port, type: 'int8', place, scale: Math.fround(scale), zeroPoint };
  });
  return { ...listing, inputs, places, calls: calls.filter((call) => call !== null) };
}
