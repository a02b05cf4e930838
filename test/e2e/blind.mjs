/** Loaded before the CLI: abstract sockets are given to everybody, as on a system that has none. */
import net from 'node:net';

const { listen } = net.Server.prototype;
net.Server.prototype.listen = function (options, then, ...rest) {
  if (!options?.path?.startsWith('\0')) return listen.call(this, options, then, ...rest);
  return listen.call(this, { port: 0, host: '127.0.0.1' }, then);
};
