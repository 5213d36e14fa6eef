/** `parley campaign …`: what a system account sends to everybody. */
import type { CampaignStatus } from "@parley/server";
import { INSTALLATION_OPTIONS, usage } from "../arguments.js";
import { type Command, print, withInstallation } from "../command.js";
import { noArguments } from "./user-commands.js";

export const campaignSendCommand: Command = {
  usage: "campaign send <text>",
  summary: "send a text from a system account to everybody; people's own messages go first",
  options: {
    ...INSTALLATION_OPTIONS,
    from: { type: "string", value: "ID", help: "the system account" },
    to: { type: "string", value: "IDS", help: "only to these users, joined by commas" },
  },
  async run(args, context) {
    const [text, ...others] = args.positionals;
    if (text === undefined || others.length > 0) throw usage("Give the text as one argument, in quotes");
    const senderId = args.text("from");
    if (senderId === undefined) throw usage("--from names the system account");
    const to = args.text("to")?.split(",");
    const campaignId = await withInstallation(args, context, ({ tenant, installation }) =>
      installation.operations.startCampaign({
        tenant,
        senderId,
        text,
        ...(to === undefined ? {} : { userIds: to }),
      }),
    );
    print(args, context, { campaignId }, [
      `Campaign ${campaignId} has begun; it goes on while a server runs. How far it is: parley campaign list`,
    ]);
    return 0;
  },
};

export const campaignListCommand: Command = {
  usage: "campaign list",
  summary: "list campaigns and how far they are",
  options: INSTALLATION_OPTIONS,
  async run(args, context) {
    noArguments(args);
    const campaigns = await withInstallation(args, context, ({ tenant, installation }) =>
      installation.operations.listCampaigns({ tenant }),
    );
    print(args, context, { campaigns }, campaigns.map(lineOf));
    return 0;
  },
};

export const campaignCancelCommand: Command = {
  usage: "campaign cancel <campaign>",
  summary: "send to nobody else; what was sent stays",
  options: INSTALLATION_OPTIONS,
  async run(args, context) {
    const [campaignId, ...others] = args.positionals;
    if (campaignId === undefined || others.length > 0) throw usage("Name one campaign");
    await withInstallation(args, context, ({ tenant, installation }) =>
      installation.operations.cancelCampaign({ tenant, campaignId }),
    );
    print(args, context, { campaignId }, [`Cancelled ${campaignId}.`]);
    return 0;
  },
};

function lineOf({ campaignId, senderId, state, sent, skipped, createdMs }: CampaignStatus): string {
  const began = new Date(createdMs).toISOString();
  return `${campaignId}  ${state.padEnd(9)}  from ${senderId}, begun ${began}: sent to ${sent}, ${skipped} left out`;
}
