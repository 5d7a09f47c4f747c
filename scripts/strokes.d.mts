export function drawnDigits(
  count: number,
  seed: number,
): { readonly pixels: Float32Array<ArrayBuffer>; readonly digits: Int32Array<ArrayBuffer> };
