import { elementsOf } from '../base/shape.ts';
import { multiply } from './emit-integers.ts';
import { copied } from './emit-reals.ts';
import { convolutionOf, finishing, type Site, type SparseKernel } from './site.ts';

/** The steps of products of which sparse panels are multiplied, of int8 and of real numbers. */
export const PANELS = {
  dense(site: Site<'dense'>, sparse: SparseKernel): void {
    const {
      node,
      inputs: [x],
      output: y,
      product,
    } = site;
    const terms = x.shape.at(-1)!;
    const units = y.shape.at(-1)!;
    const rows = elementsOf(x.shape.slice(0, -1));
    if (product !== null) {
      multiply(site, product, (k, samples, sums) =>
        k.gemmSparseInt8(samples * rows, units, terms, x.bytes.array, ...sparse.bytes(), sums),
      );
      return;
    }
    const bias = copied(site, 'bias');
    finishing(node.attrs.activation, y, site, (k, samples, epilogue, { array: sums }) => {
      const added = bias?.array ?? null;
      k.gemmSparse(samples * rows, units, terms, x.real.array, ...sparse.real(), added, epilogue, sums);
    });
  },
  conv(site: Site<'conv'>, sparse: SparseKernel): void {
    const {
      node,
      inputs: [x],
      output: y,
      product,
    } = site;
    const windows = convolutionOf(site);
    if (product !== null) {
      const { zeroPoint } = x.format!;
      multiply(site, product, (k, samples, sums) =>
        k.conv2dSparseInt8(windows(samples), x.bytes.array, zeroPoint, ...sparse.bytes(), sums),
      );
      return;
    }
    const bias = copied(site, 'bias');
    finishing(node.attrs.activation, y, site, (k, samples, epilogue, { array: sums }) =>
      k.conv2dSparse(windows(samples), x.real.array, ...sparse.real(), bias?.array ?? null, epilogue, sums),
    );
  },
};

/** One row for nodes whose panels are multiplied, another for the rest. */
export const ofPanels =
  <K extends 'dense' | 'conv'>(panels: (site: Site<K>, sparse: SparseKernel) => void, whole: (site: Site<K>) => void) =>
  (site: Site<K>): void =>
    site.sparse === null ? whole(site) : panels(site, site.sparse);
