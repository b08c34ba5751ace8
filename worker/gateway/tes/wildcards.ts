/** Patterns of file names as POSIX has them (IEEE Std 1003.1-2017, 2.13): `*`, `?` and brackets, none of which matches a slash, or a period at the beginning of a name. */

export function hasWildcards(path: string): boolean {
  return /[*?[]/.test(path.replace(/\\./g, ""));
}

/** Whether a path matches a pattern, name by name. */
export function matcher(pattern: string): (path: string) => boolean {
  const names = pattern.split("/").map(nameMatcher);
  return (path) => {
    const parts = path.split("/");
    return parts.length === names.length && names.every((matches, i) => matches(parts[i]!));
  };
}

type Piece = { readonly kind: "any" } | { readonly kind: "one"; readonly fits: (character: string) => boolean };

/** `*` is tried in linear time and space: where a later piece does not fit, the last `*` takes one character more. */
function nameMatcher(pattern: string): (name: string) => boolean {
  const pieces = piecesOf([...pattern]);
  const explicitPeriod = pattern.startsWith(".") || pattern.startsWith("\\.");
  return (name) => {
    if (name.startsWith(".") && !explicitPeriod) return false;
    const characters = [...name];
    let [at, piece, star, resume] = [0, 0, -1, 0];
    while (at < characters.length) {
      const next = pieces[piece];
      if (next?.kind === "one" && next.fits(characters[at]!)) {
        at++;
        piece++;
      } else if (next?.kind === "any") {
        star = piece++;
        resume = at;
      } else if (star >= 0) {
        piece = star + 1;
        at = ++resume;
      } else {
        return false;
      }
    }
    return pieces.slice(piece).every(({ kind }) => kind === "any");
  };
}

function piecesOf(characters: readonly string[]): Piece[] {
  const pieces: Piece[] = [];
  for (let i = 0; i < characters.length; i++) {
    const character = characters[i]!;
    if (character === "*") pieces.push({ kind: "any" });
    else if (character === "?") pieces.push({ kind: "one", fits: () => true });
    else if (character === "[") {
      const set = bracket(characters, i);
      if (set === undefined) pieces.push(literal("["));
      else {
        pieces.push({ kind: "one", fits: set.fits });
        i = set.end;
      }
    } else if (character === "\\" && i + 1 < characters.length) pieces.push(literal(characters[++i]!));
    else pieces.push(literal(character));
  }
  return pieces;
}

function literal(wanted: string): Piece {
  return { kind: "one", fits: (character) => character === wanted };
}

const classes: Readonly<Record<string, RegExp>> = {
  alnum: /^[A-Za-z0-9]$/, alpha: /^[A-Za-z]$/, blank: /^[ \t]$/, cntrl: /^[\x00-\x1f\x7f]$/, digit: /^[0-9]$/, graph: /^[\x21-\x7e]$/, lower: /^[a-z]$/, print: /^[\x20-\x7e]$/, punct: /^[!-/:-@[-`{-~]$/, space: /^[ \t\n\v\f\r]$/, upper: /^[A-Z]$/, xdigit: /^[A-Fa-f0-9]$/,
};

/** A bracket expression from `[` on; undefined where it has no end and stands for itself. */
function bracket(characters: readonly string[], begin: number): { readonly fits: (character: string) => boolean; readonly end: number } | undefined {
  const negated = characters[begin + 1] === "!" || characters[begin + 1] === "^";
  const first = begin + (negated ? 2 : 1);
  const tests: ((character: string) => boolean)[] = [];
  for (let i = first; i < characters.length; i++) {
    const character = characters[i]!;
    if (character === "]" && i > first) return { fits: (one) => tests.some((test) => test(one)) !== negated, end: i };
    const named = character === "[" && characters[i + 1] === ":" ? /^\[:([a-z]+):\]/.exec(characters.slice(i, i + 12).join("")) : null;
    const known = named === null ? undefined : classes[named[1]!];
    if (known !== undefined) {
      tests.push((one) => known.test(one));
      i += named![0].length - 1;
    } else if (characters[i + 1] === "-" && i + 2 < characters.length && characters[i + 2] !== "]") {
      const [low, high] = [character.codePointAt(0)!, characters[i + 2]!.codePointAt(0)!];
      tests.push((one) => one.codePointAt(0)! >= low && one.codePointAt(0)! <= high);
      i += 2;
    } else tests.push((one) => one === character);
  }
  return undefined;
}
