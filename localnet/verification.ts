/** Whether a network is large enough for what a job wants checked. */
import type { LoadedJob } from "../worker/job-file.ts";

/** Providers that it takes at least to check a result, each of another organization; here every provider is one of its own. */
const LEAST = 2;

export interface Fitted {
  readonly loaded: LoadedJob;
  /** What is different from what the job file says, and what to do about it. */
  readonly notice: string | undefined;
}

/** The job as so many providers can run it: who asks for one provider gets its job done, without anybody to check it. */
export function fitVerification(loaded: LoadedJob, providers: number): Fitted {
  const { job } = loaded;
  const needed = Math.max(LEAST, job.replicas);
  if (job.verification === "V0" || providers >= needed) return { loaded, notice: undefined };
  return {
    loaded: { ...loaded, job: { ...job, verification: "V0", replicas: 1 } },
    notice: `Verification ${job.verification} takes ${needed} providers, there is ${providers}: ${job.name} runs with V0, nobody checks its results. To see them checked: npm start -- --providers 3`,
  };
}
