/** Cost tags of what an organization, or anybody, spends: their form, and how events have them. */
import type { CostTag } from "../../codec/gen/dcm/market/v1/types.ts";
import { utf8 } from "../../codec/bytes.ts";

const maxTags = 16;

export interface TagsFault {
  readonly field: string;
  readonly value: string;
  readonly limit: string;
}

/** What is wrong with the tags: sorted by key without repeats, at most 16, keys of 1 to 64 bytes, values of at most 128. Undefined where nothing is. */
export function tagsFault(tags: readonly CostTag[]): TagsFault | undefined {
  if (tags.length > maxTags) return { field: "cost_tags", value: `${tags.length} tags`, limit: `at most ${maxTags} tags` };
  for (const [i, { key, value }] of tags.entries()) {
    const before = tags[i - 1];
    if (before !== undefined && before.key >= key) return { field: "cost_tags", value: `${before.key}, ${key}`, limit: "sorted by key without repeats" };
    if (key === "" || isLonger(key, 64)) return { field: "cost_tags.key", value: key === "" ? "empty" : `${key.length} characters`, limit: "1 to 64 bytes" };
    if (isLonger(value, 128)) return { field: "cost_tags.value", value: `${value.length} characters`, limit: "at most 128 bytes" };
  }
  return undefined;
}

const isLonger = (text: string, bytes: number): boolean => text.length > bytes || utf8(text).length > bytes;

/** As `key=value`, joined by commas. */
export function tagsText(tags: readonly CostTag[]): string {
  return tags.map(({ key, value }) => `${key}=${value}`).join(",");
}
