import { WhittleError } from '../base/errors.ts';

/** A graphics processor that is not there, or does not do what it was asked. */
export class DeviceError extends WhittleError {
  readonly op: string;
  constructor(op: string, problem: string) {
    super('device', `${op}: ${problem}`);
    this.op = op;
  }
}

/** A graphics processor that was taken away: its tensors are gone. A new backend may work. */
export class DeviceLostError extends DeviceError {}
