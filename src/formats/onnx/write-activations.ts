import type { ActivationName, ActivationSpec } from '../../graph/activation.ts';
import { float, type GraphWriter, int, type Layout, type Operation } from './graph-writer.ts';

/** What an activation is made of. */
interface Asked {
  readonly writer: GraphWriter;
  /** Of the value that it makes, after which helpers are called. */
  readonly value: string;
  readonly x: string;
  readonly alpha: number;
  /** The axis of the channels. */
  readonly axis: number;
}

type Row = (asked: Asked) => Operation;

/** An operation of ONNX that is the activation. */
const plain =
  (opType: string): Row =>
  ({ x }) => ({ opType, inputs: [x] });
const sloped =
  (opType: string): Row =>
  ({ x, alpha }) => ({ opType, inputs: [x], attributes: { alpha: float(alpha) } });
const alongRows =
  (opType: string): Row =>
  ({ x, axis }) => ({ opType, inputs: [x], attributes: { axis: int(axis) } });

/** x·(1 + share)/2, where a share from -1 to 1 says how much of x is let through. */
function half({ writer, value, x }: Asked, share: string): Operation {
  const sum = writer.step(value, { opType: 'Add', inputs: [share, writer.real(1)] });
  const product = writer.step(value, { opType: 'Mul', inputs: [x, sum] });
  return { opType: 'Mul', inputs: [product, writer.real(0.5)] };
}

/** One row an activation: the last of its operations. */
const ROWS: { readonly [A in ActivationName]: Row } = {
  linear: plain('Identity'),
  relu: plain('Relu'),
  relu6: ({ writer, x }) => ({ opType: 'Clip', inputs: [x, writer.real(0), writer.real(6)] }),
  leakyRelu: sloped('LeakyRelu'),
  elu: sloped('Elu'),
  gelu: (asked) => {
    const { writer, value, x } = asked;
    const scaled = writer.step(value, { opType: 'Div', inputs: [x, writer.real(Math.SQRT2)] });
    return half(asked, writer.step(value, { opType: 'Erf', inputs: [scaled] }));
  },
  geluTanh: (asked) => {
    const { writer, value, x } = asked;
    const step = (opType: string, ...inputs: string[]): string => writer.step(value, { opType, inputs });
    const cube = step('Mul', step('Mul', x, x), x);
    const bent = step('Add', x, step('Mul', cube, writer.real(0.044715)));
    return half(asked, step('Tanh', step('Mul', bent, writer.real(Math.sqrt(2 / Math.PI)))));
  },
  sigmoid: plain('Sigmoid'),
  tanh: plain('Tanh'),
  softplus: plain('Softplus'),
  silu: ({ writer, value, x }) => ({
    opType: 'Mul',
    inputs: [x, writer.step(value, { opType: 'Sigmoid', inputs: [x] })],
  }),
  hardSwish: plain('HardSwish'),
  exponential: plain('Exp'),
  softmax: alongRows('Softmax'),
  logSoftmax: alongRows('LogSoftmax'),
};

/** The last operation of an activation of `x`; the others are written. */
export const activated = (
  writer: GraphWriter,
  value: string,
  { name, alpha = 0 }: ActivationSpec,
  x: string,
  layout: Layout,
): Operation => ROWS[name]({ writer, value, x, alpha, axis: layout === 'first' ? 1 : -1 });
