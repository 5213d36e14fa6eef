/**
 * What many connections are sent in one turn, made once: a message of a large group goes to each of its followers in the same
 * bytes, from the frame to what the socket is given.
 *
 *   onTold ──► frame of the event ──► packet of the frames of this turn ──► the same buffer for every socket
 *
 * A packet is a chain: whoever is sent the same frames in the same order walks along the same one. A connection that is sent
 * anything else takes a copy of the bytes so far, and goes on by itself.
 */
import { type ConversationId, Writer, writeFrame } from "@parley/protocol";

/** A packet of frames that others are sent too, as far as it goes. */
export class SharedPacket {
  readonly frames: number;
  readonly length: number;
  readonly #before: SharedPacket | undefined;
  readonly #frame: Uint8Array;
  #next: SharedPacket | undefined;
  #bytes: Uint8Array | undefined;

  constructor(before: SharedPacket | undefined, frame: Uint8Array) {
    this.#before = before;
    this.#frame = frame;
    this.frames = (before?.frames ?? 0) + 1;
    this.length = (before?.length ?? 0) + frame.length;
  }

  /** The same array for all. */
  get bytes(): Uint8Array {
    if (this.#before === undefined) return this.#frame;
    if (this.#bytes === undefined) {
      this.#bytes = new Uint8Array(this.length);
      let end = this.length - this.#frame.length;
      this.#bytes.set(this.#frame, end);
      for (let part: SharedPacket | undefined = this.#before; part !== undefined; part = part.#before) {
        end -= part.#frame.length;
        this.#bytes.set(part.#frame, end);
      }
    }
    return this.#bytes;
  }

  /** The packet with one more frame. */
  with(frame: Uint8Array): SharedPacket {
    if (this.#next === undefined || this.#next.#frame !== frame) this.#next = new SharedPacket(this, frame);
    return this.#next;
  }

  /** Whether this is the packet of that frame alone. */
  isOf(frame: Uint8Array): boolean {
    return this.#before === undefined && this.#frame === frame;
  }
}

/** What a push says. Those with the same events are for many. */
export interface SharedPush {
  readonly epoch: number;
  readonly firstPts: number;
  readonly events: readonly Uint8Array[];
  readonly conversationId: ConversationId;
}

/** Makes them. It remembers the last frame and the packets that began in this turn with the last first frame. */
export class SharedPackets {
  readonly #writer = new Writer(4096);
  #push: SharedPush | undefined;
  #frame: Uint8Array = new Uint8Array(0);
  #first: SharedPacket | undefined;

  /** The frame of a push: the same array for the same events at the same place. */
  frameOf(push: SharedPush): Uint8Array {
    const last = this.#push;
    const isSame =
      last !== undefined &&
      last.events === push.events &&
      last.firstPts === push.firstPts &&
      last.epoch === push.epoch &&
      last.conversationId === push.conversationId;
    if (isSame) return this.#frame;
    this.#writer.reset();
    writeFrame(this.#writer, "push", push);
    this.#push = push;
    this.#frame = this.#writer.take();
    return this.#frame;
  }

  /** The packet after one more frame; `before` is undefined at its begin. */
  after(before: SharedPacket | undefined, frame: Uint8Array): SharedPacket {
    if (before !== undefined) return before.with(frame);
    if (this.#first?.isOf(frame) !== true) this.#first = new SharedPacket(undefined, frame);
    return this.#first;
  }

  /** The turn is over: what was shared in it is not kept. */
  forget(): void {
    this.#first = undefined;
    this.#push = undefined;
  }
}
