import type { Stored } from '../graph/encoding.ts';
import { INT8_ENCODINGS } from '../graph/encoding-facts.ts';
import type { Graph } from '../graph/graph.ts';
import { type NetworkFile, type Reader, readNetwork } from './read-network.ts';

const READER: Reader<Graph<Stored>> = {
  format: 'int8 network file',
  readVersion1: null,
  kinds: {},
  takeCoded: null,
  encodings: INT8_ENCODINGS,
  made: (graph) => graph,
};

/**
 * `decodeNetwork` for what `compileQuantized` runs, a network all in int8: the same network from fewer bytes of code, but
 * plain data that does not print itself. Throws FormatError for a file of version 1, and for coded and sparse weights, levels and
 * fixed point; ValueError for halves.
 *
 * @example
 * const { network } = decodeQuantized(encodeNetwork(quantize(model, { calibration: x })));
 * const program = compileQuantized(network, 1, quantizedCpu);
 * program.run(Float32Array.of(-5, -5, -5, -5)).map(Math.round); // Float32Array(2) [ 1, 0 ]
 */
export const decodeQuantized = (file: Uint8Array): NetworkFile<Graph<Stored>> => readNetwork(file, READER);
