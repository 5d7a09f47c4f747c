/** A clock that can be replaced by a test's. */
export interface Timer {
  readonly after: (milliseconds: number, act: () => void) => number;
  readonly cancel: (id: number) => void;
}

export const TIMER: Timer = {
  after: (milliseconds, act) => Number(setTimeout(act, milliseconds)),
  cancel: (id) => clearTimeout(id),
};

/** Calls `act` with the last value, once a pause of `milliseconds` in the calls, or at once by `flush`. */
export class Debounced<T> {
  readonly #milliseconds: number;
  readonly #act: (value: T) => void;
  readonly #timer: Timer;
  #waiting: { readonly id: number; readonly value: T } | null = null;

  constructor(milliseconds: number, act: (value: T) => void, timer: Timer = TIMER) {
    this.#milliseconds = milliseconds;
    this.#act = act;
    this.#timer = timer;
  }

  call(value: T): void {
    this.cancel();
    this.#waiting = { value, id: this.#timer.after(this.#milliseconds, () => this.flush()) };
  }

  flush(): void {
    const waiting = this.#waiting;
    this.cancel();
    if (waiting !== null) this.#act(waiting.value);
  }

  cancel(): void {
    if (this.#waiting !== null) this.#timer.cancel(this.#waiting.id);
    this.#waiting = null;
  }
}

/** Calls `act` with the last value at most once in `milliseconds`: the first after so long, not at once. */
export class Throttled<T> {
  readonly #milliseconds: number;
  readonly #act: (value: T) => void;
  readonly #timer: Timer;
  #last: { value: T } | null = null;

  constructor(milliseconds: number, act: (value: T) => void, timer: Timer = TIMER) {
    this.#milliseconds = milliseconds;
    this.#act = act;
    this.#timer = timer;
  }

  call(value: T): void {
    if (this.#last === null)
      this.#timer.after(this.#milliseconds, () => {
        const last = this.#last;
        this.#last = null;
        if (last !== null) this.#act(last.value);
      });
    this.#last = { value };
  }
}
