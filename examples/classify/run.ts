/** Puts the classifier on a market as a service, asks it about penguins, closes it and shows what it cost. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { DirectSecp256k1HdWallet } from "@cosmjs/proto-signing";
import { prefixes } from "../../chain/codec/address.ts";
import { connect } from "../../client/connection.ts";
import { Sender } from "../../client/sender.ts";
import { serveBlobs } from "../../worker/data/server.ts";
import { BlobStore } from "../../worker/data/store.ts";
import { ServiceGateway } from "../../worker/gateway/services.ts";
import { loadJob } from "../../worker/job-file.ts";
import { runLocally } from "../../worker/local.ts";
import { wasmBackend } from "../../worker/sandbox/wasm-backend.ts";
import { penguins } from "../kmeans/inputs.ts";
import { labelsOf, modelOf, requestOf } from "./model.ts";

const { values } = parseArgs({ options: { rpc: { type: "string" }, mnemonic: { type: "string" }, "limit-price": { type: "string", default: "200000" }, "gas-price": { type: "string", default: "0.001" } } });
if (values.rpc === undefined || values.mnemonic === undefined) {
  process.stderr.write("usage: node bootstrap.mjs examples/classify/run.ts --rpc URL --mnemonic FILE [--limit-price UDCM] [--gas-price UDCM]\nexample, beside `npm start`: --rpc as printed there, --mnemonic .localnet/default/personas/alice/mnemonic\n");
  process.exit(2);
}

const say = (text: string): void => void process.stdout.write(`${text}\n`);
const { output } = await runLocally(await loadJob(join(import.meta.dirname, "../kmeans")), wasmBackend());
const folder = mkdtempSync(join(tmpdir(), "dcm-classify-"));
const connection = await connect(values.rpc);
const wallet = await DirectSecp256k1HdWallet.fromMnemonic(readFileSync(values.mnemonic, "utf8").trim(), { prefix: prefixes.account });
const { network: chainId } = (await connection.comet.status()).nodeInfo;
const sender = await Sender.create({ connection, signer: wallet, address: (await wallet.getAccounts())[0]!.address, chainId, gasPrice: { denom: "udcm", amount: Number(values["gas-price"]) } });
const blobs = await BlobStore.open({ directory: join(folder, "blobs") });
const data = await serveBlobs(blobs, { host: "127.0.0.1", port: 0 });
const gateway = new ServiceGateway({ connection, sender, blobs, dataUrl: data.url, directory: join(folder, "services"), pollMs: 300, log: () => undefined });
try {
  gateway.start();
  const placed = await gateway.place({
    name: "classify", classId: "cpu.x64.small", quoteDenom: "udcm", limitPrice: BigInt(values["limit-price"]), lots: 2n, program: readFileSync(join(import.meta.dirname, "classify.wasm")),
    arguments: { args: [modelOf(output)] }, requestMeter: 100_000_000n, maxRequestSize: 65_536n, maxResponseSize: 4_096n,
  });
  say(`service ${placed.id}: ${placed.escrow} udcm set aside for two minutes at the limit`);
  const instance = await gateway.running(placed.id);
  say(`instance ${instance.instance!.id} is served by ${instance.instance!.provider} for ${instance.instance!.price} udcm a minute; ${instance.runwayMs / 1_000n} s are paid for`);
  const labels = labelsOf(output);
  for (const species of new Set(penguins().map((one) => one.Species))) {
    const rows = penguins().map((row, i) => ({ row, label: labels[i]! })).filter(({ row }) => row.Species === species);
    const answer = await gateway.call(instance, requestOf(rows.map(({ row }) => row)));
    if (answer.status !== 200) throw new Error(`the service answers ${answer.status}: ${Buffer.from(answer.body).toString()}`);
    const counts = [0, 1, 2].map((cluster) => answer.body.filter((one) => one === cluster).length);
    const agree = rows.filter(({ label }, i) => answer.body[i] === label).length;
    say(`${species.padEnd(10)} ${String(rows.length).padStart(3)} penguins: ${counts.join(", ")} in clusters 1, 2, 3; ${agree} as k-means said; ${answer.meter} instructions`);
  }
  await gateway.close(instance.instance!.id);
  const { escrow } = await connection.query.market.escrow({ jobId: placed.id });
  say(`closed: ${escrow!.paid} udcm paid, ${escrow!.fees} fee, ${escrow!.refunded} back`);
} finally {
  await gateway.stop();
  await data.close();
  connection.close();
  rmSync(folder, { recursive: true, force: true });
}
