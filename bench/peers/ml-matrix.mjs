import { Matrix } from 'ml-matrix';

/** @returns {import('../peer.ts').Peer} */
export const open = () => ({ gemm });

const matrix = (values, rows, columns) => Matrix.from1DArray(rows, columns, values);

/** `mmul` of matrices of doubles; a transposed operand is copied, as the library's `transpose` does, within the time. */
function gemm({ m, n, k, transA, transB, a, b }) {
  const x = transA ? matrix(a, k, m) : matrix(a, m, k);
  const y = transB ? matrix(b, n, k) : matrix(b, k, n);
  const product = () => (transA ? x.transpose() : x).mmul(transB ? y.transpose() : y);
  return { run: () => product().get(0, 0), result: () => product().to1DArray() };
}
