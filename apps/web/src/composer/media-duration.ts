/** How long a sound or a film lasts, as far as this browser can tell. */

/** A file that says nothing for so long is sent without. */
const PROBE_MS_MAX = 5_000;

/** In milliseconds; 0 where it is not known. Never rejects. */
export async function durationOf(file: File): Promise<number> {
  const kind = /^(audio|video)\//u.exec(file.type)?.[1];
  if (kind === undefined) return 0;
  const element = document.createElement(kind === "audio" ? "audio" : "video");
  const url = URL.createObjectURL(file);
  try {
    return await new Promise<number>((resolve) => {
      const timer = setTimeout(() => resolve(0), PROBE_MS_MAX);
      const end = (): void => {
        clearTimeout(timer);
        resolve(Number.isFinite(element.duration) ? Math.round(element.duration * 1000) : 0);
      };
      element.addEventListener("loadedmetadata", end);
      element.addEventListener("error", end);
      element.preload = "metadata";
      element.src = url;
    });
  } finally {
    element.removeAttribute("src");
    URL.revokeObjectURL(url);
  }
}
