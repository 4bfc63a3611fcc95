// Parsing speed next to graphql-js: node compare.mjs BENCH_LANG FOLDER_WITH_NODE_MODULES
// Both parse the same files on one core: a query, a schema, and a schema of 1.2 MB.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createRequire } from 'node:module';
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const [bench, packages] = process.argv.slice(2);
if (!bench || !packages) {
  console.error('usage: node compare.mjs BENCH_LANG FOLDER_WITH_NODE_MODULES');
  process.exit(2);
}
const require = createRequire(path.resolve(packages, 'package.json'));
const { parse, version } = require('graphql');
const here = path.dirname(fileURLToPath(import.meta.url));
const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'bench-lang-'));
const large = path.join(scratch, 'large.graphql');
fs.writeFileSync(large, execFileSync(bench, ['generate'], { maxBuffer: 1 << 26 }));

function speed(text) {
  const bytes = Buffer.byteLength(text);
  for (let i = 0; i < 20; i++) parse(text); // let the compiler warm up
  const start = process.cpuUsage();
  let rounds = 0;
  let spent = 0;
  for (; spent < 1e6; rounds++) {
    parse(text);
    const used = process.cpuUsage(start);
    spent = used.user + used.system;
  }
  return (bytes * rounds) / spent;
}

console.log(`graphql-js ${version}, MB/s of one core`);
let slow = false;
for (const file of [path.join(here, 'query.graphql'), path.join(here, 'schema.graphql'), large]) {
  const mine = Number(/([\d.]+) MB\/s/.exec(execFileSync(bench, [file]).toString())[1]);
  const theirs = speed(fs.readFileSync(file, 'utf8'));
  const ratio = mine / theirs;
  slow ||= ratio < 1;
  console.log(`${path.basename(file).padEnd(16)} sgc ${mine.toFixed(1).padStart(8)}  graphql-js ${theirs.toFixed(1).padStart(7)}  ${ratio.toFixed(1)} times`);
}
fs.rmSync(scratch, { recursive: true });
process.exit(slow ? 1 : 0);
