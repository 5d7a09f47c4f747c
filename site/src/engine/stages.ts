import {
  Activation,
  BatchNorm,
  Dense,
  dense,
  elu,
  gelu,
  leakyRelu,
  noGrad,
  relu,
  type Sequential,
  sigmoid,
  silu,
  softmax,
  step,
  type Tensor,
  tanh,
  tensor,
} from 'whittle-ml';

type Named = 'linear' | 'relu' | 'leakyRelu' | 'elu' | 'gelu' | 'tanh' | 'sigmoid' | 'silu' | 'softmax';

/** What the networks here end their layers with. */
const APPLIED: { readonly [A in Named]: (x: Tensor, alpha?: number) => Tensor } = {
  linear: (x) => x,
  relu,
  leakyRelu,
  elu,
  gelu,
  tanh,
  sigmoid,
  silu,
  softmax: (x) => softmax(x),
};

/** A layer with weights, and what follows before the next: activation(x·kernel + bias), a normalization multiplied into both. */
export interface Stage {
  readonly name: string;
  readonly inputs: number;
  readonly units: number;
  readonly activation: Named;
  readonly alpha: number | undefined;
  /** [inputs, units]. */
  readonly kernel: Float32Array;
  readonly bias: Float32Array;
}

/** The layers of a network of `networkOf` as they answer, without dropout. */
export function stagesOf(model: Sequential): Stage[] {
  const stages: Stage[] = [];
  for (const layer of model.layers) {
    const last = stages.at(-1);
    if (layer instanceof Dense) {
      const { name, units, kernel, bias, activation } = layer;
      stages.push({
        name,
        inputs: kernel.shape[0]!,
        units,
        activation: activation.name as Named,
        alpha: activation.alpha,
        kernel: Float32Array.from(kernel.data),
        bias: bias === null ? new Float32Array(units) : Float32Array.from(bias.data),
      });
    } else if (layer instanceof BatchNorm && last !== undefined) stages[stages.length - 1] = normalized(last, layer);
    else if (layer instanceof Activation && last !== undefined)
      stages[stages.length - 1] = {
        ...last,
        activation: layer.activation.name as Named,
        alpha: layer.activation.alpha,
      };
  }
  return stages;
}

function normalized(stage: Stage, layer: BatchNorm): Stage {
  const [mean, variance, gamma, beta] = ['mean', 'variance', 'gamma', 'beta'].map(
    (role) => layer.parameter(role).value.data,
  ) as [Float32Array, Float32Array, Float32Array, Float32Array];
  const { units } = stage;
  const factor = Float64Array.from(variance, (v, j) => gamma[j]! / Math.sqrt(v + layer.epsilon));
  return {
    ...stage,
    kernel: stage.kernel.map((w, i) => w * factor[i % units]!),
    bias: stage.bias.map((b, j) => (b - mean[j]!) * factor[j]! + beta[j]!),
  };
}

export const activated = ({ activation, alpha }: Stage, x: Tensor): Tensor =>
  alpha === undefined ? APPLIED[activation](x) : APPLIED[activation](x, alpha);

/** What each hidden layer gives for x [samples, features]: [samples, units] each. */
export function hiddenOutputs(stages: readonly Stage[], x: Tensor): Float32Array[] {
  return step(() =>
    noGrad(() => {
      let value = x;
      return stages.slice(0, -1).map((stage) => {
        const { inputs, units, kernel, bias } = stage;
        value = activated(stage, dense(value, tensor(kernel, { shape: [inputs, units] }), tensor(bias)));
        return Float32Array.from(value.data);
      });
    }),
  );
}
