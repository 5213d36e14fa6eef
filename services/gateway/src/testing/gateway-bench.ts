/** A gateway on manual time, with scripted sockets before it and scripted calls behind it. */
import type {
  Feed,
  FeedSink,
  MessageCalls,
  NotifyChange,
  PinChange,
  Position,
  PushTarget,
  SendRequest,
  SendResult,
  Session,
  TopicPosition,
} from "@parley/contracts";
import { Failure } from "@parley/base";
import { ManualTime, RecordingLogger, manualAmbient } from "@parley/base/testing";
import {
  type ConversationId,
  type DeviceId,
  type Frame,
  type FrameName,
  type FramePayload,
  type Init,
  type MessageId,
  type SessionId,
  type TenantId,
  type UserId,
  Profile,
  User,
  filled,
  PROTOCOL_VERSION,
  encodeFrame,
  readPacket,
  textBody,
} from "@parley/protocol";
import { Gateway, type GatewayOptions } from "../gateway.js";
import type { Calls } from "../requests.js";
import type { Connection } from "../connection.js";
import type { Socket } from "../socket.js";

const HOUR_MS = 3_600_000;

/** A socket that remembers what it was given; it takes bytes from its buffer only when told to. */
export class ScriptedSocket implements Socket {
  readonly packets: Uint8Array[] = [];
  readonly closes: number[] = [];
  isTerminated = false;
  /** True: what is sent stays in the buffer. */
  isStuck = false;
  buffered = 0;

  send(packet: Uint8Array): void {
    this.packets.push(packet);
    if (this.isStuck) this.buffered += packet.length;
  }

  close(code: number): void {
    this.closes.push(code);
  }

  terminate(): void {
    this.isTerminated = true;
  }

  bufferedBytes(): number {
    return this.buffered;
  }

  /** Every frame that was sent. */
  frames(): Frame[] {
    const frames: Frame[] = [];
    for (const packet of this.packets) readPacket(packet, (frame) => frames.push(frame));
    return frames;
  }

  /** The payloads of the frames of one kind. */
  framesOf<N extends FrameName>(name: N): FramePayload<N>[] {
    return this.frames().flatMap((frame) => (frame.name === name ? [frame.payload as FramePayload<N>] : []));
  }
}

/** What the sync service was asked to feed. */
export class ScriptedFeed implements Feed {
  readonly session: Session;
  readonly position: Position;
  readonly sink: FeedSink;
  readonly confirmed: number[] = [];
  /** Of these, those of topics. */
  readonly topicsConfirmed: (readonly [ConversationId, number])[] = [];
  readonly followed: { readonly epoch: number; readonly topics: readonly TopicPosition[] }[] = [];
  /** What a call of `follow` comes to. */
  following: Promise<void> = Promise.resolve();
  isSlow: boolean | undefined;
  resumes = 0;
  closes = 0;

  constructor(session: Session, position: Position, sink: FeedSink) {
    this.session = session;
    this.position = position;
    this.sink = sink;
  }

  confirm(position: Position, conversationId?: ConversationId): void {
    if (conversationId === undefined) this.confirmed.push(position.pts);
    else this.topicsConfirmed.push([conversationId, position.pts]);
  }

  follow(epoch: number, topics: readonly TopicPosition[]): Promise<void> {
    this.followed.push({ epoch, topics });
    return this.following;
  }

  resume(): void {
    this.resumes += 1;
  }

  close(): void {
    this.closes += 1;
  }
}

/** A device that talks to the gateway through a scripted socket. */
export class Device {
  readonly socket = new ScriptedSocket();
  readonly #bench: GatewayBench;
  readonly #connection: Connection;

  constructor(bench: GatewayBench) {
    this.#bench = bench;
    this.#connection = bench.gateway.accept(this.socket);
  }

  async say<N extends FrameName>(name: N, payload: Init<FramePayload<N>>): Promise<void> {
    await this.sayBytes(encodeFrame(name, payload));
  }

  async sayBytes(bytes: Uint8Array): Promise<void> {
    this.#connection.onPacket(bytes);
    await this.#bench.time.settle();
  }

  async hello(token: string, position: Position = { epoch: 0, pts: 0 }): Promise<void> {
    await this.say("hello", { protocolVersion: PROTOCOL_VERSION, token, ...position, client: "test" });
  }

  async send(requestId: number, number = requestId): Promise<void> {
    await this.say("send", {
      requestId,
      conversationId: "g:test" as never,
      clientMessageId: `c-${requestId}` as never,
      number,
      body: textBody("hi"),
    });
  }

  /** The peer has closed the socket. */
  async leave(): Promise<void> {
    this.#connection.onClosed();
    await this.#bench.time.settle();
  }

  /** The socket takes `bytes` of what waits in it. */
  take(bytes = this.socket.buffered): void {
    this.socket.buffered -= bytes;
    this.#connection.onDrain();
  }
}

export class GatewayBench {
  readonly time = new ManualTime();
  readonly logger = new RecordingLogger();
  readonly sessions = new Map<string, Session>();
  readonly feeds: ScriptedFeed[] = [];
  readonly sends: SendRequest[] = [];
  readonly changes: NotifyChange[] = [];
  readonly pins: PinChange[] = [];
  readonly targets: PushTarget[] = [];
  /** What the message service does with a send. */
  onSend: (request: SendRequest) => Promise<SendResult> = async (request) => ({
    messageId: "01ARZ3NDEKTSV4RRFFQ69G5FAV" as MessageId,
    sequence: request.number,
    timeMs: 5,
  });
  /** Who is told that somebody types, or why nobody is. */
  audience: readonly UserId[] | Failure = [];
  /** What the account store does before it answers. */
  onVerify: () => Promise<void> = async () => {};
  /** What the sync service does before it answers. */
  onAttach: (feed: ScriptedFeed) => Promise<void> = async () => {};
  /** Whether devices that attach have missed nothing. */
  isCaughtUp = true;
  readonly gateway: Gateway;
  readonly #revocations = new Set<(sessionId: SessionId) => void>();

  constructor(options: Partial<Pick<GatewayOptions, "handshakesPerSecond">> = {}) {
    this.gateway = new Gateway({
      ...options,
      calls: this.#calls(),
      ambient: manualAmbient(this.time, this.logger),
      serverName: "test",
      heartbeatMs: 10_000,
    });
  }

  /** Makes a session whose token is `token`. */
  issue(token: string, userId = "ann", lifetimeMs = HOUR_MS): Session {
    const session: Session = {
      tenantId: "main" as TenantId,
      userId: userId as UserId,
      deviceId: `d-${token}` as DeviceId,
      sessionId: `s-${token}` as SessionId,
      expiresAtMs: this.time.nowMs() + lifetimeMs,
    };
    this.sessions.set(token, session);
    return session;
  }

  revoke(token: string): void {
    const session = this.sessions.get(token);
    this.sessions.delete(token);
    if (session !== undefined) for (const listener of this.#revocations) listener(session.sessionId);
  }

  connect(): Device {
    return new Device(this);
  }

  /** A device with a session and an open connection. */
  async open(token: string, position?: Position): Promise<Device> {
    this.issue(token);
    const device = this.connect();
    await device.hello(token, position);
    return device;
  }

  #calls(): Calls {
    const verify = async (token: string): Promise<Session> => {
      await this.onVerify();
      const session = this.sessions.get(token);
      if (session === undefined || session.expiresAtMs <= this.time.nowMs()) {
        throw new Failure("session-invalid", "No such session.");
      }
      return session;
    };
    return {
      accounts: {
        verify,
        listUsers: async () => ({ users: [], next: "" }),
        findUsers: async (_tenantId, userIds) =>
          userIds.map((userId) => (userId === "nobody" ? undefined : filled(User, { userId }))),
        findPeople: async (_tenantId, { text, among }) => {
          const all = among === undefined ? [text as UserId] : (among.all ?? []);
          return all.map((userId) => filled(User, { userId, name: text }));
        },
        listDepartment: async (tenantId, { path, after, limit }) => ({
          departments: [{ name: `${tenantId}:${path}`, memberCount: limit }],
          users: [],
          next: after as UserId,
        }),
        profiles: async (_tenantId, userIds) => userIds.map((userId) => filled(Profile, { userId })),
        updateProfile: async () => undefined,
        onRevoked: (listener) => {
          this.#revocations.add(listener);
          return () => this.#revocations.delete(listener);
        },
      },
      sync: {
        attach: async (session, position, sink) => {
          const feed = new ScriptedFeed(session, position, sink);
          this.feeds.push(feed);
          await this.onAttach(feed);
          if (this.isCaughtUp) sink.caughtUp();
          return feed;
        },
        listConversations: async () => ({ entries: [], next: "" }),
        setPinned: async (_session, change) => void this.pins.push(change),
      },
      notify: {
        setNotify: async (_session, change) => void this.changes.push(change),
        doNotDisturb: async () => undefined,
        setPushTarget: async (_session, target) => void this.targets.push(target),
      },
      previews: {
        linkPreview: async (_session, { sequence }) =>
          sequence === 7
            ? {
                url: "https://example.com/",
                title: "a page",
                description: "",
                siteName: "",
                picture: new Uint8Array(0),
                pictureType: "",
              }
            : undefined,
      },
      message: {
        send: async (_session, request) => {
          this.sends.push(request);
          return this.onSend(request);
        },
        typingAudience: async () => {
          if (this.audience instanceof Failure) throw this.audience;
          return this.audience;
        },
        markRead: async () => {
          throw new TypeError("a bug in the message service");
        },
      } as Partial<MessageCalls> as MessageCalls,
    };
  }
}
