/** Auditors, and what they attest of a provider, through stock CosmJS and REST. Each test goes on where the one before it ended. */
import assert from "node:assert/strict";
import { sha256 } from "@cosmjs/crypto";
import { toBech32, toUtf8 } from "@cosmjs/encoding";
import type { DeliverTxResponse, SigningStargateClient } from "@cosmjs/stargate";
import { after, before, describe, it } from "mocha";
import { dcmAminoTypes } from "../../../client/amino.ts";
import { connect, type Connection } from "../../../client/connection.ts";
import { dcmRegistry } from "../../../client/registry.ts";
import { addressOf, denom, prefix, useChain } from "./chain.ts";

interface Attestation {
  readonly attestation: { readonly provider: string; readonly key: string; readonly auditor: string; readonly value: string; readonly expires_tau_ms: string; readonly evidence_hash: string };
  readonly valid: boolean;
  readonly invalid_reason: string;
}

const evidence = sha256(toUtf8("what the auditor saw"));
const moduleAccount = toBech32(prefix, sha256(toUtf8("auditors")).slice(0, 20));

describe("auditors through stock clients", function () {
  this.timeout(60_000);
  const chain = useChain();
  let [agnes, bruno, clara] = ["", "", ""];
  let clients: Readonly<Record<"agnes" | "bruno" | "clara", SigningStargateClient>>;
  let connection: Connection;

  before(async () => {
    [agnes, bruno, clara] = [await addressOf("agnes"), await addressOf("bruno"), await addressOf("clara")];
    const registry = dcmRegistry();
    clients = {
      agnes: await chain().client("agnes", { registry }), clara: await chain().client("clara", { registry }),
      // As with a Ledger.
      bruno: await chain().client("bruno", { registry, amino: true, aminoTypes: dcmAminoTypes() }),
    };
    connection = await connect(chain().rpc);
  });
  after(() => { connection.close(); });

  async function send(who: keyof typeof clients, name: string, value: object): Promise<DeliverTxResponse> {
    return clients[who].signAndBroadcast(await addressOf(who), [{ typeUrl: `/dcm.${name}`, value }], { amount: [{ denom, amount: "2000" }], gas: "600000" });
  }
  async function sent(who: keyof typeof clients, name: string, value: object): Promise<DeliverTxResponse> {
    const result = await send(who, name, value);
    assert.equal(result.code, 0, result.rawLog);
    return result;
  }
  async function rest<T>(path: string): Promise<T> {
    const response = await fetch(`${chain().rest}/dcm/auditor/v1${path}`);
    assert.equal(response.status, 200, path);
    return (await response.json()) as T;
  }
  /** `auditor key=value` of what counts, by REST. */
  async function valid(): Promise<string[]> {
    const { attestations } = await rest<{ attestations: Attestation[] }>(`/providers/${clara}/attestations?valid_only=true`);
    return attestations.map(({ attestation: { auditor, key, value } }) => `${auditor === agnes ? "agnes" : "bruno"} ${key}=${value}`).sort((a, b) => (a < b ? -1 : 1));
  }
  const profile = (zone: string): object => ({
    moniker: "clara", endpoints: ["https://clara.example:8443"], encryptionKey: new Uint8Array(32).fill(7), attributes: [{ key: "jurisdiction", value: "CH" }, { key: "zone", value: zone }], organization: "",
  });
  const tau = async (): Promise<bigint> => (await connection.query.clock.tau()).tauMs;
  const attestation = async (auditor: string, key: string, value: string, ms: bigint): Promise<object> => ({ auditor, provider: clara, key, value, expiresTauMs: (await tau()) + ms, evidenceHash: evidence, evidenceUrl: "https://agnes.example/A&B" });
  const eventsOf = ({ events }: DeliverTxResponse): string[] => events.filter(({ type }) => type.startsWith("dcm.auditor.v1.")).map(({ type, attributes }) => `${type.slice("dcm.auditor.v1.Event".length)} ${attributes.find(({ key }) => key === "key")?.value ?? ""}`.trim());

  it("register with a bond; genesis has accredited them", async () => {
    await sent("clara", "staking.v1.MsgRegisterProvider", { operator: clara, profile: profile("a"), bond: { denom, amount: "1000000" } });
    for (const [who, auditor] of [["agnes", agnes], ["bruno", bruno]] as const) await sent(who, "auditor.v1.MsgRegisterAuditor", { auditor, profile: { moniker: `A & B <${who}>`, url: "https://agnes.example/policy" }, bond: { denom, amount: "10000000" } });
    const { auditors } = await rest<{ auditors: { auditor: string; active: boolean; profile: { moniker: string }; accreditation: { keys: string[] } }[] }>("/auditors?active_only=true");
    assert.deepEqual(auditors.map(({ auditor, accreditation }) => [auditor, accreditation.keys]).sort(), [[agnes, ["*"]], [bruno, ["zone"]]].sort());
    assert.deepEqual((await rest<{ auditor: { bond: object } }>(`/auditors/${agnes}`)).auditor.bond, { total: "10000000", unbonding: "0", retiring: false });
    assert.equal((await fetch(`${chain().rest}/dcm/auditor/v1/auditors/${clara}`)).status, 404);
  });

  it("attest what the provider declares, attribute by attribute, and nothing else", async () => {
    await sent("agnes", "auditor.v1.MsgAttest", await attestation(agnes, "jurisdiction", "CH", 3_600_000n));
    await sent("agnes", "auditor.v1.MsgAttest", await attestation(agnes, "zone", "a", 3_600_000n));
    assert.deepEqual(eventsOf(await sent("bruno", "auditor.v1.MsgAttest", await attestation(bruno, "zone", "a", 3_600_000n))), ["AttestationSigned zone"]);
    const refused: [keyof typeof clients, object, RegExp][] = [
      ["agnes", await attestation(agnes, "zone", "b", 3_600_000n), /declares zone = a, not b/],
      ["bruno", await attestation(bruno, "jurisdiction", "CH", 3_600_000n), /does not cover the attribute jurisdiction/],
      ["agnes", await attestation(agnes, "cloud", "a", 3_600_000n), /declares no attribute cloud/],
    ];
    for (const [who, message, words] of refused) {
      const result = await send(who, "auditor.v1.MsgAttest", message);
      assert.ok(result.code > 1);
      assert.match(result.rawLog ?? "", words);
    }
    assert.deepEqual(await valid(), ["agnes jurisdiction=CH", "agnes zone=a", "bruno zone=a"]);
    const { attestations } = await rest<{ attestations: Attestation[] }>(`/attestations?auditor=${agnes}&key=zone`);
    assert.deepEqual(attestations.map(({ attestation: one, ...judged }) => [one.value, one.evidence_hash, judged]), [["a", Buffer.from(evidence).toString("base64"), { valid: true, invalid_reason: "" }]]);
    const all = await connection.query.auditors.attestations({ provider: clara });
    const deposits = all.attestations.reduce((sum, { attestation: one }) => sum + BigInt(one!.storageDeposit), 0n);
    assert.ok(deposits > 900n, `deposits of ${deposits}`);
    assert.equal((await connection.query.bank.balance(moduleAccount, denom)).amount, String(20_000_000n + deposits));
  });

  it("lose what they attested of an attribute with its edit, and that one only", async () => {
    const edited = await sent("clara", "staking.v1.MsgEditProvider", { operator: clara, profile: profile("b") });
    assert.deepEqual(eventsOf(edited), ["AttestationVoided zone", "AttestationVoided zone"]);
    assert.deepEqual(await valid(), ["agnes jurisdiction=CH"]);
    // The old value brings nothing back.
    await sent("clara", "staking.v1.MsgEditProvider", { operator: clara, profile: profile("a") });
    assert.deepEqual(await valid(), ["agnes jurisdiction=CH"]);
  });

  it("revoke", async () => {
    await assert.rejects(send("bruno", "auditor.v1.MsgRevokeAttestation", { sender: bruno, auditor: agnes, provider: clara, key: "jurisdiction", reason: "" }), /code 21 \(codespace: auditors\)/);
    assert.deepEqual(eventsOf(await sent("agnes", "auditor.v1.MsgRevokeAttestation", { sender: agnes, auditor: agnes, provider: clara, key: "jurisdiction", reason: "moved" })), ["AttestationRevoked jurisdiction"]);
    assert.deepEqual(await valid(), []);
    assert.equal((await connection.query.bank.balance(moduleAccount, denom)).amount, "20000000");
  });

  it("see an attestation expire by itself, with its deposit back", async () => {
    const { height } = await sent("bruno", "auditor.v1.MsgAttest", await attestation(bruno, "zone", "a", 4_000n));
    const [signed] = (await connection.query.auditors.attestations({ auditor: bruno })).attestations;
    assert.equal(signed?.valid, true);
    while ((await tau()) < signed.attestation!.expiresTauMs) await chain().wait(1);
    assert.deepEqual(await valid(), []);
    assert.deepEqual((await rest<{ attestations: object[] }>("/attestations")).attestations, []);
    assert.equal((await connection.query.bank.balance(moduleAccount, denom)).amount, "20000000");
    const { blocks } = await connection.comet.blockSearchAll({ query: `dcm.auditor.v1.EventAttestationExpired.auditor = '${bruno}'` });
    assert.ok(blocks.length === 1 && blocks[0]!.block.header.height > height, `${blocks.length} blocks`);
  });
});
