/**
 * Draws cards with Microsoft's renderer. Texts are plain: no Markdown, so nothing of a card is ever HTML. What is drawn has passed
 * `safeCard`.
 */
import {
  type Action,
  AdaptiveCard,
  CardObjectRegistry,
  type CardElement,
  ChoiceSetInput,
  ExecuteAction,
  generateUniqueId,
  GlobalRegistry,
  GlobalSettings,
  type HostConfig,
  OpenUrlAction,
  SerializationContext,
  ShowCardAction,
  SubmitAction,
  Table,
  Versions,
} from "adaptivecards";
import { idsOf, type Json, type KeptInput, safeAddress, withInputs } from "./safe-card.js";

/** What an action without a name of its own is called. */
const SUBMIT = "submit";
/** What a card that shows something has, if it has no words. */
const SHOWING = "img, input, textarea, select, button";

// Without a hook the renderer would look for one in the page.
AdaptiveCard.onProcessMarkdown = (_text, result) => {
  result.didProcess = false;
};
// It would put texts back as HTML; the browser cuts lines by itself.
GlobalSettings.useAdvancedTextBlockTruncation = false;
// The keyboard goes to what can be used.
GlobalSettings.setTabIndexAtCardRoot = false;

/** What a person does with a card, for its application. */
export interface CardCall {
  readonly verb: string;
  readonly data: Json;
}

export interface DrawOptions {
  readonly hostConfig: HostConfig;
  /** What was put into inputs before. */
  readonly inputs: ReadonlyMap<string, KeptInput>;
  /** Names of actions whose cards are open. */
  readonly open: ReadonlySet<string>;
  readonly onCall: (call: CardCall) => void;
  readonly onOpen: (address: string) => void;
}

/** What a person has done to a card so far, for the one that is drawn in its place. */
export interface CardTraces {
  readonly inputs: ReadonlyMap<string, KeptInput>;
  readonly open: ReadonlySet<string>;
  /** The name of the input or action with the cursor; empty: somewhere else in the card; undefined: not in it. */
  readonly focus: string | undefined;
}

/** A card that is drawn. */
export interface DrawnCard {
  readonly element: HTMLElement;
  readonly traces: () => CardTraces;
  /** Puts the cursor into an input, at its end, or on an action; false when there is none of this name. */
  readonly focus: (name: string) => boolean;
}

/** Draws a card; undefined when nothing of it can be drawn. */
export function drawCard(json: Json, options: DrawOptions): DrawnCard | undefined {
  const { hostConfig, inputs: kept, open, onCall, onOpen } = options;
  const card = new AdaptiveCard();
  card.hostConfig = hostConfig;
  card.onExecuteAction = (action) => execute(action, { onCall, onOpen });
  const ids = idsOf(json);
  card.onInlineCardExpanded = () => {
    if (card.renderedElement !== undefined) makeOwn(card.renderedElement, ids);
  };
  const context = new SerializationContext(Versions.v1_5);
  context.setElementRegistry(createElements());
  card.parse(withInputs(json, kept), context);
  const element = card.render();
  if (element === undefined || isEmpty(element)) return undefined;
  makeOwn(element, ids);
  const inputs = card.getAllInputs();
  const first = new Map(inputs.map((input) => [input, String(input.value ?? "")]));
  const actions = card.getAllActions();
  reopen(actions, open);
  return {
    element,
    traces: () => {
      const changed = inputs.flatMap((input): [string, KeptInput][] => {
        const { id } = input;
        const value = String(input.value ?? "");
        const isOwn = id !== undefined && (value !== first.get(input) || kept.has(id));
        return isOwn ? [[id, { type: input.getJsonTypeName(), value }]] : [];
      });
      return {
        inputs: new Map(changed),
        open: new Set(actions.filter(isExpanded).map(nameOfAction)),
        focus: focusIn(element, inputs, actions),
      };
    },
    focus: (name) => {
      const action = actions.find((one) => nameOfAction(one) === name)?.renderedElement;
      const input = inputs.find((one) => nameOfInput(one) === name)?.renderedElement;
      const control = action ?? input?.querySelector<HTMLElement>("input, textarea, select") ?? undefined;
      control?.focus({ preventScroll: true });
      const isText = control instanceof HTMLInputElement && control.type === "text";
      if (isText || control instanceof HTMLTextAreaElement)
        control.setSelectionRange(control.value.length, control.value.length);
      return control !== undefined && document.activeElement === control;
    },
  };
}

/** The renderer groups choices by their id, over all cards of the page. */
class OwnChoices extends ChoiceSetInput {
  protected override internalRender(): HTMLElement | undefined {
    const element = super.internalRender();
    const group = generateUniqueId();
    for (const choice of element?.querySelectorAll("input") ?? []) choice.name = group;
    return element;
  }
}

function createElements(): CardObjectRegistry<CardElement> {
  const elements = new CardObjectRegistry<CardElement>();
  GlobalRegistry.populateWithDefaultElements(elements);
  elements.register("Input.ChoiceSet", OwnChoices);
  // Named here, or the bundler would leave it out.
  elements.register("Table", Table, Versions.v1_5);
  return elements;
}

/** Keeps a card within itself. */
function makeOwn(element: HTMLElement, ids: ReadonlySet<string>): void {
  // A name of the card's choosing could stand for one of the page, or of another card.
  for (const named of element.querySelectorAll("[id]")) if (ids.has(named.id)) named.removeAttribute("id");
  // Or it is read aloud twice.
  for (const twice of element.querySelectorAll("[title]"))
    if (twice.ariaLabel === twice.getAttribute("title")) twice.removeAttribute("title");
  for (const link of element.querySelectorAll("a")) link.rel = "noopener noreferrer nofollow";
}

function isEmpty(element: HTMLElement): boolean {
  return (element.textContent ?? "").trim() === "" && element.querySelector(SHOWING) === null;
}

/** The outer ones come first, so what is in them is there already. */
function reopen(actions: readonly Action[], open: ReadonlySet<string>): void {
  for (const action of actions)
    if (action instanceof ShowCardAction && open.has(nameOfAction(action)) && !isExpanded(action))
      action.execute();
  // Those behind an open one are left out by the keyboard only while the cursor is on that.
  for (const action of actions) action.isFocusable = true;
}

function isExpanded(action: Action): boolean {
  return action instanceof ShowCardAction && action.renderedElement?.ariaExpanded === "true";
}

function focusIn(
  element: HTMLElement,
  inputs: ReturnType<AdaptiveCard["getAllInputs"]>,
  actions: readonly Action[],
): string | undefined {
  const { activeElement } = document;
  if (activeElement === null || !element.contains(activeElement)) return undefined;
  const input = inputs.find(({ renderedElement }) => renderedElement?.contains(activeElement));
  if (input !== undefined) return nameOfInput(input);
  const action = actions.find(({ renderedElement }) => renderedElement === activeElement);
  return action === undefined ? "" : nameOfAction(action);
}

function nameOfInput({ id }: { readonly id?: string }): string {
  return `input ${id}`;
}

function nameOfAction(action: Action): string {
  const verb = action instanceof ExecuteAction ? action.verb : undefined;
  return `${action.getJsonTypeName()} ${action.id || verb || action.title}`;
}

function execute(action: Action, { onCall, onOpen }: Pick<DrawOptions, "onCall" | "onOpen">): void {
  if (action instanceof OpenUrlAction) {
    const address = safeAddress(action.url);
    if (address !== undefined) onOpen(address);
    return;
  }
  if (!(action instanceof ExecuteAction) && !(action instanceof SubmitAction)) return;
  const verb = (action instanceof ExecuteAction ? action.verb : "") || action.id || SUBMIT;
  const { data } = action;
  const isObject = typeof data === "object" && !Array.isArray(data);
  onCall({ verb, data: isObject ? { ...data } : { value: data } });
}
