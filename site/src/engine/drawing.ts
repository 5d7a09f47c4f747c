import { backend, compileInference, decodeNetwork, Network, type Program } from 'whittle-ml';
import facts from '../digits/networks/networks.json' with { type: 'json' };
import { CompressRefusal } from './compress-refusal.ts';
import type { DigitAnswer } from './messages.ts';
import type { Context, Follow } from './trained.ts';
import { microsecondsOf } from './weighing.ts';
import { Superseded } from './work.ts';

/** The files that `scripts/site-networks.mjs` wrote, by the names of networks.json; written out, so that they are found when the page is built. */
const FILES: Readonly<Record<string, URL>> = {
  dense: new URL('../digits/networks/dense.safetensors', import.meta.url),
  denseInt8: new URL('../digits/networks/denseInt8.safetensors', import.meta.url),
  denseWhittled: new URL('../digits/networks/denseWhittled.safetensors', import.meta.url),
  cnn: new URL('../digits/networks/cnn.safetensors', import.meta.url),
  cnnInt8: new URL('../digits/networks/cnnInt8.safetensors', import.meta.url),
};

/** Pixels of a drawing, and the number of one that is all ink. */
const PIXELS = 64;
const INK = 16;

/** What reads a file of the page. */
export type Read = (url: URL) => Promise<Uint8Array>;

interface Loaded {
  readonly name: string;
  readonly bytes: number;
  readonly score: number;
  readonly network: Network;
  readonly program: Program;
  /** Of layers that are convolutions, in the order of outputs before the last. */
  readonly layers: readonly string[];
}

const fetched: Read = async (url) => {
  const answer = await fetch(url).catch(() => {
    throw new CompressRefusal({ kind: 'no digits', status: 0 }); // no connection
  });
  if (!answer.ok) throw new CompressRefusal({ kind: 'no digits', status: answer.status });
  return new Uint8Array(await answer.arrayBuffer());
};

/** Answers to drawings by the digits' networks, with files that are read once. */
export class Digits {
  private loaded: Promise<readonly Loaded[]> | null = null;
  /** By which kernels, since faster ones may come later. */
  private measured: { readonly by: string; readonly microseconds: readonly number[] } | null = null;
  private isMeasuring = false;
  private drawing: Float32Array = new Float32Array(PIXELS);
  private readonly read: Read;

  constructor(read: Read = fetched) {
    this.read = read;
  }

  /** Reads the networks, so that they are there when one draws. */
  load(): Promise<readonly Loaded[]> {
    this.loaded ??= Promise.all(facts.networks.map(({ name, score }) => this.one(name, score))).catch((error) => {
      this.loaded = null; // to be tried again with the next drawing
      throw error;
    });
    return this.loaded;
  }

  private async one(name: string, score: number): Promise<Loaded> {
    const file = await this.read(FILES[name]!);
    const { network } = decodeNetwork(file);
    const layers = network.nodes.flatMap((node) => (node.op === 'conv' ? [node.name] : []));
    return { name, bytes: file.length, score, network, program: compileInference(withTaps(network, layers)), layers };
  }

  /** Tells answers at once, and again with times after the first drawing, when these are measured. */
  async draw(pixels: Float32Array, context: Pick<Context, 'tell' | 'pause'>): Promise<void> {
    checkPixels(pixels);
    this.drawing = pixels.map((ink) => Math.min(1, Math.max(0, ink / INK)));
    const networks = await this.load();
    const tell = (): void => context.tell({ kind: 'drawn', answers: this.answers(networks) });
    tell();
    if (this.measured?.by === backend().name || this.isMeasuring) return;
    this.isMeasuring = true;
    const pause = async (): Promise<void> => {
      if (!(await context.pause())) throw new Superseded();
    };
    try {
      await pause();
      const by = backend().name;
      const all = networks.map(({ network }) => network);
      this.measured = { by, microseconds: await microsecondsOf(all, pause) };
    } catch (error) {
      if (error instanceof Superseded) return; // with the next drawing
      throw error;
    } finally {
      this.isMeasuring = false;
    }
    tell(); // of what is drawn by now
  }

  private answers(networks: readonly Loaded[]): DigitAnswer[] {
    return networks.map(({ name, bytes, score, program, layers }, i) => {
      const results = [program.run([this.drawing], 1)].flat() as readonly Float32Array[];
      return {
        ...{ network: name, bytes, score, microseconds: this.measured?.microseconds[i] ?? Number.NaN },
        probabilities: results.at(-1)!.slice(),
        maps: layers.map((layer, at) => ({ layer, ...channelsOf(results[at]!, program.outputShapes[at]!) })),
      };
    });
  }
}

function checkPixels(pixels: Float32Array): void {
  if (pixels.length !== PIXELS || !pixels.every(Number.isFinite)) throw new CompressRefusal({ kind: 'no drawing' });
}

/** The network that gives what its convolutions make too, as real numbers. */
function withTaps(network: Network, layers: readonly string[]): Network {
  const nodes = [...network.nodes];
  const outputs = layers.map((layer) => {
    if (network.nodes.find(({ name }) => name === layer)!.format === null) return layer;
    const name = `${layer}/shown`;
    nodes.push({ name, op: 'dequantize', inputs: [layer], weights: {}, attrs: {}, format: null });
    return name;
  });
  return new Network({ ...network, nodes, outputs: [...outputs, ...network.outputs] });
}

function channelsOf(values: Float32Array, shape: readonly number[]) {
  const [height, width, channels] = shape as [number, number, number];
  const channel = (c: number): Float32Array =>
    Float32Array.from({ length: height * width }, (_, i) => values[i * channels + c]!);
  return { width, height, channels: Array.from({ length: channels }, (_, c) => channel(c)) };
}

const digits = new Digits();

/** Loads the networks, so that they are there when one draws. */
export async function load(): Promise<void> {
  await digits.load();
}

export const draw: Follow<'draw'> = ({ pixels }, context) => digits.draw(pixels, context);
