/** How the renderer of cards draws: in the colours and sizes of the page, which change with its theme by themselves. */
import { CARD_VALUES_MAX } from "@parley/protocol";
import { HostConfig } from "adaptivecards";

const COLOURS = {
  default: { default: "var(--text)", subtle: "var(--text-soft)" },
  dark: { default: "var(--text)", subtle: "var(--text-soft)" },
  light: { default: "var(--text-soft)", subtle: "var(--text-soft)" },
  accent: { default: "var(--accent)", subtle: "var(--accent)" },
  good: { default: "var(--good)", subtle: "var(--good)" },
  warning: { default: "var(--warning-text)", subtle: "var(--warning-text)" },
  attention: { default: "var(--danger)", subtle: "var(--danger)" },
};

const STYLES = {
  default: "transparent",
  emphasis: "var(--sunken)",
  accent: "var(--selected)",
  good: "var(--selected)",
  attention: "var(--danger-surface)",
  warning: "var(--warning-surface)",
};

/** The looks of cards. */
export function createHostConfig(): HostConfig {
  return new HostConfig({
    fontFamily: "inherit",
    supportsInteractivity: true,
    spacing: { small: 4, default: 8, medium: 12, large: 18, extraLarge: 24, padding: 12 },
    separator: { lineThickness: 1, lineColor: "var(--line)" },
    fontSizes: { small: 13, default: 15, medium: 16, large: 19, extraLarge: 23 },
    fontWeights: { lighter: 400, default: 400, bolder: 650 },
    imageSizes: { small: 40, medium: 80, large: 160 },
    containerStyles: Object.fromEntries(
      Object.entries(STYLES).map(([name, backgroundColor]) => [
        name,
        { backgroundColor, foregroundColors: COLOURS },
      ]),
    ),
    inputs: {
      label: { requiredInputs: { weight: "bolder", suffix: " *", suffixColor: "attention" } },
      errorMessage: { color: "attention", size: "small" },
    },
    actions: {
      // All of them; a card that gets too high by it is cut as any other.
      maxActions: CARD_VALUES_MAX,
      spacing: "medium",
      // The style sheet says it, also between lines.
      buttonSpacing: 0,
      actionsOrientation: "horizontal",
      actionAlignment: "left",
      allowTitleToWrap: true,
      showCard: { actionMode: "inline", inlineTopMargin: 10 },
    },
    adaptiveCard: { allowCustomStyle: false },
    factSet: { title: { weight: "bolder", wrap: true, maxWidth: 150 }, value: { wrap: true }, spacing: 12 },
  });
}
