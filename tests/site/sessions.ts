import { readFileSync } from 'node:fs';
import type { Command, Event } from '../../site/src/engine/messages.ts';
import { Session, type Surroundings } from '../../site/src/engine/session.ts';
import { DEFAULTS } from '../../site/src/state/defaults.ts';
import type { DataSettings, LayerSettings, NetworkSettings, TrainingSettings } from '../../site/src/state/settings.ts';

type Start = Extract<Command, { kind: 'start' }>;

/** A `start` with the defaults of the page but for these. */
export const startOf = (
  changes: {
    readonly data?: Partial<DataSettings>;
    readonly network?: Partial<NetworkSettings>;
    readonly training?: Partial<TrainingSettings>;
  } & Partial<Pick<Start, 'points' | 'table' | 'isRunning'>> = {},
): Start => ({
  kind: 'start',
  isRunning: false,
  ...changes,
  data: { ...DEFAULTS.data, ...changes.data },
  network: { ...DEFAULTS.network, ...changes.network },
  training: { ...DEFAULTS.training, ...changes.training },
});

export const layersOf = (units: readonly number[], activation: LayerSettings['activation']): LayerSettings[] =>
  units.map((count) => ({ units: count, activation }));

export const digitsFile = (): Uint8Array<ArrayBuffer> =>
  new Uint8Array(readFileSync(new URL('../../data/digits.csv.gz', import.meta.url)));

/** A session with a clock that goes on by `tick` ms with each look at it: what is told when does not depend on this machine. */
export class Told {
  readonly events: Event[] = [];
  readonly session: Session;
  /** Called with each event as it is told. */
  listener: (event: Event) => void = () => {};
  time = 0;
  waits = 0;

  constructor(tick = 0.2, kernels?: Surroundings['kernels']) {
    const tell = (event: Event): void => {
      this.events.push(event);
      this.listener(event);
    };
    this.session = new Session(tell, {
      now: () => {
        this.time += tick;
        return this.time;
      },
      wait: () => {
        this.waits++;
        return new Promise((resolve) => setImmediate(resolve));
      },
      digits: async () => digitsFile(),
      version: '1.2.3',
      ...(kernels !== undefined && { kernels }),
    });
  }

  /** Has these commands followed one after another, each with all training that it begins. */
  async after(...commands: readonly Command[]): Promise<this> {
    for (const command of commands) {
      await this.session.follow(command);
      await this.session.rest();
    }
    return this;
  }

  all<K extends Event['kind']>(kind: K): Extract<Event, { kind: K }>[] {
    return this.events.filter((event): event is Extract<Event, { kind: K }> => event.kind === kind);
  }

  /** The last event of a kind. */
  last<K extends Event['kind']>(kind: K): Extract<Event, { kind: K }> {
    const event = this.all(kind).at(-1);
    if (event === undefined) throw new Error(`nothing of the kind ${kind} was told: ${this.events.map((e) => e.kind)}`);
    return event;
  }
}
