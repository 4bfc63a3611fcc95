// The history: the list of segments, and their versions, index entries, changes and commits.
import fs from 'node:fs';
import path from 'node:path';
import { decompress } from 'fzstd';
import { Walk, check, crc32c, hex, sgcHash, unfold } from './bytes.mjs';
import { entriesOf, readRecord } from './records.mjs';

export function readManifest(pages, root) {
  const bytes = pages.bytes(root.manifest);
  if (!bytes.length) return { segments: [], horizons: new Map() };
  const w = new Walk(bytes, 'the list of segments');
  check(
    bytes.readUInt32LE(bytes.length - 4) === crc32c(bytes.subarray(0, -4)) && w.u32() === 1,
    w.where,
    'is damaged',
  );
  const [segments, horizons] = [w.u32(), w.u32()];
  return {
    segments: Array.from({ length: segments }, () => ({
      number: w.u64(),
      bytes: w.u64(),
      after: w.u64(),
      through: w.u64(),
      crc: w.u32(),
    })),
    horizons: new Map(Array.from({ length: horizons }, () => [w.u32(), w.u64()])),
  };
}

function readFooter(bytes, where) {
  const w = new Walk(bytes, where);
  let offset = 16;
  const runs = Array.from({ length: w.varint() }, () => {
    const run = { kind: w.u8() };
    for (const name of [
      'table',
      'index',
      'items',
      'keys',
      'leastBegin',
      'largestBegin',
      'leastEnd',
      'largestEnd',
      'blockCount',
    ])
      run[name] = w.varint();
    run.lastKey = w.take(w.varint());
    run.filter = w.take(32 * w.varint());
    let first = Buffer.alloc(0);
    run.blocks = Array.from({ length: run.blockCount }, () => {
      const b = { offset };
      for (const name of ['bytes', 'times', 'raw', 'whole', 'items', 'begin', 'back', 'largestEnd'])
        b[name] = w.varint();
      offset += b.bytes;
      b.crc = w.u32();
      const shared = w.varint(),
        follow = w.varint();
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
  check(
    bytes.length === b.bytes && crc32c(bytes) === b.crc,
    `${where}: at byte ${b.offset}`,
    'the checksum does not match',
  );
  const times = new Walk(bytes.subarray(0, b.times), where);
  const packed = bytes.subarray(b.times);
  const content = new Walk(packed.length < b.raw ? Buffer.from(decompress(packed)) : packed, where);
  check(content.bytes.length === b.raw, where, 'a block has another size');
  let begin = 0,
    end = 0,
    key = Buffer.alloc(0),
    whole = 0;
  const items = Array.from({ length: b.items }, () => {
    const [x, y] = [times.varint(), times.varint()];
    if (run.kind <= 2) {
      begin = end + unfold(x);
      end = begin + y;
    } else {
      begin += x;
      end += unfold(y);
    }
    const shared = content.varint(),
      follow = content.varint(),
      size = content.varint();
    key = Buffer.concat([key.subarray(0, shared), content.take(follow)]);
    const value = content.take(size);
    whole += key.length + size;
    return { key, value, begin, end };
  });
  check(!times.more() && !content.more(), where, 'a block is longer than its items');
  check(
    items[0].begin === b.begin &&
      items[0].key.equals(b.first) &&
      b.back === b.begin - Math.min(...items.map((i) => i.begin)) &&
      b.largestEnd === Math.max(...items.map((i) => i.end)),
    where,
    'the footer tells another block',
  );
  return items;
}

const SALTS = [
  0x47b6137b, 0x44974d91, 0x8824ad5b, 0xa2b7289d, 0x705495c7, 0x2df1424b, 0x9efc4947, 0x5c6bfb31,
];
function inFilter(filter, key) {
  const h = sgcHash(key, 0x68697374n);
  const part = Number(h >> 32n) % (filter.length / 32),
    low = Number(h & 0xffffffffn);
  return SALTS.every(
    (salt, i) => filter.readUInt32LE(32 * part + 4 * i) & (1 << (Math.imul(low, salt) >>> 27)),
  );
}

function checkRun(run, items, where) {
  check(
    items.length === run.items &&
      items.filter((item, i) => !i || !item.key.equals(items[i - 1].key)).length === run.keys &&
      items.at(-1).key.equals(run.lastKey),
    where,
    'a run differs from the footer',
  );
  const least = (name) => Math.min(...items.map((i) => i[name])),
    largest = (name) => Math.max(...items.map((i) => i[name]));
  check(
    least('begin') === run.leastBegin &&
      largest('begin') === run.largestBegin &&
      least('end') === run.leastEnd &&
      largest('end') === run.largestEnd,
    where,
    'the times of a run differ from the footer',
  );
  items.slice(1).forEach((item, i) => {
    const keys = Buffer.compare(items[i].key, item.key),
      begins = items[i].begin - item.begin;
    check((run.kind <= 2 ? keys || begins : begins || keys) < 0, where, 'a run is out of order');
  });
  if (run.filter.length)
    for (const { key } of items)
      check(inFilter(run.filter, key), where, 'a key is not in the filter');
}

export function readSegment(dir, s) {
  const name = `${s.number.toString(16).padStart(16, '0')}.seg`,
    where = `history/${name}`;
  const file = fs.readFileSync(path.join(dir, 'history', name));
  check(
    file.length === s.bytes && file.readUInt32LE(file.length - 4) === s.crc,
    where,
    'is not the one that the root names',
  );
  check(
    file.toString('latin1', 0, 8) === 'SGCHIST\0' && file.readBigUInt64LE(8) === 1n,
    where,
    'the head is damaged',
  );
  const tail = file.subarray(file.length - 64),
    w = new Walk(tail, where, 8);
  check(
    tail.toString('latin1', 0, 8) === 'SGCHEND\0' &&
      crc32c(tail.subarray(0, 60)) === s.crc &&
      w.u32() === 1,
    where,
    'the tail is damaged',
  );
  const t = {
    crc: w.u32(),
    offset: w.u64(),
    bytes: w.u64(),
    number: w.u64(),
    after: w.u64(),
    through: w.u64(),
  };
  const footer = file.subarray(t.offset, t.offset + t.bytes);
  check(
    t.number === s.number &&
      t.after === s.after &&
      t.through === s.through &&
      t.offset + t.bytes === file.length - 64 &&
      crc32c(footer) === t.crc,
    where,
    'the footer is damaged',
  );
  const { runs, end } = readFooter(footer, where);
  check(end === t.offset, where, 'blocks are missing');
  for (const run of runs) {
    run.list = run.blocks.flatMap((b) => readBlock(file, b, run, where));
    checkRun(run, run.list, where);
  }
  return runs;
}

// Each run of an index holds exactly the entries of the versions in the run of its table.
export function checkIndexRuns(runs, schema, where) {
  for (const run of runs.filter((r) => r.kind === 2)) {
    const table = schema.tables.get(run.table),
      index = table.indexes.find((i) => i.number === run.index);
    const versions = runs.find((r) => r.kind === 1 && r.table === run.table)?.list ?? [];
    const name = (entry, v, size) => [hex(entry), v.begin, v.end, size].join();
    const expected = new Set(
      versions.flatMap((v) =>
        entriesOf(readRecord(v.value, table), v.key, table, index).map((e) =>
          name(e, v, v.key.length),
        ),
      ),
    );
    for (const item of run.list)
      check(
        expected.delete(name(item.key, item, new Walk(item.value, where).varint())),
        where,
        `an entry of ${index.name} has no version`,
      );
    check(!expected.size, where, `versions are not in ${index.name}`);
  }
}
