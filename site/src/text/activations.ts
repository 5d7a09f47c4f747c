/** Activations as one writes them; their names in the library are in lower case. */
const NAMES: Readonly<Record<string, string>> = {
  relu: 'ReLU',
  leakyRelu: 'leaky ReLU',
  elu: 'ELU',
  gelu: 'GELU',
  silu: 'SiLU',
};

export const activationName = (name: string): string => NAMES[name] ?? name;
