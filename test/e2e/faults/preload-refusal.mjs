/** Loaded before the CLI: the system refuses an operation on files of a name, from its nth time on. */
import fs from 'node:fs';
import http from 'node:http';
import { syncBuiltinESMExports } from 'node:module';

const { operation, like, from, code } = JSON.parse(process.env.GO_REFUSE);
const name = new RegExp(like);
let times = 0;

function refuse(path) {
  if (name.test(String(path)) && ++times >= from)
    throw Object.assign(new Error(`${code}: made up`), { code, syscall: operation });
}

const { open } = fs.promises;
if (['write', 'datasync', 'sync', 'stat'].includes(operation)) {
  fs.promises.open = async (path, ...rest) => {
    const handle = await open(path, ...rest);
    const real = handle[operation].bind(handle);
    handle[operation] = async (...args) => {
      refuse(path);
      return real(...args);
    };
    return handle;
  };
} else if (operation === 'unlooked-for') {
  const { emit } = http.ClientRequest.prototype;
  http.ClientRequest.prototype.emit = function (event, ...args) {
    if (event === 'response' && this.method === 'POST') process.nextTick(() => refuse('ask'));
    return emit.call(this, event, ...args);
  };
} else {
  const real = fs.promises[operation];
  fs.promises[operation] = async (path, ...rest) => {
    refuse(path);
    return real(path, ...rest);
  };
}
syncBuiltinESMExports();
