/**
 * HTTP/1.1 and, without TLS, HTTP/2 on one port, as the SDKs speak the one or the other: the first bytes of a connection tell.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import type { Socket } from 'node:net';

const HTTP2_BEGINS = 'PRI * HTTP/2';

export function createBothServer(handle: (request: IncomingMessage, response: ServerResponse) => void): Server {
  const server = createServer(handle);
  // Its requests and responses can do what those of HTTP/1.1 can.
  const http2 = createHttp2Server((request, response) => handle(request as never, response as never));
  const [http1] = server.listeners('connection') as [(this: Server, socket: Socket) => void];
  const sockets = new Set<Socket>();
  server.removeAllListeners('connection');
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    socket.once('data', (first: Buffer) => {
      socket.pause();
      socket.unshift(first);
      // The former reads what is there itself.
      if (first.toString('latin1').startsWith(HTTP2_BEGINS)) http2.emit('connection', socket);
      else {
        http1.call(server, socket);
        socket.resume();
      }
    });
  });
  const closeAll = server.closeAllConnections.bind(server);
  server.closeAllConnections = () => {
    closeAll();
    for (const socket of sockets) socket.destroy();
  };
  return server;
}
