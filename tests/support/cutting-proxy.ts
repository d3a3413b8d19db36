// A TCP proxy in front of a PostgreSQL server that can lose a connection at the commit of a load.

import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import type { Connection } from '../../core/connection.ts';

/** When the connection is lost: before the server hears of the commit, or before its answer comes back. */
export type Cut = 'before-commit' | 'after-commit';

/** A proxy that listens. */
export interface CuttingProxy {
  /** The server, reached through the proxy. */
  readonly connection: Connection;
  /** Tells how many connections were lost. */
  cuts(): number;
  close(): Promise<void>;
}

/** Starts a proxy that loses each connection on which `marker` was sent, when it then sends a commit. */
export async function startCuttingProxy(
  server: Connection,
  marker: string,
  cut: Cut,
): Promise<CuttingProxy> {
  let cuts = 0;
  const sockets = new Set<Socket>();
  const proxy = createServer((client) => {
    const upstream = server.host.startsWith('/')
      ? connect(`${server.host}/.s.PGSQL.${server.port}`)
      : connect(server.port, server.host);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
    }
    let isMarked = false;
    upstream.on('data', (piece) => client.write(piece));
    upstream.on('close', () => client.destroy());
    client.on('close', () => upstream.destroy());
    client.on('data', (piece) => {
      const text = piece.toString('latin1').toLowerCase();
      isMarked ||= text.includes(marker);
      if (!isMarked || !text.includes('commit\0')) {
        upstream.write(piece);
        return;
      }
      cuts += 1;
      if (cut === 'before-commit') {
        upstream.destroy();
        return;
      }
      upstream.removeAllListeners('data');
      // Only once the server has answered is the commit done; the answer is lost.
      upstream.once('data', () => client.destroy());
      upstream.write(piece);
    });
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const address = proxy.address();
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port');
  return {
    connection: { ...server, host: '127.0.0.1', port: address.port },
    cuts: () => cuts,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      proxy.close();
      await once(proxy, 'close');
    },
  };
}
