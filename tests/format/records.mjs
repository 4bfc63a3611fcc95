// The schema, records and keys: from bytes to values, and from values to the entries of indexes.
import { Damage, Walk, check, hex } from './bytes.mjs';

// From the text of the lock file; which field is the key, only the SDL says.
const WIDTH = { Boolean: 1, enum: 3, Int: 5, BigInt: 9, DateTime: 9, Time: 9, Date: 9, Float: 9 };

function parseType(text) {
  const list = /^\[(.*)\]$/.exec(text);
  const [kind, of] = (list ? list[1] : text).split(':');
  return { kind, of, list: Boolean(list), width: list ? 0 : (WIDTH[kind] ?? 0) };
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

export function readSchema(pages, root) {
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
      open = { number: Number(words[1]), name: words[2], fields: [], indexes: [] };
      if (words[2][0] !== '-')
        open.indexes.push({ number: 0, name: 'key', kind: 'key', fields: [] });
      schema.tables.set(open.number, open);
    } else if (words[0] === 'embedded') schema.embedded.set(words[2], (open = { fields: [] }));
    else if (words[0] === 'enum') schema.enums.set(words[2], (open = new Map()));
    else if (words[0] === 'value') open.set(Number(words[1]), words[2]);
    else if (words[0] === 'field')
      open.fields.push({ number: Number(words[1]), name: words[2], ...parseType(words[3]) });
    else if (words[0] === 'index')
      open.indexes.push({
        number: Number(words[1]),
        name: words[2],
        kind: words[3],
        fields: words[4].split(',').map(Number),
      });
  }
  for (const shape of schema.tables.values())
    shape.fields.sort((a, b) => !a.width - !b.width || a.number - b.number);
  for (const table of schema.tables.values()) {
    const byName = (wanted) => table.fields.find((f) => f.name === wanted);
    const type = new RegExp(`\\btype\\s+${table.name}\\b([^{]*){([^}]*)}`).exec(sdl);
    const key = /(\w+)\s*:\s*[\w!]+\s*@id\b/.exec(type?.[2])?.[1] ?? 'id';
    table.history = !/-/.test(table.name) && !/@table\([^)]*history:\s*false/.test(type?.[1] ?? '');
    if (table.name.includes('.'))
      table.key = [1, 2].map((n) => table.fields.find((f) => f.number === n));
    else table.key = [byName({ '-keys': 'key', '-serials': 'table' }[table.name] ?? key)];
  }
  return schema;
}

const NULL = Symbol('null of a fixed width');

function nothing(w, size) {
  check(
    w.u8() === 1 && w.take(size).every((byte) => byte === 0),
    w.where,
    'an extension that is no null',
  );
  return NULL;
}

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
    case 0xc0:
      return null;
    case 0xc2:
      return false;
    case 0xc3:
      return true;
    case 0xcb:
      return w.take(8).readDoubleBE();
    case 0xcd:
      return w.take(2).readUInt16BE();
    case 0xd2:
      return w.take(4).readInt32BE();
    case 0xd3:
      return w.take(8).readBigInt64BE();
    case 0xd4:
      return nothing(w, 1);
    case 0xc7:
      return nothing(w, w.u8());
    default:
      throw new Damage(`${w.where}: MessagePack 0x${type.toString(16)}`);
  }
}

// A record as a Map from field number to value, null where there is none.
export function readRecord(bytes, table) {
  const where = `a record of ${table.name}`;
  const w = new Walk(bytes, where);
  const [version, ...values] = unpack(w);
  check(
    !w.more() && version >= 1 && values.length === table.fields.length,
    where,
    'is not of this schema',
  );
  let at = 6;
  for (const f of table.fields.filter((field) => field.width)) {
    // where they stand is part of the format
    const single = new Walk(bytes, where, at);
    const value = unpack(single);
    check(
      single.at === at + f.width &&
        (value === NULL || f.kind === 'Boolean' || typeof value !== 'symbol'),
      where,
      f.name,
    );
    at += f.width;
  }
  return new Map(table.fields.map((f, i) => [f.number, values[i] === NULL ? null : values[i]]));
}

const iso = (us) => {
  // with 0, 3 or 6 decimals
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
    case 'enum':
      return schema.enums.get(type.of).get(value);
    case 'embedded':
      return Object.fromEntries(
        schema.embedded.get(type.of).fields.map((f, i) => [f.name, show(value[i], f, schema)]),
      );
    case 'BigInt':
      return String(value);
    case 'Date':
      return new Date(Number(value) * 86400000).toISOString().slice(0, 10);
    case 'Time':
      return iso(value).slice(11, -1);
    case 'DateTime':
      return iso(value);
    case 'Bytes':
      return value.toString('base64');
    case 'JSON':
      return JSON.parse(value);
    default:
      return value;
  }
}

export const showRow = (db, table, bytes) => {
  const record = readRecord(bytes, table);
  const byNumber = [...table.fields].sort((a, b) => a.number - b.number);
  return Object.fromEntries(
    byNumber.map((f) => [f.name, show(record.get(f.number), f, db.schema)]),
  );
};

function signed(value, size) {
  const b = Buffer.alloc(size);
  if (size === 4) b.writeInt32BE(value);
  else b.writeBigInt64BE(value);
  b[0] ^= 128;
  return b;
}

const escaped = (bytes) =>
  Buffer.concat([
    Buffer.from(bytes.toString('latin1').replaceAll('\0', '\0\xff'), 'latin1'),
    Buffer.from([0, 0]),
  ]);

const textComponent = (bytes) => Buffer.concat([Buffer.from([1]), escaped(bytes)]);

const keyPart = (value, field) => {
  if (field.kind === 'Int' || field.kind === 'BigInt')
    return signed(value, field.kind === 'Int' ? 4 : 8);
  return Buffer.from(value);
};

export function keyOf(record, table) {
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
  const body = Buffer.concat([
    b,
    Buffer.from(digits.match(/../g).map((pair) => Number(pair) + 1)),
    Buffer.from([0]),
  ]);
  return Buffer.concat([
    Buffer.from([minus ? 1 : 3]),
    minus ? body.map((byte) => ~byte & 255) : body,
  ]);
}

function component(value, kind) {
  if (value === null || value === NULL) return Buffer.from([2]);
  const body = () => {
    switch (kind) {
      case 'Boolean':
        return Buffer.from([value ? 1 : 0]);
      case 'enum': {
        const b = Buffer.alloc(2);
        b.writeUInt16BE(value);
        return b;
      }
      case 'Int':
        return signed(value, 4);
      case 'BigInt':
      case 'DateTime':
      case 'Date':
      case 'Time':
        return signed(value, 8);
      case 'Float': {
        const b = Buffer.alloc(8);
        b.writeDoubleBE(value === 0 ? 0 : value);
        return b[0] & 128 ? b.map((byte) => ~byte & 255) : ((b[0] ^= 128), b);
      }
      case 'Decimal':
        return decimal(value);
      default:
        return escaped(Buffer.from(value));
    }
  };
  return Buffer.concat([Buffer.from([1]), body()]);
}

// The entries that a row has in an index.
export function entriesOf(record, key, table, index) {
  if (index.kind === 'key') return [key];
  const fields = index.fields.map((n) => table.fields.find((f) => f.number === n));
  if (table.name.includes('.'))
    // of a link table: the key of the other side, as text
    return fields.map((f) => Buffer.concat([textComponent(keyPart(record.get(f.number), f)), key]));
  if (index.kind !== 'elements')
    return [Buffer.concat([...fields.map((f) => component(record.get(f.number), f.kind)), key])];
  const list = record.get(fields[0].number) ?? [];
  const distinct = new Map(
    list.map((value) => component(value, fields[0].kind)).map((c) => [hex(c), c]),
  );
  return [...distinct.values()].map((c) => Buffer.concat([c, key]));
}
