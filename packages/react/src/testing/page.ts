/** A page without a browser, in which components are shown. */
import type { ReactElement } from "react";
import { Window } from "happy-dom";

const page = new Window({ url: "https://chat.example" });
const world = {
  window: page,
  document: page.document,
  navigator: page.navigator,
  IS_REACT_ACT_ENVIRONMENT: true,
};
// A newer Node has a navigator of its own, which cannot be assigned.
for (const [name, value] of Object.entries(world))
  Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
// React looks for the page when it is loaded.
const { act } = await import("react");
const { createRoot } = await import("react-dom/client");

export interface Shown {
  /** What is on the page. */
  readonly text: () => string;
  readonly render: (element: ReactElement) => Promise<void>;
  /** Does something of which components may be told. */
  readonly act: (run: () => Promise<unknown>) => Promise<void>;
  readonly close: () => Promise<void>;
}

/** Shows an element. */
export async function show(element: ReactElement): Promise<Shown> {
  const place = page.document.createElement("div");
  page.document.body.append(place);
  const root = createRoot(place);
  const render = async (next: ReactElement): Promise<void> => {
    await act(async () => root.render(next));
  };
  await render(element);
  return {
    text: () => place.textContent ?? "",
    render,
    act: async (run) => {
      await act(async () => {
        await run();
      });
    },
    close: async () => {
      await act(async () => root.unmount());
      place.remove();
    },
  };
}
