/** What a browser calls itself in the list of devices: "Chrome, Linux". */

const BROWSERS = [
  ["Edg/", "Edge"],
  ["OPR/", "Opera"],
  ["Firefox/", "Firefox"],
  ["Chrome/", "Chrome"],
  ["Safari/", "Safari"],
] as const;
const SYSTEMS = [
  ["Android", "Android"],
  ["iPhone", "iPhone"],
  ["iPad", "iPad"],
  ["Windows", "Windows"],
  ["Mac OS", "macOS"],
  ["Linux", "Linux"],
] as const;

/** The name of browser and system, from the user agent. */
export function deviceNameOf(userAgent: string): string {
  const find = (table: readonly (readonly [string, string])[]): string | undefined =>
    table.find(([mark]) => userAgent.includes(mark))?.[1];
  return [find(BROWSERS) ?? "Browser", find(SYSTEMS)].filter((part) => part !== undefined).join(", ");
}
