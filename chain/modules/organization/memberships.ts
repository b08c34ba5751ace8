/** Who is whose affiliate. */
import type { Context } from "../../runtime/context.ts";

interface Lookup {
  organizationsOf(ctx: Context, account: string): readonly string[];
}

/** Organizations that an account is a member of; each account is looked up once. */
export function membershipsIn(ctx: Context, organizations: Lookup): (account: string) => readonly string[] {
  const known = new Map<string, readonly string[]>();
  return (account) => {
    let found = known.get(account);
    if (found === undefined) known.set(account, (found = organizations.organizationsOf(ctx, account)));
    return found;
  };
}
