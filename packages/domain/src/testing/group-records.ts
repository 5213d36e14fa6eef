/** Short ways to write records about groups in tests, and a scenario. */
import {
  type GroupSettings,
  type Init,
  type Member,
  type MemberField,
  GroupSettings as Settings,
  Member as MemberSchema,
  Scenario,
  ScenarioField,
  ScenarioRole,
  filled,
} from "@parley/protocol";
import {
  type ConversationRecord,
  CreateRecord,
  GroupRecord,
  JoinRecord,
  MembersRecord,
} from "../conversation-record.js";
import { id, record, user } from "./records.js";

/** Teachers bring in parents of a child, whose names are made of it; students come by themselves. */
export const CLASS: Scenario = filled(Scenario, {
  name: "class",
  version: 1,
  roles: [
    filled(ScenarioRole, { name: "teacher", base: "admin", addedBy: ["owner"] }),
    filled(ScenarioRole, {
      name: "parent",
      base: "member",
      fields: [
        filled(ScenarioField, { name: "child", isRequired: true, setBy: "admins" }),
        filled(ScenarioField, {
          name: "relation",
          isRequired: true,
          setBy: "admins",
          choices: ["mother", "father"],
        }),
      ],
      nickname: "{child}'s {relation}",
      addedBy: ["teacher"],
      mayJoin: true,
      denied: ["add"],
    }),
    filled(ScenarioRole, { name: "student", base: "member", mayJoin: true, kinds: ["text"] }),
  ],
  creatorRole: "teacher",
  defaultRole: "student",
  settings: filled(Settings, { joinPolicy: "approval" }),
  locked: ["joinPolicy"],
});

export function createAs(
  creator: string,
  others: readonly string[],
  what: { readonly settings?: Init<GroupSettings>; readonly scenario?: Scenario } = {},
): ConversationRecord {
  return record({
    create: filled(CreateRecord, {
      creatorId: user(creator),
      title: "Test",
      userIds: [creator, ...others].map(user),
      messageId: id("create"),
      settings: filled(Settings, what.settings ?? {}),
      scenario: what.scenario,
    }),
  });
}

/** Sets what is given. */
export function set(
  actor: string,
  settings: Init<GroupSettings>,
  options: { readonly timeMs?: number; readonly scenario?: Scenario } = {},
): ConversationRecord {
  const group = filled(GroupRecord, {
    actorId: user(actor),
    names: Object.keys(settings),
    settings: filled(Settings, settings),
    scenario: options.scenario,
    messageId: id("set"),
  });
  return record({ group }, options.timeMs);
}

/** Sets what is given of one member. */
export function setMember(
  actor: string,
  { userId, ...values }: Omit<Init<Member>, "userId"> & { readonly userId: string },
  timeMs?: number,
): ConversationRecord {
  const member = filled(MemberSchema, { ...values, userId: user(userId) });
  return record(
    { member: { actorId: user(actor), names: Object.keys(values), member, messageId: id("member") } },
    timeMs,
  );
}

export function addAs(
  actor: string,
  name: string,
  scenarioRole: string,
  fields: readonly MemberField[] = [],
): ConversationRecord {
  const userIds = [user(name)];
  const change = { actorId: user(actor), userIds, scenarioRole, fields, messageId: id("members") };
  return record({ members: filled(MembersRecord, change) });
}

export function join(
  name: string,
  text: string,
  options: {
    readonly timeMs?: number;
    readonly scenarioRole?: string;
    readonly fields?: readonly MemberField[];
  } = {},
): ConversationRecord {
  const { timeMs, ...rest } = options;
  const change = filled(JoinRecord, { userId: user(name), text, messageId: id("join"), ...rest });
  return record({ join: change }, timeMs);
}

export function answer(actor: string, isAccepted: boolean, ...names: readonly string[]): ConversationRecord {
  const userIds = names.map(user);
  return record({
    answerJoin: { actorId: user(actor), userIds, isAccepted, messageId: id("answer"), sharedFrom: 0 },
  });
}

export function dissolve(actor: string): ConversationRecord {
  return record({ dissolve: { actorId: user(actor), messageId: id("dissolve") } });
}
