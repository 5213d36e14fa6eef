import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app/app.js";
import { ErrorBoundary } from "./app/error-boundary.js";
import { PreferenceStore } from "./preferences/preferences.js";
import { PreferencesProvider } from "./preferences/preferences-context.js";
import { storageOf } from "./session/browser-storage.js";
import { canShareDevices } from "./session/device-lock.js";
import { SessionController } from "./session/session-controller.js";
import { SignInMemory } from "./session/sign-in-memory.js";
import { AppUpdates } from "./updates/app-updates.js";
import { UpdatesContext } from "./updates/updates-context.js";

const root = document.getElementById("root");
if (root !== null) start(root);

function start(element: HTMLElement): void {
  const tabStorage = storageOf(() => sessionStorage);
  const browserStorage = storageOf(() => localStorage);
  const preferences = new PreferenceStore(browserStorage, navigator.languages);
  const memory = new SignInMemory(canShareDevices() ? browserStorage : tabStorage, browserStorage);
  const controller = new SessionController({ memory, browserStorage });
  const updates = new AppUpdates();
  addEventListener("storage", () => void controller.follow());
  createRoot(element).render(
    <StrictMode>
      <PreferencesProvider store={preferences}>
        <UpdatesContext value={updates}>
          <ErrorBoundary>
            <App controller={controller} />
          </ErrorBoundary>
        </UpdatesContext>
      </PreferencesProvider>
    </StrictMode>,
  );
  void controller.begin();
  updates.begin();
}
