/** The child process: one task from stdin, one outcome to stdout. Started by wasm-backend.ts with no environment and no rights. */
import { decodeTask, encodeOutcome } from "./frames.ts";
import { execute } from "./wasm/execute.ts";

Error.stackTraceLimit = 0;
const chunks: Buffer[] = [];
for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
const frame = Buffer.concat(encodeOutcome(execute(decodeTask(Buffer.concat(chunks)))));
process.stdout.write(frame, () => process.exit(0));
