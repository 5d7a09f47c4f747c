export { ACTIVATIONS, type ActivationName, type ActivationSpec } from '../graph/activation.ts';
export type { Value } from '../graph/check.ts';
export { type Cost, type NetworkCost, type NodeCost, networkCost } from '../graph/cost.ts';
export type { Encoding, EncodingName, EncodingOf, Encodings, Stored } from '../graph/encoding.ts';
export { validateNetwork } from '../graph/encodings.ts';
export type { Attributes, Graph, Input, Node, NodeOf, Op, QuantizationParams } from '../graph/graph.ts';
export type { Network } from '../graph/network.ts';
export { compileNetwork, type Program, type ProgramInput } from './program.ts';
export { compileQuantized } from './quantized.ts';
