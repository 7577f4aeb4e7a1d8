/** The colours of moods: names of the theme's palettes. Never the only sign of a state: text or an icon stands beside. */
import type { Mood } from "@/lib/states";

export const MOOD_COLORS: Record<Mood, string> = {
  good: "teal",
  bad: "red",
  active: "blue",
  held: "yellow",
  over: "gray",
};
