//! Interprets the events of an answer. Pure.

use serde_json::Value;

use super::failure::Failure;
use crate::llm::{EndReason, Finish, LlmError, Usage};

/// The state while an answer is read.
#[derive(Debug, Default)]
pub(super) struct Reading {
    reason: Option<EndReason>,
    usage: Option<Usage>,
}

/// The meaning of an event.
#[derive(Debug, PartialEq)]
pub(super) enum Said {
    /// Nothing for the reader: reasoning, usage, or an empty piece.
    Nothing,
    /// More of the answer.
    Text(String),
    /// The end.
    Done(Finish),
}

impl Reading {
    /// Interprets the data of the next event.
    pub(super) fn event(&mut self, data: &str) -> Result<Said, LlmError> {
        if data.trim() == "[DONE]" {
            return Ok(Said::Done(Finish {
                reason: self.reason.unwrap_or_default(),
                usage: self.usage,
                judged: None,
            }));
        }
        if data.trim().is_empty() {
            return Ok(Said::Nothing);
        }
        let value: Value = serde_json::from_str(data)
            .map_err(|error| LlmError::Broken(format!("an event is no JSON: {error}")))?;
        if let Some(error) = value.get("error").filter(|error| !error.is_null()) {
            return Err(Failure::in_answer(error));
        }
        if let Some(usage) = value.get("usage").filter(|usage| usage.is_object()) {
            let count = |name: &str| usage.get(name).and_then(Value::as_u64).unwrap_or_default();
            let (prompt_tokens, completion_tokens) = (count("prompt_tokens"), count("completion_tokens"));
            let total_tokens = count("total_tokens").max(prompt_tokens + completion_tokens);
            self.usage = Some(Usage { prompt_tokens, completion_tokens, total_tokens });
        }
        // The event with the usage has no choices.
        let choice = value.pointer("/choices/0");
        match choice.and_then(|choice| choice.get("finish_reason")?.as_str()) {
            Some("length") => self.reason = Some(EndReason::Length),
            Some("content_filter") => self.reason = Some(EndReason::ContentFilter),
            Some(_) => self.reason = Some(EndReason::Stop),
            None => {}
        }
        let text = choice.and_then(|choice| choice.pointer("/delta/content")?.as_str());
        Ok(text.filter(|text| !text.is_empty()).map_or(Said::Nothing, |text| Said::Text(text.to_owned())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_put_together_from_its_events() {
        let mut reading = Reading::default();
        let mut said = Vec::new();
        for event in [
            r#"{"choices":[{"delta":{"content":"","role":"assistant"},"index":0,"finish_reason":null}],"usage":null}"#,
            r#"{"choices":[{"delta":{"content":null,"reasoning_content":"hm"},"index":0}]}"#,
            r#"{"choices":[{"delta":{"content":"Ja"},"finish_reason":null}]}"#,
            r#"{"choices":[{"finish_reason":"length","delta":{"content":"."}}]}"#,
            r#"{"choices":[],"usage":{"prompt_tokens":22,"completion_tokens":17}}"#,
            "[DONE]",
        ] {
            said.push(reading.event(event).unwrap());
        }
        let usage = Usage { prompt_tokens: 22, completion_tokens: 17, total_tokens: 39 };
        let finish = Finish { reason: EndReason::Length, usage: Some(usage), judged: None };
        let text = |text: &str| Said::Text(text.to_owned());
        assert_eq!(
            said,
            [Said::Nothing, Said::Nothing, text("Ja"), text("."), Said::Nothing, Said::Done(finish)]
        );
    }

    #[test]
    fn an_error_in_the_middle_ends_it() {
        let event = |data: &str| Reading::default().event(data).unwrap_err();
        assert!(matches!(
            event(r#"{"error":{"message":"gone","code":"InternalError"}}"#),
            LlmError::Broken(_)
        ));
        assert!(matches!(event(r#"{"error":{"code":"data_inspection_failed"}}"#), LlmError::Filtered(_)));
        assert!(matches!(event("<html>"), LlmError::Broken(_)));
    }
}
