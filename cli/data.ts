/** The data of what is ordered from this machine, served to providers while it lives. */
import { isIP } from "node:net";
import { join } from "node:path";
import { serveBlobs } from "../worker/data/server.ts";
import { BlobStore } from "../worker/data/store.ts";
import { CliError, exitCodes, jsonText, type Io } from "./io.ts";
import type { Net } from "./net.ts";

export interface Listen {
  readonly host: string;
  /** 0: a free one. */
  readonly port: number;
}

export interface OfferedData {
  readonly blobs: BlobStore;
  /** As providers reach it. */
  readonly url: string;
  readonly listen: Listen;
  close(): Promise<void>;
}

/** Where the data of a new order is served. Throws a CliError where providers elsewhere could not reach it. */
export function listenOf({ profile }: Net): Listen {
  if (profile!.dataListen === "") {
    if (profile!.net !== "local") throw new CliError(exitCodes.usage, "providers fetch the data of an order from this machine, and the profile does not say where it listens for them", "dcm init --data-url http://ME.example:8646 --data-listen 0.0.0.0:8646");
    return { host: "127.0.0.1", port: 0 };
  }
  const [, host, port] = /^(.+):(\d{1,5})$/.exec(profile!.dataListen) ?? [];
  const bare = host?.replace(/^\[(.*)\]$/, "$1") ?? "";
  if (isIP(bare) === 0 || Number(port) > 65_535) throw new CliError(exitCodes.invalid, `data-listen of profile ${profile!.name} is ${JSON.stringify(profile!.dataListen)}`, "It is an IP address and a port, e.g. 0.0.0.0:8646.");
  return { host: bare, port: Number(port) };
}

/** Rejects with a CliError where somebody else listens there. */
export async function offerData({ profile }: Net, folder: string, { host, port }: Listen): Promise<OfferedData> {
  const blobs = await BlobStore.open({ directory: join(folder, "blobs") });
  const server = await serveBlobs(blobs, { host, port }).catch((error: unknown) => {
    throw (error as NodeJS.ErrnoException).code === "EADDRINUSE" ? new CliError(exitCodes.failed, `another process listens on ${host}:${port}, where this has its data`, "Mostly that is the dcm that serves it: leave it running, or end it with Ctrl-C and try again.") : error;
  });
  return { blobs, url: profile!.dataUrl === "" ? server.url : profile!.dataUrl, listen: { host, port: server.port }, close: () => server.close() };
}

/** What a gateway has to say, for whoever looks for a fault. */
export function logTo({ env, stderr }: Io): (message: string, fields?: Record<string, unknown>) => void {
  return (message, fields = {}) => {
    if (env.DCM_VERBOSE !== undefined) stderr(`${jsonText({ message, ...fields }, 0)}\n`);
  };
}
