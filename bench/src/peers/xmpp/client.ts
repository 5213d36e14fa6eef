/**
 * A client of a chat server that speaks XMPP, over TCP without TLS: as much of RFC 6120 and 6121, of rooms (XEP-0045) and of archives
 * (XEP-0313) as the load needs. It asks for no acknowledgements (XEP-0198), which saves the server work.
 */
import { Link, within } from "../link.js";
import type { ClientHandlers, ConnectOptions, PeerClient, Place } from "../peer.js";
import { isWholeText, numberIn, textOf } from "../text.js";
import { archiveIdIn, readMessages } from "./scan.js";

export const DOMAIN = "localhost";
export const ROOMS_DOMAIN = `rooms.${DOMAIN}`;
export const PASSWORD = "bench";
const ROOM = `all@${ROOMS_DOMAIN}`;
/** Messages that are fetched at once from an archive. */
const PAGE = 100;

export class XmppClient implements PeerClient {
  readonly #handlers: ClientHandlers;
  #link!: Link;
  #user = 0;
  #head = "";
  #ids = 0;
  /** What ends the answer that is waited for, and who is told of it. */
  #awaited: { readonly end: RegExp; readonly resolve: (answer: string) => void } | undefined;
  /** The last message, from which its archive's id is taken if it is ever needed. */
  #last = "";
  #lastId = "";

  static async connect(port: number, { user, handlers, since }: ConnectOptions): Promise<XmppClient> {
    const client = await XmppClient.#open(port, handlers);
    client.#user = user;
    client.#lastId = String(since?.["id"] ?? "");
    await client.#ask(streamTo(DOMAIN), /<\/stream:features>/);
    const secret = Buffer.from(`\0${nameOf(user)}\0${PASSWORD}`).toString("base64");
    const plain = `<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>${secret}</auth>`;
    const answer = await client.#ask(plain, /<success[^>]*>|<\/failure>/);
    if (!answer.includes("<success")) throw new Error(`The login was refused: ${answer}`);
    await client.#ask(streamTo(DOMAIN), /<\/stream:features>/);
    await client.#query(
      "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>b</resource></bind>",
      "set",
    );
    client.#say("<presence/>");
    // The answer comes after what the presence began.
    await client.#query("<ping xmlns='urn:xmpp:ping'/>", "get");
    if (since !== undefined) client.#fetchMissed();
    return client;
  }

  /** Registers users (XEP-0077) over one connection. */
  static async register(port: number, users: Iterable<number>): Promise<void> {
    const faults: string[] = [];
    const onFault = (what: string): void => void faults.push(what);
    const client = await XmppClient.#open(port, {
      onAck: () => undefined,
      onMessage: () => undefined,
      onFault,
    });
    await client.#ask(streamTo(DOMAIN), /<\/stream:features>/);
    for (const user of users) {
      const fields = `<username>${nameOf(user)}</username><password>${PASSWORD}</password>`;
      await client.#query(`<query xmlns='jabber:iq:register'>${fields}</query>`, "set");
    }
    await client.close();
    if (faults.length > 0) throw new Error(`Users could not be registered: ${faults.join(" ")}`);
  }

  static async #open(port: number, handlers: ClientHandlers): Promise<XmppClient> {
    const client = new XmppClient(handlers);
    client.#link = await Link.open(port, (bytes) => client.#read(bytes), handlers.onFault);
    return client;
  }

  private constructor(handlers: ClientHandlers) {
    this.#handlers = handlers;
  }

  open(toUser: number): Promise<void> {
    this.#head = `<message to='${nameOf(toUser)}@${DOMAIN}' type='chat' id='`;
    return Promise.resolve();
  }

  /** Joins the room, without its past. */
  async join(): Promise<void> {
    const wish = "<x xmlns='http://jabber.org/protocol/muc'><history maxstanzas='0'/></x>";
    const presence = `<presence to='${ROOM}/${nameOf(this.#user)}'>${wish}</presence>`;
    // 110 says that a presence is one's own, which is the last that comes.
    const answer = await this.#ask(
      presence,
      /<status [^>]*code=["']110["']|<presence [^>]*type=["']error["']/,
    );
    if (/type=["']error["']/.test(answer)) throw new Error("The room was not joined.");
  }

  send(number: number): void {
    this.#send(this.#head, number);
  }

  sendToGroup(number: number): void {
    this.#send(`<message to='${ROOM}' type='groupchat' id='`, number);
  }

  ping(): void {
    // It is asked for nothing while it is silent.
  }

  cut(): Place {
    this.#link.cut();
    return { id: archiveIdIn(this.#last) ?? this.#lastId };
  }

  async close(): Promise<void> {
    this.#say("</stream:stream>");
    await this.#link.close();
  }

  #send(head: string, number: number): void {
    const { outbox } = this.#link;
    outbox.latin1(head);
    outbox.latin1(String(number));
    outbox.latin1("'><body>");
    outbox.raw(textOf(number));
    outbox.latin1("</body></message>");
  }

  /** What the archive has after the last message that came, as messages. */
  #fetchMissed(): void {
    const after = this.#lastId === "" ? "" : `<after>${this.#lastId}</after>`;
    const page = `<set xmlns='http://jabber.org/protocol/rsm'><max>${PAGE}</max>${after}</set>`;
    this.#say(`<iq type='set' id='mam'><query xmlns='urn:xmpp:mam:2'>${page}</query></iq>`);
  }

  #say(text: string): void {
    this.#link.outbox.latin1(text);
  }

  async #query(payload: string, type: "get" | "set"): Promise<void> {
    const id = `q${(this.#ids += 1)}`;
    // An answer has its attributes in any order, and is empty or not.
    const end = new RegExp(`<iq (?=[^>]*id=["']${id}["'])[^>]*(?:/>|>.*?</iq>)`, "s");
    const answer = await this.#ask(`<iq type='${type}' id='${id}'>${payload}</iq>`, end);
    if (/<iq [^>]*type=["']error["']/.test(answer)) throw new Error(`It was refused: ${answer}`);
  }

  #ask(text: string, end: RegExp): Promise<string> {
    return within("The server did not answer", (resolve) => {
      this.#awaited = { end, resolve };
      this.#say(text);
    });
  }

  #read(bytes: Buffer): number {
    if (this.#awaited === undefined) return readMessages(bytes, this);
    const text = bytes.toString("latin1");
    const found = this.#awaited.end.exec(text);
    if (found === null) return 0;
    const { resolve } = this.#awaited;
    this.#awaited = undefined;
    const end = found.index + found[0].length;
    resolve(text.slice(0, end));
    return end + readMessages(bytes.subarray(end), this);
  }

  onBody(bytes: Buffer, range: readonly [number, number], [start, end]: readonly [number, number]): void {
    this.#last = bytes.toString("latin1", ...range);
    const number = numberIn(bytes, start, end);
    this.#handlers.onMessage(number, number, isWholeText(bytes, start, end));
  }

  onError(stanza: string): void {
    const condition = /<error[^>]*>\s*<([\w-]+)/.exec(stanza)?.[1] ?? "without a condition";
    this.#handlers.onFault(`The server answered with an error: ${condition}`);
  }
}

export function nameOf(user: number): string {
  return `u${user}`;
}

function streamTo(domain: string): string {
  const names = "xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'";
  return `<?xml version='1.0'?><stream:stream to='${domain}' ${names} version='1.0'>`;
}
