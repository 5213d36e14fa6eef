/** What a client or server of the load writes to a socket: one write for all of a turn of the event loop. */
import type { Socket } from "node:net";

const SLAB_BYTES = 32 * 1024;
const SLAB_BYTES_FIRST = 1024;

const waiting: Outbox[] = [];
let isFlushPlanned = false;

/** Appends bytes to a slab that is never written over, so that the socket can keep what it was given without a copy. */
export class Outbox {
  readonly #socket: Socket;
  #slab = Buffer.allocUnsafeSlow(SLAB_BYTES_FIRST);
  #start = 0;
  #end = 0;
  #isWaiting = false;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  raw(bytes: Uint8Array): void {
    this.#room(bytes.length);
    this.#slab.set(bytes, this.#end);
    this.#end += bytes.length;
  }

  /** Only characters below 256. */
  latin1(text: string): void {
    this.#room(text.length);
    this.#end += this.#slab.write(text, this.#end, "latin1");
  }

  byte(value: number): void {
    this.#room(1);
    this.#slab[this.#end++] = value;
  }

  /** Two bytes, the higher one first. */
  uint16(value: number): void {
    this.#room(2);
    this.#slab[this.#end++] = value >>> 8;
    this.#slab[this.#end++] = value & 255;
  }

  /** Four bytes, the highest one first. */
  uint32(value: number): void {
    this.#room(4);
    this.#end = this.#slab.writeUInt32BE(value, this.#end);
  }

  /** Writes what is there now. */
  flush(): void {
    if (this.#end === this.#start) return;
    if (!this.#socket.destroyed && this.#socket.writable)
      this.#socket.write(this.#slab.subarray(this.#start, this.#end));
    this.#start = this.#end;
  }

  flushed(): void {
    this.#isWaiting = false;
    this.flush();
  }

  #room(bytes: number): void {
    if (!this.#isWaiting) {
      this.#isWaiting = true;
      waiting.push(this);
      planFlush();
    }
    if (this.#end + bytes <= this.#slab.length) return;
    const held = this.#slab.subarray(this.#start, this.#end);
    const slab = Buffer.allocUnsafeSlow(Math.max(SLAB_BYTES, (held.length + bytes) * 2));
    slab.set(held);
    this.#slab = slab;
    this.#end = held.length;
    this.#start = 0;
  }
}

/** In the check phase, which comes after all that was read in this turn. */
function planFlush(): void {
  if (isFlushPlanned) return;
  isFlushPlanned = true;
  setImmediate(() => {
    isFlushPlanned = false;
    for (const outbox of waiting.splice(0)) outbox.flushed();
  });
}
