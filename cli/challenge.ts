/** dcm challenge: runs refereed results again while they can be challenged, and plays the disputes of this account. */
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { join } from "node:path";
import { Challenger } from "../worker/refereed/challenger.ts";
import { Disputes } from "../worker/refereed/disputes.ts";
import { KeptInputs } from "../worker/refereed/kept.ts";
import { jsonText, type Io } from "./io.ts";
import { openNet } from "./net.ts";
import { Runs } from "./runs.ts";
import { signer, type SignOptions } from "./wallet.ts";

export interface ChallengeOptions extends SignOptions {
  readonly provider?: string | undefined;
  readonly json?: true | undefined;
}

const pollMs = 1_000;

/** Until Ctrl-C. */
export async function challenge(io: Io, options: ChallengeOptions): Promise<void> {
  const net = await openNet(io, options);
  const { connection } = net;
  try {
    const { account, sender } = await signer(io, net, options);
    const log = (message: string, fields: Record<string, unknown> = {}): void => {
      if (options.json === true) io.stdout(`${jsonText({ message, ...fields }, 0)}\n`);
      else io.stdout(`${message}${Object.entries(fields).map(([name, value]) => `  ${name} ${String(value)}`).join("")}\n`);
    };
    // What is sealed is not for strangers to run; what this machine sealed itself, it opens.
    const runs = new Runs(io, net.chainId);
    const kept = await KeptInputs.open(join(io.folders.data, "challenged", net.chainId, account.address));
    const common = { connection, kept, sender, party: account.address, encryptionSecret: randomBytes(32), ownKey: (consumerKey: Uint8Array) => runs.jobKey(consumerKey), pollMs, log };
    const disputes = new Disputes(common);
    const challenger = new Challenger({ ...common, ...(options.provider === undefined ? {} : { provider: options.provider }) });
    disputes.start();
    challenger.start();
    io.stderr(`looking at refereed results as ${account.address}; Ctrl-C ends it, but not what disputes it began: they are lost where nobody moves\n`);
    const end = io.interrupted();
    if (!end.aborted) await once(end, "abort");
    await Promise.all([challenger.stop(), disputes.stop()]);
  } finally {
    connection.close();
  }
}
