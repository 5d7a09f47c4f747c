/** How the threads are. */
export interface ThreadStatus {
  /** Threads asked for, with the caller. */
  readonly count: number;
  /** Threads that take part in products at present, with the caller. */
  readonly alive: number;
  /** Whether some do not. Results are right all the same; they come later. */
  readonly isBroken: boolean;
  /** One sentence. */
  readonly reason: string;
}
