import { type Sequential, tensor } from 'whittle-ml';
import type { Explanation } from './messages.ts';
import { Refusal } from './refusal.ts';
import { activated, hiddenOutputs, type Stage, stagesOf } from './stages.ts';

/** What a neuron computes of one sample, [1, features] as the network takes it. A normalization is multiplied into weights and bias. */
export function explainNeuron(
  model: Sequential,
  features: readonly string[],
  sample: Float32Array,
  layer: number,
  unit: number,
): Explanation {
  const stages = stagesOf(model);
  const stage = stages[layer];
  if (stage === undefined || !(Number.isInteger(unit) && unit >= 0 && unit < stage.units))
    throw new Refusal({ kind: 'no such neuron', layer, unit });
  const x = tensor(sample, { shape: [1, sample.length] });
  const values = layer === 0 ? sample : hiddenOutputs(stages, x)[layer - 1]!;
  const sums = sumsOf(stage, values);
  const terms = Array.from(values, (value, i) => ({
    from: layer === 0 ? features[i]! : `h${layer}.${i + 1}`,
    weight: stage.kernel[i * stage.units + unit]!,
    value,
  }));
  const outputs = activated(stage, tensor(Float32Array.from(sums), { shape: [1, stage.units] }));
  const { activation } = stage;
  return {
    layer,
    unit,
    activation,
    bias: stage.bias[unit]!,
    terms,
    sum: sums[unit]!,
    output: outputs.data[unit]!,
  };
}

/** x·kernel + bias of each unit: softmax looks at all of them. */
function sumsOf({ kernel, bias, units }: Stage, values: Float32Array): number[] {
  return Array.from(bias, (b, unit) => values.reduce((sum, value, i) => sum + value * kernel[i * units + unit]!, b));
}
