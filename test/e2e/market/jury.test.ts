/**
 * Disputes to their last instance on a real network: jurors and parties act through dcmd, each with a home of its own, as docs/jurors.md has it; the last appeal is decided by a proposal that
 * stock CosmJS submits and votes on.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DirectSecp256k1Wallet, Registry, type OfflineDirectSigner } from "@cosmjs/proto-signing";
import { defaultRegistryTypes, SigningStargateClient, type DeliverTxResponse } from "@cosmjs/stargate";
import { MsgSubmitProposal, MsgVote } from "cosmjs-types/cosmos/gov/v1/tx";
import { after, before, describe, it } from "mocha";
import { prefixes } from "../../../chain/codec/address.ts";
import { MsgDecideCase } from "../../../chain/codec/gen/dcm/dispute/v1/tx.ts";
import { CaseState, CloseReason, Verdict, type Case, type Seat } from "../../../chain/codec/gen/dcm/dispute/v1/types.ts";
import { MsgPlaceServiceBidResponse } from "../../../chain/codec/gen/dcm/market/v1/tx.ts";
import { dcmd } from "../../../chain/node/testing.ts";
import { authority } from "../../../chain/runtime/addresses.ts";
import { dcm } from "./bills.ts";
import { denom, gasPrice } from "../../../localnet/homes.ts";
import { ensureAsk } from "../../../worker/agent/setup.ts";
import { input } from "./program.ts";
import { chainId, World, type Consumer } from "./world.ts";

const [bond, windowMs] = ["10000000", 60_000n];
/** Of a seat's stake of 2,000,000: voted against the outcome or kept silent; never committed. */
const [incoherent, absent] = ["200000", "60000"];

describe("disputes with dcmd, up to a vote of everybody", function () {
  this.timeout(240_000);
  let world: World;
  let consumer: Consumer & { readonly home: string };
  const homes = new Map<string, string>();
  const bench: string[] = [];

  before(async () => {
    world = await World.start(1, { max_appeals: 1, commit_due: "6000", reveal_due: "6000", vote_due: "60000" });
    const account = await world.account();
    consumer = { ...(await world.gateway("disputing", account, account.funds)), home: await home(account.address, account.mnemonic) };
    const jurors = [];
    for (let i = 0; i < 6; i++) jurors.push(await world.account());
    for (const { address, mnemonic } of jurors) {
      await home(address, mnemonic);
      bench.push(address);
    }
  });
  after(async () => {
    await world?.stop();
  });

  /** A home of dcmd with the account's key, named `me`. */
  async function home(address: string, mnemonic: string): Promise<string> {
    const folder = join(world.folder, "dcmd", address);
    homes.set(address, folder);
    const { code, err } = await dcmd(["keys", "add", "me", "--recover", "--keyring-backend", "test", "--home", folder], mnemonic);
    assert.equal(code, 0, err);
    return folder;
  }

  const at = (who: string): string[] => ["--home", homes.get(who)!, "--node", world.network.validators[0]!.rpcAddress.replace("http", "tcp")];
  const tx = async (who: string, ...argv: string[]): Promise<void> => void (await said(["tx", ...argv, "--from", "me", "--keyring-backend", "test", ...at(who)]));
  const ask = async <T>(who: string, ...argv: string[]): Promise<T> => JSON.parse(await said(["query", ...argv, "--json", ...at(who)])) as T;
  async function said(argv: string[]): Promise<string> {
    const { code, out, err } = await dcmd(argv);
    assert.equal(code, 0, `dcmd ${argv.join(" ")}: ${err}`);
    return out;
  }
  const reached = (caseId: bigint, ...states: CaseState[]): Promise<Case> => world.until(`case ${caseId} in state ${states.join()}`, async () => {
    const { case: one } = await world.connection.query.disputes.case({ caseId });
    return states.includes(one!.state) && one!;
  });
  const seatsOf = async (caseId: bigint, round: number): Promise<Seat[]> => (await world.connection.query.disputes.seats({ caseId })).seats.filter((seat) => seat.round === round);
  const newestCase = async (): Promise<bigint> => (await world.connection.query.disputes.cases({})).cases.at(-1)!.id;

  it("makes jurors, who see their bond; wrong words end with their exit codes and the next step", async () => {
    for (const juror of bench) await tx(juror, "juror", "register", `${bond}${denom}`, "--moniker", "a juror");
    const { juror } = await ask<{ juror: { active: boolean; bond: { total: string }; free: string } }>(bench[0]!, "juror", "show", "me", "--keyring-backend", "test");
    assert.deepEqual([juror.active, juror.bond.total, juror.free], [true, bond, bond]);
    const nobody = await dcmd(["query", "juror", "show", consumer.address, ...at(consumer.address)]);
    assert.deepEqual([nobody.code, /not found|no juror/.test(nobody.err)], [3, true], nobody.err);
    const early = await dcmd(["tx", "dispute", "reveal", "--from", "me", "--keyring-backend", "test", ...at(bench[0]!)]);
    assert.deepEqual([early.code, /dcmd query juror seats/.test(early.err)], [3, true], early.err);
  });

  it("a bribed juror, one that keeps silent and one that never shows up keep a verdict away; everybody decides by a proposal, the pay goes back, and each of the three pays", async () => {
    await ensureAsk(world.connection, world.providers[0]!.sender, { classId: "wasm.disputed", quoteDenom: denom, price: 100_003n, units: 1, maxAcceptanceWindow: windowMs });
    const { id: jobId } = await consumer.place({ classId: "wasm.disputed", inputs: [input("a well-formed and useless answer")], acceptance: { windowMs } });
    const hold = await world.until("pay that is held", async () => (await world.connection.query.market.holds({ jobId })).holds[0]);
    const file = join(world.folder, "asked.txt");
    writeFileSync(file, "what was asked");
    await tx(consumer.address, "dispute", "open", "--task", String(hold.taskId), "--claim", "it answers another question", "--file", file, "--url", "https://files.example/asked.txt");
    const caseId = await newestCase();
    const id = String(caseId);
    const shown = await ask<{ evidence: { hash: string; url: string }[] }>(bench[0]!, "dispute", "evidence", id);
    assert.deepEqual(shown.evidence.map(({ hash, url }) => [hash, url]), [[createHash("sha256").update("what was asked").digest("base64"), "https://files.example/asked.txt"]]);

    await reached(caseId, CaseState.CASE_STATE_COMMIT);
    const [bribed] = await seatsOf(caseId, 0);
    const due = await ask<{ seats: { case_id: string; round: number; next: string; due: string }[] }>(bribed!.juror, "juror", "seats", "me", "--keyring-backend", "test");
    assert.deepEqual(due.seats.map(({ case_id: of, round, next }) => [of, round, next]), [[id, 0, `dcmd tx dispute commit ${id} consumer|provider`]]);
    assert.ok(Math.abs(Date.parse(due.seats[0]!.due) - Date.now()) < 15_000, due.seats[0]!.due);
    const soon = await dcmd(["tx", "dispute", "reveal", id, "--from", "me", "--keyring-backend", "test", ...at(bribed!.juror)]);
    assert.deepEqual([soon.code, /in another state[^]*dcmd query dispute case/.test(soon.err)], [4, true], soon.err);
    await tx(bribed!.juror, "dispute", "commit", id, "provider");
    const kept = join(homes.get(bribed!.juror)!, "jury", `chain-${chainId}`);
    for (const name of readdirSync(kept)) assert.equal(statSync(join(kept, name)).mode & 0o777, 0o600);
    await reached(caseId, CaseState.CASE_STATE_REVEAL);
    await tx(bribed!.juror, "dispute", "reveal");
    await reached(caseId, CaseState.CASE_STATE_APPEAL);
    await tx(consumer.address, "dispute", "appeal", id);

    await reached(caseId, CaseState.CASE_STATE_COMMIT);
    const [second, silent, gone] = (await seatsOf(caseId, 1)).map(({ juror }) => juror) as [string, string, string];
    await tx(second, "dispute", "commit", id, "consumer");
    // Changed its mind, or was paid: the later commitment counts, and reveal finds what opens it.
    await tx(second, "dispute", "commit", id, "provider");
    await tx(silent, "dispute", "commit", id, "consumer");
    await reached(caseId, CaseState.CASE_STATE_REVEAL);
    await tx(second, "dispute", "reveal", id);
    const { rounds } = await reached(caseId, CaseState.CASE_STATE_APPEAL);
    assert.deepEqual(rounds.map(({ outcome }) => outcome), [Verdict.VERDICT_PROVIDER, Verdict.VERDICT_NONE], "one of three opened its vote: no quorum");
    await tx(consumer.address, "dispute", "appeal", id);
    assert.equal((await reached(caseId, CaseState.CASE_STATE_VOTE)).rounds[2]!.seats, 0);

    const decided = await decide(caseId, Verdict.VERDICT_CONSUMER);
    const closed = await reached(caseId, CaseState.CASE_STATE_CLOSED);
    assert.deepEqual([closed.verdict, closed.closeReason, closed.providerShareBps], [Verdict.VERDICT_CONSUMER, CloseReason.CLOSE_REASON_VOTE, 0], `proposal ${decided}`);
    const { job } = await world.connection.query.market.job({ jobId });
    assert.deepEqual([job!.escrow!.paid, job!.escrow!.held, job!.escrow!.refunded], ["0", "0", job!.escrow!.deposited], "the decision moved the pay");
    const outcome = async (juror: string): Promise<unknown> => {
      const { seats } = await ask<{ seats: { case_id: string; reward: string; slashed: string }[] }>(juror, "juror", "seats", juror, "--all");
      return seats.filter((seat) => seat.case_id === id).map(({ reward, slashed }) => [reward, slashed]);
    };
    assert.deepEqual(await Promise.all([bribed!.juror, second, silent, gone].map(outcome)), [[["0", incoherent]], [["0", incoherent]], [["0", incoherent]], [["0", absent]]]);
    // Fees: one seat and three seats that nobody was coherent in, and that of the vote, which went for who asked: all of it back, but for the records' deposits.
    await world.history.upToNow();
    const deposits = closed.rounds.reduce((sum, { storageDeposit }) => sum + BigInt(storageDeposit), 0n) + BigInt((await world.connection.query.disputes.evidence({ caseId })).evidence[0]!.storageDeposit) + BigInt(job!.escrow!.storageDeposit);
    assert.equal(await world.balance(consumer.address), consumer.funds - world.history.feesOf(consumer.address) - deposits);
  });

  it("a jury splits what is held of a period of a service, which goes on; what was paid at once, released and given back is what the bill says", async () => {
    const provider = world.providers[0]!;
    const { connection } = world;
    await ensureAsk(connection, provider.sender, { classId: "cpu.x64.small", quoteDenom: denom, price: 600_000n, units: 1, maxAcceptanceWindow: 65_000n });
    const digest = createHash("sha256").update("a program").digest();
    const placed = await consumer.sender.send({
      typeUrl: "/dcm.market.v1.MsgPlaceServiceBid",
      value: {
        consumer: consumer.address, classId: "cpu.x64.small", quoteDenom: denom, limitPrice: 600_000n, lots: 5n, timeInForce: 1, term: 1, acceptance: { window: 40_000n, providerShareBps: 0, heldBps: 5_000, period: 5_000n },
        service: { program: { digest, size: 9n }, instances: 1, dataUrls: ["http://127.0.0.1:1"], requestMeter: 1_000n, maxRequestSize: 1n, maxResponseSize: 1n, consumerKey: digest, arguments: new Uint8Array(0) },
      },
    });
    const { serviceId } = MsgPlaceServiceBidResponse.decode(placed.response!.value);
    const id = serviceId * 65_536n;
    await world.until("an instance that is matched", async () => (await connection.query.market.instances({ serviceId })).instances[0]!.instance!.provider !== "");
    await consumer.sender.send({ typeUrl: "/dcm.market.v1.MsgSealKeys", value: { consumer: consumer.address, jobId: serviceId, keys: [{ provider: provider.address, sealedKey: new Uint8Array(80) }] } });
    await world.until("a second period", async () => (await connection.query.market.holds({ jobId: serviceId })).holds.some(({ period }) => period === 2n));
    assert.match(await said(["query", "dispute", "holds", String(serviceId), ...at(consumer.address)]), /instance \d+, period 1 +\d+ held +dcm1\w+ +a case can be opened until .*, in \d+ s/);
    await tx(consumer.address, "dispute", "open", "--instance", String(id), "--period", "1", "--claim", "every answer is empty");
    const caseId = await newestCase();
    await consumer.sender.send({ typeUrl: "/dcm.market.v1.MsgCloseService", value: { consumer: consumer.address, instanceId: id } });
    await consumer.sender.send({ typeUrl: "/dcm.market.v1.MsgAcceptResult", value: { consumer: consumer.address, taskId: 0n, instanceId: id, period: 0n } });
    await reached(caseId, CaseState.CASE_STATE_COMMIT);
    const [{ juror }] = (await seatsOf(caseId, 0)) as [Seat];
    await tx(juror, "dispute", "commit", String(caseId), "consumer");
    await reached(caseId, CaseState.CASE_STATE_REVEAL);
    await tx(juror, "dispute", "reveal", String(caseId));
    await reached(caseId, CaseState.CASE_STATE_CLOSED);
    const { service } = await connection.query.market.service({ serviceId });
    const { instance } = (await connection.query.market.instances({ serviceId })).instances[0]!;
    assert.deepEqual([service!.escrow!.held, service!.holds, instance!.held], ["0", 0, "0"]);
    // 50,000 of pay and 500 of fee were earned in the five seconds, half of each was held.
    assert.deepEqual([BigInt(instance!.accrued) - BigInt(instance!.paid), BigInt(instance!.accruedFees) - BigInt(instance!.fees)], [25_000n, 250n]);
    const shown = await dcm(new Map(), "bill", "show", "--account", consumer.address, "--node", world.network.validators[0]!.rpcAddress, "--json");
    assert.equal(shown.code, 0, shown.err);
    const { rows } = JSON.parse(shown.out) as { rows: { subject: string; gross: string; fee: string; refund: string }[] };
    const own = rows.filter(({ subject }) => subject === `service:${serviceId}`);
    const sum = (of: (row: (typeof own)[number]) => string): bigint => own.reduce((total, row) => total + BigInt(of(row)), 0n);
    const { paid, fees, refunded, deposited } = service!.escrow!;
    assert.deepEqual([sum((row) => row.gross), sum((row) => row.fee), sum((row) => row.refund)].map(String), [paid, fees, refunded]);
    assert.equal(BigInt(paid) + BigInt(fees) + BigInt(refunded), BigInt(deposited));
  });

  /** A proposal to decide the case, on which the validator votes: both by CosmJS's own messages. Gives its id. */
  async function decide(caseId: bigint, verdict: Verdict): Promise<bigint> {
    const secret = await said(["keys", "export", "operator", "--unarmored-hex", "--unsafe", "--keyring-backend", "test", "--home", world.network.validators[0]!.plan.home]);
    const wallet = await DirectSecp256k1Wallet.fromKey(Buffer.from(secret.trim(), "hex"), prefixes.account);
    const [{ address }] = (await wallet.getAccounts()) as unknown as [{ address: string }];
    const { events } = await send(wallet, address, "/cosmos.gov.v1.MsgSubmitProposal", MsgSubmitProposal.fromPartial({
      messages: [{ typeUrl: `/${MsgDecideCase.$type}`, value: MsgDecideCase.encode({ authority, caseId, verdict }).finish() }], initialDeposit: [{ denom, amount: "50000000" }], proposer: address, title: "a last appeal",
      summary: "the answer is useless", metadata: "", expedited: true,
    }));
    const proposalId = BigInt(events.find(({ type }) => type === "submit_proposal")!.attributes.find(({ key }) => key === "proposal_id")!.value);
    await send(wallet, address, "/cosmos.gov.v1.MsgVote", MsgVote.fromPartial({ proposalId, voter: address, option: 1, metadata: "" }));
    return proposalId;
  }

  async function send(wallet: OfflineDirectSigner, address: string, typeUrl: string, value: unknown): Promise<DeliverTxResponse> {
    const registry = new Registry([...defaultRegistryTypes, ["/cosmos.gov.v1.MsgSubmitProposal", MsgSubmitProposal], ["/cosmos.gov.v1.MsgVote", MsgVote]]);
    const client = await SigningStargateClient.connectWithSigner(world.network.validators[0]!.rpcAddress, wallet, { registry, broadcastPollIntervalMs: 200 });
    try {
      const response = await client.signAndBroadcast(address, [{ typeUrl, value }], { amount: [{ denom, amount: String(Math.ceil(1_000_000 * gasPrice.amount)) }], gas: "1000000" });
      assert.equal(response.code, 0, response.rawLog);
      return response;
    } finally {
      client.disconnect();
    }
  }
});
