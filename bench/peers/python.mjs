import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** One thread everywhere: the libraries read these when they are loaded. */
const ONE_THREAD = { OPENBLAS_NUM_THREADS: '1', OMP_NUM_THREADS: '1', MKL_NUM_THREADS: '1' };

/** A Python that answers a line of JSON with a line of JSON, one after another. */
class Server {
  #child;
  #waiting = [];
  #complaint = '';

  constructor(command) {
    const script = fileURLToPath(new URL('server.py', import.meta.url));
    this.#child = spawn(command, ['-u', '-B', script], { env: { ...process.env, ...ONE_THREAD }, stdio: 'pipe' });
    createInterface({ input: this.#child.stdout }).on('line', (line) =>
      this.#waiting.shift()?.resolve(JSON.parse(line)),
    );
    this.#child.stderr.on('data', (text) => {
      this.#complaint = `${this.#complaint}${text}`.slice(-2000);
    });
    const fail = (reason) => {
      for (const { reject } of this.#waiting.splice(0)) reject(new Error(reason));
    };
    this.#child.on('error', (error) => fail(error.message));
    this.#child.on('exit', (code) =>
      fail(`Python ended with code ${code}: ${this.#complaint.trim().split('\n').at(-1)}`),
    );
    this.#child.stdin.on('error', () => {}); // the exit says more
  }

  async ask(request) {
    if (this.#child.exitCode !== null) throw new Error(`Python ended with code ${this.#child.exitCode}`);
    const answer = await new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#child.stdin.write(`${JSON.stringify(request)}\n`);
    });
    if (answer.error !== undefined) throw new Error(answer.error);
    return answer;
  }

  close() {
    this.#child.stdin.end();
  }
}

let server = null;

/** Arrays go as base64 of their bytes, wherever they are. */
function encoded(value) {
  if (ArrayBuffer.isView(value)) {
    const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
    return { base64: bytes.toString('base64'), type: value.constructor.name };
  }
  if (Array.isArray(value)) return value.map(encoded);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, encoded(one)]));
}

const decoded = ({ base64 }) => {
  const bytes = Uint8Array.from(Buffer.from(base64, 'base64'));
  return new Float32Array(bytes.buffer);
};

/**
 * NumPy, PyTorch and scikit-learn in one process, which waits while others are timed and clocks itself with time.perf_counter.
 *
 * @param {string} name `NumPy`, `PyTorch` or `scikit-learn`
 * @param {string} python the command
 * @returns {Promise<import('../peer.ts').Peer>}
 */
export async function open(name, python) {
  server ??= new Server(python);
  const { blas } = await server.ask({ do: 'open', library: name });
  const slow = /\/blas\/libblas\.so/.test(blas)
    ? 'on the reference BLAS, which is several times as slow as OpenBLAS (apt-get install libopenblas0)'
    : undefined;
  const job = (kind) => async (problem) => {
    const { id, note } = await server.ask({ do: 'make', library: name, kind, problem: encoded(problem) });
    return {
      note: [note, slow].filter(Boolean).join('; ') || undefined,
      time: async (iterations) => (await server.ask({ do: 'time', id, iterations })).seconds,
      result: async () => decoded((await server.ask({ do: 'result', id })).result),
      close: () => void server.ask({ do: 'free', id }).catch(() => {}),
    };
  };
  const close = () => server.close();
  if (name === 'scikit-learn') return { fit: job('fit'), close };
  const infer = job('infer');
  const onImages = {
    operation: job('operation'),
    trainImages: job('trainImages'),
    inferImages: job('inferImages'),
  };
  return {
    gemm: job('gemm'),
    ...(name === 'NumPy' ? { copy: job('copy'), epoch: job('epoch') } : onImages),
    array: job('array'),
    predict: job('predict'),
    train: job('train'),
    infer: (problem) => (problem.int8 === null ? infer(problem) : null),
    close,
  };
}
