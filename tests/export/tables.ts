import {
  Dense,
  Embedding,
  Flatten,
  type Graph,
  quantize,
  Random,
  Sequential,
  type Stored,
  toNetwork,
} from '../../src/index.ts';
import { type Answer, answersOf } from './networks.ts';

/** A network with a table that C holds in another form than as it is. */
export interface Tabled {
  readonly name: string;
  readonly network: Graph<Stored>;
  readonly entries: number;
  readonly routine: string;
  /** Below which its constants are of those of the table as it is. */
  readonly share: number;
  readonly answers: readonly Answer[];
}

const UNITS = 5;
const random = new Random(4, 'tables');

function tabled(entries: number, number: (at: number) => number): Sequential {
  const model = new Sequential([new Embedding(entries, UNITS, { inputShape: [6] }), new Flatten(), new Dense(2)], {
    seed: 6,
  });
  const { data } = model.weights[0]!.value;
  data.forEach((_, i) => {
    data[i] = number(i);
  });
  return model;
}

const drawn = random.uniform([4000], -1, 1).data;
const real = (at: number): number => drawn[at]!;
const shared = (at: number): number => (Math.floor((real(at) + 1) * 8) - 7.5) / 7;

/** One a form, and the codes of each number of bits. */
export function* everyTable(): Generator<Tabled> {
  const made: readonly (readonly [string, number, Sequential, string, number, Parameters<typeof quantize>[1]?])[] = [
    ['16 numbers', 600, tabled(600, shared), 'gather_coded', 0.2],
    ['3 numbers', 600, tabled(600, (at) => at % 3), 'gather_coded', 0.15],
    ['one number', 600, tabled(600, () => 0.1), 'gather_coded', 0.1],
    ['100 numbers', 600, tabled(600, (at) => real(at % 100)), 'gather_coded', 0.35],
    ['many zeros', 700, tabled(700, (at) => (real((at * 7) % 3001) < 0.8 ? 0 : real(at))), 'gather_masked', 0.3],
    ['int8', 600, tabled(600, real), 'gather_levels', 0.4, { format: 'int8' }],
    ['int4', 600, tabled(600, real), 'gather_levels', 0.3, { format: { type: 'int4', group: 64 } }],
    ['halves', 600, tabled(600, real), 'gather_float16', 0.6, { format: 'float16' }],
    ['upper halves', 600, tabled(600, real), 'gather_bfloat16', 0.6, { format: 'bfloat16' }],
  ];
  for (const [name, entries, model, routine, share, options] of made) {
    const network = options === undefined ? toNetwork(model) : quantize(model, options);
    yield { name, network, entries, routine, share, answers: answersOf(network, entries) };
  }
}
