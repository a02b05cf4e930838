/**
 * Loaded before the CLI (`NODE_OPTIONS=--import`): ends it with SIGKILL at a chosen boundary. The code under test knows
 * nothing of it. A boundary is `<what>.<operation>:<phase>`, and a point is its nth time in one process, `…:n`.
 *
 *   GO_KILL_AT=ledger.write:torn:3   kill there; `torn` writes half of the bytes first
 *   GO_KILL_TRACE=FILE               kill nowhere; append every point that is passed to FILE
 *   GO_KILL_POWER=1                  with the process the power goes: what was not fsynced of the ledger is lost
 *   GO_KILL_NO_FSYNC=1               (control) fsync does nothing, as with a program that forgot it
 */
import fs from 'node:fs';
import http from 'node:http';
import { syncBuiltinESMExports } from 'node:module';
import { basename, dirname } from 'node:path';

const { GO_KILL_AT: at, GO_KILL_TRACE: trace, GO_KILL_POWER: power, GO_KILL_NO_FSYNC: noFsync } = process.env;
const passed = new Map();
const real = { ...fs.promises };
/** Path of the ledger → bytes that are certainly on the disk; a new file whose name is not there yet: -1. */
const durable = new Map();

function what(path) {
  const name = basename(String(path));
  if (String(path).includes('.ledger.jsonl.lock')) return 'lock';
  if (name.endsWith('.ledger.jsonl')) return 'ledger';
  if (name.endsWith('.tmp')) return 'results';
  if (name.endsWith('.results.csv')) return 'results';
  return fs.statSync(path, { throwIfNoEntry: false })?.isDirectory() ? 'dir' : undefined;
}

/** One more passing of a boundary. True when the process is to end here. */
function reached(boundary) {
  const n = (passed.get(boundary) ?? 0) + 1;
  passed.set(boundary, n);
  if (trace) fs.appendFileSync(trace, `${boundary}:${n}\n`);
  return at === `${boundary}:${n}`;
}

function die() {
  if (power) {
    for (const [path, bytes] of durable) {
      if (bytes === -1) fs.rmSync(path, { force: true });
      else if (fs.existsSync(path)) fs.truncateSync(path, bytes);
    }
  }
  process.kill(process.pid, 'SIGKILL');
}

function pass(boundary) {
  if (reached(boundary)) die();
}

/** Wraps an operation that changes what a restart finds: before it, after it, and in the middle of it. */
async function around(thing, name, run, tear) {
  if (thing === undefined) return run();
  pass(`${thing}.${name}:before`);
  if (tear && reached(`${thing}.${name}:torn`)) {
    tear();
    die();
  }
  const result = await run();
  pass(`${thing}.${name}:after`);
  return result;
}

const half = (bytes) => bytes.subarray(0, bytes.length >> 1);

fs.promises.rename = (from, to) => around(what(to), 'rename', () => real.rename(from, to));
fs.promises.mkdir = (path, options) => around(what(`${path}/x`), 'mkdir', () => real.mkdir(path, options));
fs.promises.rm = (path, options) => around(what(path), 'rm', () => real.rm(path, options));
fs.promises.rmdir = (path) => around(what(`${path}/x`), 'rmdir', () => real.rmdir(path));
fs.promises.writeFile = (path, text, options) =>
  around(
    typeof path === 'string' ? what(path) : undefined,
    'writeFile',
    () => real.writeFile(path, text, options),
    () => fs.writeFileSync(path, half(Buffer.from(text)), options),
  );
fs.promises.open = async (path, flags, mode) => {
  const thing = what(path);
  const isNew = !fs.existsSync(path);
  const creates = isNew && flags !== 'r';
  const run = () => real.open(path, flags, mode);
  const handle = await (creates ? around(thing, 'create', run) : run());
  if (thing !== undefined) watch(handle, thing, String(path));
  if (thing === 'ledger') durable.set(String(path), isNew ? -1 : (await handle.stat()).size);
  return handle;
};

function watch(handle, thing, path) {
  const method = (name) => handle[name].bind(handle);
  const [write, sync, datasync, truncate, chmod] = ['write', 'sync', 'datasync', 'truncate', 'chmod'].map(
    method,
  );
  const synced = async (run) => {
    const { size } = await handle.stat();
    if (noFsync) return;
    await run();
    if (thing === 'dir') {
      for (const [file, bytes] of durable) {
        if (bytes === -1 && dirname(file) === path) durable.set(file, fs.statSync(file).size);
      }
    } else if (thing === 'ledger' && durable.get(path) !== -1) durable.set(path, size);
  };
  handle.write = (bytes, offset = 0, length = bytes.length - offset, ...rest) =>
    around(
      thing,
      'write',
      () => write(bytes, offset, length, ...rest),
      () => fs.writeSync(handle.fd, half(bytes.subarray(offset, offset + length))),
    );
  handle.sync = () => around(thing, 'sync', () => synced(sync));
  handle.datasync = () => around(thing, 'datasync', () => synced(datasync));
  handle.truncate = (length) => around(thing, 'truncate', () => truncate(length));
  handle.chmod = (mode) => around(thing, 'chmod', () => chmod(mode));
}

/** The ledger cuts a torn tail off without a turn of the event loop. */
const { ftruncateSync } = fs;
fs.ftruncateSync = (fd, length) => {
  pass('ledger.truncate:before');
  ftruncateSync(fd, length);
  pass('ledger.truncate:after');
};

const { emit } = http.ClientRequest.prototype;
http.ClientRequest.prototype.emit = function (event, ...args) {
  const thing = this.method === 'POST' ? 'ask' : 'read';
  if (event === 'socket') pass(`${thing}.begin:before`);
  // Its last byte was handed to the kernel: from here on the server gets it, whatever happens to us.
  if (event === 'finish') pass(`${thing}.sent:after`);
  if (event === 'response') {
    pass(`${thing}.head:before`);
    args[0].prependOnceListener('end', () => pass(`${thing}.answer:after`));
  }
  return emit.call(this, event, ...args);
};

syncBuiltinESMExports();
