/** Listening: addresses from text, errors that name what is in the way, closing that does not wait for idle clients. */
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";

export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** `127.0.0.1:1317`, `tcp://[::1]:1317`. Throws a SyntaxError. */
export function parseHostPort(text: string): HostPort {
  const match = /^(?:tcp:\/\/|http:\/\/)?(?:\[([0-9a-fA-F:.]+)\]|([^:/[\]]+)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port > 65_535) throw new SyntaxError(`not an address: ${text.slice(0, 200)}; use HOST:PORT`);
  return { host: (match[1] ?? match[2])!, port };
}

export function hostPortText({ host, port }: HostPort): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

export interface Listening {
  /** HOST:PORT; the port that was given, or found where 0 was asked for. */
  readonly address: string;
  close(): Promise<void>;
}

/** Rejects with the address and the reason where it cannot listen there. */
export function listen(server: Server, at: HostPort): Promise<Listening> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      const where = hostPortText(at);
      reject(error.code === "EADDRINUSE" ? new Error(`${where} is in use: stop what listens there, or choose another address`) : new Error(`cannot listen on ${where}: ${error.message}`));
    });
    server.listen(at.port, at.host, () => {
      const { port } = server.address() as AddressInfo;
      resolve({
        address: hostPortText({ host: at.host, port }),
        close: () =>
          new Promise((done) => {
            server.close(() => done());
            server.closeAllConnections();
          }),
      });
    });
  });
}
