// The rows of a table, and whether its hash index and its B+trees hold exactly them.
import { Walk, check, hex, sgcHash } from './bytes.mjs';
import { KIND } from './pages.mjs';
import { entriesOf, keyOf, readRecord } from './records.mjs';

function large(pages, stub, where) {
  const w = new Walk(stub, where);
  const size = w.u32(),
    level = w.u8();
  const gather = (numbers, bytes) =>
    Buffer.concat(
      numbers.map((n) => {
        check(pages.get(n)?.[16] === KIND.large, where, `page ${n} is no large page`);
        return pages.get(n).subarray(32);
      }),
    ).subarray(0, bytes);
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
export function readRows(pages, d, table) {
  const tree = pages.tree(d);
  const rows = new Map(),
    named = new Set(),
    larges = new Set(),
    room = new Map();
  for (const [logical, p] of tree) {
    const where = `${table.name}: page ${logical} of the rows`;
    check(
      (p[16] === KIND.space) === (logical % 4064 === 0),
      where,
      'space pages are not where they should be',
    );
    if (p[16] === KIND.large) larges.add(logical);
    if (p[16] === KIND.hashMore) named.add(logical);
    if (p[16] !== KIND.rows) continue;
    const slots = p.readUInt16LE(18);
    let used = 0,
      bytesOfRows = 0;
    for (let slot = 0; slot < slots; slot++) {
      const at = p.readUInt16LE(32 + 2 * slot);
      if (!at) continue;
      used++;
      const w = new Walk(p, where, at);
      const size = w.varint(),
        begin = w.varint() || d.load;
      const bytes = w.take(Math.floor(size / 2));
      check(at >= p.readUInt16LE(20), where, 'a row lies among the slots');
      bytesOfRows += w.at - at;
      const whole = size % 2 ? large(tree, bytes, where) : { record: bytes, seen: [] };
      const fields = readRecord(whole.record, table);
      const key = keyOf(fields, table);
      check(!whole.key || whole.key.equals(key), where, 'a large row has another key');
      check(!rows.has(hex(key)), where, 'a key is there twice');
      whole.seen.forEach((n) => named.add(n));
      rows.set(hex(key), {
        key,
        begin,
        record: whole.record,
        fields,
        address: logical * 256 + slot,
      });
    }
    check(
      bytesOfRows === p.readUInt16LE(22) && used === p.readUInt16LE(24),
      where,
      'rows are missing',
    );
    const free = 4064 - 2 * slots - bytesOfRows;
    if (free >= 512 && logical !== d.own[0] - 1) room.set(logical, Math.floor(free / 16));
  }
  for (const n of larges)
    check(named.has(n), `${table.name}: page ${n} of the rows`, 'is named by no row');
  for (const [first, p] of tree)
    for (let i = 0; first % 4064 === 0 && i < 4064; i++)
      check(
        p[32 + i] === (room.get(first + i) ?? 0),
        table.name,
        `the room of page ${first + i} of the rows`,
      );
  check(room.size === d.own[1], table.name, 'the number of pages with room');
  check(rows.size === d.count, table.name, `${rows.size} rows, not ${d.count}`);
  return { rows, tree };
}

export function checkHash(pages, d, table, seed, { rows, tree }) {
  const own = pages.tree(d),
    where = `${table.name}: hash index`;
  const [bits, width, grown] = d.own;
  const entries = new Map();
  for (const [page, first] of own) {
    check(first[16] === KIND.hash, where, `page ${page} is none`);
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
      check(!next || p?.[16] === KIND.hashMore, where, `page ${page} does not go on`);
    }
  }
  check(
    entries.size === rows.size && d.count === rows.size,
    where,
    `${entries.size} entries, not ${rows.size}`,
  );
  for (const row of rows.values()) {
    const h = Number(sgcHash(row.key, seed) >> 32n);
    check(entries.get(row.address) === h, where, `the entry of ${hex(row.key)} is wrong`);
    const group = h % 2 ** bits,
      f = Math.floor(h / 2 ** bits) & 3;
    const size = width + (group < grown ? 1 : 0);
    const third = f >= 2 && Math.imul(h, 0x9e3779b1) >>> 24 < 171;
    const within = size === 1 ? 0 : size === 2 ? f & 1 : size === 4 ? f : third ? 2 : f & 1;
    check(
      findInHash(own.get(group + within * 2 ** bits), tree, h, row.address),
      where,
      `${hex(row.key)} is not found`,
    );
  }
}

function findInHash(first, tree, h, address) {
  for (let p = first; p; p = p.readUInt32LE(20) ? tree.get(p.readUInt32LE(20) - 1) : null) {
    let line = ((h >>> 26) * 63) >> 6;
    for (let tried = 0; tried < 63; tried++, line = (line + 1) % 63) {
      const at = 64 + 64 * line;
      for (let i = 0; i < (p[at + 63] & 127); i++)
        if (
          p.readUInt32LE(at + 4 * i) === h &&
          p[at + 28 + 5 * i] + 256 * p.readUInt32LE(at + 29 + 5 * i) === address
        )
          return true;
      if (p[at + 63] < 128) return false;
    }
  }
  return false;
}

function readNode(p, where) {
  const n = p.readUInt16LE(18),
    leaf = p[17] === 0,
    flags = p[28],
    headSize = flags >> 4,
    valueSize = p[29];
  const end = p.readUInt16LE(22),
    fixed = flags & 4;
  const w = new Walk(p.subarray(0, 4096), where, 32);
  const heads = Array.from({ length: n }, () => w.take(headSize));
  const values = Array.from({ length: n }, () =>
    w.take(valueSize).reduceRight((sum, byte) => sum * 256 + byte, 0),
  );
  const offsets = fixed ? [] : Array.from({ length: n }, () => w.u16());
  const prefix = w.take(p.readUInt16LE(20));
  const tail = leaf ? p[24] : 0,
    middle = w.take(leaf ? tail + p[25] : 0);
  const restSize = p.readUInt16LE(30),
    first = w.at;
  const entries = heads.map((head, i) => {
    const from = fixed ? first + restSize * i : 32 + (offsets[i] & 4095);
    const to = fixed ? from + restSize : i + 1 < n ? 32 + (offsets[i + 1] & 4095) : end;
    check(from >= first && from <= to && to <= 4096, where, 'offsets are wrong');
    const rest = new Walk(p.subarray(0, to), where, from);
    let keySize = flags & 2 ? p.readUInt16LE(26) : 0;
    if (flags & 1) keySize = rest.varint();
    const suffix = Buffer.concat([
      head.subarray(0, fixed ? headSize : offsets[i] >> 12),
      rest.take(to - rest.at),
    ]);
    const whole = Buffer.concat([prefix, suffix]);
    const cut = whole.length + middle.length - keySize - tail;
    const entry = middle.length
      ? Buffer.concat([whole.subarray(0, cut), middle, whole.subarray(cut)])
      : whole;
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
    check(
      p?.[16] === KIND.node && p[17] === level && ++seen <= tree.size,
      where,
      `node ${logical} is no such node`,
    );
    const node = readNode(p, `${where}: node ${logical}`);
    let before = low;
    for (const { entry } of node.entries) {
      check(
        (!before || Buffer.compare(before, entry) <= 0) &&
          (!high || Buffer.compare(entry, high) < 0),
        where,
        `node ${logical} is out of order`,
      );
      before = entry;
    }
    if (!level) return void found.push(...node.entries);
    const bounds = [low, ...node.entries.map((e) => e.entry), high];
    [node.first, ...node.entries.map((e) => e.value)].forEach((child, i) =>
      down(child, level - 1, bounds[i], bounds[i + 1]),
    );
  };
  if (levels) down(root, levels - 1, null, null);
  check(
    found.length === d.count && seen === tree.size,
    where,
    `${found.length} entries, not ${d.count}`,
  );
  return found;
}

export function checkBTree(pages, d, table, { rows }) {
  const index = table.indexes.find((i) => i.number === d.index);
  const where = `${table.name}: index ${index.name}`;
  const below = d.own[2] ? (d.own[2] - 1) * 256 : Infinity;
  const expected = new Map();
  for (const row of rows.values())
    if (row.address < below)
      for (const entry of entriesOf(row.fields, row.key, table, index))
        expected.set(hex(entry), row);
  for (const { entry, keySize, value } of readBTree(pages, d, where)) {
    const row = expected.get(hex(entry));
    check(row && row.address === value, where, `${hex(entry)} belongs to no row`);
    check(
      index.kind === 'key' || keySize === row.key.length,
      where,
      `${hex(entry)}: the size of its key`,
    );
    expected.delete(hex(entry));
  }
  check(!expected.size, where, `${expected.size} rows are not in it: ${[...expected.keys()][0]}`);
}
