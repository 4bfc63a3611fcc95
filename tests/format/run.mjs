// A data folder that sgdb has made, worked on and left behind, read by the reader that knows only
// docs/file-format.md, and compared with what sgdb says: node run.mjs SGDB BULK [SEED]
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Damage } from './bytes.mjs';
import { readFolder, versionsOf } from './reader.mjs';
import { showRow, time } from './records.mjs';

const [program, bulk, seed = '1'] = process.argv.slice(2);
if (!bulk) {
  console.error('usage: node run.mjs SGDB BULK [SEED]');
  process.exit(2);
}
const sgdb = path.resolve(program);
const work = fs.mkdtempSync(path.join(os.tmpdir(), 'format-'));
process.on('exit', () => fs.rmSync(work, { recursive: true, force: true }));
let data, people, clubs; // the folder under test, and how many rows it was given
const schema = path.join(path.dirname(fileURLToPath(import.meta.url)), 'zoo.graphql');

function sg(...args) {
  return execFileSync(sgdb, args, {
    cwd: work,
    encoding: 'utf8',
    timeout: 60000,
    maxBuffer: 1 << 28,
  });
}
const lines = (text) =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

// ---- What is written ----

let state = Number(seed) >>> 0;
function below(n) {
  // a small generator of our own: the same rows everywhere
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return Math.floor((state / 2 ** 32) * n);
}
const one = (...choices) => choices[below(choices.length)];
const maybe = (value) => (below(4) ? value : null);
const some = (most, make) => Array.from({ length: below(most + 1) }, make);
const word = () =>
  one('', 'a', 'Zoë', 'x'.repeat(below(60)), `w${below(50)}`, 'nul\0nul', '\u{1f600}');
const digits = (n) =>
  some(n, () => below(10))
    .join('')
    .replace(/^0+(?=.)/, '') || '0';
const decimal = () => `${one('', '-')}${digits(20)}${one('', `.${below(10)}${digits(12)}`)}`;
const micros = () => one('', `.${below(900) + 100}`, `.${below(900000) + 100000}`);
const date = () => `${1900 + below(200)}-${10 + below(3)}-${10 + below(19)}`;
const clock = () => `${10 + below(14)}:${10 + below(50)}:${10 + below(50)}${micros()}`;
const hexDigits = (n) => Array.from({ length: n }, () => below(16).toString(16)).join('');
const address = () => ({
  street: word(),
  number: maybe(below(100)),
  area: maybe({ code: maybe(-below(9)), name: maybe(word()), flag: maybe(!below(2)) }),
});

const favs = (n) => {
  const types = some(n, () => one('Person', 'Club'));
  return {
    favTypes: types,
    favIds: types.map((t) => (t === 'Club' ? `c${below(clubs / 2)}` : `p${below(people)}`)),
  };
};
const person = (id) => ({
  id,
  name: word() || 'nobody',
  age: maybe(below(200) - 100),
  email: maybe(`${id}@${word()}`),
  height: maybe(one(0, -0, 1.5, -2.25e-300, below(1000) / 7)),
  big: maybe(`${one('', '-')}${digits(18)}`),
  mood: maybe(one('GLAD', 'SAD')),
  born: maybe(date()),
  at: maybe(`${date()}T${clock()}Z`),
  wakes: maybe(clock()),
  awake: maybe(!below(2)),
  pay: maybe(decimal()),
  uid: maybe(`${hexDigits(8)}-${hexDigits(4)}-7${hexDigits(3)}-8${hexDigits(3)}-${hexDigits(12)}`),
  colour: maybe(word()),
  raw: maybe(Buffer.from(hexDigits(2 * below(20)), 'hex').toString('base64')),
  tags: maybe(some(4, () => maybe(word()))),
  nums: maybe(some(5, () => maybe(below(9)))),
  moods: maybe(some(3, () => one('GLAD', 'SAD'))),
  pays: maybe(some(3, () => maybe(decimal()))),
  address: maybe(address()),
  homes: maybe(some(3, address)),
  meta: maybe({ a: [1, null, word()], b: {} }),
  bossId: maybe(`p${below(people)}`),
  favType: 'Club',
  favId: `c${below(clubs / 2)}`,
  ...favs(4),
  clubs: some(4, () => `c${below(clubs / 2)}`).filter((c, i, all) => all.indexOf(c) === i),
});

function base() {
  return {
    Person: Array.from({ length: people }, (_, i) => person(`p${i}`)),
    Club: Array.from({ length: clubs }, (_, i) => ({
      id: i < clubs / 2 ? `c${i}` : `d${i}`,
      name: `${word()} of club`,
      size: maybe(below(50)),
      motto: i === 10 ? 'm'.repeat(1500) : maybe(word()), // one is too long for an index
    })),
    Counter: Array.from({ length: 9 }, () => ({ label: word() })),
    Pair: Array.from({ length: 20 }, (_, i) => ({
      key: String((i - 9) * 10 ** 14),
      other: some(3, () => below(20)).filter((c, n, all) => all.indexOf(c) === n),
    })),
    Other: Array.from({ length: 20 }, (_, i) => ({ id: i - 9 })).concat(
      Array.from({ length: 10 }, (_, i) => ({ id: 11 + i })),
    ),
    Quiet: [
      { id: 'one', text: 'x' },
      { id: 'pages', text: 'y'.repeat(9000) },
      { id: 'more', text: 'z'.repeat(clubs * 1600) },
    ],
  };
}

async function folder(name, ofPeople, ofClubs, doWork) {
  [data, people, clubs] = [path.join(work, name), ofPeople, ofClubs];
  sg('init', schema, '--data', data);
  fs.writeFileSync(path.join(work, 'base.json'), JSON.stringify(base()));
  sg('load', 'base.json', '--data', data);
  await doWork();
}

let files = 0;
function load(table, rows) {
  const file = `load${files++}.ndjson`;
  fs.writeFileSync(path.join(work, file), rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  sg('load', file, '--table', table, '--upsert', '--data', data);
}

// A server at work; it ends by this signal: SIGTERM flushes, SIGKILL leaves the commits in the log.
async function serve(signal, doWork, ...schemas) {
  const server = spawn(
    sgdb,
    ['serve', ...schemas, '--data', data, '--listen', '127.0.0.1:0', '--json'],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const ended = new Promise((resolve) => {
    server.on('exit', resolve);
  });
  try {
    const { url } = JSON.parse(
      await new Promise((resolve, reject) => {
        let said = '';
        server.on('exit', () => reject(new Error('the server ended')));
        server.stdout.on('data', (text) => {
          if ((said += text).includes('\n')) resolve(said);
        });
      }),
    );
    await doWork(async (query, variables) => {
      const answer = await (
        await fetch(url, {
          method: 'POST',
          headers: { 'Content-Type': 'application/json' },
          body: JSON.stringify({ query, variables }),
        })
      ).json();
      assert(!answer.errors, JSON.stringify(answer.errors));
      return answer.data;
    });
  } finally {
    server.kill(signal);
    await ended;
  }
}

const quiet = (ask, id, size) =>
  ask('mutation($in: QuietCreateInput!) { upsertQuiet(input: $in) { id } }', {
    in: { id, text: one('u', 'v', 'w', 'x').repeat(size) },
  });

async function change(ask, round) {
  const set = (id, value) =>
    ask('mutation($id: ID!, $set: PersonUpdateInput) { updatePerson(id: $id, set: $set) { id } }', {
      id,
      set: value,
    });
  for (let i = 0; i < 4; i++)
    await set(`p${below(12)}`, {
      name: word() || 'x',
      pay: decimal(),
      tags: some(3, word),
      age: below(99),
    });
  await Promise.all(
    Array.from({ length: 8 }, (_, i) =>
      set(`p${2 + i + 8 * (round - 1)}`, { height: below(100) / 3, at: `${date()}T${clock()}Z` }),
    ),
  );
  await set('p0', { meta: { round, long: word().repeat(200) + 'm'.repeat(20000) } });
  await ask(
    'mutation($in: [CounterCreateInput!]!) { createCounters(input: $in) { nodes { number } } }',
    {
      in: [{ label: `r${round}` }, { label: 'gone' }],
    },
  );
  await ask('mutation { deleteCounters(where: {label: {eq: "gone"}}) { affected } }');
  await quiet(ask, `q${round % 2}`, 5000 * round);
  if (round === 2)
    await ask(
      `mutation {
        neighbours: deleteClubs(where: {id: {gte: "d9"}}) { affected }
        scattered: deleteClubs(where: {id: {gte: "d"}, size: {lt: 15}}) { affected }
      }`,
    );
  await ask(
    `mutation {
      deletePair(id: "${(round - 9) * 10 ** 14}") { key }
      deleteOther(id: ${round}) { id }
      updateBulks(where: {label: {eq: "label ${round} of 0"}}, set: {level: null}) { affected }
      deleteBulk(id: ${-round}) { id }
    }`,
  );
}

// ---- What is compared ----

const keyOf = (table, row) =>
  table.key.length === 1 ? row[table.key[0].name] : table.key.map((f) => row[f.name]);

// The rows of a moment (null: now) as dump tells them: links are with the first of their tables.
function rowsOf(db, table, moment) {
  const rows = versionsOf(db, table.name)
    .filter((v) =>
      moment === null ? v.end === null : v.begin <= moment && (v.end ?? Infinity) > moment,
    )
    .map((v) => showRow(db, table, v.record));
  for (const { table: link } of db.tables.values()) {
    const [name, field] = link.name.split('.');
    if (name !== table.name || !field) continue;
    const pairs = rowsOf(db, link, moment);
    for (const row of rows)
      row[field] = pairs
        .filter((pair) => pair[link.key[0].name] === keyOf(table, row))
        .map((pair) => pair[link.key[1].name]);
  }
  return rows;
}

function compareRows(db, copy) {
  const dump = JSON.parse(sg('dump', '--data', copy));
  for (const { table } of db.tables.values())
    if (!/[.-]/.test(table.name))
      assert.deepEqual(rowsOf(db, table, null), dump[table.name] ?? [], table.name);
  const { table } = db.tables.get('Person');
  const moment = Math.floor(Math.max(...db.commits.keys()) / 2) + 1;
  const then = lines(
    sg(
      'dump',
      '--data',
      copy,
      '--table',
      'Person',
      '--format',
      'ndjson',
      '--as-of',
      String(moment),
    ),
  );
  assert.deepEqual(rowsOf(db, table, moment), then, `Person as of ${moment}`);
}

// What changed, as `sgdb changes --json` tells it.
function changesOf(db) {
  const begun = new Map(),
    ended = new Map(),
    told = [];
  const id = (name, sequence, key) => `${name} ${sequence} ${key.toString('hex')}`;
  for (const [name, { table }] of db.tables)
    for (const v of versionsOf(db, name)) {
      begun.set(id(name, v.begin, v.key), v);
      if (v.end) ended.set(id(name, v.end, v.key), v);
    }
  for (const c of db.changes) {
    const { table } = db.tables.get(c.table);
    if (!table.history) continue;
    const changed = c.key.length
      ? [c.key]
      : versionsOf(db, c.table)
          .filter((v) => v.begin === c.sequence)
          .map((v) => v.key);
    for (const key of changed) {
      const [before, after] = [ended, begun].map((all) => {
        const v = all.get(id(c.table, c.sequence, key));
        return v ? showRow(db, table, v.record) : null;
      });
      told.push({
        number: table.number,
        bytes: key,
        sequence: c.sequence,
        time: time(db.commits.get(c.sequence)),
        op: c.op,
        type: c.table,
        key: keyOf(table, after ?? before),
        before,
        after,
      });
    }
  }
  told.sort(
    (a, b) => a.sequence - b.sequence || a.number - b.number || Buffer.compare(a.bytes, b.bytes),
  );
  return told.map(({ number, bytes, ...change }) => change);
}

// The past of the row of each type that changed most often, as `sgdb history --json` tells it.
function compareHistory(db, copy, changes) {
  for (const { table } of db.tables.values()) {
    const past = new Map();
    for (const c of changes.filter((change) => change.type === table.name))
      past.set(c.key, [c, ...(past.get(c.key) ?? [])]);
    const [id, told] = [...past].sort(([, x], [, y]) => y.length - x.length)[0] ?? [];
    if (id === undefined || table.key.length > 1) continue;
    const history = lines(sg('history', table.name, '--data', copy, '--json', '--', String(id)));
    assert.deepEqual(
      told.map((c) => ({ sequence: c.sequence, time: c.time, op: c.op, row: c.after })),
      history,
      `the past of ${table.name} ${id}`,
    );
  }
}

function compare(what, holds = () => true) {
  const db = readFolder(data);
  assert(holds(db), `${what}: not the folder that was meant`);
  const copy = path.join(work, 'copy');
  fs.rmSync(copy, { recursive: true, force: true });
  fs.cpSync(data, copy, { recursive: true });
  compareRows(db, copy);
  const changes = lines(sg('changes', '--data', copy, '--json'))
    .slice(0, -1)
    .map(({ ordinal, ...change }) => change);
  assert.deepEqual(changesOf(db), changes, 'changes');
  compareHistory(db, copy, changes);
  console.log(
    `${what}: ${[...db.tables.values()].reduce((n, t) => n + t.rows.size, 0)} rows, ` +
      `${changes.length} changes, ${db.replayed} commits in the log, ` +
      `${db.segments.length} segments of history`,
  );
  return db;
}

// ---- What is damaged ----

// What the reader says while `size` bytes of a file are others: an error, or what it read.
function damaged(name, at, size, spoil) {
  const fd = fs.openSync(path.join(data, name), 'r+');
  const sound = Buffer.alloc(size);
  fs.readSync(fd, sound, 0, size, at);
  fs.writeSync(fd, spoil(Buffer.from(sound)), 0, size, at);
  try {
    return readFolder(data);
  } catch (error) {
    assert(error instanceof Damage, error);
    return error;
  } finally {
    fs.writeSync(fd, sound, 0, size, at);
    fs.closeSync(fd);
  }
}

// One bit somewhere in these bytes.
function flipped(name, at, size) {
  const [byte, bit] = [below(size), below(8)];
  return damaged(name, at, size, (bytes) => {
    bytes[byte] ^= 1 << bit;
    return bytes;
  });
}

function flips(db) {
  const notices = (what, said) =>
    assert(said instanceof Damage, `nobody noticed the damage of ${what}`);
  const copies = [0, 4096].map((at) => flipped('root', at, 4096));
  copies.forEach((said) => assert.equal(said.root.copies, 1, 'one copy of the root is damaged'));
  notices(
    'both roots',
    damaged('root', 0, 8192, (bytes) => bytes.map((byte, i) => byte ^ (i % 4096 === 99))),
  );
  for (const place of db.places) notices(`page ${place}`, flipped('pages', place * 4096, 4096));
  const pages = fs.readFileSync(path.join(data, 'pages'));
  const [, other, place] = db.places;
  const moved = damaged('pages', place * 4096, 4096, () =>
    pages.subarray(other * 4096, (other + 1) * 4096),
  );
  notices('a page in the place of another', moved);
  for (const name of fs
    .readdirSync(path.join(data, 'history'))
    .map((file) => path.join('history', file)))
    for (let i = 0; i < 10; i++)
      notices(name, flipped(name, 0, fs.statSync(path.join(data, name)).size));
  const last = db.batches.at(-1);
  for (const batch of db.batches) {
    const said = flipped(`log/${batch.name}`, batch.at, batch.size);
    if (batch !== last) notices(`the batch at ${batch.at} of ${batch.name}`, said);
    else
      assert.equal(said.replayed, db.replayed - last.events, 'the last batch may have been torn');
  }
  console.log(
    `noticed: a bit in each of ${db.places.size} pages and ${db.batches.length} batches, ` +
      'in history and root',
  );
}

// ---- The run ----

console.log(`seed ${seed}`);
await folder('small', 12, 30, async () => {
  await serve('SIGKILL', async (ask) => {
    await change(ask, 1);
    for (let i = 0; i < 3; i++) await quiet(ask, `log${i}`, 400000); // into another segment
    await change(ask, 2);
  });
  flips(compare('small', (db) => new Set(db.batches.map((b) => b.name)).size > 1));
});
await folder('large', 160, 1500, async () => {
  compare('loaded', (db) => db.replayed === 0);
  execFileSync(path.resolve(bulk), [data, '1500'], { timeout: 60000 });
  compare('a load past the MemTables');
  for (let round = 1; round <= 3; round++) await serve('SIGTERM', (ask) => change(ask, round));
  load(
    'Person',
    Array.from({ length: 50 }, (_, i) => person(`p${i}`)),
  );
  compare('several segments', (db) => db.segments.length > 1);
  sg('compact', '--data', data);
  compare('compacted', (db) => db.segments.length === 1);
  await serve('SIGKILL', (ask) => change(ask, 4));
  compare('killed', (db) => db.replayed > 0);
  const indexed = path.join(work, 'indexed.graphql');
  fs.writeFileSync(
    indexed,
    fs.readFileSync(schema, 'utf8').replace('motto: String', 'motto: String @index'),
  );
  await serve('SIGTERM', (ask) => change(ask, 5), indexed);
  compare('an index that waits for a row', (db) => db.building.length === 1);
});
