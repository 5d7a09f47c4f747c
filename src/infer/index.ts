export { type Cost, type LayerCost, type NetworkCost, networkCost } from './cost.ts';
export {
  ACTIVATIONS,
  type ActivationLayer,
  type ActivationName,
  type ActivationSpec,
  type DenseLayer,
  type DropoutLayer,
  type FlattenLayer,
  type Network,
  type NetworkLayer,
  type QuantizationParams,
  type QuantizedDenseLayer,
} from './network.ts';
export { compileNetwork, type Program } from './program.ts';
export { networkOutputShape, networkShapes, validateNetwork } from './validate.ts';
