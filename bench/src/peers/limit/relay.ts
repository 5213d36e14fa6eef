/**
 * The limit: what a chat server on this runtime could do if it did nothing but keep each message and pass it on. It reads frames,
 * appends them to one file, syncs it, and only then tells the sender and the receivers. While one batch is being synced, all that
 * comes becomes the next one. It knows no rights, no order beyond the file's, no queue, and nobody who is away.
 */
import { fdatasync, write } from "node:fs";
import { type Server, type Socket, createServer } from "node:net";
import { Inbox } from "../inbox.js";
import { Outbox } from "../outbox.js";
import { Batch } from "./batch.js";
import { KIND, SEND_HEADER_BYTES, TO_GROUP, acceptOf, readFrames, writeHeader } from "./frames.js";

export interface RelayOptions {
  /** Open for appending. */
  readonly file: number;
  /** Without it, acknowledgements wait for the write only. */
  readonly isSynced: boolean;
  /** Told when the file cannot be written; nothing is acknowledged any more. */
  readonly onFatal: (error: Error) => void;
}

const MESSAGE_HEADER_BYTES = 5;

export class Relay {
  readonly server: Server;
  readonly #options: RelayOptions;
  readonly #clients = new Map<number, RelayClient>();
  readonly #members = new Set<RelayClient>();
  #filling = new Batch<RelayClient>();
  #syncing = new Batch<RelayClient>();
  #isSyncing = false;
  #groupBytes = Buffer.allocUnsafeSlow(0);

  constructor(options: RelayOptions) {
    this.#options = options;
    this.server = createServer({ noDelay: true }, (socket) => {
      const client = new RelayClient(socket, (bytes, start, end) => this.#take(client, bytes, start, end));
      socket.on("close", () => {
        this.#members.delete(client);
        if (this.#clients.get(client.user) === client) this.#clients.delete(client.user);
      });
    });
  }

  #take(client: RelayClient, bytes: Buffer, start: number, end: number): void {
    const kind = bytes[start];
    if (kind === KIND.send) {
      if (end - start < SEND_HEADER_BYTES) throw new Error("A send is cut off.");
      this.#filling.add(client, bytes, start, end);
      if (!this.#isSyncing) this.#keepNext();
    } else if (kind === KIND.login) {
      client.user = bytes.readUInt32BE(start + 1);
      this.#clients.set(client.user, client);
      client.say(KIND.welcome);
    } else if (kind === KIND.join) {
      this.#members.add(client);
      client.say(KIND.joined);
    } else throw new Error(`A frame of kind ${kind} is not known.`);
  }

  /** Begins at the end of this turn, so that all that the turn reads is in it. */
  #keepNext(): void {
    this.#isSyncing = true;
    setImmediate(() => {
      const batch = this.#filling;
      this.#filling = this.#syncing;
      this.#syncing = batch;
      this.#keep(batch, 0);
    });
  }

  #keep(batch: Batch<RelayClient>, from: number): void {
    const { file, isSynced, onFatal } = this.#options;
    write(file, batch.bytes, from, batch.length - from, null, (error, written) => {
      if (error !== null) onFatal(error);
      else if (from + written < batch.length) this.#keep(batch, from + written);
      else if (isSynced)
        fdatasync(file, (failure) => (failure === null ? this.#kept(batch) : onFatal(failure)));
      else this.#kept(batch);
    });
  }

  #kept(batch: Batch<RelayClient>): void {
    let groupLength = 0;
    for (let index = 0; index < batch.count; index++) {
      const { bytes } = batch;
      const start = batch.starts[index]!;
      const textStart = start + SEND_HEADER_BYTES;
      const textEnd = batch.endOf(index);
      batch.senders[index]!.acknowledge(bytes.readUInt32BE(start + 5));
      const to = bytes.readUInt32BE(start + 1);
      if (to === TO_GROUP) groupLength = this.#addToGroup(groupLength, bytes, textStart, textEnd);
      else this.#clients.get(to)?.deliver(bytes.subarray(textStart, textEnd));
    }
    if (groupLength > 0) {
      const packet = this.#groupBytes.subarray(0, groupLength);
      for (const member of this.#members) member.pass(packet);
      // The sockets may keep it.
      this.#groupBytes = Buffer.allocUnsafeSlow(this.#groupBytes.length);
    }
    batch.clear();
    this.#isSyncing = false;
    if (this.#filling.count > 0) this.#keepNext();
  }

  /** Encodes a message once for all members. Returns how long their packet is now. */
  #addToGroup(length: number, bytes: Buffer, start: number, end: number): number {
    const needed = length + MESSAGE_HEADER_BYTES + end - start;
    if (needed > this.#groupBytes.length) {
      const larger = Buffer.allocUnsafeSlow(needed * 2);
      this.#groupBytes.copy(larger, 0, 0, length);
      this.#groupBytes = larger;
    }
    const packet = this.#groupBytes;
    packet[length] = 0x82;
    packet[length + 1] = 126;
    packet.writeUInt16BE(end - start + 1, length + 2);
    packet[length + 4] = KIND.message;
    bytes.copy(packet, length + MESSAGE_HEADER_BYTES, start, end);
    return needed;
  }
}

class RelayClient {
  user = -1;
  readonly #socket: Socket;
  readonly #outbox: Outbox;

  constructor(socket: Socket, take: (bytes: Buffer, start: number, end: number) => void) {
    this.#socket = socket;
    this.#outbox = new Outbox(socket);
    let isOpen = false;
    const inbox = new Inbox((bytes) => {
      if (isOpen) return readFrames(bytes, take);
      const end = bytes.indexOf("\r\n\r\n");
      if (end < 0) return 0;
      const key = /^Sec-WebSocket-Key: *(\S+)/im.exec(bytes.toString("latin1", 0, end))?.[1];
      if (key === undefined) throw new Error("This is no request for a WebSocket.");
      isOpen = true;
      this.#outbox.latin1(
        `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${acceptOf(key)}\r\n\r\n`,
      );
      // A client says nothing before it has this answer.
      return end + 4;
    });
    socket.on("data", (piece) => {
      try {
        inbox.take(piece);
      } catch {
        // It closed, or does not speak this protocol: there is nobody to tell.
        socket.destroy();
      }
    });
    // "close" follows.
    socket.on("error", () => undefined);
  }

  say(kind: number): void {
    writeHeader(this.#outbox, 1);
    this.#outbox.byte(kind);
  }

  acknowledge(number: number): void {
    writeHeader(this.#outbox, 5);
    this.#outbox.byte(KIND.ack);
    this.#outbox.uint32(number);
  }

  deliver(text: Buffer): void {
    writeHeader(this.#outbox, text.length + 1);
    this.#outbox.byte(KIND.message);
    this.#outbox.raw(text);
  }

  /** Writes a packet that others get, too. */
  pass(packet: Buffer): void {
    if (!this.#socket.destroyed) this.#socket.write(packet);
  }
}
