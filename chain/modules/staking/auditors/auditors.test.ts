import assert from "node:assert/strict";
import { addressBytes, moduleAddress, addressText } from "../../../codec/address.ts";
import { GenesisState } from "../../../codec/gen/dcm/auditor/v1/genesis.ts";
import type { QueryAttestationsResponse, QueryAuditorResponse, QueryAuditorsResponse, QueryAccreditationsResponse, QueryUnbondingsResponse } from "../../../codec/gen/dcm/auditor/v1/query.ts";
import type { MsgAttestResponse, MsgSlashAuditorResponse, MsgUnbondAuditorResponse } from "../../../codec/gen/dcm/auditor/v1/tx.ts";
import { QueryError, TxError } from "../../../runtime/errors.ts";
import { transact } from "../../../runtime/testing.ts";
import { defaultParams, maxAccreditations } from "./params.ts";
import { accreditationQueue, expiryQueue } from "./state.ts";
import { sweepLimit } from "./sweeps.ts";
import { account, AuditorsWorld, authority, coin, day, eventTexts, type AuditorsGenesis } from "./testing.ts";

const failsWith = (code: number, words: RegExp, codespace = "auditors") => (error: unknown): boolean => {
  assert.ok(error instanceof TxError, String(error));
  assert.deepEqual([error.codespace, error.code], [codespace, code], error.message);
  assert.match(error.message, words);
  return true;
};

/** Each of these messages fails with this error and changes nothing. */
function refuses(world: AuditorsWorld, name: string, messages: readonly (readonly [message: object, code: number, words: RegExp, codespace?: string])[]): void {
  const before = world.dump();
  for (const [message, code, words, codespace] of messages) assert.throws(() => world.send(name, message), failsWith(code, words, codespace));
  assert.equal(world.dump(), before);
}

const badAddresses = (field: string, rest: object): [object, number, RegExp, string][] => ["", "dcm1xyz", "cosmos1qyqszqgpqyqszqgpqyqszqgpqyqszqgpjnp7du"].map((text) => [{ ...rest, [field]: text }, 7, new RegExp(`${field}: `), "sdk"]);
const auditorOf = (world: AuditorsWorld, i: number): NonNullable<QueryAuditorResponse["auditor"]> => world.ask<QueryAuditorResponse>("Auditor", { auditor: account(i) }).auditor!;
const profile = { moniker: "argus", url: "https://argus.example/policy" };

describe("auditors", () => {
  describe("bonds", () => {
    it("AUD-1 MsgRegisterAuditor makes the signer an auditor with its bond in the module's account, once", () => {
      const world = new AuditorsWorld();
      assert.deepEqual(eventTexts(world.send("RegisterAuditor", { auditor: account(1), profile, bond: coin(12_000_000n) }).events, "auditor", "moniker", "bond"), [`AuditorRegistered ${account(1)} argus 12000000`]);
      assert.deepEqual([world.held, world.balance(1)], [12_000_000n, 988_000_000n]);
      const { active, inactiveReason, bond } = auditorOf(world, 1);
      assert.deepEqual([active, inactiveReason, bond], [false, "unaccredited", { total: "12000000", unbonding: "0", retiring: false }]);
      const message = { auditor: account(2), profile };
      refuses(world, "RegisterAuditor", [
        ...badAddresses("auditor", { profile, bond: coin(10_000_000n) }),
        [{ auditor: account(1), profile, bond: coin(10_000_000n) }, 2, /auditor already/],
        [{ ...message, bond: undefined }, 5, /bond is missing/], [{ ...message, bond: coin(0n) }, 5, /positive whole number/], [{ ...message, bond: coin("05") }, 5, /positive whole number/],
        [{ ...message, bond: coin(5n, "!") }, 5, /not a denom/], [{ ...message, bond: coin(10_000_000n, "other") }, 6, /bonds are in udcm, got other/],
        [{ ...message, bond: coin(9_999_999n) }, 10, /the least is 10000000/], [{ ...message, bond: coin(2_000_000_000n) }, 5, /spendable balance/, "sdk"],
      ]);
    });

    it("AUD-2 bounds what an auditor says of itself, and lets it say something else", () => {
      const world = new AuditorsWorld();
      const bad: [object | undefined, RegExp][] = [
        [undefined, /profile is missing/], [{ ...profile, moniker: "" }, /moniker is 1 to 70/], [{ ...profile, moniker: "a".repeat(71) }, /moniker/], [{ ...profile, moniker: "a\n" }, /moniker/],
        [{ ...profile, url: "ftp://x" }, /url is an http/], [{ ...profile, url: `https://${"a".repeat(249)}` }, /at most 256/], [{ ...profile, url: "https://a/?x" }, /without query/],
      ];
      refuses(world, "RegisterAuditor", bad.map(([one, words]) => [{ auditor: account(1), profile: one, bond: coin(10_000_000n) }, 4, words]));
      world.register(1);
      refuses(world, "EditAuditor", [...badAddresses("auditor", { profile }), ...bad.map(([one, words]) => [{ auditor: account(1), profile: one }, 4, words] as const), [{ auditor: account(2), profile }, 3, /not an auditor/]]);
      world.send("EditAuditor", { auditor: account(1), profile: { moniker: "panoptes", url: "" } });
      assert.deepEqual(auditorOf(world, 1).profile, { moniker: "panoptes", url: "" });
    });

    it("AUD-3 bond is added, and leaves down to the least, at the due time and not before", () => {
      const world = new AuditorsWorld({ params: { maxUnbondingEntries: 2 } });
      world.register(1);
      refuses(world, "BondAuditor", [...badAddresses("auditor", { amount: coin(1n) }), [{ auditor: account(2), amount: coin(1n) }, 3, /not an auditor/], [{ auditor: account(1), amount: coin(0n) }, 5, /amount is a positive/], [{ auditor: account(1), amount: coin(1n, "other") }, 6, /got other/]]);
      world.send("BondAuditor", { auditor: account(1), amount: coin(5_000_000n) });
      refuses(world, "UnbondAuditor", [
        ...badAddresses("auditor", { amount: coin(1n) }), [{ auditor: account(2), amount: coin(1n) }, 3, /not an auditor/], [{ auditor: account(1), amount: undefined }, 5, /amount is missing/],
        [{ auditor: account(1), amount: coin(1n, "other") }, 6, /got other/], [{ auditor: account(1), amount: coin(5_000_001n) }, 7, /at least 10000000 must stay, this would leave 9999999/],
      ]);
      const { value } = world.send("UnbondAuditor", { auditor: account(1), amount: coin(4_000_000n) }) as { value: MsgUnbondAuditorResponse };
      assert.deepEqual(value, { id: 1n, dueTauMs: world.tau + 21n * day });
      refuses(world, "UnbondAuditor", [[{ auditor: account(1), amount: coin(1_000_001n) }, 7, /would leave 9999999/]]);
      world.send("UnbondAuditor", { auditor: account(1), amount: coin(1n) });
      refuses(world, "UnbondAuditor", [[{ auditor: account(1), amount: coin(1n) }, 8, /2 unbonding entries/]]);
      assert.deepEqual(eventTexts(world.block(21n * day - 1n)), []);
      assert.equal(world.balance(1), 985_000_000n);
      assert.deepEqual(eventTexts(world.block(1n), "id", "amount"), ["UnbondingCompleted 1 4000000", "UnbondingCompleted 2 1"]);
      assert.deepEqual([world.balance(1), world.held, world.broken()], [989_000_001n, 10_999_999n, []]);
    });

    it("AUD-3 what is due is paid before the next message, swept or not", () => {
      const world = new AuditorsWorld({ params: { maxUnbondingEntries: 1 } });
      world.register(1, 11_000_000n);
      world.send("UnbondAuditor", { auditor: account(1), amount: coin(1n) });
      world.tau += 21n * day;
      world.send("UnbondAuditor", { auditor: account(1), amount: coin(2n) });
      assert.deepEqual(world.ask<QueryUnbondingsResponse>("Unbondings", { auditor: account(1) }).unbondings.map(({ id, amount }) => [id, amount]), [[2n, "2"]]);
    });

    it("AUD-4 MsgSlashAuditor burns a fraction of the whole bond, rounded up: what stays first, then what unbonds, the youngest first", () => {
      const world = new AuditorsWorld();
      world.register(1, 20_000_001n);
      world.send("UnbondAuditor", { auditor: account(1), amount: coin(4_000_000n) });
      world.send("UnbondAuditor", { auditor: account(1), amount: coin(6_000_000n) });
      const slash = { authority, auditor: account(1), fractionBps: 1, reason: "said so without looking" };
      refuses(world, "SlashAuditor", [
        ...badAddresses("auditor", slash), [{ ...slash, authority: account(1) }, 13, /invalid authority/, "gov"], [{ ...slash, auditor: account(2) }, 3, /not an auditor/],
        [{ ...slash, fractionBps: 0 }, 25, /1 to 10000, got 0/], [{ ...slash, fractionBps: 10_001 }, 25, /got 10001/], [{ ...slash, reason: "" }, 28, /reason is 1 to 200/], [{ ...slash, reason: "x".repeat(201) }, 28, /reason/], [{ ...slash, reason: "\u00fc" }, 28, /reason/],
      ]);
      const { value, events } = world.send("SlashAuditor", slash);
      assert.deepEqual([(value as MsgSlashAuditorResponse).amount, world.burned, eventTexts(events, "amount", "fraction_bps", "reason")], ["2001", 2_001n, ["AuditorSlashed 2001 1 said so without looking"]]);
      assert.deepEqual(auditorOf(world, 1).bond, { total: "19998000", unbonding: "10000000", retiring: false });
      world.send("SlashAuditor", { ...slash, fractionBps: 9_000 });
      assert.deepEqual(auditorOf(world, 1).bond, { total: "1999800", unbonding: "1999800", retiring: false });
      assert.deepEqual(world.ask<QueryUnbondingsResponse>("Unbondings", { auditor: account(1) }).unbondings.map(({ id, amount }) => [id, amount]), [[1n, "1999800"]]);
      assert.deepEqual([world.held, world.broken()], [1_999_800n, []]);
      world.send("SlashAuditor", { ...slash, fractionBps: 10_000 });
      refuses(world, "SlashAuditor", [[slash, 25, /no bond left/]]);
      assert.deepEqual([world.held, world.burned, world.broken()], [0n, 20_000_001n, []]);
      world.send("BondAuditor", { auditor: account(1), amount: coin(10_000_000n) });
      assert.equal(auditorOf(world, 1).inactiveReason, "unaccredited");
    });

    it("AUD-4 bond that was due before a slash is paid, not slashed", () => {
      const world = new AuditorsWorld();
      world.register(1, 11_000_000n);
      world.send("UnbondAuditor", { auditor: account(1), amount: coin(1_000_000n) });
      world.tau += 21n * day;
      world.send("SlashAuditor", { authority, auditor: account(1), fractionBps: 10_000, reason: "late" });
      assert.deepEqual([world.balance(1), world.burned, world.broken()], [990_000_000n, 10_000_000n, []]);
    });
  });

  describe("accreditation", () => {
    it("AUD-5 is governance's word, key by key or by prefix, until a due time, also before registration", () => {
      const world = new AuditorsWorld();
      const message = { authority, auditor: account(1), keys: ["zone"], expiresTauMs: world.tau + 1n };
      refuses(world, "SetAccreditation", [
        ...badAddresses("auditor", message), [{ ...message, authority: account(1) }, 13, /invalid authority/, "gov"],
        [{ ...message, keys: ["Zone"] }, 22, /"Zone" is no attribute key/], [{ ...message, keys: ["z**"] }, 22, /no attribute key/], [{ ...message, keys: ["b", "a"] }, 22, /sorted/], [{ ...message, keys: ["a", "a"] }, 22, /without repeats/],
        [{ ...message, keys: [""] }, 22, /no attribute key/], [{ ...message, keys: Array.from({ length: 33 }, (_, i) => `k${String(i).padStart(2, "0")}`) }, 22, /at most 32, got 33/],
        [{ ...message, keys: [] }, 22, /must be 0 where keys is empty/], [{ ...message, keys: [], expiresTauMs: 0n }, 23, /no accreditation to withdraw/],
        [{ ...message, expiresTauMs: world.tau }, 16, /after the present tau/], [{ ...message, expiresTauMs: world.tau + 730n * day + 1n }, 16, /at most 63072000000 ms later/], [{ ...message, expiresTauMs: 1n << 63n }, 16, /must be/],
      ]);
      assert.deepEqual(eventTexts(world.accredit(1, ["cpu", "gpu/*", "z*"], 5_000n).events, "keys", "expires_tau_ms"), [`AccreditationSet cpu,gpu/*,z* ${world.tau + 5_000n}`]);
      world.register(1);
      world.provider(3, { cpu: "a", "cpu.model": "a", gpu: "a", "gpu/model": "a", zone: "a" });
      assert.equal(auditorOf(world, 1).active, true);
      for (const key of ["cpu", "gpu/model", "zone"]) world.attest(1, 3, key);
      for (const key of ["cpu.model", "gpu"]) refuses(world, "Attest", [[world.attestation(1, 3, key), 12, new RegExp(`does not cover the attribute ${key}`)]]);
      world.tau += 4_999n;
      assert.deepEqual([world.attested(3), world.until(3)], [true, world.tau + 1n]);
      world.tau += 1n;
      assert.deepEqual([world.attested(3), auditorOf(world, 1).inactiveReason], [false, "unaccredited"]);
      refuses(world, "Attest", [[world.attestation(1, 3), 11, /not accredited now/]]);
      refuses(world, "SetAccreditation", [[{ ...message, keys: [], expiresTauMs: 0n }, 23, /no accreditation/]]);
      assert.deepEqual(eventTexts(world.block(), "auditor"), [`AccreditationExpired ${account(1)}`]);
      assert.equal(auditorOf(world, 1).accreditation, undefined);
      assert.deepEqual(world.broken(), []);
    });

    it("AUD-5 is given to a bounded number of accounts; one that has it can always be given another", () => {
      const world = new AuditorsWorld();
      for (let i = 0; i < maxAccreditations; i++) world.send("SetAccreditation", { authority, auditor: addressText(Uint8Array.from({ length: 20 }, (_, at) => (at === 0 ? i >> 8 : at === 1 ? i & 255 : 77))), keys: ["*"], expiresTauMs: world.tau + 1_000n });
      refuses(world, "SetAccreditation", [[{ authority, auditor: account(1), keys: ["*"], expiresTauMs: world.tau + 9n }, 24, /500 accounts are accredited/]]);
      world.send("SetAccreditation", { authority, auditor: addressText(Uint8Array.from({ length: 20 }, (_, at) => (at < 2 ? 0 : 77))), keys: [], expiresTauMs: 0n });
      world.accredit(1, ["*"], 9n);
      world.accredit(1, ["cpu"], 99n);
      assert.equal(world.ask<QueryAccreditationsResponse>("Accreditations", { pagination: { key: new Uint8Array(0), offset: 0n, limit: 1_000n, countTotal: false, reverse: false } }).accreditations.find(({ auditor }) => auditor === account(1))?.expiresTauMs, world.tau + 99n);
      assert.deepEqual(world.broken(), []);
    });
  });

  describe("MsgAttest", () => {
    it("AUD-6 takes an active auditor, and what the provider declares at that moment", () => {
      const world = new AuditorsWorld();
      world.provider(3);
      refuses(world, "Attest", [
        ...badAddresses("auditor", world.attestation(1, 3)), ...badAddresses("provider", world.attestation(1, 3)),
        [world.attestation(3, 3), 18, /nobody attests its own/], [world.attestation(1, 3), 3, /not an auditor/],
        [world.attestation(1, 3, "Zone"), 27, /attribute key "Zone"/], [world.attestation(1, 3, "zone", { value: "" }), 27, /attribute zone: the value/],
        [world.attestation(1, 3, "zone", { evidenceHash: new Uint8Array(31) }), 26, /32 bytes, got 31/], [world.attestation(1, 3, "zone", { evidenceHash: new Uint8Array(0) }), 26, /got 0/],
        [world.attestation(1, 3, "zone", { evidenceUrl: "file:///etc" }), 26, /evidence_url is an http/], [world.attestation(1, 3, "zone", { evidenceUrl: `https://${"a".repeat(249)}` }), 26, /at most 256/],
      ]);
      world.register(1);
      refuses(world, "Attest", [[world.attestation(1, 3), 11, /not accredited now/]]);
      world.accredit(1, ["jurisdiction", "zone"]);
      refuses(world, "Attest", [
        [world.attestation(1, 4), 13, /is not a provider/], [world.attestation(1, 3, "zone", { value: "b" }), 15, /declares zone = a, not b/],
      ]);
      world.accredit(1);
      refuses(world, "Attest", [[world.attestation(1, 3, "cloud"), 14, /declares no attribute cloud/]]);
      const { events } = world.attest(1, 3, "zone", { evidenceUrl: "https://argus.example/3/zone.pdf" });
      assert.deepEqual(eventTexts(events, "auditor", "provider", "key", "value", "expires_tau_ms", "evidence_hash", "replaced"), [`AttestationSigned ${account(1)} ${account(3)} zone a ${world.tau + 100n * day} ${"07".repeat(32)} false`]);
      assert.deepEqual([world.attested(3), world.attested(3, "jurisdiction", "CH"), world.attested(4)], [true, false, false]);
      world.send("UpdateParams", { authority, params: { ...defaultParams(), minBond: "10000001" } });
      refuses(world, "Attest", [[world.attestation(1, 3, "jurisdiction", { value: "CH" }), 10, /bond that stays is 10000000, the least is 10000001/]]);
      assert.deepEqual(world.broken(), []);
    });

    it("AUD-7 it and an accreditation that have more time are not ended by an entry that was put off before they had", () => {
      const world = new AuditorsWorld();
      world.provider(3);
      world.auditor(1);
      world.attest(1, 3, "zone", { expiresTauMs: world.tau + 1_000n });
      transact(world.stores, (ctx) => {
        accreditationQueue.set(ctx, [world.tau, addressBytes(account(1))], true);
        expiryQueue.set(ctx, [world.tau, [addressBytes(account(3)), "zone", addressBytes(account(1))]], true);
      });
      assert.deepEqual([eventTexts(world.block()), world.attested(3), world.broken()], [[], true, []]);
    });

    it("AUD-7 is signed for a bounded time, and ends at its due tau, swept or not", () => {
      const world = new AuditorsWorld();
      world.provider(3);
      world.auditor(1);
      refuses(world, "Attest", [world.tau, 0n, world.tau + 365n * day + 1n, (1n << 64n) - 1n].map((expiresTauMs) => [world.attestation(1, 3, "zone", { expiresTauMs }), 16, /after the present tau 1000000 and at most 31536000000 ms later/]));
      world.attest(1, 3, "zone", { expiresTauMs: world.tau + 1_000n });
      world.tau += 999n;
      assert.deepEqual([world.attested(3), world.until(3)], [true, world.tau + 1n]);
      world.tau += 1n;
      assert.deepEqual([world.attested(3), world.until(3)], [false, 0n]);
      assert.deepEqual(world.ask<QueryAttestationsResponse>("Attestations").attestations.map(({ valid, invalidReason }) => [valid, invalidReason]), [[false, "expired"]]);
      refuses(world, "RevokeAttestation", [[{ sender: account(1), auditor: account(1), provider: account(3), key: "zone", reason: "" }, 20, /no attestation of zone/]]);
      assert.deepEqual(eventTexts(world.block(), "key"), ["AttestationExpired zone"]);
      assert.deepEqual([world.ask<QueryAttestationsResponse>("Attestations").attestations, world.broken()], [[], []]);
    });

    it("AUD-8 replaces what the auditor signed of it before: there is one record", () => {
      const world = new AuditorsWorld();
      world.provider(3);
      world.auditor(1);
      world.attest(1, 3, "zone", { expiresTauMs: world.tau + 1_000n });
      world.block(500n);
      const { events } = world.attest(1, 3, "zone", { expiresTauMs: world.tau + 2_000n, evidenceHash: new Uint8Array(32).fill(9) });
      assert.deepEqual(eventTexts(events, "replaced"), ["AttestationSigned true"]);
      assert.deepEqual(eventTexts(world.block(500n)), []);
      const [one, ...more] = world.ask<QueryAttestationsResponse>("Attestations").attestations;
      assert.deepEqual([one?.attestation?.signedTauMs, one?.attestation?.expiresTauMs, one?.attestation?.evidenceHash[0], more], [world.tau - 500n, world.tau + 1_500n, 9, []]);
      assert.deepEqual(world.broken(), []);
      assert.deepEqual(eventTexts(world.block(1_500n)), ["AttestationExpired"]);
    });

    it("AUD-9 has a bounded number of places for each attribute; those that do not count make room, and no others", () => {
      const world = new AuditorsWorld({ params: { maxAttestationsPerKey: 3 } });
      world.provider(9);
      for (const i of [1, 2, 3, 4, 5]) world.auditor(i);
      world.attest(1, 9, "zone", { expiresTauMs: world.tau + 100n });
      world.attest(2, 9);
      world.attest(3, 9);
      refuses(world, "Attest", [[world.attestation(4, 9), 17, /3 other auditors attest zone/]]);
      world.attest(2, 9);
      world.attest(4, 9, "jurisdiction", { value: "CH" });
      world.tau += 100n;
      assert.deepEqual(eventTexts(world.attest(4, 9).events, "auditor"), [`AttestationExpired ${account(1)}`, `AttestationSigned ${account(4)}`]);
      refuses(world, "Attest", [[world.attestation(5, 9), 17, /3 other auditors/]]);
      world.accredit(3, ["jurisdiction"]);
      assert.deepEqual(eventTexts(world.attest(5, 9).events, "auditor", "reason"), [`AttestationVoided ${account(3)} displaced`, `AttestationSigned ${account(5)} -`]);
      // A lower bound leaves what is there, and takes no more until there are fewer.
      world.send("UpdateParams", { authority, params: { ...defaultParams(), maxAttestationsPerKey: 1 } });
      refuses(world, "Attest", [[world.attestation(1, 9), 17, /1 other auditors/], [world.attestation(2, 9), 17, /1 other auditors/]]);
      for (const i of [2, 4]) world.accredit(i, ["jurisdiction"]);
      refuses(world, "Attest", [[world.attestation(1, 9), 17, /1 other auditors/]]);
      assert.deepEqual(eventTexts(world.attest(5, 9).events, "reason"), ["AttestationVoided displaced", "AttestationVoided displaced", "AttestationSigned -"]);
      assert.deepEqual(world.broken(), []);
    });

    it("AUD-10 takes a storage deposit for each byte, which goes back with the record, whatever ends it", () => {
      const world = new AuditorsWorld({ params: { depositPerByte: 10n } });
      world.provider(9);
      world.auditor(1);
      const before = world.balance(1);
      const signed = (change: object = {}): bigint => BigInt((world.attest(1, 9, "zone", change).value as MsgAttestResponse).storageDeposit);
      const short = signed();
      assert.deepEqual([before - world.balance(1), world.held], [short, 10_000_000n + short]);
      const long = signed({ evidenceUrl: `https://${"a".repeat(240)}` });
      // The record itself, with the address and its two bytes of tag and length of 1 and 2.
      assert.equal(long - short, 10n * (248n + 3n));
      assert.equal(before - world.balance(1), long);
      const endings: [string, () => void][] = [
        ["revoked", () => world.revoke(account(1), 1, 9)], ["edited", () => world.edit(9, { zone: "b" })], ["expired", () => world.block(100n * day)],
        ["withdrawn", () => { world.accredit(1, []); world.block(); world.accredit(1); }],
        ["left", () => { world.sendAsProvider("RetireProvider", { operator: account(9) }); world.block(21n * day); world.provider(9); }],
      ];
      for (const [name, ending] of endings) {
        world.edit(9, { zone: "a" });
        if (world.balance(1) === before) signed();
        assert.notEqual(world.balance(1), before, name);
        ending();
        assert.deepEqual([world.balance(1), world.held, world.broken()], [before, 10_000_000n, []], name);
      }
      world.send("UpdateParams", { authority, params: { ...defaultParams(), depositPerByte: 0n } });
      assert.equal(signed(), 0n);
      world.revoke(account(1), 1, 9);
      const poor = new AuditorsWorld({ params: { depositPerByte: 1_000_000_000n } });
      poor.provider(9);
      poor.auditor(1);
      refuses(poor, "Attest", [[poor.attestation(1, 9), 5, /spendable balance/, "sdk"]]);
    });
  });

  it("AUD-11 MsgRevokeAttestation: by the auditor, active or not, and by governance, by nobody else", () => {
    const world = new AuditorsWorld();
    world.provider(9);
    for (const i of [1, 2]) world.auditor(i);
    for (const i of [1, 2]) world.attest(i, 9);
    const message = { sender: account(1), auditor: account(1), provider: account(9), key: "zone", reason: "" };
    refuses(world, "RevokeAttestation", [
      ...badAddresses("sender", message), ...badAddresses("auditor", message), ...badAddresses("provider", message),
      [{ ...message, sender: account(2) }, 21, /by its auditor/], [{ ...message, sender: account(9) }, 21, /or by governance/], [{ ...message, key: "Z" }, 27, /no attribute key/],
      [{ ...message, reason: "x".repeat(201) }, 28, /0 to 200/], [{ ...message, key: "jurisdiction" }, 20, /no attestation of jurisdiction/], [{ ...message, provider: account(8) }, 20, /no attestation/],
    ]);
    world.send("SlashAuditor", { authority, auditor: account(1), fractionBps: 1, reason: "x" });
    assert.deepEqual(eventTexts(world.send("RevokeAttestation", { ...message, reason: "moved away" }).events, "auditor", "provider", "key", "by", "reason"), [`AttestationRevoked ${account(1)} ${account(9)} zone ${account(1)} moved away`]);
    refuses(world, "RevokeAttestation", [[message, 20, /no attestation/]]);
    assert.equal(world.attested(9), true);
    assert.deepEqual(eventTexts(world.revoke(authority, 2, 9).events, "auditor", "by"), [`AttestationRevoked ${account(2)} ${authority}`]);
    assert.equal(world.attested(9), false);
    assert.deepEqual(world.broken(), []);
  });

  describe("what providers do", () => {
    it("AUD-12 an edit voids the attestations of what changed or vanished, and those only; the old value brings none back", () => {
      const world = new AuditorsWorld();
      world.provider(9, { a: "1", b: "2", c: "3" });
      for (const i of [1, 2]) world.auditor(i);
      for (const [key, value] of [["a", "1"], ["b", "2"], ["c", "3"]] as const) for (const i of [1, 2]) world.attest(i, 9, key, { value });
      const { events } = world.edit(9, { a: "1", b: "4", d: "5" });
      assert.deepEqual(eventTexts(events, "auditor", "key", "value", "reason"), ["b 2", "c 3"].flatMap((what) => [1, 2].map((i) => `AttestationVoided ${account(i)} ${what} edited`)));
      const held = (): boolean[] => [world.attested(9, "a", "1"), world.attested(9, "b", "2"), world.attested(9, "b", "4"), world.attested(9, "c", "3")];
      assert.deepEqual(held(), [true, false, false, false]);
      world.edit(9, { a: "1", b: "2", c: "3" });
      assert.deepEqual(held(), [true, false, false, false]);
      world.attest(1, 9, "b", { value: "2" });
      assert.deepEqual(held(), [true, true, false, false]);
      assert.deepEqual(world.broken(), []);
    });

    it("AUD-13 a provider that leaves takes all with it, by turns; who registers anew inherits nothing", () => {
      const world = new AuditorsWorld({ params: { maxAttestationsPerKey: 16 }, balances: Object.fromEntries(Array.from({ length: 30 }, (_, i) => [account(i + 1), 100_000_000n])) });
      const declared = Object.fromEntries(Array.from({ length: 32 }, (_, i) => [`k${String(i).padStart(2, "0")}`, "a"]));
      world.provider(30, declared);
      for (let i = 1; i <= 16; i++) {
        world.auditor(i);
        for (const key of Object.keys(declared)) world.attest(i, 30, key);
      }
      world.sendAsProvider("RetireProvider", { operator: account(30) });
      assert.equal(world.attested(30, "k00"), true);
      world.tau += 21n * day;
      // It leaves and comes back in one message, before any sweep.
      world.provider(30, declared);
      assert.deepEqual([world.attested(30, "k00"), world.until(30, "k31"), world.broken()], [false, 0n, []]);
      assert.deepEqual(world.ask<QueryAttestationsResponse>("Attestations", { pagination: { key: new Uint8Array(0), offset: 0n, limit: 1n, countTotal: false, reverse: false } }).attestations.map(({ invalidReason }) => invalidReason), ["void"]);
      refuses(world, "Attest", [[world.attestation(1, 30, "k00"), 19, /void and on their way out/]]);
      refuses(world, "RevokeAttestation", [[{ sender: account(1), auditor: account(1), provider: account(30), key: "k00", reason: "" }, 20, /no attestation/]]);
      const gone = (): number => eventTexts(world.block(), "reason").filter((text) => text === "AttestationVoided provider-left").length;
      assert.deepEqual([gone(), world.broken(), gone(), gone()], [sweepLimit, [], 12, 0]);
      world.attest(1, 30, "k00");
      assert.deepEqual([world.attested(30, "k00"), world.broken()], [true, []]);
    }).timeout(30_000);
  });

  describe("standing", () => {
    it("AUD-14 what an auditor signed counts only while its bond reaches the least and its accreditation covers the key", () => {
      const world = new AuditorsWorld();
      world.provider(9);
      world.auditor(1);
      world.attest(1, 9);
      const seen = (): [boolean, string | undefined] => [world.attested(9), world.ask<QueryAttestationsResponse>("Attestations").attestations[0]?.invalidReason];
      assert.deepEqual(seen(), [true, ""]);
      world.send("SlashAuditor", { authority, auditor: account(1), fractionBps: 1, reason: "x" });
      assert.deepEqual(seen(), [false, "underbonded"]);
      world.send("BondAuditor", { auditor: account(1), amount: coin(1_000n) });
      assert.deepEqual(seen(), [true, ""]);
      world.accredit(1, ["cpu"]);
      assert.deepEqual(seen(), [false, "uncovered"]);
      world.accredit(1, ["zone"], 1_000n);
      assert.deepEqual(seen(), [true, ""]);
      world.block(1_000n);
      assert.deepEqual(seen(), [false, "unaccredited"]);
      world.accredit(1, ["*"]);
      assert.deepEqual(seen(), [true, ""]);
      world.send("UpdateParams", { authority, params: { ...defaultParams(), minBond: "10000001" } });
      assert.deepEqual(seen(), [false, "underbonded"]);
      world.send("UpdateParams", { authority, params: defaultParams() });
      assert.deepEqual(seen(), [true, ""]);
      assert.deepEqual(world.broken(), []);
    });

    it("AUD-14 a withdrawn accreditation ends what was signed for good, whatever is given later", () => {
      const world = new AuditorsWorld();
      world.provider(9);
      world.auditor(1);
      world.attest(1, 9);
      assert.deepEqual(eventTexts(world.accredit(1, []).events, "auditor"), [`AccreditationWithdrawn ${account(1)}`]);
      world.accredit(1);
      assert.equal(world.attested(9), false);
      refuses(world, "Attest", [[world.attestation(1, 9), 19, new RegExp(`of ${account(1)} are void`)]]);
      refuses(world, "RevokeAttestation", [[{ sender: authority, auditor: account(1), provider: account(9), key: "zone", reason: "" }, 20, /no attestation/]]);
      assert.deepEqual(eventTexts(world.block(), "key", "reason"), ["AttestationVoided zone withdrawn"]);
      assert.deepEqual([world.attested(9), world.broken()], [false, []]);
      world.attest(1, 9);
      assert.equal(world.attested(9), true);
    });

    it("AUD-15 MsgRetireAuditor ends what was signed, pays the bond at its due time, and the account may come back", () => {
      const world = new AuditorsWorld();
      world.provider(9);
      world.auditor(1, 12_000_000n);
      const before = world.balance(1);
      world.attest(1, 9);
      refuses(world, "RetireAuditor", [...badAddresses("auditor", {}), [{ auditor: account(2) }, 3, /not an auditor/]]);
      assert.deepEqual(eventTexts(world.send("RetireAuditor", { auditor: account(1) }).events, "amount"), ["AuditorRetiring -", "UnbondingStarted 12000000"]);
      assert.deepEqual([world.attested(9), auditorOf(world, 1).inactiveReason], [false, "retiring"]);
      const anew = { auditor: account(1), profile, bond: coin(10_000_000n) };
      for (const [name, message] of [["RetireAuditor", {}], ["BondAuditor", { amount: coin(1n) }], ["UnbondAuditor", { amount: coin(1n) }], ["RegisterAuditor", anew], ["Attest", world.attestation(1, 9)]] as const) {
        refuses(world, name, [[{ auditor: account(1), ...message }, 9, /retires/]]);
      }
      assert.deepEqual(eventTexts(world.block(), "reason"), ["AttestationVoided retired"]);
      assert.equal(world.balance(1), before);
      world.send("SlashAuditor", { authority, auditor: account(1), fractionBps: 2_500, reason: "found out late" });
      assert.deepEqual(eventTexts(world.block(21n * day), "amount"), ["UnbondingCompleted 9000000", "AuditorLeft -"]);
      assert.throws(() => auditorOf(world, 1), (e: unknown) => e instanceof QueryError && e.grpc === "NotFound");
      assert.deepEqual([world.balance(1), world.held, world.burned, world.broken()], [before + 9_000_000n, 0n, 3_000_000n, []]);
      // Its accreditation is governance's, and stands.
      world.send("RegisterAuditor", anew);
      world.attest(1, 9);
      assert.deepEqual([world.attested(9), world.broken()], [true, []]);
    });

    it("AUD-15 one that is due to leave has left, swept or not; but not before the last of what it signed is gone", () => {
      const world = new AuditorsWorld({ params: { unbondingTimeMs: 1_000n } });
      world.provider(9);
      world.auditor(1);
      world.attest(1, 9);
      world.send("RetireAuditor", { auditor: account(1) });
      world.tau += 1_000n;
      const anew = { auditor: account(1), profile, bond: coin(10_000_000n) };
      refuses(world, "RegisterAuditor", [[anew, 9, /retires/]]);
      assert.deepEqual(eventTexts(world.block(), "reason"), ["UnbondingCompleted -", "AttestationVoided retired", "AuditorLeft -"]);
      world.send("RegisterAuditor", anew);
      world.send("RetireAuditor", { auditor: account(1) });
      world.tau += 1_000n;
      assert.deepEqual(eventTexts(world.send("RegisterAuditor", anew).events), ["UnbondingCompleted", "AuditorLeft", "AuditorRegistered"]);
      world.send("SlashAuditor", { authority, auditor: account(1), fractionBps: 10_000, reason: "all" });
      assert.deepEqual(eventTexts(world.send("RetireAuditor", { auditor: account(1) }).events), ["AuditorRetiring", "AuditorLeft"]);
      assert.deepEqual(world.broken(), []);
    });
  });

  describe("port", () => {
    it("AUD-16 knows value, auditors and until when", () => {
      const world = new AuditorsWorld();
      world.provider(9);
      for (const i of [1, 2]) world.auditor(i);
      assert.deepEqual([world.attested(9), world.until(9)], [false, 0n]);
      world.attest(1, 9, "zone", { expiresTauMs: world.tau + 1_000n });
      world.attest(2, 9, "zone", { expiresTauMs: world.tau + 3_000n });
      assert.deepEqual([world.attested(9, "zone", "b"), world.attested(9, "zon"), world.attested(8)], [false, false, false]);
      assert.deepEqual([world.attested(9, "zone", "a", [1]), world.attested(9, "zone", "a", [3]), world.attested(9, "zone", "a", [3, 2]), world.attested(9, "zone", "a", [])], [true, false, true, false]);
      const start = world.tau;
      assert.deepEqual([world.until(9), world.until(9, "zone", "a", [1]), world.until(9, "zone", "a", [3])], [start + 3_000n, start + 1_000n, 0n]);
      world.accredit(2, ["*"], 2_000n);
      assert.equal(world.until(9), start + 2_000n);
      world.tau += 1_500n;
      assert.deepEqual([world.attested(9, "zone", "a", [1]), world.attested(9, "zone", "a", [2]), world.until(9)], [false, true, start + 2_000n]);
    });

    it("AUD-17 tells of every provider whose attestations changed, within the change", () => {
      const world = new AuditorsWorld();
      const told: string[] = [];
      world.kit.attestations.onChange((ctx, provider) => told.push(`${String(provider[0])}:${String(world.kit.attestations.attested(ctx, provider, "zone", "a", world.tau))}`));
      const heard = (act: () => unknown): string[] => {
        told.length = 0;
        act();
        return [...told];
      };
      world.provider(9);
      world.auditor(1);
      assert.deepEqual(heard(() => world.attest(1, 9)), ["9:true"]);
      assert.deepEqual(heard(() => world.attest(1, 9, "zone", { expiresTauMs: world.tau + 10n })), ["9:true"]);
      assert.deepEqual(heard(() => world.block(10n)), ["9:false"]);
      world.attest(1, 9);
      assert.deepEqual(heard(() => world.revoke(account(1), 1, 9)), ["9:false"]);
      world.attest(1, 9);
      world.attest(1, 9, "jurisdiction", { value: "CH" });
      assert.deepEqual(heard(() => world.edit(9, {})), ["9:false"]);
      assert.deepEqual(heard(() => world.edit(9, { zone: "a" })), []);
      world.attest(1, 9);
      world.send("RetireAuditor", { auditor: account(1) });
      assert.deepEqual(heard(() => world.block()).slice(0, 1), ["9:false"]);
    });

    it("AUD-17 where an auditor's standing changed, tells of its providers in the next blocks, bounded", () => {
      const world = new AuditorsWorld({ params: { depositPerByte: 0n } });
      const declared = Object.fromEntries(Array.from({ length: 32 }, (_, i) => [`k${String(i).padStart(2, "0")}`, "a"]));
      world.auditor(1);
      for (let i = 2; i <= 29; i++) {
        world.provider(i, declared);
        for (const key of Object.keys(declared)) world.attest(1, i, key);
      }
      const told: number[] = [];
      world.kit.attestations.onChange((_, provider) => told.push(provider[0]!));
      const heard = (): number[] => {
        told.length = 0;
        world.block();
        return [...told];
      };
      const rest = Array.from({ length: 28 }, (_, i) => i + 2);
      assert.deepEqual(heard(), []);
      const changes: readonly [what: string, () => unknown][] = [
        ["accredited anew", () => world.accredit(1, ["k*"])],
        ["slashed below the least", () => world.send("SlashAuditor", { authority, auditor: account(1), fractionBps: 1, reason: "x" })],
        ["filled up", () => world.send("BondAuditor", { auditor: account(1), amount: coin(1_000n) })],
        ["another least", () => world.send("UpdateParams", { authority, params: { ...defaultParams(), minBond: "5" } })],
      ];
      for (const [what, change] of changes) {
        change();
        // 896 attestations of 28 providers: 500 end within the 16th.
        assert.deepEqual([heard(), heard(), heard()], [rest.slice(0, 16), rest.slice(15), []], what);
      }
      // Bond that stays on its side of the least changes nothing, and a change while notices are on their way begins anew.
      world.send("BondAuditor", { auditor: account(1), amount: coin(1_000n) });
      assert.deepEqual(heard(), []);
      world.accredit(1, ["k0*"]);
      assert.deepEqual(heard(), rest.slice(0, 16));
      world.accredit(1, ["k1*"], 5_000n);
      assert.deepEqual([heard(), heard(), heard()], [rest.slice(0, 16), rest.slice(15), []]);
      world.tau += 5_000n;
      assert.deepEqual([heard(), heard(), heard()], [rest.slice(0, 16), rest.slice(15), []]);
    }).timeout(30_000);
  });

  it("AUD-18 sweeps at most 500 of each queue a block, and the rest in the next", () => {
    const world = new AuditorsWorld({ params: { depositPerByte: 0n } });
    const declared = Object.fromEntries(Array.from({ length: 32 }, (_, i) => [`k${String(i).padStart(2, "0")}`, "a"]));
    world.auditor(1);
    const expiresTauMs = world.tau + 5_000n;
    const signAll = (change: object): void => {
      for (let i = 2; i <= 18; i++) for (const key of Object.keys(declared)) world.attest(1, i, key, change);
    };
    for (let i = 2; i <= 18; i++) world.provider(i, declared);
    signAll({ expiresTauMs });
    const gone = (ms: bigint): number => eventTexts(world.block(ms)).filter((text) => text.startsWith("AttestationExpired") || text.startsWith("AttestationVoided")).length;
    assert.deepEqual([gone(4_999n), gone(1n), gone(0n), gone(0n)], [0, sweepLimit, 44, 0]);
    signAll({});
    world.send("RetireAuditor", { auditor: account(1) });
    assert.deepEqual([world.attested(18, "k31"), gone(0n), world.broken(), gone(0n), gone(0n)], [false, sweepLimit, [], 44, 0]);
    assert.deepEqual(world.broken(), []);
  }).timeout(30_000);

  it("AUD-19 MsgUpdateParams: governance only, within bounds, the denom fixed while there are auditors", () => {
    const world = new AuditorsWorld();
    const change = (params: object): object => ({ authority, params: { ...defaultParams(), ...params } });
    refuses(world, "UpdateParams", [
      [{ authority: account(1), params: defaultParams() }, 13, /invalid authority/, "gov"], [{ authority, params: undefined }, 29, /params is missing/], [change({ bondDenom: "!" }), 29, /bond_denom/],
      [change({ minBond: "x" }), 29, /min_bond is not a whole number/], [change({ minBond: "0" }), 29, /min_bond is 1 to/], [change({ unbondingTimeMs: 999n }), 29, /unbonding_time_ms/], [change({ maxUnbondingEntries: 101 }), 29, /got 101/],
      [change({ maxAttestationMs: 999n }), 29, /max_attestation_ms/], [change({ maxAttestationMs: 1_095n * day + 1n }), 29, /max_attestation_ms/], [change({ maxAccreditationMs: 3_650n * day + 1n }), 29, /max_accreditation_ms/],
      [change({ maxAttestationsPerKey: 0 }), 29, /max_attestations_per_key/], [change({ maxAttestationsPerKey: 17 }), 29, /1 to 16, got 17/], [change({ depositPerByte: 1_000_000_001n }), 29, /deposit_per_byte/],
    ]);
    world.send("UpdateParams", change({ bondDenom: "other" }));
    world.send("UpdateParams", change({}));
    world.register(1);
    refuses(world, "UpdateParams", [[change({ bondDenom: "other" }), 29, /stays udcm while there are auditors/]]);
    assert.deepEqual(eventTexts(world.send("UpdateParams", change({ depositPerByte: 7n })).events, "authority"), [`ParamsUpdated ${authority}`]);
    assert.deepEqual(world.ask("Params"), { params: { ...defaultParams(), depositPerByte: 7n } });
  });

  it("AUD-20 queries page, filter and say what is not there", () => {
    const world = new AuditorsWorld();
    for (const i of [8, 9]) world.provider(i);
    for (const i of [1, 2, 3]) world.register(i);
    world.accredit(1);
    world.accredit(2, ["zone"]);
    world.accredit(4, ["zone"]);
    for (const [by, of, key, value] of [[1, 8, "zone", "a"], [1, 9, "jurisdiction", "CH"], [1, 9, "zone", "a"], [2, 9, "zone", "a"]] as const) world.attest(by, of, key, { value });
    const auditors = (request: object): string[] => world.ask<QueryAuditorsResponse>("Auditors", request).auditors.map(({ auditor }) => auditor);
    assert.deepEqual(auditors({}), [1, 2, 3].map(account));
    assert.deepEqual(auditors({ activeOnly: true }), [1, 2].map(account));
    assert.deepEqual(auditors({ attributeKey: "cpu" }), [account(1)]);
    assert.deepEqual(auditors({ attributeKey: "zone", activeOnly: true }), [1, 2].map(account));
    assert.deepEqual(world.ask<QueryAccreditationsResponse>("Accreditations").accreditations.map(({ auditor, keys }) => [auditor, keys]), [[account(1), ["*"]], [account(2), ["zone"]], [account(4), ["zone"]]]);
    const page = { key: new Uint8Array(0), offset: 1n, limit: 2n, countTotal: true, reverse: false };
    const list = (request: object): string[] => world.ask<QueryAttestationsResponse>("Attestations", request).attestations.map(({ attestation: one }) => `${addressBytes(one!.auditor)[0]!} ${addressBytes(one!.provider)[0]!} ${one!.key}`);
    // Records lie by provider, then by key, the shorter first.
    const all = ["1 8 zone", "1 9 zone", "2 9 zone", "1 9 jurisdiction"];
    assert.deepEqual(list({}), all);
    assert.deepEqual(list({ pagination: page }), all.slice(1, 3));
    assert.deepEqual(list({ provider: account(9) }), all.slice(1));
    assert.deepEqual(list({ provider: account(9), key: "zone" }), all.slice(1, 3));
    assert.deepEqual(list({ auditor: account(1) }), [all[0], all[3], all[1]]);
    assert.deepEqual(list({ auditor: account(1), key: "zone" }), all.slice(0, 2));
    assert.deepEqual(list({ auditor: account(1), provider: account(9) }), [all[3], all[1]]);
    assert.deepEqual(list({ auditor: account(2), provider: account(9), key: "zone" }), [all[2]]);
    assert.deepEqual(list({ key: "zone" }), all.slice(0, 3));
    assert.deepEqual(list({ key: "zon" }), []);
    world.accredit(2, ["cpu"]);
    assert.deepEqual(list({ provider: account(9), validOnly: true }), [all[1], all[3]]);
    const fails = (grpc: string) => (error: unknown): boolean => error instanceof QueryError && error.grpc === grpc;
    assert.throws(() => world.ask("Auditor", { auditor: account(7) }), fails("NotFound"));
    for (const [name, request] of [["Auditor", { auditor: "x" }], ["Unbondings", { auditor: "x" }], ["Attestations", { auditor: "x" }], ["Attestations", { provider: "x" }], ["Attestations", { key: "K".repeat(300) }], ["Auditors", { attributeKey: "!" }]] as const) {
      assert.throws(() => world.ask(name, request), fails("InvalidArgument"), name);
    }
  });

  describe("genesis", () => {
    const made = (): { world: AuditorsWorld; state: AuditorsGenesis } => {
      const world = new AuditorsWorld();
      for (const i of [8, 9]) world.provider(i);
      for (const i of [1, 2, 3]) world.auditor(i, 12_000_000n);
      world.accredit(4, ["zone"]);
      for (const i of [1, 2, 3]) for (const whose of [8, 9]) world.attest(i, whose);
      world.send("UnbondAuditor", { auditor: account(1), amount: coin(1_000_000n) });
      world.sendAsProvider("RetireProvider", { operator: account(8) });
      world.tau += 21n * day;
      world.sendAsProvider("RegisterProvider", { operator: account(8), profile: { moniker: "b", endpoints: [], encryptionKey: new Uint8Array(32).fill(9), attributes: [], organization: "" }, bond: coin(5_000_000n) });
      world.send("RetireAuditor", { auditor: account(2) });
      world.accredit(3, []);
      const { auditors, providers } = world.export();
      return { world, state: { providers, auditors: GenesisState.decode(GenesisState.encode(auditors).finish()) } };
    };
    const balancesOf = (world: AuditorsWorld): Record<string, bigint> => ({ [account(1)]: 1n, [addressText(moduleAddress("auditors"))]: world.held, [addressText(moduleAddress("providers"))]: 10_000_000n });

    it("AUD-21 an exported state loads as it was and goes on", () => {
      const { world, state } = made();
      assert.deepEqual([state.auditors.voidProviders, state.auditors.voidAuditors], [[account(8)], [account(2), account(3)]]);
      const next = new AuditorsWorld({ genesis: state, balances: balancesOf(world) });
      assert.deepEqual(next.export(), state);
      next.tau = world.tau;
      assert.deepEqual([next.broken(), next.attested(9), next.attested(8)], [[], true, false]);
      assert.equal(world.attested(9), true);
      const [here, there] = [world, next].map((one) => eventTexts(one.block(21n * day), "auditor", "key", "reason"));
      assert.deepEqual(there, here);
      assert.ok(there!.includes(`AuditorLeft ${account(2)} - -`), there!.join("\n"));
      assert.deepEqual(next.export(), world.export());
    });

    it("AUD-21 a genesis that contradicts itself is refused", () => {
      const { world, state } = made();
      const { auditors: list, attestations, accreditations, unbondings } = state.auditors;
      const load = (change: Partial<GenesisState>, held = balancesOf(world)) => () => new AuditorsWorld({ genesis: { ...state, auditors: { ...state.auditors, ...change } }, balances: held });
      const first = attestations[0]!;
      const cases: [Partial<GenesisState>, RegExp][] = [
        [{ params: undefined }, /params is missing/], [{ auditors: [...list, list[0]!] }, /stands twice/], [{ auditors: list.slice(1) }, /no such auditor|belongs to nobody/],
        [{ auditors: [{ ...list[0]!, bond: undefined }, ...list.slice(1)] }, /a bond belongs/], [{ auditors: [{ ...list[0]!, profile: undefined }, ...list.slice(1)] }, /profile is missing/],
        [{ auditors: [{ ...list[0]!, bond: { total: "1", unbonding: "2", retiring: false } }, ...list.slice(1)] }, /less than unbonding/], [{ auditors: [{ ...list[0]!, bond: { total: "x", unbonding: "0", retiring: false } }, ...list.slice(1)] }, /not an amount/],
        [{ auditors: [{ ...list[0]!, auditor: account(1).toUpperCase() }, ...list.slice(1)] }, /lower case/],
        [{ accreditations: [...accreditations, accreditations[0]!] }, /stands twice/], [{ accreditations: [{ ...accreditations[0]!, keys: [] }] }, /keys is empty/], [{ accreditations: [{ ...accreditations[0]!, keys: ["!"] }] }, /no attribute key/],
        [{ accreditations: [{ ...accreditations[0]!, expiresTauMs: 0n }] }, /expires after/], [{ attestations: [first, first] }, /stands twice/], [{ attestations: [{ ...first, auditor: account(7) }] }, /no such auditor/],
        [{ attestations: [{ ...first, evidenceHash: new Uint8Array(1) }] }, /32 bytes/], [{ attestations: [{ ...first, storageDeposit: "-1" }] }, /not an amount/], [{ attestations: [{ ...first, value: "" }] }, /the value/],
        [{ attestations: [{ ...first, provider: account(9), value: "b" }] }, /does not declare zone = b/], [{ attestations: [{ ...first, provider: account(7) }] }, /does not declare/], [{ voidProviders: [] }, /does not declare/],
        [{ voidAuditors: [account(7)] }, /is no auditor/], [{ voidAuditors: [] }, /missing from void_auditors/], [{ voidProviders: [account(8).toUpperCase()] }, /lower case/],
        [{ unbondings: [] }, /not the sum/], [{ unbondings: [...unbondings, unbondings[0]!] }, /stands twice/], [{ nextUnbondingId: 1n }, /ids are 1 to/], [{ unbondings: [{ ...unbondings[0]!, amount: "0" }, ...unbondings.slice(1)] }, /positive amount/],
      ];
      for (const [change, words] of cases) assert.throws(load(change), words);
      assert.throws(load({}, { ...balancesOf(world), [addressText(moduleAddress("auditors"))]: 0n }), /holds 0udcm in the genesis balances, bonds and deposits are/);
      load({})();
    });
  });

  it("AUD-22 signers are those that the contracts name, in canonical text", () => {
    const world = new AuditorsWorld();
    for (const { typeUrl, handler } of world.kit.module.messages) {
      const message = { authority, auditor: account(1).toUpperCase(), sender: account(2).toUpperCase() };
      assert.deepEqual(handler.signers(message), [/SetAccreditation|SlashAuditor|UpdateParams/.test(typeUrl) ? authority : account(typeUrl.endsWith("RevokeAttestation") ? 2 : 1)], typeUrl);
    }
  });

  it("AUD-22 every message's generator makes messages that run or fail with an error of ours", () => {
    const world = new AuditorsWorld({ params: { minBond: "1000" } });
    let seed = 11;
    const int = (bound: number): number => {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
      return Math.floor((seed / 2_147_483_648) * bound);
    };
    const random = { int, bigint: (bound: bigint) => BigInt(int(1_000_000)) % bound, chance: (percent: number) => int(100) < percent, pick: <T>(items: readonly T[]) => items[int(items.length)]! };
    for (const i of [3, 4]) world.provider(i);
    const ran = new Map<string, number>();
    for (let i = 0; i < 1_500; i++) {
      const bound = random.pick(world.kit.module.messages);
      const message = bound.handler.arbitrary({ ctx: world.ctx(), accounts: [1, 2, 3, 4].map(account), random });
      if (message === undefined) continue;
      const name = bound.typeUrl.replace("/dcm.auditor.v1.Msg", "");
      try {
        world.send(name, message as object);
        ran.set(name, (ran.get(name) ?? 0) + 1);
      } catch (error) {
        if (!(error instanceof TxError)) throw error;
      }
      if (i % 20 === 0) world.block(BigInt(int(100_000)));
      if (i % 50 === 0) for (const one of [3, 4]) world.edit(one, { cpu: random.pick(["a", "b"]), zone: random.pick(["a", "b"]) });
      assert.deepEqual(world.broken(), []);
    }
    assert.deepEqual(world.kit.module.messages.map(({ typeUrl }) => typeUrl.replace("/dcm.auditor.v1.Msg", "")).filter((name) => !ran.has(name)), []);
  }).timeout(30_000);
});
