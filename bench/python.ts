import { spawnSync } from 'node:child_process';

/** A Python that has NumPy, and perhaps PyTorch and scikit-learn. */
export interface Python {
  readonly command: string;
  /** Version by module. */
  readonly modules: Readonly<Record<string, string>>;
}

/** Debian's own first: what lies before it in the path, such as a virtual environment, rarely has its packages. */
const COMMANDS = ['/usr/bin/python3', 'python3'];

/** Versions as the packages' metadata has them, since importing PyTorch takes a second. */
const ASK = `
import importlib.metadata as m, importlib.util as u, json
def version(name):
    try: return m.version(name)
    except m.PackageNotFoundError: return "of unknown version"
packages = {"numpy": "numpy", "torch": "torch", "sklearn": "scikit-learn"}
print(json.dumps({name: version(package) for name, package in packages.items() if u.find_spec(name)}))
`;

/** The first Python with NumPy; null without one. BENCH_PYTHON names another. */
export function python(): Python | null {
  const named = process.env.BENCH_PYTHON;
  for (const command of named === undefined ? COMMANDS : [named]) {
    const { status, stdout } = spawnSync(command, ['-c', ASK], { encoding: 'utf8', timeout: 20_000 });
    if (status !== 0) continue;
    const modules = JSON.parse(stdout) as Record<string, string>;
    if (modules.numpy !== undefined) return { command, modules };
  }
  return null;
}
