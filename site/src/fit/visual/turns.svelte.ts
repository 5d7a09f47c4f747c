import type { Progress } from '../../engine/messages.ts';

/**
 * While it trains, the losses and the diagram are drawn by turns, each with every other telling and in a task of its own:
 * no single task then keeps the page from answering. What is last is drawn by both.
 */
export class TurnTaking {
  losses: Progress | null = $state.raw(null);
  diagram: Progress | null = $state.raw(null);
  #turn = 0;
  #last: Progress | null = null;

  take(progress: Progress | null, isRunning: boolean): void {
    this.#last = progress;
    const turn = this.#turn++ % 2;
    if (!isRunning || turn === 0) this.#soon(() => (this.losses = this.#last));
    if (!isRunning || turn === 1) this.#soon(() => (this.diagram = this.#last));
  }

  #soon(draw: () => void): void {
    setTimeout(draw, 0);
  }
}
