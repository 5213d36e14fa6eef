/** Waits for a promise that `begin` makes. Errors: what `begin` rejects with, or an Error with `complaint` when the time is over. */
export async function withinMs<T>(
  limitMs: number,
  complaint: string,
  begin: (resolve: (value: T) => void, reject: (error: Error) => void) => void,
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  try {
    return await new Promise<T>((resolve, reject) => {
      timer = setTimeout(() => reject(new Error(complaint)), limitMs);
      begin(resolve, reject);
    });
  } finally {
    clearTimeout(timer);
  }
}
