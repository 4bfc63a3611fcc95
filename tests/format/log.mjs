// The log behind a checkpoint: segments, batches, and what one commit holds.
import fs from 'node:fs';
import path from 'node:path';
import { Walk, check, crc32c } from './bytes.mjs';

const CLOSING = (1n << 64n) - 1n;
const LINKED = (batch, id) => batch.id === id || batch.before === id;

function segmentHead(file, name) {
  const w = new Walk(file, `log/${name}`);
  check(
    w.take(4).toString('latin1') === 'SGLS' &&
      file.length % 4096 === 0 &&
      file.length >= 4096 &&
      file.readUInt32LE(60) === crc32c(file.subarray(0, 60)),
    w.where,
    'the head is bad',
  );
  const head = {
    name,
    file,
    version: w.u32(),
    number: w.u64(),
    batch: w.u64(),
    last: w.u64(),
    id: w.big(),
    before: w.big(),
    crc: w.u32(),
    blocks: w.u32(),
  };
  check(head.version === 3 && parseInt(name, 16) === head.number, w.where, 'the head is bad');
  check(file.length >= head.blocks * 4096, w.where, 'is cut off');
  return head;
}

function batchHead(file, at) {
  if (at + 64 > file.length || file.toString('latin1', at, at + 4) !== 'SGLB') return null;
  const w = new Walk(file, 'log', at + 4);
  const b = {
    at,
    crc: w.u32(),
    number: w.u64(),
    id: w.big(),
    before: w.big(),
    size: w.u64(),
    shown: w.u64(),
    last: w.big(),
    events: w.u32(),
  };
  return w.u32() === crc32c(file.subarray(at, at + 60)) ? b : null;
}

// The valid batch at this place that continues the one before it.
function batchAt(file, at, before) {
  const b = batchHead(file, at);
  if (
    !b ||
    b.number !== before.number + 1 ||
    !LINKED(b, before.id) ||
    at + 64 + b.size > file.length
  )
    return null;
  const crc = crc32c(
    file.subarray(at + 64, at + 64 + b.size),
    crc32c(file.subarray(at + 8, at + 60), before.crc),
  );
  return crc === b.crc ? b : null;
}

// The batch at this place may be torn; a later one shows that what is missing had been durable.
function checkEnd(file, at, last, name) {
  const closed = last.last === CLOSING;
  const to = closed ? Math.min(file.length, at + 3 * 4096) : file.length;
  for (; at < to; at += 4096) {
    const b = batchHead(file, at);
    check(
      !b || !LINKED(b, last.id) || b.number <= last.number + (closed ? 0 : 1),
      `log/${name}: offset ${at}`,
      'a batch in front of this one is damaged',
    );
  }
}

export function readLog(dir, root) {
  const names = fs
    .readdirSync(path.join(dir, 'log'))
    .filter((n) => /^[0-9a-f]{16}\.log$/.test(n))
    .sort();
  const segments = [];
  for (const name of names.reverse()) {
    const head = segmentHead(fs.readFileSync(path.join(dir, 'log', name)), name);
    check(
      !segments.length || head.number === segments[0].number - 1,
      `log/${name}`,
      'a segment is missing',
    );
    segments.unshift(head);
    if (head.last <= root.sequence) break;
  }
  check(segments.length && segments[0].last <= root.sequence, 'log', 'it begins too late');
  const events = [],
    batches = [],
    place = root.log;
  segments.forEach((segment, i) => {
    let at = 4096,
      last = {
        at: 0,
        number: segment.batch - 1,
        id: segment.id,
        crc: segment.crc,
        last: BigInt(segment.last),
      };
    if (i === 0 && place.segment === segment.number)
      [at, last] = [
        place.offset,
        { at: 0, number: place.number - 1, id: place.id, crc: place.crc, last: BigInt(place.last) },
      ];
    let sequence = Number(last.last);
    for (
      let b;
      (b = batchAt(segment.file, at, last));
      last = b, at += Math.ceil((64 + b.size) / 4096) * 4096
    ) {
      const w = new Walk(
        segment.file.subarray(0, at + 64 + b.size),
        `log/${segment.name}`,
        at + 64,
      );
      batches.push({ name: segment.name, at, size: 64 + b.size, events: b.events });
      for (let n = 0; n < b.events; n++) {
        const size = w.u32(),
          event = { sequence: w.u64(), time: w.u64(), payload: w.take(size) };
        check(event.sequence > sequence, w.where, 'sequences do not rise');
        sequence = event.sequence;
        events.push(event);
      }
      check(
        !w.more() && (!b.events || Number(b.last) === sequence),
        w.where,
        'a batch does not end with its events',
      );
    }
    const next = segments[i + 1];
    if (!next) checkEnd(segment.file, at, last, segment.name);
    else
      check(
        next.batch === last.number + 1 &&
          next.last === sequence &&
          next.crc === last.crc &&
          LINKED(next, last.id),
        `log/${next.name}`,
        'does not continue the one before it',
      );
  });
  return { events: events.filter((e) => e.sequence > root.sequence), batches };
}

export function readPayload(event, root) {
  const w = new Walk(event.payload, `the commit ${event.sequence}`);
  check(w.u8() === 1, w.where, 'is of another version');
  const kind = w.u8();
  w.u32();
  check(w.big() === root.hash, w.where, 'is of another schema');
  const changes = [];
  check(kind === 1 || kind === 2, w.where, 'is of another kind');
  while (w.more()) {
    if (kind === 2) {
      changes.push({ op: 'load', table: w.u32() });
      continue;
    }
    const op = w.u8(),
      table = w.u32(),
      key = w.take(w.u16());
    changes.push({
      op: ['insert', 'update', 'delete'][op - 1],
      table,
      key,
      record: op === 3 ? null : w.take(w.u32()),
    });
  }
  return changes;
}
