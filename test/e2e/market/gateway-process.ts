/**
 * A consumer's gateway as a process of its own, to be killed: `node gateway-process.ts RPC CHAIN FOLDER DATA [place CLASS] [withhold]`. FOLDER holds the mnemonic and what a gateway
 * keeps; its blobs are served from there, under DATA, by somebody else. Prints the id of the job that it placed.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DirectSecp256k1HdWallet } from "@cosmjs/proto-signing";
import { prefixes } from "../../../chain/codec/address.ts";
import { connect } from "../../../client/connection.ts";
import { Sender } from "../../../client/sender.ts";
import { denom, gasPrice } from "../../../localnet/homes.ts";
import { BlobStore } from "../../../worker/data/store.ts";
import { Gateway } from "../../../worker/gateway/gateway.ts";
import { input, module } from "./program.ts";

const [rpc, chainId, folder, dataUrl, ...orders] = process.argv.slice(2) as [string, string, string, string, ...string[]];
const connection = await connect(rpc);
const wallet = await DirectSecp256k1HdWallet.fromMnemonic(readFileSync(join(folder, "mnemonic"), "utf8"), { prefix: prefixes.account });
const sender = await Sender.create({ connection, signer: wallet, address: (await wallet.getAccounts())[0]!.address, chainId, gasPrice });
const blobs = await BlobStore.open({ directory: join(folder, "blobs") });
const gateway = new Gateway({
  connection, sender, blobs, dataUrl, directory: join(folder, "jobs"), pollMs: 200, log: (message, fields) => process.stderr.write(`${JSON.stringify({ message, ...fields })}\n`),
  withhold: { inputs: orders.includes("withhold") },
});
gateway.start();
const at = orders.indexOf("place");
if (at >= 0) {
  const { id } = await gateway.place({
    name: "killed gateway", classId: orders[at + 1]!, quoteDenom: denom, limitPrice: 200_003n, lots: 1n, verification: "V0", program: module, durationMs: 1_000n, maxResultSize: 1_024n,
    inputs: ["left", "right"].map((text) => input(text)), later: [{ after: [0] }],
  });
  process.stdout.write(`${id}\n`);
}
