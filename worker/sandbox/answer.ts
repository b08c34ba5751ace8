/** What a child does: one frame from stdin, one to stdout. */
Error.stackTraceLimit = 0;

/** Reads the task, answers with the parts of a frame that `handle` gives, and ends the process. */
export async function answer(handle: (frame: Buffer) => readonly Uint8Array[]): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  process.stdout.write(Buffer.concat(handle(Buffer.concat(chunks))), () => process.exit(0));
}
