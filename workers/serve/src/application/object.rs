//! Reads the fields of a client's definition, and names the one that is wrong. Pure.

use std::ops::RangeInclusive;

use serde_json::Value;

use crate::question::Wrong;

/// A JSON object, and its path for error messages.
pub(super) struct SettingObject<'a> {
    path: &'static str,
    fields: &'a serde_json::Map<String, Value>,
}

impl<'a> SettingObject<'a> {
    pub(super) fn of(path: &'static str, value: &'a Value) -> Result<Self, Wrong> {
        let what = if path.is_empty() { "the application" } else { path };
        let fields = value.as_object();
        let fields =
            fields.ok_or_else(|| wrong(path, format!("{what} is {}: give an object", shown(value))))?;
        Ok(Self { path, fields })
    }

    /// Rejects unknown fields: a misspelt one would be silently ignored.
    pub(super) fn only(&self, names: &[&str]) -> Result<(), Wrong> {
        match self.fields.keys().find(|name| !names.contains(&name.as_str())) {
            None => Ok(()),
            Some(other) => {
                let place = if self.path.is_empty() { String::new() } else { format!("{}.", self.path) };
                Err(wrong(self.path, format!("{place}{other} is not known; there are: {}", names.join(", "))))
            }
        }
    }

    pub(super) fn required(&self, name: &str, path: &'static str) -> Result<&'a Value, Wrong> {
        self.fields.get(name).ok_or_else(|| wrong(path, format!("{path} is missing")))
    }

    /// A value that is there, and not null.
    pub(super) fn value(&self, name: &str) -> Option<&'a Value> {
        self.fields.get(name).filter(|value| !value.is_null())
    }

    pub(super) fn truth(&self, name: &str, path: &'static str) -> Result<Option<bool>, Wrong> {
        let value = self.value(name);
        let read = |value: &Value| {
            value
                .as_bool()
                .ok_or_else(|| wrong(path, format!("{path} is {}: give true or false", shown(value))))
        };
        value.map(read).transpose()
    }

    pub(super) fn fraction(
        &self,
        name: &str,
        path: &'static str,
        range: RangeInclusive<f64>,
    ) -> Result<Option<f64>, Wrong> {
        let read = |value: &Value| {
            let number = value.as_f64().filter(|number| range.contains(number));
            number.ok_or_else(|| {
                let (shown, first, last) = (shown(value), range.start(), range.end());
                wrong(path, format!("{path} is {shown}: give a number from {first} to {last}"))
            })
        };
        self.value(name).map(read).transpose()
    }

    pub(super) fn text(&self, name: &str, path: &'static str) -> Result<Option<String>, Wrong> {
        match self.fields.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(other) => Err(wrong(path, format!("{path} is {}: give a text", shown(other)))),
        }
    }

    pub(super) fn number(
        &self,
        name: &str,
        path: &'static str,
        range: RangeInclusive<usize>,
    ) -> Result<Option<usize>, Wrong> {
        let value = match self.fields.get(name) {
            None | Some(Value::Null) => return Ok(None),
            Some(value) => value,
        };
        let number = value.as_u64().and_then(|number| usize::try_from(number).ok());
        let number = number.filter(|number| range.contains(number));
        let wanted = || {
            let (shown, first, last) = (shown(value), range.start(), range.end());
            wrong(path, format!("{path} is {shown}: give a whole number from {first} to {last}"))
        };
        number.ok_or_else(wanted).map(Some)
    }
}

pub(super) fn wrong(field: &'static str, message: String) -> Wrong {
    Wrong { field, message }
}

/// A value, shortened for an error message.
pub(super) fn shown(value: &Value) -> String {
    value.to_string().chars().take(60).collect()
}
