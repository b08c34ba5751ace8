/** MsgSetPolicy: replaces the policy; what is placed, matched or drawn from now on is held against it. */
import type { MsgSetPolicy, MsgSetPolicyResponse } from "../../../codec/gen/dcm/organization/v1/tx.ts";
import { Policy, Role } from "../../../codec/gen/dcm/organization/v1/types.ts";
import { VerificationLevel } from "../../../codec/gen/dcm/market/v1/types.ts";
import { arbitraryMember } from "../arbitrary.ts";
import { canonical, checkName } from "../checks.ts";
import { emit } from "../events.ts";
import { checkPolicy } from "../policy.ts";
import { requirePower } from "../roles.ts";
import { organizations, policies } from "../state.ts";
import type { MessageHandler } from "../../../runtime/module.ts";
import type { Changed } from "../module.ts";

export function setPolicy(changed: Changed): MessageHandler<MsgSetPolicy, MsgSetPolicyResponse> {
  return {
    signers: (message) => [message.admin],

    check(message) {
      canonical(message.admin, "admin");
      checkName("organization", message.organization);
      checkPolicy(message.policy);
    },

    execute(ctx, message) {
      const admin = canonical(message.admin, "admin");
      const { organization: name, policy } = message;
      const { organization } = requirePower(ctx, name, admin, "change its policy");
      const policyVersion = organization.policyVersion + 1n;
      organizations.set(ctx, name, { ...organization, policyVersion });
      policies.set(ctx, name, policy!);
      emit(ctx, "EventPolicyChanged", { organization: name, policy_version: policyVersion, by: admin });
      changed(ctx, name);
      return { policyVersion };
    },

    arbitrary(world) {
      const admin = arbitraryMember(world, [Role.ROLE_OWNER, Role.ROLE_ADMIN]);
      if (admin === undefined) return undefined;
      const { random } = world;
      const some = (list: readonly string[], percent: number): string[] => list.filter(() => random.chance(percent));
      const denied = some(["a", "b", "c"], 20);
      return {
        admin: admin.address, organization: admin.organization,
        policy: Policy.fromPartial({
          deniedJurisdictions: denied, deniedProviders: random.chance(20) ? [random.pick(world.accounts)] : [], attestedJurisdiction: denied.length > 0 && random.chance(20),
          rules: random.chance(10) ? [{ attribute: { key: "zone", value: "a" }, attested: random.chance(30), auditors: [] }] : [],
          minVerification: random.chance(20) ? VerificationLevel.VERIFICATION_LEVEL_V2_REPLICATED : VerificationLevel.VERIFICATION_LEVEL_UNSPECIFIED, allowUnverifiedServices: random.chance(50),
        }),
      };
    },
  };
}
