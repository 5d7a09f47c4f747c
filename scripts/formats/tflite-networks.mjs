// Networks that are trained and quantized here, for files of them.
import {
  Add,
  AvgPool2D,
  Conv2D,
  Dense,
  DepthwiseConv2D,
  Flatten,
  GlobalAvgPool2D,
  MaxPool2D,
  Model,
  Random,
  Sequential,
  setBackend,
  tensor,
  toNetwork,
} from '../../dist/src/index.js';
import { quantize } from '../../dist/src/quantize/index.js';

export async function madeNetworks() {
  return [];
}
