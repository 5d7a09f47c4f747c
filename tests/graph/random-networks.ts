import type { Kernels } from '../../kernels/kernels.ts';
import { ACTIVATIONS, type ActivationSpec, activationOf } from '../../src/graph/activation.ts';
import { valuesOf } from '../../src/graph/check.ts';
import type { Stored } from '../../src/graph/encoding.ts';
import type { Attributes, Node, Op } from '../../src/graph/graph.ts';
import { Network } from '../../src/graph/network.ts';
import { nodeOf } from '../../src/graph/rewrite.ts';
import { compileNetwork } from '../../src/infer/program.ts';
import { Draw } from '../kernels/draw.ts';

/** A value that further nodes may read. */
interface Known {
  readonly name: string;
  readonly shape: readonly number[];
}

const elements = (shape: readonly number[]): number => shape.reduce((product, n) => product * n, 1);

/** A network drawn from a seed: dense layers, some of them shared, activations, sums, concatenations, parts and flattens. */
export class Drawn {
  private readonly draw: Draw;
  private readonly nodes: Node[] = [];
  private readonly weights = new Map<string, Stored>();
  private readonly values: Known[] = [];
  /** Kernels that were made, for layers that are used again. */
  private readonly layers: {
    readonly weights: Readonly<Record<string, string>>;
    readonly inputs: number;
    readonly units: number;
  }[] = [];

  private readonly normalizes: boolean;

  /** `normalizes`: with normalizations, which channels cannot be taken from. */
  constructor(seed: number, normalizes = false) {
    this.draw = new Draw(seed);
    this.normalizes = normalizes;
  }

  network(): Network {
    const { draw } = this;
    const rank = 1 + draw.below(2);
    const inputs = Array.from({ length: 1 + draw.below(2) }, (_, i) => {
      const shape = rank === 1 ? [1 + draw.below(7)] : [1 + draw.below(3), 1 + draw.below(5)];
      this.values.push({ name: `x${i}`, shape });
      return { name: `x${i}`, shape, dtype: 'float32' } as const;
    });
    const steps = 3 + draw.below(12);
    for (let i = 0; i < steps; i++) this.step();
    const outputs = Array.from({ length: 1 + draw.below(2) }, (_, i) => {
      const from = this.values[this.values.length - 1 - draw.below(Math.min(3, this.values.length))]!;
      return this.dense(`out${i}`, from, 1 + draw.below(4), true);
    });
    return new Network({ inputs, nodes: this.nodes, outputs, weights: this.weights });
  }

  private step(): void {
    const { draw } = this;
    const x = draw.pick(this.values);
    const name = `n${this.nodes.length}`;
    const width = x.shape.at(-1)!;
    switch (draw.below(this.normalizes ? 10 : 9)) {
      case 0:
      case 1:
      case 2:
        this.dense(name, x, 1 + draw.below(9), draw.bool());
        break;
      case 3: {
        const fitting = this.layers.filter(({ inputs }) => inputs === width);
        if (fitting.length === 0) return;
        const { weights, units } = draw.pick(fitting);
        this.put('dense', name, [x], { activation: this.activation() }, [...x.shape.slice(0, -1), units], weights);
        break;
      }
      case 4:
        this.put('activation', name, [x], { activation: this.activation() }, x.shape);
        break;
      case 5: {
        const alike = this.values.filter(({ shape }) => shape.join() === x.shape.join());
        const terms = Array.from({ length: 1 + draw.below(3) }, () => draw.pick(alike));
        this.put('add', name, [x, ...terms], {}, x.shape);
        break;
      }
      case 6: {
        const outer = x.shape.slice(0, -1);
        const alike = this.values.filter(
          ({ shape }) => shape.slice(0, -1).join() === outer.join() && shape.length === x.shape.length,
        );
        const parts = [x, ...Array.from({ length: draw.below(3) }, () => draw.pick(alike))];
        this.put('concat', name, parts, {}, [...outer, parts.reduce((sum, { shape }) => sum + shape.at(-1)!, 0)]);
        break;
      }
      case 7: {
        const from = draw.below(width);
        const to = from + 1 + draw.below(width - from);
        this.put('split', name, [x], { from, to }, [...x.shape.slice(0, -1), to - from]);
        break;
      }
      case 9: {
        const roles = draw.bool() ? ['gamma', 'beta', 'mean', 'variance'] : ['mean', 'variance'];
        const isBatch = draw.bool();
        const own = isBatch ? roles : roles.slice(0, -2);
        const weights = Object.fromEntries(own.map((role) => [role, `${name}/${role}`]));
        for (const [role, key] of Object.entries(weights)) {
          const values = this.numbers(width).map((v) => (role === 'variance' ? v * v : v));
          this.weights.set(key, { shape: [width], encoding: { type: 'float32', values }, mask: null });
        }
        if (isBatch)
          this.put('batchNorm', name, [x], { epsilon: 1e-3, momentum: 0.9, isUnbiased: false }, x.shape, weights);
        else this.put('layerNorm', name, [x], { epsilon: 1e-3 }, x.shape, weights);
        break;
      }
      default:
        if (draw.bool()) this.put('flatten', name, [x], {}, [elements(x.shape)]);
        else this.put('dropout', name, [x], { rate: 0.5, training: false }, x.shape);
    }
  }

  private dense(name: string, x: Known, units: number, biased: boolean): string {
    const inputs = x.shape.at(-1)!;
    const kernel = `${name}/kernel`;
    const weights: Record<string, string> = biased ? { kernel, bias: `${name}/bias` } : { kernel };
    for (const [role, key] of Object.entries(weights)) {
      const shape = role === 'kernel' ? [inputs, units] : [units];
      this.weights.set(key, {
        shape,
        encoding: { type: 'float32', values: this.numbers(elements(shape)) },
        mask: null,
      });
    }
    this.layers.push({ weights, inputs, units });
    this.put('dense', name, [x], { activation: this.activation() }, [...x.shape.slice(0, -1), units], weights);
    return name;
  }

  private put<K extends Op>(
    op: K,
    name: string,
    inputs: readonly Known[],
    attrs: Attributes[K],
    shape: readonly number[],
    weights: Readonly<Record<string, string>> = {},
  ): void {
    if (elements(shape) > 60) return; // sums of sums would grow without end
    this.nodes.push(
      nodeOf(
        op,
        name,
        inputs.map((x) => x.name),
        attrs,
        { weights },
      ),
    );
    this.values.push({ name, shape });
  }

  private activation(): ActivationSpec {
    const name = this.draw.pick(this.draw.bool() ? (['linear', 'relu'] as const) : ACTIVATIONS);
    return activationOf({ name });
  }

  private numbers(n: number): Float32Array {
    return Float32Array.from({ length: n }, () => (this.draw.bits() / 4294967296 - 0.5) * 2);
  }
}

/** Inputs for `samples` samples. */
export function inputsFor({ inputs }: Network, samples: number, seed: number): Float32Array[] {
  const draw = new Draw(seed);
  return inputs.map(({ shape }) =>
    Float32Array.from({ length: samples * elements(shape) }, () => (draw.bits() / 4294967296 - 0.5) * 4),
  );
}

/**
 * All values of a network, each node run as a network of its own, so that nothing is shared or written over. `change` may
 * alter a value before others read it.
 */
export function valuesByNode(
  network: Network,
  given: readonly Float32Array[],
  samples: number,
  kernels: Kernels,
  change: (name: string, value: Float32Array) => void = () => {},
): Map<string, Float32Array> {
  const kinds = valuesOf(network);
  const values = new Map<string, Float32Array>();
  network.inputs.forEach(({ name }, i) => {
    values.set(name, given[i]!.slice());
    change(name, values.get(name)!);
  });
  for (const node of network.nodes) {
    const names = [...new Set(node.inputs)];
    const keys = new Set(Object.values(node.weights));
    const single = new Network({
      inputs: names.map((name) => ({ name, shape: kinds.get(name)!.shape, dtype: 'float32' })),
      nodes: [node],
      outputs: [node.name],
      weights: new Map([...network.weights].filter(([key]) => keys.has(key))),
    });
    const program = compileNetwork(single, samples, kernels);
    const [value] = program.run(
      names.map((name) => values.get(name)!),
      samples,
    );
    values.set(node.name, value!.slice());
    change(node.name, values.get(node.name)!);
    program.dispose();
  }
  return values;
}
