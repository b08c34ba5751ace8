/** What must stay secret stays secret: from whoever fetches the data, reads the chain, the logs, the disks of providers, the process list. */
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { Manifest } from "../../../chain/codec/gen/dcm/market/v1/types.ts";
import { fromHex } from "../../../chain/codec/bytes.ts";
import { sha256 } from "../../../chain/codec/hash.ts";
import { fetchBlob } from "../../../worker/data/fetch.ts";
import { encryptionKeys } from "../../../worker/config.ts";
import { generateKeyPair, newJobKey, openBlob, openFrom, openKey, SealBroken } from "../../../worker/seal/index.ts";
import { findFiles } from "./files.ts";
import { checkMoney } from "./money.ts";
import { expected, input, module } from "./program.ts";
import type { World } from "./world.ts";

const price = 100_003n;

/** A third party has every address and digest, and reads nothing; the provider of the task opens its seal, another one does not. */
export async function showNothingToThirdParties(world: World): Promise<void> {
  await world.offer(1, "wasm.sealed", price);
  const consumer = await world.consumer("discreet");
  const words = "the recipe of the house, known to nobody";
  const placed = await consumer.place({ classId: "wasm.sealed", inputs: [input(words)] });
  const { job, tasks } = await world.ended(consumer, placed.id);
  const fetch = (urls: readonly string[], blob: { digest: Uint8Array; size: bigint }): Promise<Uint8Array> => fetchBlob(urls, blob.digest, { maxBytes: Number(blob.size) });
  const spec = job.spec!;
  const { inputs } = Manifest.decode(await fetch(spec.dataUrls, spec.manifest!));
  const sealedInput = await fetch(spec.dataUrls, inputs[0]!);
  const sealedProgram = await fetch(spec.dataUrls, spec.program!);
  const revealed = tasks[0]!.replicas[0]!.result!;
  const sealedResult = await fetch([revealed.url], revealed.blob!);
  const clear = expected(input(words), 1n).bytes;
  assert.deepEqual(revealed.digest, sha256(clear));
  for (const bytes of [sealedInput, sealedResult]) assert.ok(!Buffer.from(bytes).includes(words));
  assert.ok(!Buffer.from(sealedProgram).includes(Buffer.from(module).subarray(0, 16)));
  const stranger = generateKeyPair();
  for (const bytes of [sealedInput, sealedProgram]) assert.throws(() => openBlob(newJobKey(), bytes), SealBroken);
  assert.throws(() => openFrom(stranger.secretKey, sealedResult), SealBroken);

  const { seals } = await world.connection.query.market.seals({ jobId: placed.id });
  assert.deepEqual(seals.map(({ provider }) => provider), [world.address(1)]);
  const keyOf = (index: number): Uint8Array => encryptionKeys(world.worker(index).plan.home).secretKey;
  assert.throws(() => openKey(seals[0]!.sealedKey, keyOf(2)), SealBroken);
  const jobKey = openKey(seals[0]!.sealedKey, keyOf(1));
  assert.deepEqual(openBlob(jobKey, sealedInput), input(words));
  assert.throws(() => openFrom(jobKey, sealedResult), SealBroken);
  assert.deepEqual(await consumer.gateway.result(placed.id, tasks[0]!), expected(input(words), 1n).result);
  await checkMoney(world, consumer, job, { paid: [[price]] });
}

/** The secrets of every job and every provider so far. */
function secretsOf(world: World): Map<string, Buffer> {
  const secrets = new Map<string, Buffer>();
  for (const file of findFiles(join(world.folder, "consumers"), ".json")) {
    const held = JSON.parse(readFileSync(file, "utf8")) as { jobKey: string; consumerSecret: string; saltSecret: string };
    for (const name of ["jobKey", "consumerSecret", "saltSecret"] as const) secrets.set(`${name} of job ${basename(file)}`, Buffer.from(fromHex(held[name])));
  }
  return secrets;
}

function keysOf(world: World): Map<string, Buffer> {
  const keys = new Map<string, Buffer>();
  for (const { name, plan: { home } } of world.network.providers) {
    keys.set(`encryption key of ${name}`, Buffer.from(encryptionKeys(home).secretKey));
    keys.set(`session key of ${name}`, Buffer.from(fromHex(readFileSync(join(home, "session.key"), "utf8").trim())));
    keys.set(`mnemonic of ${name}'s operator`, Buffer.from(readFileSync(join(world.folder, "operators", name, "mnemonic"), "utf8").trim()));
  }
  return keys;
}

/** Raw, in hexadecimal of both cases, in base64. */
function forms(secret: Buffer): Buffer[] {
  const hex = secret.toString("hex");
  return [secret, Buffer.from(hex), Buffer.from(hex.toUpperCase()), Buffer.from(secret.toString("base64").replace(/=+$/, ""))];
}

/** Gives `secret in place` for each that is found. */
function search(secrets: ReadonlyMap<string, Buffer>, places: Iterable<readonly [string, Buffer]>): string[] {
  const wanted = [...secrets].flatMap(([name, secret]) => forms(secret).map((form) => [name, form] as const));
  const found: string[] = [];
  for (const [place, bytes] of places) for (const [name, form] of wanted) if (bytes.includes(form)) found.push(`${name} in ${place}`);
  return found;
}

function* files(folder: string): Generator<readonly [string, Buffer]> {
  for (const file of findFiles(folder)) yield [file, readFileSync(file)];
}

/** Arguments and environment of every process that may be looked at. */
function* processes(): Generator<readonly [string, Buffer]> {
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    for (const part of ["cmdline", "environ"]) {
      try {
        yield [`/proc/${pid}/${part}`, readFileSync(`/proc/${pid}/${part}`)];
      } catch {
        // It ended, or is another user's.
      }
    }
  }
}

async function blocks(world: World): Promise<[string, Buffer][]> {
  const out: [string, Buffer][] = [];
  const last = await world.history.upToNow();
  for (let height = 1; height <= last; height++) {
    const { block } = (await world.network.validators[0]!.rpc(`block?height=${height}`)) as { block: { data: { txs: string[] | null } } };
    for (const tx of block.data.txs ?? []) out.push([`a transaction of block ${height}`, Buffer.from(tx, "base64")]);
  }
  return out;
}

/** After all scenarios. */
export async function leakNothing(world: World): Promise<void> {
  const secrets = secretsOf(world);
  const keys = keysOf(world);
  assert.ok(secrets.size >= 3 * 10 && keys.size === 21, `${secrets.size} secrets of jobs, ${keys.size} of providers`);
  const both = new Map([...secrets, ...keys]);
  const found = [
    ...search(both, files(join(world.folder, "logs"))),
    ...search(both, await blocks(world)),
    ...(process.platform === "linux" ? search(both, processes()) : []),
    ...world.network.providers.flatMap(({ plan }) => search(secrets, files(plan.home))),
    // A worker that is broken into gives away a session key and nothing of its operator's.
    ...world.network.providers.flatMap(({ plan }) => search(new Map([...keys].filter(([name]) => name.startsWith("mnemonic"))), files(plan.home))),
  ];
  assert.deepEqual(found, []);
  for (const file of findFiles(join(world.folder, "consumers"), ".json")) assert.equal(search(secrets, [[file, readFileSync(file)]]).length, 3, "the search finds what is there");
}
