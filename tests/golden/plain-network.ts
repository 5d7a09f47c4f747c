/**
 * A multi-layer perceptron with its gradient and Adam, written out in loops over numbers: nothing here comes from the
 * library. Hidden layers are ReLU; the output is linear with mse, or softmax with cross-entropy.
 */
export interface PlainOptions {
  readonly sizes: readonly number[];
  readonly loss: 'mse' | 'crossentropy';
  readonly rate: number;
  /** λ₁Σ|w| + λ₂Σw² of every kernel, every bias, and of the first hidden layer's output over the batch size. */
  readonly kernel?: readonly [l1: number, l2: number];
  readonly bias?: readonly [l1: number, l2: number];
  readonly activity?: readonly [l1: number, l2: number];
}

type Matrix = number[][];
const matrix = (rows: number, cols: number, f: (i: number, j: number) => number): Matrix =>
  Array.from({ length: rows }, (_, i) => Array.from({ length: cols }, (_, j) => f(i, j)));
const sum = (n: number, f: (i: number) => number): number => {
  let total = 0;
  for (let i = 0; i < n; i++) total += f(i);
  return total;
};
const none = [0, 0] as const;

/** Kingma & Ba 2015, section 2's last paragraph, on numbers that it moves in place. */
export class PlainAdam {
  private readonly parameters: readonly number[][];
  private readonly rate: number;
  private readonly m: number[][];
  private readonly v: number[][];
  private t = 0;

  constructor(parameters: readonly number[][], rate: number) {
    this.parameters = parameters;
    this.rate = rate;
    this.m = parameters.map((p) => p.map(() => 0));
    this.v = parameters.map((p) => p.map(() => 0));
  }

  apply(gradients: readonly (readonly number[])[]): void {
    this.t++;
    const rate = (this.rate * Math.sqrt(1 - 0.999 ** this.t)) / (1 - 0.9 ** this.t);
    this.parameters.forEach((p, i) => {
      const [m, v] = [this.m[i]!, this.v[i]!];
      gradients[i]!.forEach((g, j) => {
        m[j] = 0.9 * m[j]! + 0.1 * g;
        v[j] = 0.999 * v[j]! + 0.001 * g * g;
        p[j]! -= (rate * m[j]!) / (Math.sqrt(v[j]!) + 1e-7);
      });
    });
  }
}

export class PlainNetwork {
  private readonly options: PlainOptions;
  /** Kernel and bias of each layer, flat. */
  readonly parameters: number[][];
  private readonly adam: PlainAdam;

  constructor(options: PlainOptions, parameters: readonly (readonly number[])[]) {
    this.options = options;
    this.parameters = parameters.map((p) => [...p]);
    this.adam = new PlainAdam(this.parameters, options.rate);
  }

  /** One step on a batch; returns the loss before it. `drop` multiplies the first hidden layer's output. */
  step(x: Matrix, y: Matrix, drop?: Matrix): number {
    const { sizes, loss, kernel = none, bias = none, activity = none } = this.options;
    const [layers, n] = [sizes.length - 1, x.length];
    const inputs: Matrix[] = [x];
    const outputs: Matrix[] = [];
    let total = 0;
    for (let l = 0; l < layers; l++) {
      const [w, b, from, k] = [this.parameters[2 * l]!, this.parameters[2 * l + 1]!, inputs[l]!, sizes[l + 1]!];
      const z = matrix(n, k, (r, j) => b[j]! + sum(sizes[l]!, (i) => from[r]![i]! * w[i * k + j]!));
      if (l === layers - 1) outputs.push(z);
      else {
        const a = matrix(n, k, (r, j) => Math.max(0, z[r]![j]!));
        outputs.push(a);
        inputs.push(l === 0 && drop !== undefined ? matrix(n, k, (r, j) => a[r]![j]! * drop[r]![j]!) : a);
      }
    }
    const last = outputs.at(-1)!;
    const k = sizes.at(-1)!;
    let delta: Matrix;
    if (loss === 'mse') {
      total += sum(n, (r) => sum(k, (j) => (last[r]![j]! - y[r]![j]!) ** 2)) / (n * k);
      delta = matrix(n, k, (r, j) => (2 * (last[r]![j]! - y[r]![j]!)) / (n * k));
    } else {
      const p = last.map((z) => {
        const top = Math.max(...z);
        const e = z.map((value) => Math.exp(value - top));
        return e.map((value) => value / e.reduce((a, b) => a + b, 0));
      });
      total -= sum(n, (r) => sum(k, (j) => y[r]![j]! * Math.log(p[r]![j]!))) / n;
      delta = matrix(n, k, (r, j) => (p[r]![j]! - y[r]![j]!) / n);
    }
    const gradients: number[][] = [];
    for (let l = layers - 1; l >= 0; l--) {
      const [w, from, to] = [this.parameters[2 * l]!, inputs[l]!, sizes[l + 1]!];
      const dw = w.map((_, at) => sum(n, (r) => from[r]![Math.floor(at / to)]! * delta[r]![at % to]!));
      const db = Array.from({ length: to }, (_, j) => sum(n, (r) => delta[r]![j]!));
      gradients.unshift(dw, db);
      if (l === 0) break;
      const [back, out] = [delta, outputs[l - 1]!];
      delta = matrix(n, sizes[l]!, (r, i) => {
        let g = sum(to, (j) => back[r]![j]! * w[i * to + j]!);
        if (l === 1 && drop !== undefined) g *= drop[r]![i]!;
        if (l === 1) g += (activity[0] * Math.sign(out[r]![i]!) + 2 * activity[1] * out[r]![i]!) / n;
        return out[r]![i]! > 0 ? g : 0;
      });
    }
    const penalty = (values: readonly number[], [l1, l2]: readonly [number, number]): number =>
      l1 * values.reduce((a, v) => a + Math.abs(v), 0) + l2 * values.reduce((a, v) => a + v * v, 0);
    total += penalty(outputs[0]!.flat(), activity) / n;
    this.parameters.forEach((p, i) => {
      const rule = i % 2 === 0 ? kernel : bias;
      total += penalty(p, rule);
      p.forEach((w, j) => {
        gradients[i]![j]! += rule[0] * Math.sign(w) + 2 * rule[1] * w;
      });
    });
    this.adam.apply(gradients);
    return total;
  }
}
