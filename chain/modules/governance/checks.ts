/** What texts of proposals and votes must keep to. */
import { utf8 } from "../../codec/bytes.ts";
import { fail } from "../../runtime/errors.ts";
import { errors } from "./errors.ts";
import { maxMetadataLength, maxSummaryLength } from "./params.ts";

const length = (text: string): number => utf8(text).length;

/** Fails with gov 15. */
export function checkMetadata(text: string): void {
  if (text.length > maxMetadataLength || length(text) > maxMetadataLength) fail(errors.metadataTooLong, `got metadata with length ${length(text)}`);
}

/** Fails with gov 22. */
export function checkSummary(text: string): void {
  if (text.length > maxSummaryLength || length(text) > maxSummaryLength) fail(errors.summaryTooLong, `got summary with length ${length(text)}`);
}

export const blank = (text: string): boolean => text.trim().length === 0;

/** GOV-1: where metadata are JSON with a title and a summary, these are the proposal's. Fails with gov 5. */
export function checkNamed({ metadata, title, summary }: { readonly metadata: string; readonly title: string; readonly summary: string }): void {
  const named = readNamed(metadata);
  if (named === undefined) return;
  if (named.title !== title) fail(errors.invalidContent, `metadata title '${named.title}' must equal proposal title '${title}'`);
  if (named.summary !== summary) fail(errors.invalidContent, `metadata summary '${named.summary}' must equal proposal summary '${summary}'`);
}

/** Go leaves fields that are missing or null empty, and refuses others that are no text. */
function readNamed(metadata: string): { readonly title: string; readonly summary: string } | undefined {
  let json: unknown;
  try {
    json = JSON.parse(metadata);
  } catch {
    return undefined;
  }
  if (typeof json !== "object" || json === null || Array.isArray(json)) return undefined;
  const text = (name: string): string | undefined => {
    const value = (json as Record<string, unknown>)[name] ?? "";
    return typeof value === "string" ? value : undefined;
  };
  const [title, summary] = [text("title"), text("summary")];
  return title === undefined || summary === undefined ? undefined : { title, summary };
}
