/**
 * Layers of a convolutional network with their gradients, written out in loops over flat lists of numbers: nothing here
 * comes from the library. Images are [batch, height, width, channels].
 */
export interface PlainLayer {
  /** What training moves. */
  readonly parameters: number[][];
  forward(x: readonly number[]): number[];
  /** From the gradient of the last result to that of its input; the gradients of the parameters are left in `gradients`. */
  backward(g: readonly number[]): number[];
  gradients: number[][];
}

const zeros = (n: number): number[] => Array<number>(n).fill(0);

export interface PlainConvolution {
  readonly batch: number;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly units: number;
  readonly groups: number;
  readonly taps: number;
  readonly stride: number;
  /** Zeros above and left. */
  readonly before: number;
  readonly outHeight: number;
  readonly outWidth: number;
}

/** Calls `visit` with the places of the input, of the weight and of the output of every product inside the image. */
function eachProduct(s: PlainConvolution, visit: (x: number, w: number, y: number) => void): void {
  const perGroup = s.channels / s.groups;
  for (let n = 0; n < s.batch; n++)
    for (let oy = 0; oy < s.outHeight; oy++)
      for (let ox = 0; ox < s.outWidth; ox++)
        for (let ky = 0; ky < s.taps; ky++)
          for (let kx = 0; kx < s.taps; kx++) {
            const iy = oy * s.stride + ky - s.before;
            const ix = ox * s.stride + kx - s.before;
            if (iy < 0 || ix < 0 || iy >= s.height || ix >= s.width) continue;
            for (let u = 0; u < s.units; u++) {
              const first = Math.floor(u / (s.units / s.groups)) * perGroup;
              for (let c = 0; c < perGroup; c++)
                visit(
                  ((n * s.height + iy) * s.width + ix) * s.channels + first + c,
                  ((ky * s.taps + kx) * perGroup + c) * s.units + u,
                  ((n * s.outHeight + oy) * s.outWidth + ox) * s.units + u,
                );
            }
          }
}

export function plainConvolution(s: PlainConvolution, kernel: readonly number[], bias: readonly number[]): PlainLayer {
  let input: readonly number[] = [];
  const [w, b] = [[...kernel], [...bias]];
  return {
    parameters: [w, b],
    gradients: [],
    forward(x) {
      input = x;
      const y = Array.from({ length: s.batch * s.outHeight * s.outWidth * s.units }, (_, i) => b[i % s.units]!);
      eachProduct(s, (from, weight, to) => {
        y[to]! += x[from]! * w[weight]!;
      });
      return y;
    },
    backward(g) {
      const [dx, dw, db] = [zeros(input.length), zeros(w.length), zeros(s.units)];
      eachProduct(s, (from, weight, to) => {
        dx[from]! += g[to]! * w[weight]!;
        dw[weight]! += g[to]! * input[from]!;
      });
      g.forEach((value, i) => {
        db[i % s.units]! += value;
      });
      this.gradients = [dw, db];
      return dx;
    },
  };
}

/** max(x, 0), or between 0 and `most`. */
export function plainRelu(most = Infinity): PlainLayer {
  let input: readonly number[] = [];
  return {
    parameters: [],
    gradients: [],
    forward(x) {
      input = x;
      return x.map((value) => Math.min(Math.max(value, 0), most));
    },
    backward: (g) => g.map((value, i) => (input[i]! > 0 && input[i]! < most ? value : 0)),
  };
}

/** The largest of two by two. */
export function plainMaxPool(batch: number, height: number, width: number, channels: number): PlainLayer {
  let best: number[] = [];
  let size = 0;
  return {
    parameters: [],
    gradients: [],
    forward(x) {
      size = x.length;
      best = [];
      for (let n = 0; n < batch; n++)
        for (let y = 0; y + 1 < height; y += 2)
          for (let z = 0; z + 1 < width; z += 2)
            for (let c = 0; c < channels; c++) {
              const place = (dy: number, dz: number): number => ((n * height + y + dy) * width + z + dz) * channels + c;
              const all = [place(0, 0), place(0, 1), place(1, 0), place(1, 1)];
              best.push(all.reduce((p, q) => (x[q]! > x[p]! ? q : p)));
            }
      return best.map((at) => x[at]!);
    },
    backward(g) {
      const dx = zeros(size);
      best.forEach((at, i) => {
        dx[at]! += g[i]!;
      });
      return dx;
    },
  };
}

/** The mean of every channel over its `pixels`. */
export function plainGlobalAverage(batch: number, pixels: number, channels: number): PlainLayer {
  return {
    parameters: [],
    gradients: [],
    forward(x) {
      const y = zeros(batch * channels);
      x.forEach((value, i) => {
        y[Math.floor(i / (pixels * channels)) * channels + (i % channels)]! += value / pixels;
      });
      return y;
    },
    backward: (g) =>
      Array.from(
        { length: batch * pixels * channels },
        (_, i) => g[Math.floor(i / (pixels * channels)) * channels + (i % channels)]! / pixels,
      ),
  };
}

/** Every channel less its mean, divided by its deviation; the gradient is Ioffe & Szegedy's, chained through both. */
export function plainBatchNorm(gamma: readonly number[], beta: readonly number[], epsilon: number): PlainLayer {
  const [scale, shift] = [[...gamma], [...beta]];
  const n = scale.length;
  let z: number[] = [];
  let deviations: number[] = [];
  const columns = (list: readonly number[], f: (value: number, i: number) => number): number[] => {
    const sums = zeros(n);
    list.forEach((value, i) => {
      sums[i % n]! += f(value, i);
    });
    return sums;
  };
  return {
    parameters: [scale, shift],
    gradients: [],
    forward(x) {
      const rows = x.length / n;
      const means = columns(x, (value) => value / rows);
      const variances = columns(x, (value, i) => (value - means[i % n]!) ** 2 / rows);
      deviations = variances.map((v) => Math.sqrt(v + epsilon));
      z = x.map((value, i) => (value - means[i % n]!) / deviations[i % n]!);
      return z.map((value, i) => scale[i % n]! * value + shift[i % n]!);
    },
    backward(g) {
      const rows = g.length / n;
      const [dScale, dShift] = [columns(g, (value, i) => value * z[i]!), columns(g, (value) => value)];
      this.gradients = [dScale, dShift];
      return g.map((value, i) => {
        const c = i % n;
        return (scale[c]! / deviations[c]!) * (value - dShift[c]! / rows - (z[i]! * dScale[c]!) / rows);
      });
    },
  };
}

export function plainDense(
  inputs: number,
  units: number,
  kernel: readonly number[],
  bias: readonly number[],
): PlainLayer {
  const single = { height: 1, width: 1, taps: 1, stride: 1, before: 0, outHeight: 1, outWidth: 1, groups: 1 };
  let layer: PlainLayer | null = null;
  const [w, b] = [[...kernel], [...bias]];
  return {
    parameters: [w, b],
    gradients: [],
    forward(x) {
      layer = plainConvolution({ ...single, batch: x.length / inputs, channels: inputs, units }, w, b);
      return layer.forward(x);
    },
    backward(g) {
      const dx = layer!.backward(g);
      this.gradients = layer!.gradients;
      return dx;
    },
  };
}

/** One pass forward and back with the mean cross-entropy of softmax: the loss, and the gradients of all parameters. */
export function plainPass(
  layers: readonly PlainLayer[],
  x: readonly number[],
  labels: readonly number[],
  classes: number,
): { readonly loss: number; readonly gradients: number[][] } {
  const logits = layers.reduce((list, layer) => layer.forward(list), [...x]);
  let loss = 0;
  const n = labels.length;
  const g = logits.map(() => 0);
  labels.forEach((label, r) => {
    const row = logits.slice(r * classes, (r + 1) * classes);
    const most = Math.max(...row);
    const sum = row.reduce((total, value) => total + Math.exp(value - most), 0);
    loss += (Math.log(sum) + most - row[label]!) / n;
    row.forEach((value, j) => {
      g[r * classes + j] = (Math.exp(value - most) / sum - Number(j === label)) / n;
    });
  });
  [...layers].reverse().reduce<number[]>((back, layer) => layer.backward(back), g);
  return { loss, gradients: layers.flatMap((layer) => layer.gradients) };
}
