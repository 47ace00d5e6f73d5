import { useEffect, useState } from "preact/hooks";

import { type Locale, localeOf, locales, tagOf } from "../words/locale.ts";

export const themes = ["auto", "light", "dark"] as const;
export type Theme = (typeof themes)[number];

/** A choice among a few that outlives the page, where the browser lets it. */
function useStored<T extends string>(name: string, allowed: readonly T[], otherwise: () => T): [T, (value: T) => void] {
  const [value, set] = useState<T>(() => {
    try {
      const stored = localStorage.getItem(name);
      return allowed.find((one) => one === stored) ?? otherwise();
    } catch {
      return otherwise();
    }
  });
  const keep = (next: T): void => {
    set(next);
    try {
      localStorage.setItem(name, next);
    } catch {
      // The choice then holds until the page is closed.
    }
  };
  return [value, keep];
}

export function useTheme(): [Theme, (theme: Theme) => void] {
  const [theme, setTheme] = useStored<Theme>("millrace.theme", themes, () => "auto");
  useEffect(() => {
    const root = document.documentElement;
    if (theme === "auto") delete root.dataset["theme"];
    else root.dataset["theme"] = theme;
  }, [theme]);
  return [theme, setTheme];
}

export function useLocale(): [Locale, (locale: Locale) => void] {
  const [locale, setLocale] = useStored<Locale>("millrace.locale", locales, () => localeOf(navigator.languages ?? [navigator.language]));
  useEffect(() => {
    document.documentElement.lang = tagOf(locale);
  }, [locale]);
  return [locale, setLocale];
}
