import type { GpuBackend } from 'whittle-ml/gpu';
import type { Contest, Row } from '../row.ts';
import type { Table } from '../tables.ts';

/** A row before there is a device: its variants are made for one. */
export interface DeviceRow extends Pick<Row, 'name' | 'work' | 'unit' | 'quick'> {
  /** `tables` are what the device is compared with; one that is lost or too small makes this reject. */
  readonly openOn: (gpu: GpuBackend, tables: readonly Table[]) => Promise<Contest>;
}
