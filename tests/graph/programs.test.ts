import { describe, expect, test } from 'vitest';
import { cpu } from '../../kernels/cpu/cpu.ts';
import { reference } from '../../kernels/reference/reference.ts';
import { wasm } from '../../kernels/wasm/wasm.ts';
import { compileNetwork } from '../../src/infer/program.ts';
import { decodeNetwork, encodeNetwork } from '../../src/io/network-file.ts';
import { Drawn, inputsFor, valuesByNode } from './random-networks.ts';

const tables = { reference, cpu, wasm: wasm() };

describe('a program of a random network', () => {
  test.each(Object.entries(tables))('overwrites no value that is still wanted, on %s', (_, kernels) => {
    for (let seed = 1; seed <= 200; seed++) {
      const network = new Drawn(seed, true).network();
      const samples = 1 + (seed % 4);
      const given = inputsFor(network, samples, seed);
      const apart = valuesByNode(network, given, samples, kernels);
      const program = compileNetwork(network, samples, kernels);
      for (let run = 0; run < 2; run++) {
        const outputs = program.run(given, samples);
        network.outputs.forEach((name, i) => {
          expect(outputs[i], `seed ${seed}: ${name}, run ${run}`).toEqual(apart.get(name));
        });
      }
      program.dispose();
    }
  });

  test('gives the same bits after a file', () => {
    for (let seed = 1; seed <= 100; seed++) {
      const network = new Drawn(seed, true).network();
      const bytes = encodeNetwork(network);
      const again = decodeNetwork(bytes).network;
      expect(again).toEqual(network);
      expect(encodeNetwork(again)).toEqual(bytes);
    }
  });
});
