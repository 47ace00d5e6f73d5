//! The displayed text of a cell: numbers rounded as their format says, dates as ISO 8601.

use calamine::{CellErrorType, DataRef, ExcelDateTime};

/// The text of a cell, and whether it is a value rather than text; `format` is its number format.
pub(in crate::format) fn shown(value: &DataRef<'_>, format: Option<&str>) -> (String, bool) {
    match value {
        DataRef::Int(number) => (number.to_string(), true),
        DataRef::Float(number) => (number_text(*number, format.unwrap_or_default()), true),
        DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => {
            (text.clone(), !matches!(value, DataRef::String(_)))
        }
        DataRef::SharedString(text) => ((*text).to_owned(), false),
        DataRef::Bool(truth) => (if *truth { "TRUE" } else { "FALSE" }.to_owned(), true),
        DataRef::DateTime(time) => (date_text(time), true),
        DataRef::Error(error) => (error_text(error).to_owned(), true),
        DataRef::Empty => (String::new(), false),
    }
}

fn error_text(error: &CellErrorType) -> &'static str {
    match error {
        CellErrorType::Div0 => "#DIV/0!",
        CellErrorType::NA => "#N/A",
        CellErrorType::Name => "#NAME?",
        CellErrorType::Null => "#NULL!",
        CellErrorType::Num => "#NUM!",
        CellErrorType::Ref => "#REF!",
        CellErrorType::Value => "#VALUE!",
        CellErrorType::GettingData => "#GETTING_DATA",
    }
}

/// A date, a time, or both; durations in hours.
fn date_text(time: &ExcelDateTime) -> String {
    let value = time.as_f64();
    if time.is_duration() {
        let seconds = (value * 86_400.0).round();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a cast of a float saturates, and it has no sign"
        )]
        let (sign, seconds) = (if seconds < 0.0 { "-" } else { "" }, seconds.abs() as u64);
        return format!("{sign}{}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60);
    }
    let (year, month, day, hour, minute, second, _) = time.to_ymd_hms_milli();
    let clock = match (hour, minute, second) {
        (0, 0, 0) => String::new(),
        (_, _, 0) => format!("{hour:02}:{minute:02}"),
        _ => format!("{hour:02}:{minute:02}:{second:02}"),
    };
    match (value < 1.0, clock.is_empty()) {
        (true, false) => clock,
        (true, true) => "00:00".to_owned(),
        (false, true) => format!("{year:04}-{month:02}-{day:02}"),
        (false, false) => format!("{year:04}-{month:02}-{day:02} {clock}"),
    }
}

/// A number with the decimals and percent sign of its format, or else with the 15 digits that a workbook keeps.
pub(super) fn number_text(number: f64, format: &str) -> String {
    let shape = bare(format);
    let digits = shape.contains('0');
    // formats with exponents, fractions or no digits are not applied
    if !digits || shape.contains(['E', 'e', '/', '?', 'G', '@']) {
        return plain(number);
    }
    let (factor, sign) = if shape.contains('%') { (100.0, "%") } else { (1.0, "") };
    let decimals = shape.split_once('.').map_or("", |(_, after)| after);
    let kept = decimals.chars().take_while(|digit| matches!(digit, '0' | '#')).count().min(15);
    // half away from zero, as Excel rounds; a float this large has no fraction to round
    let scale = 10_f64.powi(i32::try_from(kept).unwrap_or_default());
    let scaled = format!("{:.14e}", number * factor * scale).parse().unwrap_or(number * factor * scale);
    let text = format!("{:.kept$}", f64::round(scaled) / scale);
    let optional =
        decimals.chars().take_while(|digit| matches!(digit, '0' | '#')).filter(|digit| *digit == '#').count();
    let text = if optional > 0 { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text };
    let text = if text.trim_start_matches('-').chars().all(|digit| matches!(digit, '0' | '.')) {
        text.trim_start_matches('-').to_owned()
    } else {
        text
    };
    format!("{text}{sign}")
}

/// The first section of a number format, without quoted, escaped or bracketed parts.
fn bare(format: &str) -> String {
    let (mut found, mut characters) = (String::new(), format.chars());
    while let Some(character) = characters.next() {
        match character {
            ';' => break,
            '"' => drop(characters.by_ref().find(|quoted| *quoted == '"')),
            '[' => drop(characters.by_ref().find(|bracketed| *bracketed == ']')),
            '\\' | '_' | '*' => drop(characters.next()),
            _ => found.push(character),
        }
    }
    found
}

fn plain(number: f64) -> String {
    let rounded: f64 = format!("{number:.14e}").parse().unwrap_or(number);
    if rounded != 0.0 && !(1e-9..1e21).contains(&rounded.abs()) {
        format!("{rounded:e}")
    } else {
        rounded.to_string()
    }
}

#[cfg(test)]
mod tests {
    use calamine::ExcelDateTimeType;

    use super::*;

    #[test]
    fn numbers_are_as_their_format_rounds_them() {
        for (number, format, expected) in [
            (0.1 + 0.2, "General", "0.3"),
            (42.0, "", "42"),
            (1e25, "General", "1e25"),
            (0.256, "0%", "26%"),
            (0.256, "0.0%", "25.6%"),
            (1234.5, "#,##0.00", "1234.50"),
            (0.025, "0%", "3%"),
            (1.005, "0.00", "1.01"),
            (1234.567, "\"0.000 \"0.0#;[Red]-0", "1234.57"),
            (-0.001, "0.00", "0.00"),
            (5.0, "[$€-407] #,##0", "5"),
            (12345.0, "0.00E+00", "12345"),
        ] {
            assert_eq!(number_text(number, format), expected, "{number} {format}");
        }
    }

    #[test]
    fn dates_are_iso() {
        let date = |value, kind| date_text(&ExcelDateTime::new(value, kind, false));
        assert_eq!(date(45_943.0, ExcelDateTimeType::DateTime), "2025-10-13");
        assert_eq!(date(45_943.5, ExcelDateTimeType::DateTime), "2025-10-13 12:00");
        assert_eq!(date(0.25, ExcelDateTimeType::DateTime), "06:00");
        assert_eq!(date(1.5, ExcelDateTimeType::TimeDelta), "36:00:00");
    }
}
