import { describe, expect, test } from 'vitest';
import { WhittleError } from '../../src/base/errors.ts';
import { fromKeras } from '../../src/formats/index.ts';
import { validateNetwork } from '../../src/graph/encodings.ts';
import { mutants } from '../mutants.ts';
import { caseOf, shardsOf } from './keras-models.ts';
import { chooser, spoiled } from './spoiled.ts';

describe('spoiled models', () => {
  const names = [
    'dense',
    'a small image network',
    'models inside',
    'sum and join',
    'weights of uint8',
    'separable conv2d',
    'embedding',
    'a layer three times',
  ];
  const holds = (json: string | Uint8Array, shards: Map<string, Uint8Array>): boolean => {
    try {
      validateNetwork(fromKeras(json, shards).network);
      return true;
    } catch (error) {
      if (!(error instanceof WhittleError)) throw error;
      return false;
    }
  };

  test('with fields left out, replaced and added give a WhittleError or a network', () => {
    let refused = 0;
    let all = 0;
    for (const [i, name] of names.entries()) {
      const each = caseOf(name);
      const shards = shardsOf(each);
      for (const [j, { text }] of mutants(each.model).entries()) {
        if (j % 13 !== i % 13) continue;
        all++;
        if (!holds(text, shards)) refused++;
      }
    }
    expect(all).toBeGreaterThan(1400);
    expect(refused).toBeGreaterThan(all / 3);
  });

  test('with bytes changed give a WhittleError or a network', () => {
    let refused = 0;
    for (let seed = 0; seed < 1500; seed++) {
      const each = caseOf(names[chooser(seed)(names.length)]!);
      if (!holds(spoiled(new TextEncoder().encode(JSON.stringify(each.model)), seed), shardsOf(each))) refused++;
    }
    expect(refused).toBeGreaterThan(700);
  });
});
