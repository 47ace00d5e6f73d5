import { type Locale } from "../words/locale.ts";
import { useShell } from "./context.ts";
import { ThemeIcon, Wheel } from "./icons.tsx";
import { type Theme, themes } from "./preference.ts";
import { routeHash, views } from "./route.ts";

interface Properties {
  theme: Theme;
  setTheme(theme: Theme): void;
  setLocale(locale: Locale): void;
}

export function Header({ theme, setTheme, setLocale }: Properties) {
  const { say, route, locale } = useShell();
  const nextTheme = themes[(themes.indexOf(theme) + 1) % themes.length] ?? "auto";
  const other: Locale = locale === "zh" ? "en" : "zh";
  return (
    <header class="top">
      <span class="brand">
        <Wheel />
        Millrace
      </span>
      <nav aria-label={say("nav.label")}>
        {views.map((view) => (
          <a key={view} href={routeHash({ view, parameters: {}, open: route.open })} aria-current={view === route.view ? "page" : undefined}>
            {say(`nav.${view}`)}
          </a>
        ))}
      </nav>
      <div class="tools">
        <Access />
        <button type="button" class="quiet" data-locale lang={other === "zh" ? "zh-Hans" : "en"} onClick={() => setLocale(other)}>
          {other === "zh" ? "中文" : "English"}
        </button>
        <button type="button" class="quiet icon" data-theme-switch aria-label={say(`shell.theme.${theme}`)} title={say(`shell.theme.${theme}`)} onClick={() => setTheme(nextTheme)}>
          <ThemeIcon theme={theme} />
        </button>
      </div>
    </header>
  );
}

/** Who the server takes us for, and the way to another key. */
function Access() {
  const { say, me, client } = useShell();
  if (me?.open) return <span class="access faint">{say("shell.open")}</span>;
  const keyring = client.keyring;
  const reach = me && me.prefixes.length > 0 ? say("shell.prefixes", { prefixes: me.prefixes.join(", ") }) : undefined;
  return (
    <span class="access" title={reach}>
      {me && (
        <span class="who">
          {me.key} <em>{say(`shell.role.${me.role}`)}</em>
        </span>
      )}
      <button type="button" class="quiet" data-key onClick={() => void keyring.open()}>
        {say(keyring.key === null ? "shell.key.enter" : "shell.key.change")}
      </button>
      {keyring.key !== null && (
        <button type="button" class="quiet" data-forget onClick={() => forget(keyring)}>
          {say("shell.key.forget")}
        </button>
      )}
    </span>
  );
}

// A reload is the sure way that nothing which the key gave access to stays on the screen or in memory.
function forget(keyring: { forget(): void }): void {
  keyring.forget();
  location.reload();
}
