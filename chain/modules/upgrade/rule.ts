/**
 * What a build does in front of a block: goes on, migrates, or stops. A pure function of the state and of the build; whoever stops does so
 * before anything of the block is kept.
 */
import type { Plan } from "../../codec/gen/cosmos/upgrade/v1beta1/upgrade.ts";
import type { Context } from "../../runtime/context.ts";
import { HaltError } from "../../runtime/errors.ts";
import type { UpgradeRule } from "../../runtime/machine.ts";
import { migrate, versionsFault } from "../../runtime/migrations.ts";
import type { Module } from "../../runtime/module.ts";
import { neededText } from "./plan.ts";
import type { Upgrade } from "./ports.ts";
import { applied, last, plan as scheduled } from "./state.ts";

export interface Build {
  readonly modules: readonly Module[];
  readonly upgrades: readonly Upgrade[];
  /** Heights at which the operator lets a plan pass without its upgrade; more than two thirds of the voting power must do the same. */
  readonly skipHeights: readonly bigint[];
}

export function upgradeRule({ modules, upgrades, skipHeights }: Build): UpgradeRule {
  const find = (name: string): Upgrade | undefined => upgrades.find((one) => one.name === name);
  /** The plan whose height is reached; those that the operator lets pass are not among them. */
  const dueAt = (ctx: Context, plan: Plan | undefined): Plan | undefined => (plan !== undefined && plan.height <= ctx.height && !skipHeights.includes(ctx.height) ? plan : undefined);
  /** The state fits this build: seen once, it does so until the next upgrade, which is another build's. */
  let fits = false;

  const requireFit = (ctx: Context): void => {
    if (fits) return;
    const name = last.find(ctx);
    if (name !== undefined && find(name) === undefined) {
      throw new HaltError(`upgrade handler is missing for ${name} upgrade plan, which was applied at height ${applied.find(ctx, name)}: this build is older than the state. Run the build of ${name}`);
    }
    const fault = versionsFault(ctx, modules);
    if (fault !== undefined) throw new HaltError(`${fault}, and no upgrade is due at height ${ctx.height}: this build is not the state's. Run the build of ${name ?? "the genesis"}`);
    fits = true;
  };

  return {
    due(ctx) {
      const plan = dueAt(ctx, scheduled.find(ctx));
      return plan !== undefined && find(plan.name) !== undefined;
    },

    run(ctx) {
      const pending = scheduled.find(ctx);
      const plan = dueAt(ctx, pending);
      if (plan === undefined) {
        const passed = pending !== undefined && pending.height <= ctx.height;
        // The words of the most common mistake first: the new build began to run before its height.
        if (pending !== undefined && !passed && find(pending.name) !== undefined) {
          throw new HaltError(`BINARY UPDATED BEFORE TRIGGER! UPGRADE "${pending.name}" - in binary but not executed on chain. Downgrade your binary`);
        }
        requireFit(ctx);
        if (passed) scheduled.remove(ctx);
        return;
      }
      const upgrade = find(plan.name);
      if (upgrade === undefined) throw new HaltError(neededText(plan), plan);
      migrate(ctx, modules);
      upgrade.run?.(ctx);
      applied.set(ctx, plan.name, ctx.height);
      last.set(ctx, plan.name);
      scheduled.remove(ctx);
    },
  };
}
