import { WhittleError } from '../base/errors.ts';

/** A graphics processor that is not there, or does not do what it was asked. */
export class DeviceError extends WhittleError {
  constructor(op: string, problem: string) {
    super('Device', op, problem);
  }
}

/** A graphics processor that was taken away: its tensors are gone. A new backend may work. */
export class DeviceLostError extends DeviceError {
  override readonly name = 'DeviceLostError';
}
