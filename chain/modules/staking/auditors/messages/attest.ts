/** MsgAttest: an auditor signs that one attribute of a provider is true. Signed again, it replaces what that auditor signed of it before. */
import type { MsgAttest, MsgAttestResponse } from "../../../../codec/gen/dcm/auditor/v1/tx.ts";
import { addressBytes, addressText } from "../../../../codec/address.ts";
import { equalBytes } from "../../../../codec/bytes.ts";
import { readAddress } from "../../../../runtime/addresses.ts";
import type { Context } from "../../../../runtime/context.ts";
import { fail } from "../../../../runtime/errors.ts";
import type { MessageHandler } from "../../../../runtime/module.ts";
import { attributeFault, urlFault } from "../../../../runtime/text.ts";
import { arbitraryAuditor } from "../arbitrary.ts";
import { makeRoom, sign } from "../attestations.ts";
import { stays } from "../bond.ts";
import { auditorOf, signerOf } from "../checks.ts";
import { errors } from "../errors.ts";
import type { Keeper } from "../keeper.ts";
import { covers, inactiveReason } from "../standing.ts";
import { params, voidProviders } from "../state.ts";

export function attest(keeper: Keeper): MessageHandler<MsgAttest, MsgAttestResponse> {
  return {
    signers: signerOf,

    check(message) {
      const auditor = auditorOf(message);
      if (equalBytes(auditor, readAddress(message.provider, "provider"))) fail(errors.ownAttribute);
      const what = attributeFault(message.key, message.value);
      if (what !== undefined) fail(errors.badAttribute, { what });
      if (message.evidenceHash.length !== 32) fail(errors.badEvidence, { what: `evidence_hash is a SHA-256 of 32 bytes, got ${message.evidenceHash.length}` });
      const url = message.evidenceUrl === "" ? undefined : urlFault("evidence_url", message.evidenceUrl);
      if (url !== undefined) fail(errors.badEvidence, { what: url });
    },

    execute(ctx, { key, value, evidenceHash, evidenceUrl, expiresTauMs, ...message }) {
      const auditor = auditorOf(message);
      const provider = readAddress(message.provider, "provider");
      requireMaySign(ctx, keeper, auditor, key);
      const declared = declaredValue(ctx, keeper, provider, key);
      if (declared !== value) fail(errors.otherValue, { key, value, declared });
      const tau = keeper.tau(ctx);
      const { maxAttestationMs } = params.get(ctx);
      if (expiresTauMs <= tau || expiresTauMs > tau + maxAttestationMs) fail(errors.badExpiry, { expires: expiresTauMs, tau, longest: maxAttestationMs });
      makeRoom(ctx, keeper, provider, key, auditor);
      const deposit = sign(ctx, keeper, { provider: addressText(provider), key, auditor: addressText(auditor), value, signedTauMs: tau, expiresTauMs, evidenceHash, evidenceUrl });
      return { storageDeposit: String(deposit) };
    },

    arbitrary(world) {
      const { ctx, accounts, random } = world;
      const auditor = arbitraryAuditor(world);
      const others = random.chance(95) ? accounts.filter((account) => account !== auditor) : accounts;
      const declaring = others.filter((account) => (keeper.ports.providers.find(ctx, addressBytes(account))?.attributes.length ?? 0) > 0);
      if (auditor === undefined || declaring.length === 0) return undefined;
      const provider = random.pick(declaring);
      const [key, value] = random.pick(keeper.ports.providers.find(ctx, addressBytes(provider))!.attributes);
      return {
        auditor, provider, key: random.chance(95) ? key : "cloud", value: random.chance(95) ? value : "no", expiresTauMs: keeper.tau(ctx) + 1n + random.bigint(100_000n),
        evidenceHash: new Uint8Array(random.chance(95) ? 32 : 31).fill(random.int(256)), evidenceUrl: random.chance(50) ? "https://auditor.example/evidence/1" : "",
      };
    },
  };
}

function requireMaySign(ctx: Context, keeper: Keeper, address: Uint8Array, key: string): void {
  const auditor = addressText(address);
  const bond = keeper.requireStaying(ctx, address);
  const standing = keeper.standing(ctx, address);
  const least = keeper.minBond(ctx);
  const reason = inactiveReason(standing, least, keeper.tau(ctx));
  if (reason === "underbonded") fail(errors.underbonded, { bond: stays(bond), least });
  if (reason !== "") fail(errors.unaccredited, { auditor });
  if (!covers(standing.accreditation!.keys, key)) fail(errors.uncovered, { auditor, key });
  if (standing.isVoid) fail(errors.voiding, { whose: auditor });
}

function declaredValue(ctx: Context, keeper: Keeper, address: Uint8Array, key: string): string {
  const provider = addressText(address);
  const view = keeper.ports.providers.find(ctx, address);
  if (view === undefined) fail(errors.unknownProvider, { provider });
  if (voidProviders.has(ctx, address)) fail(errors.voiding, { whose: provider });
  const declared = view.attributes.find(([one]) => one === key);
  if (declared === undefined) fail(errors.notDeclared, { provider, key });
  return declared[1];
}
