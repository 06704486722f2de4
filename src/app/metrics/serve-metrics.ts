// `GET /metrics` on a listener of its own, so that who reaches the streams does not reach the figures.

import { createServer } from 'node:http';
import { listen } from '../http.ts';
import type { Metrics } from './metrics.ts';

export interface MetricsServer {
  readonly port: number;
  close(): Promise<void>;
}

/** @param port 0 for a free one @throws ERR_PORT_IN_USE */
export async function serveMetrics(metrics: Metrics, host: string, port: number): Promise<MetricsServer> {
  const server = createServer((request, response) => {
    if (request.method !== 'GET' || request.url?.split('?')[0] !== '/metrics') {
      return void response.writeHead(404).end('GET /metrics\n');
    }
    metrics.text().then(
      (text) => response.writeHead(200, { 'content-type': metrics.contentType }).end(text),
      () => response.writeHead(500).end(),
    );
  });
  return {
    port: await listen(server, host, port, true),
    close() {
      server.closeAllConnections(); // scrapers keep theirs alive
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
