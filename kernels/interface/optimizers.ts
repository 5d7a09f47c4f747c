import type { FloatArray } from '../arrays.ts';

/**
 * Where gradients are squared, each is taken for at most this, about 1e15, up or down: 2²⁸ such squares add up within
 * float32, and a step of any gradient stays one of about the learning rate.
 */
export const MOST_GRADIENT: number = 2 ** 50;

/**
 * Steps of optimizers: in place on w and the state. `s` holds the scalars of this step, made in float64 by the caller and
 * rounded into an array of the element type, so that a recorded step can be repeated with new ones.
 */
export interface OptimizerKernels<F extends FloatArray> {
  /**
   * s = [learningRate, momentum]. Without `velocity` (null): w -= lr·g. With it: v = momentum·v - lr·g, and
   * w += v, or with nesterov w += momentum·v - lr·g. (Keras's form: Sutskever et al. 2013.)
   */
  readonly sgd: (n: number, w: F, g: F, velocity: F | null, nesterov: boolean, s: F) => void;
  /**
   * Kingma & Ba 2015, Algorithm 1, in the order of section 2's last paragraph: s = [lr_t, eps_t, beta1, 1 - beta1,
   * beta2, 1 - beta2, decay]. m = b1·m + c1·g; v = b2·v + c2·g²; w = w - decay·w - lr_t·m/(√v + eps_t), every
   * operation rounded. decay = 0 leaves w as it is before the step. With `vMax` (AMSGrad, Reddi et al. 2018):
   * vMax = maximum(vMax, v) replaces v under the root.
   */
  readonly adam: (n: number, w: F, g: F, m: F, v: F, vMax: F | null, s: F) => void;
  /** s = [learningRate, rho, 1 - rho, epsilon, momentum]. v = rho·v + (1 - rho)g²; step = lr·g/√(v + eps); with
   *  `velocity`: velocity = momentum·velocity + step, w -= velocity. Without: w -= step. (Keras's form.) */
  readonly rmsprop: (n: number, w: F, g: F, v: F, velocity: F | null, s: F) => void;
  /** s = [learningRate, epsilon]. v += g²; w -= lr·g/√(v + eps). Duchi et al. 2011, Keras's form. */
  readonly adagrad: (n: number, w: F, g: F, v: F, s: F) => void;
  /**
   * The proximal maps below stand behind any of the steps above and read its scalars, of which s[7] is the threshold t of this
   * step. Soft threshold, that of Σ|w|: w = maximum(w - t, 0) + minimum(w + t, 0), each difference rounded. What is within t
   * of 0 becomes +0, whatever else comes nearer by t (Daubechies et al. 2004).
   */
  readonly softThreshold: (n: number, w: F, s: F) => void;
  /**
   * What groups of weights are multiplied by, written over their L2 norms: 0 where norm <= t·root, else 1 - t·root/norm, each
   * operation rounded. `root` is the root of the size of a group, as in the group lasso (Yuan & Lin 2006).
   */
  readonly groupThreshold: (n: number, norms: F, root: number, s: F) => void;
  /**
   * Hard threshold: 0 for the `zeros` groups of the smallest norms, 1 for all others, written over the norms. Of equals the
   * lower index is among the smaller, NaN counts as infinite. `sorted` has room for n numbers; 0 <= zeros < n.
   */
  readonly hardThreshold: (n: number, norms: F, zeros: number, sorted: F) => void;
  /**
   * Shared weights: number i is centroid c = codes[i], or where codes[i] < 0 minus centroid c = -1 - codes[i]. What `alive` is 0
   * for is 0 and no member (null: all are). y[c] is the sum over the members i of c in order, each with its sign, in float64 from
   * +0, with `isMean` divided by their number, rounded once; +0 without members. `work` has room for 2·count numbers.
   */
  readonly sumByCode: (
    n: number,
    count: number,
    x: F,
    codes: Int32Array,
    alive: Uint8Array | null,
    isMean: boolean,
    y: F,
    work: Float64Array,
  ) => void;
  /**
   * Members that are not equal become the mean of all of their centroid, in float64 from +0 in order, rounded once. Where all of
   * each are equal, nothing is written. What is not alive stays what it is.
   */
  readonly tieByCode: (
    n: number,
    count: number,
    w: F,
    codes: Int32Array,
    alive: Uint8Array | null,
    work: Float64Array,
  ) => void;
  /** The other way: y[i] = x[c], with its sign, and +0 for what is not alive. */
  readonly takeByCode: (n: number, x: F, codes: Int32Array, alive: Uint8Array | null, y: F) => void;
}
