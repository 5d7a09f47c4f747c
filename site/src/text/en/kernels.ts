/** Names of rungs and tables as the benchmarks have them, and what the page calls them. */
const names: Readonly<Record<string, string>> = {
  naive: 'Naive loops',
  loopOrder: 'Loop order',
  tiledExact: 'Tiled and packed',
  tiledFloat64: 'Tiled, float64 sums',
  im2col: 'im2col',
  direct: 'Direct',
  simd: 'WebAssembly SIMD',
  reference: 'Reference',
  cpu: 'TypeScript',
  wasm: 'WebAssembly SIMD',
  relaxed: 'Relaxed SIMD',
  shader: 'Shader, one sum',
  fourSums: 'Shader, four sums',
  packed: 'Shader, four a texel',
  device: 'Shader',
};

/** What sets variants of one table apart. */
const hows: Readonly<Record<string, string>> = {
  float32: 'float32',
  int8: 'int8',
  'int8 quantize': 'int8, quantizing',
  dense: 'dense',
  panels: '1×16 panels',
  quads: '1×4 blocks',
  columns: 'single weights',
  resident: 'operands on device',
  'with transfer': 'with transfer',
  'int8 resident': 'int8, operands on device',
};

/** What a rung changes and why it is faster, by ladder and then by name. */
const reasons: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  gemm: {
    naive: 'Three loops, one sum. Each addition waits for the one before it, and every product loads two numbers.',
    loopOrder:
      'The same loops as i-k-j: memory is read in order, additions no longer wait; but C is loaded, rounded and stored at every step.',
    tiledExact: 'A tile of 4×2 sums stays in registers, A and B are packed in the order in which it reads them.',
    tiledFloat64: 'A tile of 2×4 sums of doubles, rounded once at the end: no conversion inside the loop.',
    reference: 'The shortest correct loops. They define the result that every other rung is checked against.',
    cpu: 'The kernel that networks run on where a page may not compile WebAssembly.',
    wasm: 'Assembled in this page at run time: a tile of vectors of four numbers, each product and sum rounded to float32.',
    relaxed: 'Products and sums fused into one instruction where the processor has it; the last bit may differ.',
  },
  conv: {
    naive: 'Seven loops, one sum, and for every product it is checked anew whether the place lies inside the image.',
    loopOrder:
      'Output channels innermost: a number of the image is loaded once for all of them, weights are read in order.',
    im2col:
      'The image is unfolded into a matrix and multiplied: fast tiles, but the matrix must be written and read back.',
    direct: 'The tile reads overlapping rows of the image in place; no matrix is written.',
    simd: 'The same with four output channels in a vector, in WebAssembly.',
    cpu: 'The kernel that networks run on where a page may not compile WebAssembly.',
  },
  int8: {
    float32: 'Floats by floats: what the integers have to beat.',
    int8: 'Bytes by bytes, eight products an instruction, summed exactly to 32 bits.',
    'int8 quantize': 'The same from floats to floats: quantizing the activations and scaling the sums included.',
  },
  sparse: {
    dense: 'All weights, zeros too.',
    panels: 'Blocks of sixteen neighbouring columns are held or skipped whole: vectors stay full.',
    quads: 'Blocks of four columns: one vector each.',
    columns: 'Any weight may be missing: the most freedom when pruning, the least to gain.',
  },
};

const squareSize = (n: number): string => `${n} × ${n}`;

/** Words of this part. Sentences with figures are functions of them. */
export const kernels = {
  title: 'Kernels',
  lead: 'How fast is a matrix product in this browser, and why? Each rung of a ladder changes one thing. All are checked against the reference, then timed by turns on this machine.',
  ladder: 'Ladder',
  ladders: { gemm: 'Matrix product', conv: 'Convolution', int8: 'int8', sparse: 'Sparse' },
  size: 'Size',
  square: squareSize,
  conv: (size: number, channels: number, units: number, side: number): string =>
    `${size}×${size} window, ${channels} → ${units} channels, ${side}×${side} image`,
  sparse: (percent: number, batch: number): string =>
    `${percent} % of the weights pruned, ${batch === 1 ? 'one sample' : `batch of ${batch}`}`,
  patience: 'Rounds',
  patiences: { quick: 'Quick: 5', thorough: 'Thorough: 15' },
  run: 'Run',
  again: 'Run again',
  stop: 'Stop',
  copy: 'Copy as Markdown',
  copied: 'Copied.',
  copyFailed: 'This browser did not allow copying. Select the text and copy it yourself:',
  clear: 'Clear',
  measuringPeak: 'Measuring what this machine can do at most …',
  preparing: (rung: string, at: number, of: number): string => `Checking and warming up ${at} of ${of}: ${rung}`,
  round: (at: number, of: number): string => `Round ${at} of ${of}`,
  done: (rung: string, times: string, base: string): string =>
    `Done. Fastest: ${rung}, ${times} times as fast as ${base}.`,
  failed: (message: string): string =>
    message === 'worker'
      ? 'Nothing was measured, since the script that measures did not load: look whether there is a connection, then run it again.'
      : `The measurement ended: ${message}. Run it again, or choose a smaller size.`,
  stopped: (at: number, of: number): string => `Stopped after round ${at} of ${of}`,
  rung: 'Rung',
  milliseconds: 'ms',
  rate: (unit: string): string => unit,
  speedup: 'speedup',
  speedupNote: (base: string): string =>
    `Speedup: times as fast as ${base}, median of the rounds that both took part in.`,
  share: 'of the bound',
  noisy: 'noisy',
  noisyNote:
    'noisy: times of its rounds typically lie more than a tenth from their median. Close other tabs and run again.',
  effective: 'Rates of pruned weights count the skipped work too; the share of the bound counts only what is done.',
  wrong: (rung: string, message: string): string => `${rung} is not ranked: ${message}`,
  lacks: (name: string, reason: string): string => `${name} is left out: ${reason}`,
  fastest: 'fastest',
  joined: (whole: string, part: string): string => `${whole}, ${part}`,
  /** In Markdown: what is said of the machine, and a rung with a mark. */
  fact: (term: string, said: string): string => `${term}: ${said}`,
  marked: (rung: string, mark: string): string => `${rung} (${mark})`,
  names,
  hows,
  reasons,
  roofline: 'Roofline',
  rooflineNote:
    'A kernel cannot compute faster than the flat roof (arithmetic), nor faster than memory brings its numbers (the slope). A mark above the slope reads them from a cache.',
  intensity: 'operations for each byte moved',
  rateAxis: '10⁹ operations a second',
  memoryRoof: (rate: string): string => `memory ${rate} GB/s`,
  floatRoof: (rate: string): string => `float32 ${rate} GFLOP/s`,
  integerRoof: (rate: string): string => `int8 ${rate} GOP/s`,
  mark: (row: string, rung: string, rate: string, intensity: string, share: string): string =>
    `${row}, ${rung}: ${rate} × 10⁹ operations a second at ${intensity} operations a byte${share === '' ? '' : `, ${share} of the bound`}`,
  plotText: (marks: number, peak: string, bandwidth: string): string =>
    `Roofline of this machine: arithmetic ends at ${peak}, memory brings ${bandwidth} GB/s. ${marks === 1 ? '1 rung is' : `${marks} rungs are`} measured; the table has the figures.`,
  plotEmpty: 'Run a ladder: its rungs appear here under the roof of this machine.',
  machine: 'This machine',
  browser: 'Browser',
  platform: 'System',
  cores: 'Threads',
  graphics: 'Graphics',
  software: (name: string): string => `${name}, which is software`,
  peakFloats: 'Peak, one core',
  peakIntegers: 'Peak, int8',
  bandwidth: 'Memory',
  gflops: (rate: string): string => `${rate} GFLOP/s`,
  gops: (rate: string): string => `${rate} GOP/s`,
  gigabytes: (rate: string): string => `${rate} GB/s`,
  unknown: 'not known',
  notYet: 'measured with the first run',
  noSimd: 'no WebAssembly SIMD here',
  gpu: 'Graphics processor',
  gpuLead:
    'The same product as shaders, by GPU.js, on WebGPU and on WebGL 2. It is loaded only when you ask for it (about 320 kB); the page may stutter while it runs.',
  gpuRun: 'Measure the graphics processor',
  gpuNone: 'This browser has no graphics processor that a page can use. The other ladders need none.',
  gpuSoftware:
    'This is no graphics processor: the CPU imitates one, slowly. The figures say nothing about graphics processors.',
  gpuFailed: (message: string): string =>
    message === 'frame'
      ? 'The page in which the graphics processor is measured did not load: look whether there is a connection, then measure again.'
      : `The graphics processor could not be measured: ${message}. Measure again; if that does not help, load the page anew.`,
  gpuDevice: (mode: string, device: string): string => `${mode}: ${device}`,
  gpuMissing: (mode: string, reason: string): string => `${mode} is missing: ${reason}`,
  gpuWorking: (mode: string, rung: string): string => (rung === '' ? `${mode} …` : `${mode}: ${rung}`),
  gpuProblem: (message: string): string => `It ended early: ${message}`,
  skipped: (rung: string, reason: string): string => `${rung} is left out: ${reason}`,
  modes: { webgl2: 'WebGL 2', webgpu: 'WebGPU', headlessgl: 'headless GL' },
  date: 'Measured',
};
