/** The listeners of staking as one, called in their order. The list may grow until the chain starts. */
import type { StakingHooks } from "./ports.ts";

export function joinHooks(hooks: readonly StakingHooks[]): Required<StakingHooks> {
  return {
    afterImport: (...args) => hooks.forEach((hook) => hook.afterImport?.(...args)),
    afterValidatorCreated: (...args) => hooks.forEach((hook) => hook.afterValidatorCreated?.(...args)),
    beforeValidatorModified: (...args) => hooks.forEach((hook) => hook.beforeValidatorModified?.(...args)),
    afterValidatorRemoved: (...args) => hooks.forEach((hook) => hook.afterValidatorRemoved?.(...args)),
    afterValidatorBonded: (...args) => hooks.forEach((hook) => hook.afterValidatorBonded?.(...args)),
    afterValidatorBeginUnbonding: (...args) => hooks.forEach((hook) => hook.afterValidatorBeginUnbonding?.(...args)),
    beforeValidatorSlashed: (...args) => hooks.forEach((hook) => hook.beforeValidatorSlashed?.(...args)),
    beforeDelegationCreated: (...args) => hooks.forEach((hook) => hook.beforeDelegationCreated?.(...args)),
    beforeDelegationSharesModified: (...args) => hooks.forEach((hook) => hook.beforeDelegationSharesModified?.(...args)),
    beforeDelegationRemoved: (...args) => hooks.forEach((hook) => hook.beforeDelegationRemoved?.(...args)),
    afterDelegationModified: (...args) => hooks.forEach((hook) => hook.afterDelegationModified?.(...args)),
  };
}
