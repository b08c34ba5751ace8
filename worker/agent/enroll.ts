/** The operator's part: the provider's registration and profile, and the session of its worker's key. Says what it did; doing it again changes nothing. */
import type { Connection } from "../../client/connection.ts";
import type { Sender } from "../../client/sender.ts";
import { findSession, grantMessage, isGood, sessionAddress, workerMessages, type SessionTerms } from "../../client/session.ts";
import { ensureProvider, type ProviderProfile } from "./setup.ts";

export interface Enrolled {
  readonly provider: Awaited<ReturnType<typeof ensureProvider>>;
  /** The key's address. */
  readonly session: string;
  /** False where it had one that is good for long enough. */
  readonly granted: boolean;
}

/** `operator` signs with the provider's own account. */
export async function enroll(connection: Connection, operator: Sender, profile: ProviderProfile, sessionKey: Uint8Array, terms: SessionTerms): Promise<Enrolled> {
  const provider = await ensureProvider(connection, operator, profile);
  const session = sessionAddress(sessionKey);
  if (isGood(await findSession(connection, operator.address, session), workerMessages, terms)) return { provider, session, granted: false };
  const { tauMs } = await connection.query.clock.tau();
  await operator.send(grantMessage(operator.address, sessionKey, workerMessages, terms, tauMs));
  return { provider, session, granted: true };
}
