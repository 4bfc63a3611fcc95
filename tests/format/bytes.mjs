// What the parts of the reader share: checks, checksums, hashes, and a walk through bytes.

export class Damage extends Error {}
export const check = (holds, where, what) => {
  if (!holds) throw new Damage(`${where}: ${what}`);
};

const CRC = new Uint32Array(256).map((_, i) => {
  for (let bit = 0; bit < 8; bit++) i = i & 1 ? (i >>> 1) ^ 0x82f63b78 : i >>> 1;
  return i;
});
export function crc32c(bytes, from = 0) {
  let c = ~from;
  for (let i = 0; i < bytes.length; i++) c = (c >>> 8) ^ CRC[(c ^ bytes[i]) & 255];
  return ~c >>> 0;
}

const MASK = (1n << 64n) - 1n;
const fold = (a, b) => ((a * b) & MASK) ^ ((a * b) >> 64n);
export function sgcHash(bytes, seed) {
  let s = seed ^ 0xa0761d6478bd642fn,
    at = 0;
  const rest = Buffer.alloc(16);
  const step = (b, i, last) =>
    fold(b.readBigUInt64LE(i) ^ 0xe7037ed1a0b428dbn, b.readBigUInt64LE(i + 8) ^ s ^ last);
  for (; bytes.length - at > 16; at += 16) s = step(bytes, at, 0n);
  bytes.copy(rest, 0, at);
  return fold(0xe7037ed1a0b428dbn ^ BigInt(bytes.length), step(rest, 0, 0x8ebc6af09c88c6e3n));
}

// Goes through bytes from front to back and never past their end.
export class Walk {
  constructor(bytes, where, at = 0) {
    Object.assign(this, { bytes, where, at });
  }
  take(size) {
    check(size <= this.bytes.length - this.at, this.where, `ends at byte ${this.bytes.length}`);
    return this.bytes.subarray(this.at, (this.at += size));
  }
  u8() {
    return this.take(1)[0];
  }
  u16() {
    return this.take(2).readUInt16LE();
  }
  u32() {
    return this.take(4).readUInt32LE();
  }
  big() {
    return this.take(8).readBigUInt64LE();
  }
  u64() {
    return Number(this.big());
  }
  varint() {
    for (let value = 0, scale = 1; ; scale *= 128) {
      const byte = this.u8();
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  }
  more() {
    return this.at < this.bytes.length;
  }
}
export const unfold = (n) => (n % 2 ? -(n + 1) / 2 : n / 2);
export const hex = (bytes) => bytes.toString('hex');
