import { expect, test } from 'vitest';
import { toC, toModule } from '../../src/export/index.ts';
import { Dense, encodeNetwork, Sequential, toNetwork, ValueError } from '../../src/index.ts';

const model = new Sequential([new Dense(1, { inputShape: [2] })]);
const network = toNetwork(model);

const WRONG: readonly (readonly [what: string, given: unknown, got: string])[] = [
  ['a model', model, 'a network, as toNetwork(model) makes one, got an object of Sequential'],
  ['nothing', undefined, 'a network, as toNetwork(model) makes one, got undefined'],
  ['a promise', Promise.resolve(network), 'a network, as toNetwork(model) makes one, got an object of Promise'],
  ['a list of networks', [network], 'a network, as toNetwork(model) makes one, got [an object of Network]'],
  ['a file', encodeNetwork(network), 'a network: give decodeNetwork(file).network, got "bytes"'],
  ['what JSON leaves of a network', JSON.parse(JSON.stringify(network)), 'weights must be a Map, got {}'],
];

for (const ask of [toC, toModule])
  test.each(WRONG)(`${ask.name} refuses in one sentence: %s`, (_, given, got) => {
    expect(() => ask(given as never)).toThrow(ValueError);
    expect(() => ask(given as never)).toThrow(new RegExp(`^${ask.name}: the network\\b`));
    expect(() => ask(given as never)).toThrow(got);
  });
