/**
 * Bonds from the first coin to the last, through stock CosmJS with our registry: a provider's, an auditor's, a juror's. Each test goes on where the one before it
 * ended. Who does several things signs them all at once, with one sequence behind the other, so that they stand in one block or two.
 */
import assert from "node:assert/strict";
import type { EncodeObject } from "@cosmjs/proto-signing";
import { BroadcastTxError, coins, type IndexedTx, type SigningStargateClient, type StdFee } from "@cosmjs/stargate";
import { TxRaw } from "cosmjs-types/cosmos/tx/v1beta1/tx";
import { VoteOption } from "cosmjs-types/cosmos/gov/v1beta1/gov";
import { MsgSubmitProposal } from "cosmjs-types/cosmos/gov/v1/tx";
import { after, before, describe, it } from "mocha";
import { moduleAddress, addressText } from "../../../chain/codec/address.ts";
import { MsgSlashAuditor } from "../../../chain/codec/gen/dcm/auditor/v1/tx.ts";
import { MsgPlaceBidResponse } from "../../../chain/codec/gen/dcm/market/v1/tx.ts";
import { Comparator, Term, TimeInForce, VerificationLevel } from "../../../chain/codec/gen/dcm/market/v1/types.ts";
import { MsgUnbondResponse } from "../../../chain/codec/gen/dcm/staking/v1/tx.ts";
import { authority } from "../../../chain/runtime/addresses.ts";
import { dcmAminoTypes } from "../../../client/amino.ts";
import { connect, type Connection } from "../../../client/connection.ts";
import { dcmRegistry } from "../../../client/registry.ts";
import { addressOf, chainId, denom, funds, useChain, type Chain, type Person } from "./chain.ts";

const fee: StdFee = { amount: coins(1_000, denom), gas: "600000" };
const coin = (amount: bigint): object => ({ denom, amount: String(amount) });
const message = (name: string, value: object): EncodeObject => ({ typeUrl: `/dcm.${name}`, value });
const bytes = (fill: number): Uint8Array => new Uint8Array(32).fill(fill);

/** The messages of one transaction, and with which codespace and code it fails in its block: `providers 7`. */
type Step = readonly [messages: EncodeObject | readonly EncodeObject[], fails?: string];

/** Somebody who signs, and what it has paid in fees. */
class Account {
  readonly address: string;
  readonly #chain: Chain;
  readonly #client: SigningStargateClient;
  readonly #connection: Connection;
  readonly #number: bigint;
  #sent = 0;

  private constructor(address: string, chain: Chain, client: SigningStargateClient, connection: Connection, number: bigint) {
    [this.address, this.#chain, this.#client, this.#connection, this.#number] = [address, chain, client, connection, number];
  }

  static async open(chain: Chain, connection: Connection, name: Person, amino = false): Promise<Account> {
    const address = await addressOf(name);
    const client = await chain.client(name, { amino, registry: dcmRegistry(), ...(amino ? { aminoTypes: dcmAminoTypes() } : {}) });
    return new Account(address, chain, client, connection, (await client.getSequence(address)).accountNumber);
  }

  async #broadcast(messages: EncodeObject | readonly EncodeObject[]): Promise<string> {
    const signed = await this.#client.sign(this.address, [messages].flat(), fee, "", { accountNumber: this.#number, sequence: this.#sent, chainId });
    return this.#client.broadcastTxSync(TxRaw.encode(signed).finish());
  }

  /** All transactions, in this order, each with what became of it. */
  async send(...steps: readonly Step[]): Promise<IndexedTx[]> {
    const hashes: string[] = [];
    for (const [messages] of steps) {
      hashes.push(await this.#broadcast(messages));
      this.#sent++;
    }
    const found: IndexedTx[] = [];
    for (const [i, hash] of hashes.entries()) {
      let tx = await this.#client.getTx(hash);
      for (; tx === null; tx = await this.#client.getTx(hash)) await this.#chain.wait(1);
      const { codespace } = (await this.#connection.comet.tx({ hash: Buffer.from(hash, "hex") })).result;
      assert.equal(tx.code === 0 ? "" : `${codespace ?? ""} ${tx.code}`, steps[i]![1] ?? "", `transaction ${i}: ${tx.rawLog}`);
      found.push(tx);
    }
    return found;
  }

  /** With which codespace and code the mempool refuses it. */
  async refused(sent: EncodeObject): Promise<string> {
    const error = await this.#broadcast(sent).then(() => assert.fail("accepted"), (reason: unknown) => reason);
    if (!(error instanceof BroadcastTxError)) throw error as Error;
    return `${error.codespace ?? ""} ${error.code}`;
  }

  /** What it lacks of its coins from genesis, fees apart. */
  async missing(): Promise<bigint> {
    return funds - 1_000n * BigInt(this.#sent) - BigInt((await this.#client.getBalance(this.address, denom)).amount);
  }
}

describe("bonds, through stock clients", function () {
  this.timeout(60_000);
  const chain = useChain();
  let connection: Connection;
  let nora: Account;
  let olaf: Account;
  let paul: Account;
  let rosa: Account;
  before(async () => {
    connection = await connect(chain().rpc);
    const open = (name: Person, amino = false): Promise<Account> => Account.open(chain(), connection, name, amino);
    // Paul signs as with a Ledger.
    [nora, olaf, paul, rosa] = await Promise.all([open("nora"), open("olaf"), open("paul", true), open("rosa")]) as [Account, Account, Account, Account];
  });
  after(() => connection?.close());

  async function until(done: () => Promise<boolean>): Promise<void> {
    while (!(await done())) await chain().wait(1);
  }
  const tau = async (): Promise<bigint> => (await connection.query.clock.tau()).tauMs;
  async function tauAt(height: number): Promise<bigint> {
    const answer = await fetch(`${chain().rest}/dcm/clock/v1/tau`, { headers: { "x-cosmos-block-height": String(height) } });
    assert.equal(answer.status, 200, `tau at height ${height}`);
    return BigInt(((await answer.json()) as { tau_ms: string }).tau_ms);
  }
  /** This happened to somebody in the first block behind `height` that reached `due`: not before, not later. */
  async function happenedAt(due: bigint, height: number, event: string, who: Account): Promise<void> {
    let at = height;
    while ((await tauAt(at)) < due) at++;
    const { finalizeBlockEvents } = await connection.comet.blockResults(at);
    assert.ok(finalizeBlockEvents.some(({ type, attributes }) => type === `dcm.${event}` && attributes.some(({ value }) => value === who.address)), `no ${event} at height ${at}`);
  }
  const held = async (module: string): Promise<bigint> => BigInt((await connection.query.bank.balance(addressText(moduleAddress(module)), denom)).amount);

  const profile = (endpoint: string): object => ({ moniker: "nora", endpoints: [endpoint], encryptionKey: bytes(7), attributes: [{ key: "zone", value: "a" }], organization: "" });
  const provider = async () => (await connection.query.providers.provider({ operator: nora.address })).provider!;
  const unbondings = async () => (await connection.query.providers.unbondings({ operator: nora.address })).unbondings;
  const byProvider = (name: string, value: object = {}): EncodeObject => message(`staking.v1.${name}`, { operator: nora.address, ...value });
  /** What the module's account has of others. */
  let others: bigint;
  let registered: number;
  let staked: bigint;

  it("a provider registers, adds bond, edits, unbonds a part, cancels another, and is paid at the due time (PRV-1, PRV-3, PRV-6, PRV-9, PRV-18)", async () => {
    others = await held("providers");
    const register = (amount: bigint): EncodeObject => byProvider("MsgRegisterProvider", { profile: profile("https://nora.example"), bond: coin(amount) });
    const [, , begun, , , , first, second] = await nora.send(
      [byProvider("MsgBond", { amount: coin(1n) }), "providers 3"], [register(999_999n), "providers 15"], [register(2_000_000n)], [register(2_000_000n), "providers 2"],
      [[byProvider("MsgBond", { amount: coin(500_000n) }), byProvider("MsgEditProvider", { profile: profile("https://nora.example:8443") })]],
      [byProvider("MsgUnbond", { amount: coin(2_500_001n) }), "providers 8"], [byProvider("MsgUnbond", { amount: coin(700_000n) })], [byProvider("MsgUnbond", { amount: coin(100_000n) })],
      [byProvider("MsgUnbond", { amount: coin(700_001n) }), "providers 7"], [byProvider("MsgUnbond", { amount: { denom: "token", amount: "1" } }), "providers 6"],
    );
    registered = begun!.height;
    const [paid, cancelled] = [first, second].map((tx) => MsgUnbondResponse.decode(tx!.msgResponses[0]!.value)) as [MsgUnbondResponse, MsgUnbondResponse];
    assert.deepEqual((await unbondings()).map(({ id, amount, createdTauMs, dueTauMs }) => [id, amount, dueTauMs - createdTauMs]), [[paid.id, "700000", 4_000n], [cancelled.id, "100000", 4_000n]]);
    const cancel = (operator: Account): EncodeObject => message("staking.v1.MsgCancelUnbond", { operator: operator.address, id: cancelled.id });
    assert.equal(await olaf.refused(cancel(nora)), "sdk 8", "another's name needs another's key");
    await Promise.all([olaf.send([cancel(olaf), "providers 3"]), nora.send([cancel(nora)], [cancel(nora), "providers 10"])]);
    assert.deepEqual([(await unbondings()).map(({ id }) => id), await nora.missing()], [[paid.id], 2_500_000n]);
    await until(async () => (await unbondings()).length === 0);
    await happenedAt(paid.dueTauMs, first!.height, "staking.v1.EventUnbondingCompleted", nora);
    const { profile: now, bond, free } = await provider();
    assert.deepEqual([now!.endpoints, bond!.total, bond!.unbonding, free], [["https://nora.example:8443"], "1800000", "0", "1800000"]);
    assert.deepEqual([await nora.missing(), (await held("providers")) - others], [1_800_000n, 1_800_000n]);
  });

  it("an auditor retires, governance slashes what is on its way out, the rest is paid at the due times, and its word is void (AUD-1, AUD-3, AUD-4, AUD-10, AUD-15, AUD-22)", async () => {
    const auditor = async () => (await connection.query.auditors.auditor({ auditor: rosa.address })).auditor!;
    const entries = async () => (await connection.query.auditors.unbondings({ auditor: rosa.address })).unbondings;
    const attested = async () => (await connection.query.auditors.attestations({ auditor: rosa.address })).attestations;
    const byAuditor = (name: string, value: object = {}): EncodeObject => message(`auditor.v1.${name}`, { auditor: rosa.address, ...value });
    const register = (amount: bigint): EncodeObject => byAuditor("MsgRegisterAuditor", { profile: { moniker: "rosa", url: "" }, bond: coin(amount) });
    const others = await held("auditors");
    await rosa.send(
      [byAuditor("MsgRetireAuditor"), "auditors 3"], [register(9_999_999n), "auditors 10"], [register(12_000_000n)], [register(12_000_000n), "auditors 2"], [byAuditor("MsgBondAuditor", { amount: coin(3_000_001n) })],
      [byAuditor("MsgAttest", { provider: nora.address, key: "zone", value: "a", expiresTauMs: (await tau()) + 3_600_000n, evidenceHash: bytes(1), evidenceUrl: "" })],
    );
    const [signed] = await attested();
    assert.deepEqual([signed!.valid, (await auditor()).active, await rosa.missing()], [true, true, 15_000_001n + BigInt(signed!.attestation!.storageDeposit)]);

    const slash = (by: string): MsgSlashAuditor => ({ authority: by, auditor: rosa.address, fractionBps: 2_500, reason: "attested what is not so" });
    assert.equal(await olaf.refused(message("auditor.v1.MsgSlashAuditor", slash(olaf.address))), "gov 13");
    assert.equal(await olaf.refused(byAuditor("MsgRetireAuditor")), "sdk 8");
    const [unbonded] = await rosa.send(
      [byAuditor("MsgUnbondAuditor", { amount: coin(5_000_000n) })], [byAuditor("MsgUnbondAuditor", { amount: coin(2n) }), "auditors 7"], [byAuditor("MsgRetireAuditor")],
      [byAuditor("MsgRetireAuditor"), "auditors 9"], [byAuditor("MsgBondAuditor", { amount: coin(1n) }), "auditors 9"],
    );
    const supply = BigInt((await connection.query.bank.supplyOf(denom)).amount);
    const rest = async <T>(path: string): Promise<T> => (await (await fetch(`${chain().rest}/cosmos/${path}`)).json()) as T;
    const { validators } = await rest<{ validators: { operator_address: string; tokens: string }[] }>("staking/v1beta1/validators?status=BOND_STATUS_BONDED");
    const { operator_address: validatorAddress, tokens } = validators[0]!;
    const { proposals: [last] } = await rest<{ proposals: { id: string }[] }>("gov/v1/proposals?pagination.reverse=true&pagination.limit=1");
    await olaf.send([[
      // Half of all stake then, whoever else has delegated.
      { typeUrl: "/cosmos.staking.v1beta1.MsgDelegate", value: { delegatorAddress: olaf.address, validatorAddress, amount: coin(BigInt(tokens)) } },
      { typeUrl: "/cosmos.gov.v1.MsgSubmitProposal", value: MsgSubmitProposal.fromPartial({ messages: [{ typeUrl: `/${MsgSlashAuditor.$type}`, value: MsgSlashAuditor.encode(slash(authority)).finish() }], initialDeposit: coins(50_000_000, denom), proposer: olaf.address, title: "a lie", summary: "of an auditor", expedited: true }) },
      { typeUrl: "/cosmos.gov.v1beta1.MsgVote", value: { proposalId: BigInt(last?.id ?? 0) + 1n, voter: olaf.address, option: VoteOption.VOTE_OPTION_YES } },
    ]], [message("auditor.v1.MsgRetireAuditor", { auditor: olaf.address }), "auditors 3"]);
    await until(async () => (await attested()).length === 0);
    await until(async () => BigInt((await auditor()).bond!.total) < 15_000_001n);
    // A quarter, rounded up, of what is youngest first.
    const left = await entries();
    assert.deepEqual([(await auditor()).bond, left.map(({ amount }) => amount)], [{ total: "11250000", unbonding: "11250000", retiring: true }, ["5000000", "6250000"]]);
    assert.deepEqual([supply - BigInt((await connection.query.bank.supplyOf(denom)).amount), await rosa.missing()], [3_750_001n, 15_000_001n]);
    await until(async () => (await rosa.missing()) === 3_750_001n);
    for (const { dueTauMs } of left) await happenedAt(dueTauMs, unbonded!.height, "auditor.v1.EventUnbondingCompleted", rosa);
    await assert.rejects(auditor(), /auditor \w+ not found/);
    assert.equal(await held("auditors"), others);
    staked = BigInt(tokens);
    assert.equal(await olaf.missing(), staked, "the proposal's deposit came back");
  });

  it("a provider that was silent is matched again with its heartbeat, misses its task, is slashed and jailed until its time is over and it says so (PRV-11, PRV-13)", async () => {
    const { inactiveReason, liveness } = await provider();
    assert.deepEqual([inactiveReason, liveness!.suspended], ["silent", true]);
    await happenedAt(liveness!.heartbeatTauMs + 5_000n, registered, "staking.v1.EventProviderSuspended", nora);
    const ask = message("market.v1.MsgPlaceAsk", { provider: nora.address, classId: "wasm.core", quoteDenom: denom, basePrice: 1_009n, units: 1 });
    const blob = { digest: bytes(1), size: 100n };
    const bid = message("market.v1.MsgPlaceBid", {
      consumer: olaf.address, classId: "wasm.core", quoteDenom: denom, limitPrice: 1_009n, lots: 1n, timeInForce: TimeInForce.TIME_IN_FORCE_GTT, term: Term.TERM_SPOT, verification: VerificationLevel.VERIFICATION_LEVEL_V0_NONE, comparator: Comparator.COMPARATOR_EXACT, risk: "0",
      job: { program: blob, tasks: 1, inputRoot: bytes(1), manifest: blob, dataUrls: ["http://127.0.0.1:1"], duration: 60_000n, maxResultSize: 1_000n },
    });
    const unjail = byProvider("MsgUnjailProvider");
    const [, [placed]] = await Promise.all([nora.send([ask, "market 7"], [unjail, "providers 11"], [[byProvider("MsgHeartbeat"), ask]]), olaf.send([bid])]);
    assert.equal((await provider()).inactiveReason, "");
    const { jobId } = MsgPlaceBidResponse.decode(placed!.msgResponses[0]!.value);
    await until(async () => (await provider()).liveness!.jailed);
    // A tenth of the price, rounded down.
    const { bond, liveness: jailed, inactiveReason: why } = await provider();
    const { statistics } = await connection.query.providers.statistics({ operator: nora.address });
    assert.deepEqual([why, bond!.total, bond!.locked, statistics!.missed, statistics!.slashedAmount], ["jailed", "1799900", "0", 1n, "100"]);
    await Promise.all([nora.send([unjail, "providers 12"], [ask, "market 7"]), olaf.send([message("market.v1.MsgCancelBid", { consumer: olaf.address, jobId })])]);
    await until(async () => (await tau()) >= jailed!.jailedUntilTauMs);
    await nora.send([unjail], [unjail, "providers 11"]);
    assert.equal((await provider()).inactiveReason, "silent", "out of jail, and nobody has heard of it for longer than the window");
    await nora.send([byProvider("MsgHeartbeat")]);
    assert.equal((await provider()).active, true);
  });

  it("a provider retires with an ask in the book, has the rest of its bond back at the due time, and is gone (PRV-14)", async () => {
    const [retired] = await nora.send([byProvider("MsgRetireProvider")], [byProvider("MsgRetireProvider"), "providers 13"], [byProvider("MsgBond", { amount: coin(1n) }), "providers 13"], [byProvider("MsgUnbond", { amount: coin(1n) }), "providers 13"]);
    const [{ inactiveReason, bond }, [entry, ...more]] = [await provider(), await unbondings()];
    assert.deepEqual([inactiveReason, bond!.reserved, bond!.unbonding, entry!.amount, more], ["retiring", "0", "1799900", "1799900", []]);
    // Deposits for the records of orders come back as well, the consumer's too.
    await until(async () => (await nora.missing()) === 100n && (await olaf.missing()) === staked);
    await happenedAt(entry!.dueTauMs, retired!.height, "staking.v1.EventUnbondingCompleted", nora);
    await assert.rejects(provider(), /provider \w+ not found/);
    assert.equal(await held("providers"), others);
    await nora.send([byProvider("MsgHeartbeat"), "providers 3"]);
  });

  it("a juror registers, adds bond, edits, unbonds a part, retires, and is paid to the last coin, in amino JSON signing (JUROR-1, JUROR-2, JUROR-3)", async () => {
    const juror = async () => (await connection.query.jurors.juror({ juror: paul.address })).juror!;
    const entries = async () => (await connection.query.jurors.unbondings({ juror: paul.address })).unbondings;
    const weight = async (): Promise<string> => (await connection.query.jurors.jurors({ activeOnly: true })).totalWeight;
    const byJuror = (name: string, value: object = {}): EncodeObject => message(`juror.v1.${name}`, { juror: paul.address, ...value });
    const register = (amount: bigint): EncodeObject => byJuror("MsgRegisterJuror", { profile: { moniker: "A & B <paul>", url: "" }, bond: coin(amount) });
    const [, , , , , , , unbonded] = await paul.send(
      [byJuror("MsgBondJuror", { amount: coin(1n) }), "jurors 3"], [register(9_999_999n), "jurors 10"], [register(12_000_000n)], [register(12_000_000n), "jurors 2"],
      [[byJuror("MsgBondJuror", { amount: coin(3_000_000n) }), byJuror("MsgEditJuror", { profile: { moniker: "paul", url: "https://paul.example" } })]],
      [byJuror("MsgUnbondJuror", { amount: coin(15_000_001n) }), "jurors 11"], [byJuror("MsgUnbondJuror", { amount: coin(5_000_001n) }), "jurors 7"], [byJuror("MsgUnbondJuror", { amount: coin(5_000_000n) })],
    );
    const { bond, free, active, profile: said } = await juror();
    assert.deepEqual([bond, free, active, said], [{ total: "15000000", locked: "0", unbonding: "5000000", retiring: false }, "10000000", true, { moniker: "paul", url: "https://paul.example" }]);
    assert.equal(await weight(), "10000000", "with what stays it may be drawn");
    const [first] = await entries();
    assert.deepEqual([first!.amount, first!.dueTauMs - first!.createdTauMs, await paul.missing()], ["5000000", 2_000n, 15_000_000n]);
    assert.equal(await olaf.refused(byJuror("MsgRetireJuror")), "sdk 8");
    const [retired] = await paul.send([byJuror("MsgRetireJuror")], [byJuror("MsgRetireJuror"), "jurors 9"], [byJuror("MsgUnbondJuror", { amount: coin(1n) }), "jurors 9"], [byJuror("MsgBondJuror", { amount: coin(1n) }), "jurors 9"]);
    const due = retired!.events.find(({ type }) => type === "dcm.juror.v1.EventUnbondingStarted")!.attributes.find(({ key }) => key === "due_tau_ms")!.value;
    assert.equal(await weight(), "0", "it is drawn no more");
    await until(async () => (await paul.missing()) === 0n);
    for (const tau of [first!.dueTauMs, BigInt(due)]) await happenedAt(tau, unbonded!.height, "juror.v1.EventUnbondingCompleted", paul);
    await assert.rejects(juror(), /juror \w+ not found/);
    assert.equal(await held("jurors"), 0n);
    await paul.send([byJuror("MsgBondJuror", { amount: coin(1n) }), "jurors 3"]);
  });
});
