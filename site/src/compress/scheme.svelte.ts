import { MediaQuery } from 'svelte/reactivity';

/** Whether the screen is dark, for canvases, which are drawn anew when it changes. */
export class Scheme {
  readonly #query = new MediaQuery('prefers-color-scheme: dark');
  get isDark(): boolean {
    return this.#query.current;
  }
}
