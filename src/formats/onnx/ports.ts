import { FormatError, show } from '../../base/errors.ts';
import type { Port } from '../imported.ts';
import type { Building, Given } from './building.ts';
import { arranged, isSame, permutation, settle, type View, whole } from './views.ts';

/** How the axes of inputs and outputs of a network stand for those of the file. */

/** How an input of the network stands for that of the file. */
export function inputPort({ name, shape, dtype, space, dims, role }: Given, { batch }: Building): Port {
  const axes = [[batch], ...space.axes!.map(whole)];
  const own = dims.map(whole);
  const order = permutation(axes, own);
  if (order === null && !isSame(axes.flat(), own.flat()))
    throw new FormatError(
      'onnx',
      `input ${show(name.slice(0, 60))}`,
      'is read with its axes joined or parted in another order, which networks here cannot: give it as it is read',
    );
  const format = role?.kind === 'format' ? role.format : role?.kind === 'numbers' ? { scale: 1, zeroPoint: 0 } : null;
  return { value: name, name, shape, axes: order, dtype, format };
}

/** How an output of the file stands for a value of the network. */
export function outputAxes(building: Building, view: View, at: string): { view: View; axes: number[] | null } {
  const dims = view.dims.map(whole);
  const sample = dims.filter((axis) => !axis.some(({ isBatch }) => isBatch));
  const found = arranged(building, view, sample) ?? view;
  const axes = [[building.batch], ...settle(found.space, found.space.given.map(whole)).map(whole)];
  const hasOrder = dims.some((axis) => axis.some(({ order }) => order !== null));
  const order = hasOrder ? null : permutation(axes, dims);
  if (order === null && (hasOrder || !isSame(axes.flat(), dims.flat())))
    throw new FormatError(
      'onnx',
      at,
      'has its axes joined or parted in an order that networks here, with their channels last, cannot give',
    );
  return { view: found, axes: order };
}
