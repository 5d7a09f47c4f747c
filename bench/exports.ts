import { Dense, fromData, quantize, Sequential, toNetwork } from 'whittle-ml';
import { toModule } from 'whittle-ml/export';
import { compileNetwork, type Program } from 'whittle-ml/infer';
import { cpu } from 'whittle-ml/kernels';
import { checkSame, normal } from './data.ts';
import type { ClockedVariant, Row } from './row.ts';

const SIZES = [784, 128, 64, 10];

interface Exported {
  readonly run: (x: Float32Array) => Float32Array;
}

/** The module that a text is. */
const imported = (source: string): Promise<Exported> =>
  import(`data:text/javascript,${encodeURIComponent(source)}`) as Promise<Exported>;

/** One sample through an exported module, beside the program of the same network. */
export function exportRow(): Row {
  const [first, ...rest] = SIZES;
  return {
    name: `export module ${SIZES.join('-')}`,
    work: 2 * rest.reduce((sum, units, i) => sum + SIZES[i]! * units, 0),
    unit: 'GFLOP/s',
    ratio: 'time',
    quick: true,
    peers: false,
    async open() {
      const layers = rest.map((units, i) =>
        i === 0
          ? new Dense(units, { activation: 'relu', inputShape: [first!] })
          : new Dense(units, { activation: i < rest.length - 1 ? 'relu' : 'softmax' }),
      );
      const model = new Sequential(layers, { seed: 1 });
      const x = normal(first!, 1);
      const variants: ClockedVariant[] = [];
      const programs: Program[] = [];
      for (const [kind, network] of [
        ['float32', toNetwork(model)],
        ['int8', quantize(model, { calibration: fromData(normal(20 * first!, 2), [20, first!]) })],
      ] as const) {
        const program = compileNetwork(network, 1, cpu);
        const { run } = await imported(toModule(network).source);
        programs.push(program);
        const common = { ours: true, base: `cpu ${kind}` };
        const check = (): void => checkSame(`module ${kind}`, run(x), program.run(x));
        variants.push(
          { ...common, who: 'cpu', how: kind, run: () => program.run(x)[0]!, check },
          { ...common, who: 'module', how: kind, run: () => run(x)[0]!, check },
        );
      }
      return {
        variants,
        failures: [],
        close: () => {
          for (const program of programs) program.dispose();
        },
      };
    },
  };
}
