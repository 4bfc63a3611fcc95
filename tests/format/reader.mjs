// Reads a data folder, written by nobody but sgdb, from what docs/file-format.md says: no line of this
// file knows the sources. It changes nothing. node reader.mjs DIR prints all there is, a JSON object a line.
import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { decompress } from 'fzstd';

export class Damage extends Error {}
const check = (holds, where, what) => { if (!holds) throw new Damage(`${where}: ${what}`); };

// ---- Bytes ----

const CRC = new Uint32Array(256).map((_, i) => {
  for (let bit = 0; bit < 8; bit++) i = i & 1 ? (i >>> 1) ^ 0x82f63b78 : i >>> 1;
  return i;
});
function crc32c(bytes, from = 0) {
  let c = ~from;
  for (let i = 0; i < bytes.length; i++) c = (c >>> 8) ^ CRC[(c ^ bytes[i]) & 255];
  return ~c >>> 0;
}

const MASK = (1n << 64n) - 1n;
const fold = (a, b) => ((a * b) & MASK) ^ ((a * b) >> 64n);
function sgcHash(bytes, seed) {
  let s = seed ^ 0xa0761d6478bd642fn, at = 0;
  const rest = Buffer.alloc(16);
  const step = (b, i, last) =>
    fold(b.readBigUInt64LE(i) ^ 0xe7037ed1a0b428dbn, b.readBigUInt64LE(i + 8) ^ s ^ last);
  for (; bytes.length - at > 16; at += 16) s = step(bytes, at, 0n);
  bytes.copy(rest, 0, at);
  return fold(0xe7037ed1a0b428dbn ^ BigInt(bytes.length), step(rest, 0, 0x8ebc6af09c88c6e3n));
}

// Goes through bytes from front to back and never past their end.
class Walk {
  constructor(bytes, where, at = 0) { Object.assign(this, { bytes, where, at }); }
  take(size) {
    check(size <= this.bytes.length - this.at, this.where, `ends at byte ${this.bytes.length}`);
    return this.bytes.subarray(this.at, this.at += size);
  }
  u8() { return this.take(1)[0]; }
  u16() { return this.take(2).readUInt16LE(); }
  u32() { return this.take(4).readUInt32LE(); }
  big() { return this.take(8).readBigUInt64LE(); }
  u64() { return Number(this.big()); }
  varint() {
    for (let value = 0, scale = 1; ; scale *= 128) {
      const byte = this.u8();
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  }
  more() { return this.at < this.bytes.length; }
}
const unfold = (n) => (n % 2 ? -(n + 1) / 2 : n / 2);
const hex = (bytes) => bytes.toString('hex');

// ---- Root ----

function descriptor(b) {
  const d = { id: b.readUInt32LE(0), table: b.readUInt32LE(4), index: b.readUInt32LE(8), kind: b[12], levels: b[13] };
  ['place', 'number', 'pages', 'free'].forEach((name, i) => { d[name] = b.readUInt32LE(16 + 4 * i); });
  d.count = Number(b.readBigUInt64LE(32));
  d.own = [40, 44, 48].map((at) => b.readUInt32LE(at));
  d.load = Number(b.readBigUInt64LE(56));
  return d;
}

function readRoot(dir) {
  const file = fs.readFileSync(path.join(dir, 'root'));
  const copies = [0, 4096].map((at) => file.subarray(at, at + 4096)).filter((b) =>
    b.length === 4096 && b.toString('latin1', 0, 8) === 'SGCROOT\0' && b.readUInt32LE(8) === crc32c(b.subarray(12)) &&
    b.readUInt32LE(12) === 2 && b.readUInt32LE(16) === 4096);
  check(copies.length, 'root', 'no valid copy');
  const b = copies.reduce((x, y) => (y.readUInt32LE(20) > x.readUInt32LE(20) ? y : x));
  const w = new Walk(b, 'root', 20);
  const root = { copies: copies.length, number: w.u32(), sequence: w.u64(), time: w.u64(), seed: w.big(), hash: w.big(),
    trees: w.u32(), nextTree: w.u32(), places: w.u32(), texts: [w.u32(), w.u32(), w.u32()] };
  ['catalogue', 'schema', 'free', 'manifest'].forEach((name, i) => {
    root[name] = descriptor(b.subarray(128 + 64 * i));
  });
  w.at = 384;
  root.log = { segment: w.u64(), offset: w.u64(), number: w.u64(), id: w.big(), last: w.u64(), shown: w.u64(), crc: w.u32() };
  return root;
}

// ---- Pages ----

const PAGE_TABLE = 1, ROWS = 2, SPACE = 3, LARGE = 4, HASH = 5, HASH_MORE = 6, NODE = 7, BYTES = 8;

class Pages {
  constructor(dir, root) {
    this.file = fs.readFileSync(path.join(dir, 'pages'));
    this.used = new Set([0]);
    this.places = root.places;
    const head = this.file.subarray(0, 4096);
    check(head.length === 4096 && head.toString('latin1', 0, 8) === 'SGCPAGE\0' &&
      head.readUInt32LE(8) === crc32c(head.subarray(12)) && head.readUInt32LE(12) === 2 &&
      head.readUInt32LE(16) === 4096 && head.readBigUInt64LE(24) === root.seed, 'pages', 'the head is damaged');
  }

  page(place, number, tree, logical) {
    const where = `pages: place ${place}`;
    check(place > 0 && place < this.places && (place + 1) * 4096 <= this.file.length, where, 'beyond the file');
    check(!this.used.has(place), where, 'is named twice');
    this.used.add(place);
    const p = this.file.subarray(place * 4096, (place + 1) * 4096);
    check(p.readUInt32LE(0) === crc32c(p.subarray(4)), where, 'the checksum does not match');
    check(p.readUInt32LE(4) === number, where, 'is of another checkpoint');
    check(p.readUInt32LE(8) === tree && p.readUInt32LE(12) === logical, where, 'is another page');
    return p;
  }

  // The pages of a tree by logical number; free ones are missing.
  tree(d) {
    const found = new Map(), free = new Map();
    const down = (place, number, level, position) => {
      const p = this.page(place, number, d.id, position);
      check(p[16] === PAGE_TABLE && p[17] === level, `pages: place ${place}`, 'is no such page table');
      for (let i = 0; i < 508; i++) {
        const entry = [p.readUInt32LE(32 + 8 * i), p.readUInt32LE(36 + 8 * i)], at = position * 508 + i;
        if (level && entry[0]) down(...entry, level - 1, at);
        else if (entry[0]) found.set(at, this.page(...entry, d.id, at));
        else if (!level && at < d.pages) free.set(at, entry[1]);
      }
    };
    if (d.levels) down(d.place, d.number, d.levels - 1, 0);
    let listed = 0;
    for (let next = d.free; next; next = free.get(next - 1), listed++)
      check(free.has(next - 1) && listed < free.size, `tree ${d.id}`, 'the list of free pages is damaged');
    check(listed === free.size && found.size + listed === d.pages, `tree ${d.id}`, 'pages are missing');
    return found;
  }

  bytes(d) {
    const pages = this.tree(d);
    const parts = [];
    for (let i = 0; i * 4064 < d.count; i++) {
      check(pages.get(i)?.[16] === BYTES, `tree ${d.id}`, `page ${i} is missing`);
      parts.push(pages.get(i).subarray(32));
    }
    return Buffer.concat(parts).subarray(0, d.count);
  }
}

function catalogue(pages, root) {
  const found = [...pages.tree(root.catalogue)].sort(([a], [b]) => a - b).map(([, p]) => p);
  return Array.from({ length: root.trees }, (_, i) =>
    descriptor(found[Math.floor(i / 63)].subarray(32 + 64 * (i % 63))));
}

function checkFreeMap(pages, root) {
  const w = new Walk(pages.bytes(root.free), 'the free map');
  let place = 0;
  const span = (free) => {
    for (let n = w.varint(); n; n--, place++)
      check(free !== pages.used.has(place), `pages: place ${place}`, `is ${free ? 'named, but free' : 'named by nothing'}`);
  };
  while (w.more()) { span(false); span(true); }
  for (; place < root.places; place++)
    check(pages.used.has(place), `pages: place ${place}`, 'is named by nothing');
}

// ---- Schema: the text of the lock file, and from the SDL which field is the key ----

const WIDTH = { Boolean: 1, enum: 3, Int: 5, BigInt: 9, DateTime: 9, Time: 9, Date: 9, Float: 9 };

function parseType(text) {
  const list = /^\[(.*)\]$/.exec(text);
  const [kind, of] = (list ? list[1] : text).split(':');
  return { kind, of, list: Boolean(list), width: list ? 0 : WIDTH[kind] ?? 0 };
}

const ENGINE = `
table 4294967295 -keys
  field 1 expiry BigInt
  field 2 sequence BigInt
  field 3 time BigInt
  field 4 request0 BigInt
  field 5 request1 BigInt
  field 6 key String
  index 1 key key 6
  index 2 expiry plain 1
table 4294967294 -serials
  field 1 table BigInt
  field 2 largest BigInt
  index 1 table key 1`;

function readSchema(pages, root) {
  const text = pages.bytes(root.schema);
  const [name, sdl, numbering] = root.texts.map((size, i) => {
    const from = root.texts.slice(0, i).reduce((a, b) => a + b, 0);
    return text.toString('utf8', from, from + size);
  });
  const schema = { name, tables: new Map(), embedded: new Map(), enums: new Map() };
  let open;
  for (const line of (numbering + ENGINE).split('\n')) {
    const words = line.trim().split(' ');
    if (words[0] === 'table') {
      open = { number: Number(words[1]), name: words[2], fields: [], indexes: words[2][0] === '-' ? [] : [{ number: 0, name: 'key', kind: 'key', fields: [] }] };
      schema.tables.set(open.number, open);
    } else if (words[0] === 'embedded') schema.embedded.set(words[2], open = { fields: [] });
    else if (words[0] === 'enum') schema.enums.set(words[2], open = new Map());
    else if (words[0] === 'value') open.set(Number(words[1]), words[2]);
    else if (words[0] === 'field') open.fields.push({ number: Number(words[1]), name: words[2], ...parseType(words[3]) });
    else if (words[0] === 'index')
      open.indexes.push({ number: Number(words[1]), name: words[2], kind: words[3], fields: words[4].split(',').map(Number) });
  }
  for (const shape of schema.tables.values())
    shape.fields.sort((a, b) => !a.width - !b.width || a.number - b.number);
  for (const table of schema.tables.values()) {
    const byName = (wanted) => table.fields.find((f) => f.name === wanted);
    const type = new RegExp(`\\btype\\s+${table.name}\\b([^{]*){([^}]*)}`).exec(sdl);
    const key = /(\w+)\s*:\s*[\w!]+\s*@id\b/.exec(type?.[2])?.[1] ?? 'id';
    table.history = !/-/.test(table.name) && !/@table\([^)]*history:\s*false/.test(type?.[1] ?? '');
    if (table.name.includes('.')) table.key = [1, 2].map((n) => table.fields.find((f) => f.number === n));
    else table.key = [byName({ '-keys': 'key', '-serials': 'table' }[table.name] ?? key)];
  }
  return schema;
}

// ---- Records ----

const NULL = Symbol('null of a fixed width');

function unpack(w) {
  const type = w.u8();
  const list = (n) => Array.from({ length: n }, () => unpack(w));
  const sized = [() => w.u8(), () => w.take(2).readUInt16BE(), () => w.take(4).readUInt32BE()];
  if (type >= 0x90 && type < 0xa0) return list(type & 15);
  if (type >= 0xa0 && type < 0xc0) return w.take(type & 31).toString();
  if (type >= 0xc4 && type <= 0xc6) return w.take(sized[type - 0xc4]());
  if (type >= 0xd9 && type <= 0xdb) return w.take(sized[type - 0xd9]()).toString();
  if (type === 0xdc || type === 0xdd) return list(sized[type - 0xdb]());
  switch (type) {
    case 0xc0: return null;
    case 0xc2: return false;
    case 0xc3: return true;
    case 0xcb: return w.take(8).readDoubleBE();
    case 0xcd: return w.take(2).readUInt16BE();
    case 0xd2: return w.take(4).readInt32BE();
    case 0xd3: return w.take(8).readBigInt64BE();
    case 0xd4: w.take(2); return NULL;
    case 0xc7: { const size = w.u8(); w.take(size + 1); return NULL; }
    default: throw new Damage(`${w.where}: MessagePack 0x${type.toString(16)}`);
  }
}

// A record as a Map from field number to value, null where there is none.
function readRecord(bytes, table) {
  const where = `a record of ${table.name}`;
  const w = new Walk(bytes, where);
  const [version, ...values] = unpack(w);
  check(!w.more() && version >= 1 && values.length === table.fields.length, where, 'is not of this schema');
  let at = 6;
  for (const f of table.fields.filter((field) => field.width)) { // where they stand is part of the format
    const single = new Walk(bytes, where, at);
    const value = unpack(single);
    check(single.at === at + f.width && (value === NULL || f.kind === 'Boolean' || typeof value !== 'symbol'), where, f.name);
    at += f.width;
  }
  return new Map(table.fields.map((f, i) => [f.number, values[i] === NULL ? null : values[i]]));
}

const iso = (us) => { // with 0, 3 or 6 decimals
  const part = ((us % 1000000n) + 1000000n) % 1000000n;
  const decimals = part ? `.${String(part).padStart(6, '0').replace(/000$/, '')}` : '';
  return `${new Date(Number((us - part) / 1000n)).toISOString().slice(0, 19)}${decimals}Z`;
};
export const time = (us) => iso(BigInt(us));

// A value as the API writes it.
function show(value, type, schema) {
  if (value === null || value === NULL) return null;
  if (type.list) return value.map((element) => show(element, { ...type, list: false }, schema));
  switch (type.kind) {
    case 'enum': return schema.enums.get(type.of).get(value);
    case 'embedded': return Object.fromEntries(
      schema.embedded.get(type.of).fields.map((f, i) => [f.name, show(value[i], f, schema)]));
    case 'BigInt': return String(value);
    case 'Date': return new Date(Number(value) * 86400000).toISOString().slice(0, 10);
    case 'Time': return iso(value).slice(11, -1);
    case 'DateTime': return iso(value);
    case 'Bytes': return value.toString('base64');
    case 'JSON': return JSON.parse(value);
    default: return value;
  }
}

export const showRow = (db, table, bytes) => {
  const record = readRecord(bytes, table);
  const byNumber = [...table.fields].sort((a, b) => a.number - b.number);
  return Object.fromEntries(byNumber.map((f) => [f.name, show(record.get(f.number), f, db.schema)]));
};

// ---- Keys ----

function signed(value, size) {
  const b = Buffer.alloc(size);
  if (size === 4) b.writeInt32BE(value);
  else b.writeBigInt64BE(value);
  b[0] ^= 128;
  return b;
}

const escaped = (bytes) =>
  Buffer.concat([Buffer.from(bytes.toString('latin1').replaceAll('\0', '\0\xff'), 'latin1'), Buffer.from([0, 0])]);

const textComponent = (bytes) => Buffer.concat([Buffer.from([1]), escaped(bytes)]);

const keyPart = (value, field) => {
  if (field.kind === 'Int' || field.kind === 'BigInt') return signed(value, field.kind === 'Int' ? 4 : 8);
  return Buffer.from(value);
};

function keyOf(record, table) {
  const [first, second] = table.key.map((f) => keyPart(record.get(f.number), f));
  return second ? Buffer.concat([textComponent(first), second]) : first;
}

function decimal(text) {
  const [, minus, whole, part = ''] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text);
  let digits = (whole + part).replace(/^0+/, '');
  const exponent = digits.length - part.length;
  if (!digits) return Buffer.from([2]);
  if (digits.length % 2) digits += '0';
  const b = Buffer.alloc(2);
  b.writeUInt16BE(exponent + 32768);
  const body = Buffer.concat([b, Buffer.from(digits.match(/../g).map((pair) => Number(pair) + 1)), Buffer.from([0])]);
  return Buffer.concat([Buffer.from([minus ? 1 : 3]), minus ? body.map((byte) => ~byte & 255) : body]);
}

function component(value, kind) {
  if (value === null || value === NULL) return Buffer.from([2]);
  const body = () => {
    switch (kind) {
      case 'Boolean': return Buffer.from([value ? 1 : 0]);
      case 'enum': { const b = Buffer.alloc(2); b.writeUInt16BE(value); return b; }
      case 'Int': return signed(value, 4);
      case 'BigInt': case 'DateTime': case 'Date': case 'Time': return signed(value, 8);
      case 'Float': {
        const b = Buffer.alloc(8);
        b.writeDoubleBE(value === 0 ? 0 : value);
        return b[0] & 128 ? b.map((byte) => ~byte & 255) : (b[0] ^= 128, b);
      }
      case 'Decimal': return decimal(value);
      default: return escaped(Buffer.from(value));
    }
  };
  return Buffer.concat([Buffer.from([1]), body()]);
}

// The entries that a row has in an index.
function entriesOf(record, key, table, index) {
  if (index.kind === 'key') return [key];
  const fields = index.fields.map((n) => table.fields.find((f) => f.number === n));
  if (table.name.includes('.')) // of a link table: the key of the other side, as text
    return fields.map((f) => Buffer.concat([textComponent(keyPart(record.get(f.number), f)), key]));
  if (index.kind !== 'elements')
    return [Buffer.concat([...fields.map((f) => component(record.get(f.number), f.kind)), key])];
  const list = record.get(fields[0].number) ?? [];
  const distinct = new Map(list.map((value) => component(value, fields[0].kind)).map((c) => [hex(c), c]));
  return [...distinct.values()].map((c) => Buffer.concat([c, key]));
}

// ---- Rows of the pages ----

function large(pages, stub, where) {
  const w = new Walk(stub, where);
  const size = w.u32(), level = w.u8();
  const gather = (numbers, bytes) => Buffer.concat(numbers.map((n) => {
    check(pages.get(n)?.[16] === LARGE, where, `page ${n} is no large page`);
    return pages.get(n).subarray(32);
  })).subarray(0, bytes);
  let numbers = Array.from({ length: w.u8() }, () => w.u32());
  const seen = [...numbers];
  if (level) {
    const list = new Walk(gather(numbers, numbers.length * 4064), where);
    numbers = Array.from({ length: Math.ceil(size / 4064) }, () => list.u32());
    seen.push(...numbers);
  }
  return { record: gather(numbers, size), key: stub.subarray(w.at), seen };
}

// Rows by key in hex; each with its address.
function readRows(pages, d, table) {
  const tree = pages.tree(d);
  const rows = new Map(), named = new Set(), larges = new Set(), room = new Map();
  for (const [logical, p] of tree) {
    const where = `${table.name}: page ${logical} of the rows`;
    check((p[16] === SPACE) === (logical % 4064 === 0), where, 'space pages are not where they should be');
    if (p[16] === LARGE) larges.add(logical);
    if (p[16] === HASH_MORE) named.add(logical);
    if (p[16] !== ROWS) continue;
    const slots = p.readUInt16LE(18);
    let used = 0, bytesOfRows = 0;
    for (let slot = 0; slot < slots; slot++) {
      const at = p.readUInt16LE(32 + 2 * slot);
      if (!at) continue;
      used++;
      const w = new Walk(p, where, at);
      const size = w.varint(), begin = w.varint() || d.load;
      const bytes = w.take(Math.floor(size / 2));
      check(at >= p.readUInt16LE(20), where, 'a row lies among the slots');
      bytesOfRows += w.at - at;
      const whole = size % 2 ? large(tree, bytes, where) : { record: bytes, seen: [] };
      const fields = readRecord(whole.record, table);
      const key = keyOf(fields, table);
      check(!whole.key || whole.key.equals(key), where, 'a large row has another key');
      check(!rows.has(hex(key)), where, 'a key is there twice');
      whole.seen.forEach((n) => named.add(n));
      rows.set(hex(key), { key, begin, record: whole.record, fields, address: logical * 256 + slot });
    }
    check(bytesOfRows === p.readUInt16LE(22) && used === p.readUInt16LE(24), where, 'rows are missing');
    const free = 4064 - 2 * slots - bytesOfRows;
    if (free >= 512 && logical !== d.own[0] - 1) room.set(logical, Math.floor(free / 16));
  }
  for (const n of larges) check(named.has(n), `${table.name}: page ${n} of the rows`, 'is named by no row');
  for (const [first, p] of tree)
    for (let i = 0; first % 4064 === 0 && i < 4064; i++)
      check(p[32 + i] === (room.get(first + i) ?? 0), table.name, `the room of page ${first + i} of the rows`);
  check(room.size === d.own[1], table.name, 'the number of pages with room');
  check(rows.size === d.count, table.name, `${rows.size} rows, not ${d.count}`);
  return { rows, tree };
}

// ---- Indexes ----

function checkHash(pages, d, table, seed, { rows, tree }) {
  const own = pages.tree(d), where = `${table.name}: hash index`;
  const [bits, width, grown] = d.own;
  const entries = new Map();
  for (const [page, first] of own) {
    check(first[16] === HASH, where, `page ${page} is none`);
    for (let p = first; p;) {
      for (let line = 0; line < 63; line++) {
        const at = 64 + 64 * line;
        for (let i = 0; i < (p[at + 63] & 127); i++) {
          const row = at + 28 + 5 * i;
          entries.set(p[row] + 256 * p.readUInt32LE(row + 1), p.readUInt32LE(at + 4 * i));
        }
      }
      const next = p.readUInt32LE(20);
      p = next ? tree.get(next - 1) : null;
      check(!next || p?.[16] === HASH_MORE, where, `page ${page} does not go on`);
    }
  }
  check(entries.size === rows.size && d.count === rows.size, where, `${entries.size} entries, not ${rows.size}`);
  for (const row of rows.values()) {
    const h = Number(sgcHash(row.key, seed) >> 32n);
    check(entries.get(row.address) === h, where, `the entry of ${hex(row.key)} is wrong`);
    const group = h % 2 ** bits, f = Math.floor(h / 2 ** bits) & 3;
    const size = width + (group < grown ? 1 : 0);
    const third = f >= 2 && Math.imul(h, 0x9e3779b1) >>> 24 < 171;
    const within = size === 1 ? 0 : size === 2 ? f & 1 : size === 4 ? f : third ? 2 : f & 1;
    check(findInHash(own.get(group + within * 2 ** bits), tree, h, row.address), where, `${hex(row.key)} is not found`);
  }
}

function findInHash(first, tree, h, address) {
  for (let p = first; p; p = p.readUInt32LE(20) ? tree.get(p.readUInt32LE(20) - 1) : null) {
    let line = (((h >>> 26) * 63) >> 6);
    for (let tried = 0; tried < 63; tried++, line = (line + 1) % 63) {
      const at = 64 + 64 * line;
      for (let i = 0; i < (p[at + 63] & 127); i++)
        if (p.readUInt32LE(at + 4 * i) === h && p[at + 28 + 5 * i] + 256 * p.readUInt32LE(at + 29 + 5 * i) === address)
          return true;
      if (p[at + 63] < 128) return false;
    }
  }
  return false;
}

function readNode(p, where) {
  const n = p.readUInt16LE(18), leaf = p[17] === 0, flags = p[28], headSize = flags >> 4, valueSize = p[29];
  const end = p.readUInt16LE(22), fixed = flags & 4;
  const w = new Walk(p.subarray(0, 4096), where, 32);
  const heads = Array.from({ length: n }, () => w.take(headSize));
  const values = Array.from({ length: n }, () => w.take(valueSize).reduceRight((sum, byte) => sum * 256 + byte, 0));
  const offsets = fixed ? [] : Array.from({ length: n }, () => w.u16());
  const prefix = w.take(p.readUInt16LE(20));
  const tail = leaf ? p[24] : 0, middle = w.take(leaf ? tail + p[25] : 0);
  const restSize = p.readUInt16LE(30), first = w.at;
  const entries = heads.map((head, i) => {
    const from = fixed ? first + restSize * i : 32 + (offsets[i] & 4095);
    const to = fixed ? from + restSize : i + 1 < n ? 32 + (offsets[i + 1] & 4095) : end;
    check(from >= first && from <= to && to <= 4096, where, 'offsets are wrong');
    const rest = new Walk(p.subarray(0, to), where, from);
    let keySize = flags & 2 ? p.readUInt16LE(26) : 0;
    if (flags & 1) keySize = rest.varint();
    const suffix = Buffer.concat([head.subarray(0, fixed ? headSize : offsets[i] >> 12), rest.take(to - rest.at)]);
    const whole = Buffer.concat([prefix, suffix]);
    const cut = whole.length + middle.length - keySize - tail;
    const entry = middle.length ? Buffer.concat([whole.subarray(0, cut), middle, whole.subarray(cut)]) : whole;
    return { entry, keySize, value: values[i] };
  });
  return { level: p[17], entries, first: leaf ? 0 : p.readUInt32LE(24) };
}

function readBTree(pages, d, where) {
  const tree = pages.tree(d);
  const [root, levels] = d.own;
  const found = [];
  let seen = 0;
  const down = (logical, level, low, high) => {
    const p = tree.get(logical);
    check(p?.[16] === NODE && p[17] === level && ++seen <= tree.size, where, `node ${logical} is no such node`);
    const node = readNode(p, `${where}: node ${logical}`);
    let before = low;
    for (const { entry } of node.entries) {
      check((!before || Buffer.compare(before, entry) <= 0) && (!high || Buffer.compare(entry, high) < 0),
        where, `node ${logical} is out of order`);
      before = entry;
    }
    if (!level) return void found.push(...node.entries);
    const bounds = [low, ...node.entries.map((e) => e.entry), high];
    [node.first, ...node.entries.map((e) => e.value)].forEach((child, i) =>
      down(child, level - 1, bounds[i], bounds[i + 1]));
  };
  if (levels) down(root, levels - 1, null, null);
  check(found.length === d.count && seen === tree.size, where, `${found.length} entries, not ${d.count}`);
  return found;
}

function checkBTree(pages, d, table, { rows }) {
  const index = table.indexes.find((i) => i.number === d.index);
  const where = `${table.name}: index ${index.name}`;
  const below = d.own[2] ? (d.own[2] - 1) * 256 : Infinity;
  const expected = new Map();
  for (const row of rows.values())
    if (row.address < below)
      for (const entry of entriesOf(row.fields, row.key, table, index)) expected.set(hex(entry), row);
  for (const { entry, keySize, value } of readBTree(pages, d, where)) {
    const row = expected.get(hex(entry));
    check(row && row.address === value, where, `${hex(entry)} belongs to no row`);
    check(index.kind === 'key' || keySize === row.key.length, where, `${hex(entry)}: the size of its key`);
    expected.delete(hex(entry));
  }
  check(!expected.size, where, `${expected.size} rows are not in it: ${[...expected.keys()][0]}`);
}

// ---- Log ----

const CLOSING = MASK;
const LINKED = (batch, id) => batch.id === id || batch.before === id;

function segmentHead(file, name) {
  const w = new Walk(file, `log/${name}`);
  check(w.take(4).toString('latin1') === 'SGLS' && file.length % 4096 === 0 && file.length >= 4096 &&
    file.readUInt32LE(60) === crc32c(file.subarray(0, 60)), w.where, 'the head is bad');
  const head = { name, file, version: w.u32(), number: w.u64(), batch: w.u64(), last: w.u64(), id: w.big(), before: w.big(),
    crc: w.u32(), block: w.u32() };
  check(head.version === 2 && head.block === 4096 && parseInt(name, 16) === head.number, w.where, 'the head is bad');
  return head;
}

function batchHead(file, at) {
  if (at + 64 > file.length || file.toString('latin1', at, at + 4) !== 'SGLB') return null;
  const w = new Walk(file, 'log', at + 4);
  const b = { at, crc: w.u32(), number: w.u64(), id: w.big(), before: w.big(), size: w.u64(), shown: w.u64(), last: w.big(),
    events: w.u32() };
  return w.u32() === crc32c(file.subarray(at, at + 60)) ? b : null;
}

// The valid batch at this place that continues the one before it.
function batchAt(file, at, before) {
  const b = batchHead(file, at);
  if (!b || b.number !== before.number + 1 || !LINKED(b, before.id) || at + 64 + b.size > file.length) return null;
  const crc = crc32c(file.subarray(at + 64, at + 64 + b.size), crc32c(file.subarray(at + 8, at + 60), before.crc));
  return crc === b.crc ? b : null;
}

// The batch at this place may be torn; a later one shows that what is missing here had been durable.
function checkEnd(file, at, last, name) {
  const closed = last.last === CLOSING;
  const to = closed ? Math.min(file.length, at + 3 * 4096) : file.length;
  for (; at < to; at += 4096) {
    const b = batchHead(file, at);
    check(!b || !LINKED(b, last.id) || b.number <= last.number + (closed ? 0 : 1), `log/${name}: offset ${at}`,
      'a batch in front of this one is damaged');
  }
}

function readLog(dir, root) {
  const names = fs.readdirSync(path.join(dir, 'log')).filter((n) => /^[0-9a-f]{16}\.log$/.test(n)).sort();
  const segments = [];
  for (const name of names.reverse()) {
    const head = segmentHead(fs.readFileSync(path.join(dir, 'log', name)), name);
    check(!segments.length || head.number === segments[0].number - 1, `log/${name}`, 'a segment is missing');
    segments.unshift(head);
    if (head.last <= root.sequence) break;
  }
  check(segments.length && segments[0].last <= root.sequence, 'log', 'it begins too late');
  const events = [], batches = [], place = root.log;
  segments.forEach((segment, i) => {
    let at = 4096, last = { at: 0, number: segment.batch - 1, id: segment.id, crc: segment.crc, last: BigInt(segment.last) };
    if (i === 0 && place.segment === segment.number)
      [at, last] = [place.offset, { at: 0, number: place.number - 1, id: place.id, crc: place.crc, last: BigInt(place.last) }];
    let sequence = Number(last.last);
    for (let b; (b = batchAt(segment.file, at, last)); last = b, at += Math.ceil((64 + b.size) / 4096) * 4096) {
      const w = new Walk(segment.file.subarray(0, at + 64 + b.size), `log/${segment.name}`, at + 64);
      batches.push({ name: segment.name, at, size: 64 + b.size, events: b.events });
      for (let n = 0; n < b.events; n++) {
        const size = w.u32(), event = { sequence: w.u64(), time: w.u64(), payload: w.take(size) };
        check(event.sequence > sequence, w.where, 'sequences do not rise');
        sequence = event.sequence;
        events.push(event);
      }
      check(!w.more() && (!b.events || Number(b.last) === sequence), w.where, 'a batch does not end with its events');
    }
    const next = segments[i + 1];
    if (!next) checkEnd(segment.file, at, last, segment.name);
    else check(next.batch === last.number + 1 && next.last === sequence && next.crc === last.crc && LINKED(next, last.id),
      `log/${next.name}`, 'does not continue the one before it');
  });
  return { events: events.filter((e) => e.sequence > root.sequence), batches };
}

function readPayload(event, root) {
  const w = new Walk(event.payload, `the commit ${event.sequence}`);
  check(w.u8() === 1, w.where, 'is of another version');
  const kind = w.u8();
  w.u32();
  check(w.big() === root.hash, w.where, 'is of another schema');
  const changes = [];
  check(kind === 1 || kind === 2, w.where, 'is of another kind');
  while (w.more()) {
    if (kind === 2) { changes.push({ op: 'load', table: w.u32() }); continue; }
    const op = w.u8(), table = w.u32(), key = w.take(w.u16());
    changes.push({ op: ['insert', 'update', 'delete'][op - 1], table, key, record: op === 3 ? null : w.take(w.u32()) });
  }
  return changes;
}

// ---- History ----

function readManifest(pages, root) {
  const bytes = pages.bytes(root.manifest);
  if (!bytes.length) return { segments: [], horizons: new Map() };
  const w = new Walk(bytes, 'the list of segments');
  check(bytes.readUInt32LE(bytes.length - 4) === crc32c(bytes.subarray(0, -4)) && w.u32() === 1, w.where, 'is damaged');
  const [segments, horizons] = [w.u32(), w.u32()];
  return {
    segments: Array.from({ length: segments }, () =>
      ({ number: w.u64(), bytes: w.u64(), after: w.u64(), through: w.u64(), crc: w.u32() })),
    horizons: new Map(Array.from({ length: horizons }, () => [w.u32(), w.u64()])),
  };
}

function readFooter(bytes, where) {
  const w = new Walk(bytes, where);
  let offset = 16;
  const runs = Array.from({ length: w.varint() }, () => {
    const run = { kind: w.u8() };
    for (const name of ['table', 'index', 'items', 'keys', 'leastBegin', 'largestBegin', 'leastEnd', 'largestEnd', 'blockCount'])
      run[name] = w.varint();
    run.lastKey = w.take(w.varint());
    run.filter = w.take(32 * w.varint());
    let first = Buffer.alloc(0);
    run.blocks = Array.from({ length: run.blockCount }, () => {
      const b = { offset };
      for (const name of ['bytes', 'times', 'raw', 'whole', 'items', 'begin', 'back', 'largestEnd']) b[name] = w.varint();
      offset += b.bytes;
      b.crc = w.u32();
      const shared = w.varint(), follow = w.varint();
      first = b.first = Buffer.concat([first.subarray(0, shared), w.take(follow)]);
      return b;
    });
    return run;
  });
  check(!w.more(), where, 'the footer is longer than its runs');
  return { runs, end: offset };
}

function readBlock(file, b, run, where) {
  const bytes = file.subarray(b.offset, b.offset + b.bytes);
  check(bytes.length === b.bytes && crc32c(bytes) === b.crc, `${where}: at byte ${b.offset}`, 'the checksum does not match');
  const times = new Walk(bytes.subarray(0, b.times), where);
  const packed = bytes.subarray(b.times);
  const content = new Walk(packed.length < b.raw ? Buffer.from(decompress(packed)) : packed, where);
  check(content.bytes.length === b.raw, where, 'a block has another size');
  let begin = 0, end = 0, key = Buffer.alloc(0), whole = 0;
  const items = Array.from({ length: b.items }, () => {
    const [x, y] = [times.varint(), times.varint()];
    if (run.kind <= 2) { begin = end + unfold(x); end = begin + y; }
    else { begin += x; end += unfold(y); }
    const shared = content.varint(), follow = content.varint(), size = content.varint();
    key = Buffer.concat([key.subarray(0, shared), content.take(follow)]);
    const value = content.take(size);
    whole += key.length + size;
    return { key, value, begin, end };
  });
  check(!times.more() && !content.more(), where, 'a block is longer than its items');
  check(items[0].begin === b.begin && items[0].key.equals(b.first) && b.back === b.begin - Math.min(...items.map((i) => i.begin)) &&
    b.largestEnd === Math.max(...items.map((i) => i.end)), where, 'the footer tells another block');
  return items;
}

const SALTS = [0x47b6137b, 0x44974d91, 0x8824ad5b, 0xa2b7289d, 0x705495c7, 0x2df1424b, 0x9efc4947, 0x5c6bfb31];
function inFilter(filter, key) {
  const h = sgcHash(key, 0x68697374n);
  const part = Number(h >> 32n) % (filter.length / 32), low = Number(h & 0xffffffffn);
  return SALTS.every((salt, i) => filter.readUInt32LE(32 * part + 4 * i) & (1 << (Math.imul(low, salt) >>> 27)));
}

function checkRun(run, items, where) {
  check(items.length === run.items && items.filter((item, i) => !i || !item.key.equals(items[i - 1].key)).length === run.keys &&
    items.at(-1).key.equals(run.lastKey), where, 'a run differs from the footer');
  const least = (name) => Math.min(...items.map((i) => i[name])), largest = (name) => Math.max(...items.map((i) => i[name]));
  check(least('begin') === run.leastBegin && largest('begin') === run.largestBegin && least('end') === run.leastEnd &&
    largest('end') === run.largestEnd, where, 'the times of a run differ from the footer');
  items.slice(1).forEach((item, i) => {
    const keys = Buffer.compare(items[i].key, item.key), begins = items[i].begin - item.begin;
    check((run.kind <= 2 ? keys || begins : begins || keys) < 0, where, 'a run is out of order');
  });
  if (run.filter.length) for (const { key } of items) check(inFilter(run.filter, key), where, 'a key is not in the filter');
}

function readSegment(dir, s) {
  const name = `${s.number.toString(16).padStart(16, '0')}.seg`, where = `history/${name}`;
  const file = fs.readFileSync(path.join(dir, 'history', name));
  check(file.length === s.bytes && file.readUInt32LE(file.length - 4) === s.crc, where, 'is not the one that the root names');
  check(file.toString('latin1', 0, 8) === 'SGCHIST\0' && file.readBigUInt64LE(8) === 1n, where, 'the head is damaged');
  const tail = file.subarray(file.length - 64), w = new Walk(tail, where, 8);
  check(tail.toString('latin1', 0, 8) === 'SGCHEND\0' && crc32c(tail.subarray(0, 60)) === s.crc && w.u32() === 1, where, 'the tail is damaged');
  const t = { crc: w.u32(), offset: w.u64(), bytes: w.u64(), number: w.u64(), after: w.u64(), through: w.u64() };
  const footer = file.subarray(t.offset, t.offset + t.bytes);
  check(t.number === s.number && t.after === s.after && t.through === s.through && t.offset + t.bytes === file.length - 64 &&
    crc32c(footer) === t.crc, where, 'the footer is damaged');
  const { runs, end } = readFooter(footer, where);
  check(end === t.offset, where, 'blocks are missing');
  for (const run of runs) {
    run.list = run.blocks.flatMap((b) => readBlock(file, b, run, where));
    checkRun(run, run.list, where);
  }
  return runs;
}

// Each run of an index holds exactly the entries of the versions in the run of its table.
function checkIndexRuns(runs, schema, where) {
  for (const run of runs.filter((r) => r.kind === 2)) {
    const table = schema.tables.get(run.table), index = table.indexes.find((i) => i.number === run.index);
    const versions = runs.find((r) => r.kind === 1 && r.table === run.table)?.list ?? [];
    const name = (entry, v, size) => [hex(entry), v.begin, v.end, size].join();
    const expected = new Set(versions.flatMap((v) =>
      entriesOf(readRecord(v.value, table), v.key, table, index).map((e) => name(e, v, v.key.length))));
    for (const item of run.list)
      check(expected.delete(name(item.key, item, new Walk(item.value, where).varint())), where, `an entry of ${index.name} has no version`);
    check(!expected.size, where, `versions are not in ${index.name}`);
  }
}

// ---- All of it ----

export function readFolder(dir) {
  const root = readRoot(dir);
  const pages = new Pages(dir, root);
  const schema = readSchema(pages, root);
  const db = { root, schema, tables: new Map(), commits: new Map(), changes: [] };
  const trees = catalogue(pages, root);
  for (const d of trees.filter((t) => t.kind === 4)) {
    const table = schema.tables.get(d.table);
    const own = readRows(pages, d, table);
    for (const t of trees.filter((x) => x.table === d.table)) {
      if (t.kind === 5) checkHash(pages, t, table, root.seed, own);
      if (t.kind === 6) checkBTree(pages, t, table, own);
    }
    db.tables.set(table.name, { table, rows: own.rows, versions: [] });
  }
  const manifest = readManifest(pages, root);
  db.horizons = manifest.horizons;
  db.segments = manifest.segments;
  checkFreeMap(pages, root);
  for (const s of manifest.segments) {
    const runs = readSegment(dir, s);
    checkIndexRuns(runs, schema, `history segment ${s.number}`);
    for (const run of runs) {
      const name = schema.tables.get(run.table)?.name;
      for (const item of run.list) {
        if (run.kind === 1) db.tables.get(name).versions.push({ key: item.key, begin: item.begin, end: item.end, record: item.value });
        if (run.kind === 4) db.commits.set(item.begin, item.end);
        if (run.kind === 3) db.changes.push({ sequence: item.begin, op: ['insert', 'update', 'delete'][item.end - 1],
          table: schema.tables.get(item.key.readUInt32BE(0)).name, key: item.key.subarray(4) });
      }
    }
  }
  const log = readLog(dir, root);
  replay(db, log.events);
  db.batches = log.batches;
  db.places = pages.used;
  return db;
}

function replay(db, events) {
  db.replayed = events.length;
  for (const event of events) {
    db.commits.set(event.sequence, event.time);
    for (const change of readPayload(event, db.root)) {
      const { table, rows, versions } = db.tables.get(db.schema.tables.get(change.table).name);
      const where = `the commit ${event.sequence}`;
      if (change.op === 'load') continue;
      const old = rows.get(hex(change.key));
      check((change.op === 'insert') === !old, where, `${change.op} of ${hex(change.key)} in ${table.name}`);
      if (old) versions.push({ key: old.key, begin: old.begin, end: event.sequence, record: old.record });
      rows.delete(hex(change.key));
      if (change.record) rows.set(hex(change.key), { key: change.key, begin: event.sequence, record: change.record });
      db.changes.push({ sequence: event.sequence, op: change.op, table: table.name, key: change.key });
    }
  }
}

// All versions of a table, the present ones (end null) among them.
export function versionsOf(db, name) {
  const { rows, versions } = db.tables.get(name);
  const now = [...rows.values()].map((row) => ({ ...row, end: null }));
  return [...versions, ...now].sort((a, b) => Buffer.compare(a.key, b.key) || a.begin - b.begin);
}

function print(db) {
  const line = (object) => console.log(JSON.stringify(object));
  line({ checkpoint: db.root.number, sequence: db.root.sequence, commitsInLog: db.replayed, segments: db.segments.length });
  for (const [name, { table }] of db.tables)
    for (const v of versionsOf(db, name))
      line({ table: name, begin: v.begin, end: v.end, row: showRow(db, table, v.record) });
  for (const [sequence, at] of db.commits) line({ commit: sequence, time: time(at) });
  for (const c of db.changes) line({ change: c.sequence, op: c.op, table: c.table, key: hex(c.key) });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) print(readFolder(process.argv[2]));
