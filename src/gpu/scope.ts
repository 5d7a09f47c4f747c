import type { DeviceTensor } from './device-tensor.ts';

/** Holds what a computation makes on the way, and gives it back all at once. */
export class Scope {
  private readonly held: DeviceTensor[] = [];

  async keep(t: Promise<DeviceTensor>): Promise<DeviceTensor> {
    const made = await t;
    this.held.push(made);
    return made;
  }

  dispose(): void {
    for (const t of this.held.splice(0)) t.dispose();
  }
}

/** Runs `body`, and gives back what it kept, however it ends. */
export async function within<T>(body: (scope: Scope) => Promise<T>): Promise<T> {
  const scope = new Scope();
  try {
    return await body(scope);
  } finally {
    scope.dispose();
  }
}

/** Runs `body`, whose result owns what it kept; gives it back if it throws. */
export async function building<T>(body: (scope: Scope) => Promise<T>): Promise<T> {
  const scope = new Scope();
  try {
    return await body(scope);
  } catch (error) {
    scope.dispose();
    throw error;
  }
}

/** The new one of two tensors, once it is there; the old one is given back then. */
export async function replacing(old: DeviceTensor | null, next: Promise<DeviceTensor>): Promise<DeviceTensor> {
  const made = await next;
  old?.dispose();
  return made;
}
