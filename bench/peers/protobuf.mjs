/**
 * The little of protobuf's wire format that an ONNX file needs: each field is its number and kind, then its content.
 * Kind 0 is a varint (seven bits a byte, the lowest first), kind 2 a length and so many bytes, kind 5 four bytes.
 */

/** @param {number} n a whole number of 0 or more */
function varint(n) {
  const bytes = [];
  for (let rest = n; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Buffer.from([...bytes, rest]);
    bytes.push((rest % 128) | 128);
  }
}

export const integer = (field, n) => Buffer.concat([varint(field * 8), varint(n)]);

export const float = (field, x) => {
  const content = Buffer.alloc(4);
  content.writeFloatLE(x);
  return Buffer.concat([varint(field * 8 + 5), content]);
};

/** Text, bytes, or a message: fields one after another. */
export const bytes = (field, ...parts) => {
  const content = Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : part)));
  return Buffer.concat([varint(field * 8 + 2), varint(content.length), content]);
};
