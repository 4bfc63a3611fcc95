// The root, the pages that it names, the catalogue of trees and the map of free places.
import fs from 'node:fs';
import path from 'node:path';
import { Walk, check, crc32c } from './bytes.mjs';

function descriptor(b) {
  const d = {
    id: b.readUInt32LE(0),
    table: b.readUInt32LE(4),
    index: b.readUInt32LE(8),
    kind: b[12],
    levels: b[13],
  };
  ['place', 'number', 'pages', 'free'].forEach((name, i) => {
    d[name] = b.readUInt32LE(16 + 4 * i);
  });
  d.count = Number(b.readBigUInt64LE(32));
  d.own = [40, 44, 48].map((at) => b.readUInt32LE(at));
  d.load = Number(b.readBigUInt64LE(56));
  return d;
}

export function readRoot(dir) {
  const file = fs.readFileSync(path.join(dir, 'root'));
  const copies = [0, 4096]
    .map((at) => file.subarray(at, at + 4096))
    .filter(
      (b) =>
        b.length === 4096 &&
        b.toString('latin1', 0, 8) === 'SGCROOT\0' &&
        b.readUInt32LE(8) === crc32c(b.subarray(12)) &&
        b.readUInt32LE(12) === 2 &&
        b.readUInt32LE(16) === 4096,
    );
  check(copies.length, 'root', 'no valid copy');
  const b = copies.reduce((x, y) => (y.readUInt32LE(20) > x.readUInt32LE(20) ? y : x));
  const w = new Walk(b, 'root', 20);
  const root = {
    copies: copies.length,
    number: w.u32(),
    sequence: w.u64(),
    time: w.u64(),
    seed: w.big(),
    hash: w.big(),
    trees: w.u32(),
    nextTree: w.u32(),
    places: w.u32(),
    texts: [w.u32(), w.u32(), w.u32()],
  };
  ['catalogue', 'schema', 'free', 'manifest'].forEach((name, i) => {
    root[name] = descriptor(b.subarray(128 + 64 * i));
  });
  w.at = 384;
  root.log = {
    segment: w.u64(),
    offset: w.u64(),
    number: w.u64(),
    id: w.big(),
    last: w.u64(),
    shown: w.u64(),
    crc: w.u32(),
  };
  return root;
}

export const KIND = {
  pageTable: 1,
  rows: 2,
  space: 3,
  large: 4,
  hash: 5,
  hashMore: 6,
  node: 7,
  bytes: 8,
};

export class Pages {
  constructor(dir, root) {
    this.file = fs.readFileSync(path.join(dir, 'pages'));
    this.used = new Set([0]);
    this.places = root.places;
    const head = this.file.subarray(0, 4096);
    check(
      head.length === 4096 &&
        head.toString('latin1', 0, 8) === 'SGCPAGE\0' &&
        head.readUInt32LE(8) === crc32c(head.subarray(12)) &&
        head.readUInt32LE(12) === 2 &&
        head.readUInt32LE(16) === 4096 &&
        head.readBigUInt64LE(24) === root.seed,
      'pages',
      'the head is damaged',
    );
  }

  page(place, number, tree, logical) {
    const where = `pages: place ${place}`;
    check(
      place > 0 && place < this.places && (place + 1) * 4096 <= this.file.length,
      where,
      'beyond the file',
    );
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
    const found = new Map(),
      free = new Map();
    const down = (place, number, level, position) => {
      const p = this.page(place, number, d.id, position);
      check(
        p[16] === KIND.pageTable && p[17] === level,
        `pages: place ${place}`,
        'is no such page table',
      );
      for (let i = 0; i < 508; i++) {
        const entry = [p.readUInt32LE(32 + 8 * i), p.readUInt32LE(36 + 8 * i)],
          at = position * 508 + i;
        if (level && entry[0]) down(...entry, level - 1, at);
        else if (entry[0]) found.set(at, this.page(...entry, d.id, at));
        else if (!level && at < d.pages) free.set(at, entry[1]);
      }
    };
    if (d.levels) down(d.place, d.number, d.levels - 1, 0);
    let listed = 0;
    for (let next = d.free; next; next = free.get(next - 1), listed++)
      check(
        free.has(next - 1) && listed < free.size,
        `tree ${d.id}`,
        'the list of free pages is damaged',
      );
    check(
      listed === free.size && found.size + listed === d.pages,
      `tree ${d.id}`,
      'pages are missing',
    );
    return found;
  }

  bytes(d) {
    const pages = this.tree(d);
    const parts = [];
    for (let i = 0; i * 4064 < d.count; i++) {
      check(pages.get(i)?.[16] === KIND.bytes, `tree ${d.id}`, `page ${i} is missing`);
      parts.push(pages.get(i).subarray(32));
    }
    return Buffer.concat(parts).subarray(0, d.count);
  }
}

export function catalogue(pages, root) {
  const found = [...pages.tree(root.catalogue)].sort(([a], [b]) => a - b).map(([, p]) => p);
  return Array.from({ length: root.trees }, (_, i) =>
    descriptor(found[Math.floor(i / 63)].subarray(32 + 64 * (i % 63))),
  );
}

export function checkFreeMap(pages, root) {
  const w = new Walk(pages.bytes(root.free), 'the free map');
  let place = 0;
  const span = (free) => {
    for (let n = w.varint(); n; n--, place++)
      check(
        free !== pages.used.has(place),
        `pages: place ${place}`,
        `is ${free ? 'named, but free' : 'named by nothing'}`,
      );
  };
  while (w.more()) {
    span(false);
    span(true);
  }
  for (; place < root.places; place++)
    check(pages.used.has(place), `pages: place ${place}`, 'is named by nothing');
}
