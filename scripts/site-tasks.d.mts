export interface TraceEvent {
  readonly ph: string;
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  /** Microseconds of the thread's time. */
  readonly tdur?: number;
  readonly args: { readonly name?: string };
}
export function tasksIn(events: readonly TraceEvent[]): number[];
