import type { NodeMessage } from './messages.ts';
import type { Constant } from './tensors.ts';

/** What a graph's nodes are asked about. */
interface Surroundings {
  readonly makers: ReadonlyMap<string, NodeMessage>;
  readonly uses: ReadonlyMap<string, number>;
  readonly constants: ReadonlyMap<string, Constant>;
}

/** A product of values and a number, however it is multiplied together: a chain of Mul and Div. */
interface Factors {
  readonly values: readonly string[];
  readonly number: number;
  /** What is in nothing but this product. */
  readonly nodes: readonly NodeMessage[];
}

/** No pattern has more. */
const MOST = 8;

const isNear = (x: number | undefined, wanted: number): boolean =>
  Math.abs((x ?? Number.NaN) - wanted) < 1e-4 * Math.abs(wanted);

/** Activations that files write as several operations, and the operation that stands for them here. */
export class Patterns {
  private readonly at: Surroundings;

  constructor(at: Surroundings) {
    this.at = at;
  }

  /** Nodes that are one activation, the last of them as that; null where it is no such. */
  found(last: NodeMessage): { readonly node: NodeMessage; readonly gone: readonly NodeMessage[] } | null {
    if (!isProduct(last)) return null;
    const { values, number, nodes } = this.factors(last);
    for (const value of values) {
      const others = [...values];
      others.splice(others.indexOf(value), 1);
      const maker = this.alone(value);
      const [x] = others;
      if (maker === undefined || x === undefined || others.length !== 1) continue;
      const [opType, inner] = this.activation(maker, x, number) ?? [];
      if (opType === undefined || inner === undefined) continue;
      const attribute = opType === 'GeluTanh' ? [TANH] : [];
      const node = { ...last, opType: opType === 'GeluTanh' ? 'Gelu' : opType, input: [x], attribute };
      return { node, gone: [...nodes, maker, ...inner].filter((each) => each !== last) };
    }
    return null;
  }

  private number(name: string | undefined): number | undefined {
    const constant = this.at.constants.get(name ?? '');
    return constant?.data.length === 1 ? constant.data[0] : undefined;
  }

  /** What makes a value that is read at one place. */
  private alone(name: string | undefined): NodeMessage | undefined {
    return name !== undefined && this.at.uses.get(name) === 1 ? this.at.makers.get(name) : undefined;
  }

  private factors(root: NodeMessage): Factors {
    const values: string[] = [];
    const nodes = [root];
    let number = 1;
    for (const node of nodes) {
      const isDivision = node.opType === 'Div';
      for (const [i, name] of node.input.entries()) {
        const x = this.number(name);
        const inner = this.alone(name);
        if (x !== undefined) number *= isDivision && i === 1 ? 1 / x : x;
        else if (isDivision && i === 1) values.push('');
        else if (inner !== undefined && isProduct(inner) && nodes.length < MOST) nodes.push(inner);
        else values.push(name);
      }
    }
    return { values, number, nodes };
  }

  /** Which activation of x it is to multiply x with this factor and a number, and what else is in it. */
  private activation(factor: NodeMessage, x: string, number: number): [string, readonly NodeMessage[]] | null {
    const isOfX = factor.input[0] === x;
    if (factor.opType === 'Sigmoid') return isOfX && number === 1 ? ['Swish', []] : null;
    if (factor.opType === 'HardSigmoid') {
      const [alpha, beta] = ['alpha', 'beta'].map((name) => factor.attribute.find((each) => each.name === name)?.f);
      return isOfX && number === 1 && isNear(alpha, 1 / 6) && (beta === undefined || beta === 0.5)
        ? ['HardSwish', []]
        : null;
    }
    const share = this.sum(factor, 1);
    const bend = this.alone(share ?? undefined);
    if (bend === undefined || !isNear(number, 0.5)) return null;
    if (bend.opType !== 'Erf' && bend.opType !== 'Tanh') return null;
    const argument = this.alone(bend.input[0]);
    if (argument === undefined || !isProduct(argument)) return null;
    const inner = this.factors(argument);
    if (bend.opType === 'Erf') {
      const isScaled = inner.values.length === 1 && inner.values[0] === x && isNear(inner.number, Math.SQRT1_2);
      return isScaled ? ['Gelu', [bend, ...inner.nodes]] : null;
    }
    const cubic = inner.values.length === 1 ? this.alone(inner.values[0]) : undefined;
    const isScaled = cubic?.opType === 'Add' && cubic.input.includes(x) && isNear(inner.number, Math.sqrt(2 / Math.PI));
    if (cubic === undefined || !isScaled) return null;
    const cube = this.alone(cubic.input.find((name) => name !== x));
    if (cube === undefined || !isProduct(cube)) return null;
    const third = this.factors(cube);
    const power = third.values.length === 1 ? this.alone(third.values[0]) : undefined;
    const isPower = power?.opType === 'Pow' && power.input[0] === x && this.number(power.input[1]) === 3;
    const isCube = isPower || (third.values.length === 3 && third.values.every((name) => name === x));
    if (!isCube || !isNear(third.number, 0.044715)) return null;
    return ['GeluTanh', [bend, ...inner.nodes, cubic, ...third.nodes, ...(isPower ? [power] : [])]];
  }

  /** What is added to a number; null for anything else. */
  private sum({ opType, input }: NodeMessage, number: number): string | null {
    if (opType !== 'Add') return null;
    if (this.number(input[1]) === number) return input[0]!;
    return this.number(input[0]) === number ? input[1]! : null;
  }
}

const isProduct = ({ opType, input, attribute, domain }: NodeMessage): boolean =>
  (opType === 'Mul' || opType === 'Div') && input.length === 2 && attribute.length === 0 && (domain ?? '') === '';

const TANH = { name: 'approximate', s: new TextEncoder().encode('tanh'), floats: [], ints: [], strings: [] };
