/** Where to listen, from text. */
export type ListenAddress =
  | { readonly text: string; readonly path: string; readonly host?: undefined; readonly port?: undefined }
  | { readonly text: string; readonly path?: undefined; readonly host: string; readonly port: number };

/** A path of more bytes does not fit a socket address on Linux (108 with its end) and fails with a misleading message. */
const MAX_PATH_BYTES = 107;

/** Reads `tcp://HOST:PORT` or `unix:///PATH` (also `unix://PATH`, relative). Throws a SyntaxError on anything else. */
export function parseAddress(text: string): ListenAddress {
  const unix = /^unix:\/\/(.+)$/.exec(text);
  if (unix !== null) {
    const path = unix[1]!;
    if (Buffer.byteLength(path) > MAX_PATH_BYTES) throw new SyntaxError(`the socket path ${path} is longer than ${MAX_PATH_BYTES} bytes: choose a shorter one`);
    return { text, path };
  }
  const tcp = /^tcp:\/\/(?:\[([0-9a-fA-F:.]+)\]|([^:/[\]]+)):(\d{1,5})$/.exec(text);
  const port = Number(tcp?.[3]);
  if (tcp === null || port > 65535) throw new SyntaxError(`not a listen address: ${text.slice(0, 200)}; use tcp://127.0.0.1:26658 or unix:///path.sock`);
  return { text, host: (tcp[1] ?? tcp[2])!, port };
}
