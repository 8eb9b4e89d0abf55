// Preloaded into a process under test: when it exits, writes what it loaded and what it connected to.
import { writeFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { Socket } from 'node:net';

const files = [];
const connections = [];

registerHooks({
  load(url, context, nextLoad) {
    files.push(url);
    return nextLoad(url, context);
  },
});

const { connect } = Socket.prototype;
Socket.prototype.connect = function (...args) {
  this.once('connectionAttempt', (address, port) => connections.push(`${address}:${port}`));
  return connect.apply(this, args);
};

process.on('exit', () => {
  writeFileSync(process.env.PROBE_FILE, JSON.stringify({ files, builtins: process.moduleLoadList, connections }));
});
