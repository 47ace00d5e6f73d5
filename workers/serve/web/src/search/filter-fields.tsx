import type { Filters } from "../api/types.ts";
import { useShell } from "../shell/context.ts";
import { dayOf, filled, formats, languages } from "./filters.ts";

interface Properties {
  filters: Filters;
  change(filters: Filters): void;
}

/** What narrows a question: where the documents lie, what they are, and when they changed. */
export function FilterFields({ filters, change }: Properties) {
  const { say, tag } = useShell();
  const names = new Intl.DisplayNames([tag], { type: "language" });
  const set = (name: keyof Filters) => (event: { currentTarget: HTMLInputElement | HTMLSelectElement }) => change({ ...filters, [name]: event.currentTarget.value });
  return (
    <div class="filter-fields">
      <label class="field wide">
        <span>{say("filter.prefix")}</span>
        <input type="text" name="prefix" spellcheck={false} autocapitalize="off" value={filters.prefix ?? ""} onInput={set("prefix")} />
      </label>
      <label class="field">
        <span>{say("filter.language")}</span>
        <select name="language" value={filters.language ?? ""} onChange={set("language")}>
          <option value="">{say("filter.any")}</option>
          {withOwn(languages, filters.language).map((code) => (
            <option key={code} value={code}>
              {nameOf(names, code)}
            </option>
          ))}
        </select>
      </label>
      <label class="field">
        <span>{say("filter.format")}</span>
        <select name="format" value={filters.format ?? ""} onChange={set("format")}>
          <option value="">{say("filter.any")}</option>
          {withOwn(formats, filters.format).map((format) => (
            <option key={format} value={format}>
              {format}
            </option>
          ))}
        </select>
      </label>
      <label class="field">
        <span>{say("filter.since")}</span>
        <input type="date" name="since" value={dayOf(filters.since)} onInput={set("since")} />
      </label>
      {Object.keys(filled(filters)).length > 0 && (
        <button type="button" class="link" onClick={() => change({})}>
          {say("filter.clear")}
        </button>
      )}
    </div>
  );
}

/** A linked search may name a value that the list does not have; it must be seen, and not be lost. */
function withOwn(list: readonly string[], own: string | undefined): string[] {
  return own && !list.includes(own) ? [...list, own] : [...list];
}

// A code in an address may be no language at all, and of() throws on that.
function nameOf(names: Intl.DisplayNames, code: string): string {
  try {
    return names.of(code) ?? code;
  } catch {
    return code;
  }
}
