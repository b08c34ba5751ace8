/** Names of enum values as events and errors have them. */

/** The value's name without its prefix, in lower case: `spender`. */
export function enumName(type: Readonly<Record<string, number>>, value: number, prefix: string): string {
  for (const name of Object.keys(type)) if (type[name] === value) return name.slice(prefix.length).toLowerCase();
  return String(value);
}
