/** What a browser tells of the machine it runs on. Empty where it tells nothing. */
export interface Machine {
  readonly browser: string;
  readonly platform: string;
  readonly cores: number;
  /** What WebGL calls the graphics processor. */
  readonly gpu: string;
}

interface Brand {
  readonly brand: string;
  readonly version: string;
}

interface HighEntropy {
  readonly architecture?: string;
  readonly bitness?: string;
  readonly model?: string;
  readonly platform?: string;
  readonly platformVersion?: string;
  readonly fullVersionList?: readonly Brand[];
}

/** Chromium's client hints, which TypeScript's library does not have. */
interface UserAgentData {
  readonly getHighEntropyValues: (hints: readonly string[]) => Promise<HighEntropy>;
}

export interface Surroundings {
  readonly userAgent: string;
  readonly hardwareConcurrency: number;
  readonly userAgentData?: UserAgentData;
}

const HINTS = ['architecture', 'bitness', 'model', 'platformVersion', 'fullVersionList'];

/** Browsers greet each other with brands that do not exist, such as "Not=A?Brand". */
const isReal = ({ brand }: Brand): boolean => !/not.*brand/i.test(brand);

/** The most telling of the brands: "Chromium" stands beside that of the browser made of it. */
function browserOf(brands: readonly Brand[]): string {
  const real = brands.filter(isReal);
  const chosen = real.find(({ brand }) => brand !== 'Chromium') ?? real[0];
  return chosen === undefined ? '' : `${chosen.brand} ${chosen.version}`;
}

/** From the text that every browser sends: name and version, and the system in brackets. */
export function fromUserAgent(userAgent: string): Pick<Machine, 'browser' | 'platform'> {
  const version = (name: string, label = name): string | null => {
    const found = new RegExp(`${name}/([\\d.]+)`).exec(userAgent);
    return found === null ? null : `${label} ${found[1]}`;
  };
  const safari = userAgent.includes('Safari/') ? version('Version', 'Safari') : null;
  const browser = version('Firefox') ?? version('Edg', 'Edge') ?? version('Chrome') ?? safari ?? '';
  return { browser, platform: /\(([^)]*)\)/.exec(userAgent)?.[1] ?? '' };
}

export async function machineOf(surroundings: Surroundings, gpu: string): Promise<Machine> {
  const { userAgent, hardwareConcurrency: cores, userAgentData } = surroundings;
  const plain = { ...fromUserAgent(userAgent), cores, gpu };
  if (userAgentData === undefined) return plain;
  try {
    const told = await userAgentData.getHighEntropyValues(HINTS);
    const { architecture = '', bitness = '', model = '', platform = '', platformVersion = '' } = told;
    const processor = bitness === '' ? architecture : `${architecture} ${bitness}-bit`;
    const parts = [`${platform} ${platformVersion}`.trim(), processor.trim(), model].filter((part) => part !== '');
    return {
      ...plain,
      browser: browserOf(told.fullVersionList ?? []) || plain.browser,
      platform: parts.join(', ') || plain.platform,
    };
  } catch {
    return plain; // a page may be forbidden to ask
  }
}

/** What the driver calls the graphics processor; empty without WebGL. Gives the context back at once. */
export function rendererOf(canvas: HTMLCanvasElement): string {
  const gl = canvas.getContext('webgl2') ?? canvas.getContext('webgl');
  if (gl === null) return '';
  const names = gl.getExtension('WEBGL_debug_renderer_info');
  const name = String(gl.getParameter(names?.UNMASKED_RENDERER_WEBGL ?? gl.RENDERER) ?? '');
  gl.getExtension('WEBGL_lose_context')?.loseContext();
  return name;
}

/** Whether it is a processor that plays a graphics processor, as the library's backend tells them. */
export const isSoftware = (renderer: string): boolean =>
  /swiftshader|llvmpipe|lavapipe|softpipe|software|basic render/i.test(renderer);
