/** Preloaded: when the process exits, the last line tells every host that it looked up or connected to, by any way. */
import dgram from 'node:dgram';
import dns from 'node:dns';
import { syncBuiltinESMExports } from 'node:module';
import { Socket } from 'node:net';

const reached = new Set();

const { connect } = Socket.prototype;
Socket.prototype.connect = function (...args) {
  const [options] = Array.isArray(args[0]) ? args[0] : args;
  reached.add(`${options.host ?? options.path ?? 'localhost'}:${options.port ?? ''}`);
  return connect.apply(this, args);
};
for (const [module, names] of [
  [dns, ['lookup', 'resolve', 'resolve4', 'resolve6', 'resolveAny', 'resolveSrv', 'reverse']],
  [dns.promises, ['lookup', 'resolve', 'resolve4', 'resolve6', 'resolveAny', 'resolveSrv', 'reverse']],
  [dgram, ['createSocket']],
]) {
  for (const name of names) {
    const original = module[name];
    module[name] = (...args) => {
      // An address that is looked up is not asked of anybody.
      if (!/^[\d.]+$/.test(String(args[0]))) reached.add(`${name} ${args[0]}`);
      return original(...args);
    };
  }
}
syncBuiltinESMExports();

process.on('exit', () => process.stdout.write(`\n${JSON.stringify({ reached: [...reached].sort() })}\n`));
