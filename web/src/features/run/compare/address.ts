/** Which runs are compared, as it stands in the address. */

export interface CompareSearch {
  a?: string;
  b?: string;
}

/** Returns what an address asks for; what is none of it is left out. */
export function readCompareSearch(search: Record<string, unknown>): CompareSearch {
  const asked: CompareSearch = {};
  if (typeof search.a === "string" && search.a.trim() !== "") asked.a = search.a.trim();
  if (typeof search.b === "string" && search.b.trim() !== "") asked.b = search.b.trim();
  return asked;
}
