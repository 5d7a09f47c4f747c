import type { Progress } from '../../engine/messages.ts';
import { soon } from '../../shell/tasks.ts';

/**
 * While it trains, the losses and the diagram are drawn by turns, each with every other telling, and each in a task of its
 * own, of the diagram the neurons and the edges too: no single task then keeps the page from answering. What is last is
 * drawn by all.
 */
export class TurnTaking {
  losses: Progress | null = $state.raw(null);
  neurons: Progress | null = $state.raw(null);
  edges: Progress | null = $state.raw(null);
  #turn = 0;
  #last: Progress | null = null;

  take(progress: Progress | null, isRunning: boolean): void {
    this.#last = progress;
    const turn = this.#turn++ % 2;
    if (!isRunning || turn === 0)
      soon(() => {
        this.losses = this.#last;
      });
    if (isRunning && turn === 0) return;
    soon(() => {
      this.neurons = this.#last;
    });
    soon(() => {
      this.edges = this.#last;
    });
  }
}
