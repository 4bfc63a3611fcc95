// Executes a document line by line:  node run.mjs DOCUMENT BIN_FOLDER PREFIX
//   ```c main.c       a fence with a file name writes that file
//   ```console        `$ command` runs in one shell session; what follows it is its output, where a
//                     line of `...` stands for any lines
// Everything happens in a temporary folder. BIN_FOLDER is put in front of PATH, PREFIX is where the
// package is installed (CMAKE_PREFIX_PATH). The first difference ends the run.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { spawn } from 'node:child_process';

const [document, bin, prefix] = process.argv.slice(2);
if (!document || !bin || !prefix) {
  console.error('usage: node run.mjs DOCUMENT BIN_FOLDER PREFIX');
  process.exit(2);
}

function blocks(text) {
  const found = [];
  let open = null;
  text.split('\n').forEach((line, i) => {
    const fence = /^```(\S*)\s*(\S*)/.exec(line);
    if (open && line === '```') {
      found.push(open);
      open = null;
    } else if (open) open.lines.push(line);
    else if (fence) open = { kind: fence[1], file: fence[2], at: i + 2, lines: [] };
  });
  return found;
}

function commands(block) {
  const list = [];
  block.lines.forEach((line, i) => {
    const last = list.at(-1);
    if (line.startsWith('$ ')) list.push({ at: block.at + i, text: line.slice(2), output: [] });
    else if (line.startsWith('> ') && last && !last.output.length) last.text += '\n' + line.slice(2);
    else if (last) last.output.push(line);
  });
  return list;
}

// `...` matches any number of lines; everything else must be equal.
function matches(expected, got) {
  if (!expected.length) return !got.length;
  if (expected[0] !== '...') return expected[0] === got[0] && matches(expected.slice(1), got.slice(1));
  for (let skip = 0; skip <= got.length; skip++)
    if (matches(expected.slice(1), got.slice(skip))) return true;
  return false;
}

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'docs-'));
const shell = spawn('bash', ['--noprofile', '--norc'], {
  cwd: folder,
  env: { ...process.env, PATH: `${bin}:${process.env.PATH}`, CMAKE_PREFIX_PATH: prefix },
  stdio: ['pipe', 'pipe', 'pipe'],
});
let buffer = '';
let wake = () => {};
for (const stream of [shell.stdout, shell.stderr])
  stream.on('data', (data) => { buffer += data; wake(); });

async function run(text) {
  const mark = `--end-${Math.random()}--`;
  buffer = '';
  shell.stdin.write(`{ ${text}\n} 2>&1\nsleep 0.05; echo "${mark}$?"\n`);
  const deadline = Date.now() + 300000;
  while (!buffer.includes(mark)) {
    if (Date.now() > deadline) throw new Error('no answer within 300 s');
    await new Promise((resolve) => { wake = resolve; setTimeout(resolve, 1000); });
  }
  return buffer.slice(0, buffer.indexOf(mark)).replace(/\n$/, '');
}

let ran = 0, failed = 0;
for (const block of blocks(fs.readFileSync(document, 'utf8'))) {
  if (block.file && block.kind !== 'console') {
    fs.mkdirSync(path.dirname(path.join(folder, block.file)), { recursive: true });
    fs.writeFileSync(path.join(folder, block.file), block.lines.join('\n') + '\n');
  }
  if (block.kind !== 'console' || failed) continue;
  for (const command of commands(block)) {
    const got = await run(command.text);
    ran++;
    if (matches(command.output, got === '' ? [] : got.split('\n'))) continue;
    failed++;
    console.log(`${document}:${command.at}: $ ${command.text}`);
    console.log(`  expected:\n${command.output.join('\n')}\n  got:\n${got}`);
    break;
  }
}
shell.stdin.end('kill $(jobs -p) 2>/dev/null; wait\n');
await new Promise((resolve) => shell.on('close', resolve));
fs.rmSync(folder, { recursive: true, force: true });
console.log(`${document}: ${ran} commands, ${failed} failed`);
process.exit(failed || !ran ? 1 : 0);
