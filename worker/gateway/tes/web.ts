/** Files over HTTP, from and to addresses that a client names: bounded in size and time, and not into the gateway's own network unless its operator opens that. */
import { lookup as resolve } from "node:dns";
import { request as plain, type IncomingMessage, type RequestOptions } from "node:http";
import { request as secure } from "node:https";
import { BlockList, isIP, type LookupFunction } from "node:net";

export interface WebRules {
  /** True: loopback and private addresses, too. */
  readonly privateNetwork: boolean;
}

const idleMs = 30_000;
const totalMs = 600_000;
const maxRedirects = 5;

/** A list for each family: one takes an IPv4 address for the IPv6 address that it is mapped to. */
const inside = { 4: new BlockList(), 6: new BlockList() } as const;
for (const [net, bits] of [["0.0.0.0", 8], ["10.0.0.0", 8], ["100.64.0.0", 10], ["127.0.0.0", 8], ["169.254.0.0", 16], ["172.16.0.0", 12], ["192.0.0.0", 24], ["192.88.99.0", 24], ["192.168.0.0", 16], ["198.18.0.0", 15], ["224.0.0.0", 3]] as const) inside[4].addSubnet(net, bits, "ipv4");
// All but global unicast (2000::/3), and what of that may carry an IPv4 address (Teredo, 6to4) or is no host's: IPv4 has many clothes there.
for (const [net, bits] of [["::", 3], ["4000::", 2], ["8000::", 1], ["2001::", 23], ["2001:db8::", 32], ["2002::", 16], ["3fff::", 20]] as const) inside[6].addSubnet(net, bits, "ipv6");

function isInside(address: string): boolean {
  return isIP(address) === 6 ? inside[6].check(address, "ipv6") : inside[4].check(address, "ipv4");
}

/** Looks a name up and gives only addresses outside: what is connected to is what was checked. */
const outsideLookup: LookupFunction = (host, options, done) => {
  resolve(host, { ...options, all: true }, (error, found) => {
    if (error !== null) return done(error, "");
    const outside = found.filter(({ address }) => !isInside(address));
    if (outside.length === 0) return done(new Error(`${host} is an address of the gateway's own network`), "");
    if (options.all === true) done(null, outside);
    else done(null, outside[0]!.address, outside[0]!.family);
  });
};

/** Gives the body of a 200. Rejects with an Error that says what went wrong. */
export async function getWeb(url: string, maxBytes: number, rules: WebRules, signal: AbortSignal): Promise<Uint8Array> {
  let target = url;
  for (let hops = 0; hops <= maxRedirects; hops++) {
    const { response, body } = await exchange(target, { method: "GET" }, undefined, maxBytes, rules, signal);
    const { statusCode: status = 0, headers: { location } } = response;
    if (status === 200) return body;
    if (![301, 302, 303, 307, 308].includes(status) || location === undefined) throw new Error(`it answers ${status}`);
    target = new URL(location, target).href;
  }
  throw new Error(`it redirects more than ${maxRedirects} times`);
}

/** Puts bytes; resolves where the answer is 2xx. */
export async function putWeb(url: string, bytes: Uint8Array, rules: WebRules, signal: AbortSignal): Promise<void> {
  const { response } = await exchange(url, { method: "PUT", headers: { "content-type": "application/octet-stream", "content-length": bytes.length } }, bytes, 65_536, rules, signal);
  if (response.statusCode === undefined || response.statusCode < 200 || response.statusCode > 299) throw new Error(`it answers ${response.statusCode}`);
}

/** Why a text is no address that files come from or go to; undefined where it is one. */
export function webFault(url: string, rules: WebRules): string | undefined {
  if (!URL.canParse(url)) return "is no URL";
  const { protocol, hostname } = new URL(url);
  if (protocol !== "http:" && protocol !== "https:") return "is not http or https";
  const host = hostname.replace(/^\[(.*)\]$/, "$1").replace(/\.$/, "");
  if (!rules.privateNetwork && ((isIP(host) !== 0 && isInside(host)) || host === "localhost" || host.endsWith(".localhost"))) return "is an address of the gateway's own network, which its operator has not opened (dcm tes --private-network)";
  return undefined;
}

async function exchange(url: string, options: RequestOptions, body: Uint8Array | undefined, maxBytes: number, rules: WebRules, signal: AbortSignal): Promise<{ readonly response: IncomingMessage; readonly body: Uint8Array }> {
  const fault = webFault(url, rules);
  if (fault !== undefined) throw new Error(`${url.slice(0, 200)} ${fault}`);
  const { username, password } = new URL(url);
  const whole: RequestOptions = { ...options, timeout: idleMs, signal: AbortSignal.any([signal, AbortSignal.timeout(totalMs)]), ...(rules.privateNetwork ? {} : { lookup: outsideLookup }), ...(username === "" ? {} : { auth: `${decodeURIComponent(username)}:${decodeURIComponent(password)}` }) };
  return new Promise((done, failed) => {
    const request = (url.startsWith("https:") ? secure : plain)(url, whole, (response) => {
      const parts: Uint8Array[] = [];
      let size = 0;
      response.on("data", (part: Buffer) => {
        size += part.length;
        parts.push(part);
        if (size <= maxBytes) return;
        failed(new Error(`it sends more than ${maxBytes} bytes`));
        response.destroy();
      });
      response.on("end", () => done({ response, body: new Uint8Array(Buffer.concat(parts)) }));
      response.on("error", failed);
    });
    request.on("timeout", () => request.destroy(new Error(`nothing came for ${idleMs / 1_000} s`)));
    request.on("error", failed);
    request.end(body);
  });
}
