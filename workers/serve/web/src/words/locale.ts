import { type Key, type Message, strings } from "./strings.ts";

export const locales = ["en", "zh"] as const;
export type Locale = (typeof locales)[number];
export type Values = Record<string, string | number>;
export type Say = (key: Key, values?: Values) => string;

export function localeOf(languages: readonly string[]): Locale {
  // The first language that the page speaks at all, in the reader's order of preference.
  for (const language of languages) {
    if (/^zh\b/i.test(language)) return "zh";
    if (/^en\b/i.test(language)) return "en";
  }
  return "en";
}

/** The tag for `lang`: with it the browser picks Chinese glyphs, not the Japanese forms of the same characters. */
export function tagOf(locale: Locale): string {
  return locale === "zh" ? "zh-Hans" : "en";
}

export function speaker(locale: Locale): Say {
  return (key, values = {}) => {
    const message: Message = strings[key][locale === "zh" ? 1 : 0];
    return fill(formOf(message, values), values, tagOf(locale));
  };
}

function formOf(message: Message, values: Values): string {
  if (typeof message === "string") return message;
  return values["count"] === 1 ? message.one : message.other;
}

// One pass, so that a document's name which holds "{count}" stays as it is.
function fill(text: string, values: Values, tag: string): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = values[name];
    if (value === undefined) return whole;
    return typeof value === "number" ? value.toLocaleString(tag) : value;
  });
}
