// Reads a data folder as docs/file-format.md tells, knowing nothing else, and changes nothing.
// node reader.mjs DIR prints all there is, a JSON object a line.
import { pathToFileURL } from 'node:url';
import { check, hex } from './bytes.mjs';
import { checkIndexRuns, readManifest, readSegment } from './history.mjs';
import { readLog, readPayload } from './log.mjs';
import { Pages, catalogue, checkFreeMap, readRoot } from './pages.mjs';
import { readSchema, showRow, time } from './records.mjs';
import { checkBTree, checkHash, readRows } from './tables.mjs';

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
  db.building = trees.filter((t) => t.kind === 6 && t.own[2]);
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
        if (run.kind === 1)
          db.tables
            .get(name)
            .versions.push({ key: item.key, begin: item.begin, end: item.end, record: item.value });
        if (run.kind === 4) db.commits.set(item.begin, item.end);
        if (run.kind === 3)
          db.changes.push({
            sequence: item.begin,
            op: ['insert', 'update', 'delete'][item.end - 1],
            table: schema.tables.get(item.key.readUInt32BE(0)).name,
            key: item.key.subarray(4),
          });
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
      check(
        (change.op === 'insert') === !old,
        where,
        `${change.op} of ${hex(change.key)} in ${table.name}`,
      );
      if (old)
        versions.push({ key: old.key, begin: old.begin, end: event.sequence, record: old.record });
      rows.delete(hex(change.key));
      if (change.record)
        rows.set(hex(change.key), {
          key: change.key,
          begin: event.sequence,
          record: change.record,
        });
      db.changes.push({
        sequence: event.sequence,
        op: change.op,
        table: table.name,
        key: change.key,
      });
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
  line({
    checkpoint: db.root.number,
    sequence: db.root.sequence,
    commitsInLog: db.replayed,
    segments: db.segments.length,
  });
  for (const [name, { table }] of db.tables)
    for (const v of versionsOf(db, name))
      line({ table: name, begin: v.begin, end: v.end, row: showRow(db, table, v.record) });
  for (const [sequence, at] of db.commits) line({ commit: sequence, time: time(at) });
  for (const c of db.changes)
    line({ change: c.sequence, op: c.op, table: c.table, key: hex(c.key) });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href)
  print(readFolder(process.argv[2]));
