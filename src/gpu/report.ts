import { addSumToReport } from '../../kernels/gpu/losses.ts';
import type { Device, DeviceTensor } from './device-tensor.ts';
import type { Objective } from './objective.ts';
import { replacing } from './scope.ts';
import type { DeviceWeight } from './weights.ts';

/** Columns of figures: from 0 those of training, from 2 those of validation. */
type Column = 0 | 2;

/** The figures of an epoch, summed up on the device and read once. */
export class Report {
  private readonly gpu: Device;
  private readonly objective: Objective;
  private readonly weights: ReadonlyMap<string, DeviceWeight>;
  /** How often it was read. */
  readbacks = 0;
  /** [rows, 4]: losses and right answers in training, and in validation; row i sums the i-th samples of the batches. */
  private sums: DeviceTensor | null = null;
  /** What the penalty of a weight came to, by columns. */
  private readonly penalties = new Map<DeviceWeight, DeviceTensor>();

  constructor(gpu: Device, objective: Objective, weights: ReadonlyMap<string, DeviceWeight>) {
    this.gpu = gpu;
    this.objective = objective;
    this.weights = weights;
  }

  /** Starts an epoch of batches of at most `rows` samples. */
  async begin(rows: number): Promise<void> {
    this.sums = await replacing(this.sums, this.gpu.send(new Float32Array(4 * rows), [rows, 4]));
  }

  async addBatch(losses: DeviceTensor, output: DeviceTensor, targets: DeviceTensor, column: Column): Promise<void> {
    this.sums = await replacing(this.sums, this.objective.report(this.sums!, losses, output, targets, column));
  }

  /** Adds the penalties of the weights as they are, `count` times. */
  async sumPenalties(count: number): Promise<void> {
    for (const weight of this.weights.values()) {
      if (!weight.isPenalized) continue;
      const cols = weight.value.extent[2];
      const before = this.penalties.get(weight) ?? (await this.gpu.send(new Float32Array(cols), [cols]));
      this.penalties.set(weight, before);
      this.penalties.set(weight, await replacing(before, weight.penalty(before, count)));
    }
  }

  /** Moves what the penalties came to into a column. */
  async addPenalties(column: Column): Promise<void> {
    for (const [weight, penalty] of this.penalties) {
      const { extent } = this.sums!;
      const shader = addSumToReport(extent[1], penalty.extent[2], column);
      this.sums = await replacing(this.sums, this.gpu.run(shader, [this.sums!, penalty]));
      this.penalties.delete(weight);
      penalty.dispose();
    }
  }

  /** Sums of the columns: the one readback of an epoch. */
  async read(): Promise<Float64Array> {
    this.readbacks++;
    const report = await this.gpu.fetch(this.sums!);
    const sums = new Float64Array(4);
    report.forEach((value, i) => {
      sums[i % 4]! += value;
    });
    return sums;
  }

  dispose(): void {
    this.sums?.dispose();
    for (const penalty of this.penalties.values()) penalty.dispose();
  }
}
