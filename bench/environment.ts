import { execFileSync } from 'node:child_process';
import { availableParallelism, cpus, loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';

/** Where and when figures were taken: without it they mean nothing. */
export interface Environment {
  readonly date: string;
  readonly runtime: string;
  readonly v8: string;
  readonly platform: string;
  readonly cpu: string;
  readonly cores: number;
  /** Mean number of busy cores in the last minute, before the first row. */
  readonly load: number;
  /** With `-dirty` when files were changed; null without git. */
  readonly commit: string | null;
}

export function environment(): Environment {
  const { bun, deno, node, v8 } = process.versions;
  return {
    date: new Date().toISOString(),
    runtime: bun !== undefined ? `Bun ${bun}` : deno !== undefined ? `Deno ${deno}` : `Node ${node}`,
    v8: v8 ?? 'none',
    platform: `${process.platform} ${process.arch}`,
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    load: load(),
    commit: commit(),
  };
}

/** Mean number of busy cores in the last minute; 0 on Windows, which does not tell. */
export function load(): number {
  return loadavg()[0] ?? 0;
}

function commit(): string | null {
  try {
    const args = ['describe', '--always', '--dirty', '--exclude', '*', '--abbrev=12'];
    const cwd = fileURLToPath(new URL('.', import.meta.url));
    return execFileSync('git', args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return null;
  }
}
