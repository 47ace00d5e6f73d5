import type { Theme } from "./preference.ts";

/** The mark: a mill's wheel. */
export function Wheel() {
  return (
    <svg class="wheel" viewBox="0 0 24 24" width="20" height="20" aria-hidden="true" fill="none" stroke="currentColor" stroke-width="1.8">
      <circle cx="12" cy="12" r="6.5" />
      <path d="M12 1v22M1 12h22M4.2 4.2l15.6 15.6M19.8 4.2L4.2 19.8" />
      <circle cx="12" cy="12" r="2" fill="currentColor" />
    </svg>
  );
}

const themePaths: Record<Theme, string> = {
  auto: "M10 3a7 7 0 1 0 0 14zM10 3a7 7 0 0 1 0 14",
  light: "M10 6.5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7zM10 1v2M10 17v2M1 10h2M17 10h2M3.6 3.6L5 5M15 15l1.4 1.4M3.6 16.4L5 15M15 5l1.4-1.4",
  dark: "M16.5 12.5A7 7 0 0 1 7.5 3.5a7 7 0 1 0 9 9z",
};

export function ThemeIcon({ theme }: { theme: Theme }) {
  return (
    <svg viewBox="0 0 20 20" width="16" height="16" aria-hidden="true" fill={theme === "light" ? "none" : "currentColor"} stroke="currentColor" stroke-width="1.5">
      <path d={themePaths[theme]} fill={theme === "auto" ? "none" : undefined} />
      {theme === "auto" && <path d="M10 3a7 7 0 0 0 0 14z" />}
    </svg>
  );
}

export function Thumb({ down }: { down: boolean }) {
  return (
    <svg viewBox="0 0 20 20" width="16" height="16" aria-hidden="true" fill="none" stroke="currentColor" stroke-width="1.5" stroke-linejoin="round">
      <path transform={down ? "rotate(180 10 10)" : undefined} d="M6.5 9.2v7.3H3.2V9.2zM6.5 9.2l3.2-6.4c1.3 0 2.2 1 1.9 2.4l-.5 2.6h4.1c1 0 1.7.9 1.5 1.9l-1 5.3c-.2.9-.9 1.5-1.8 1.5H6.5" />
    </svg>
  );
}

export function Cross() {
  return (
    <svg viewBox="0 0 16 16" width="14" height="14" aria-hidden="true" fill="none" stroke="currentColor" stroke-width="1.8">
      <path d="M3 3l10 10M13 3L3 13" />
    </svg>
  );
}
