//! What went wrong with a request to PAI-DLC, and what the caller does about it. Pure.
//!
//! Codes are those of the API document and of Alibaba Cloud's common error codes.

use std::time::Duration;

use serde::Deserialize;

use crate::trainer::TrainerTrouble;

/// Maximum number of characters quoted of an answer.
const SHOWN: usize = 300;

/// A request that was not answered as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum PaiFailure {
    /// It was not sent: the service cannot be reached.
    Unreached(String),
    /// It was sent, and what became of it is not known.
    Lost(String),
    /// The service did it, and says so in a way that nobody understands.
    Odd(String),
    /// The keys cannot be read.
    Keys(String),
    /// The service refuses it.
    Said(Refusal),
}

/// What the service says when it refuses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Refusal {
    status: u16,
    code: String,
    message: String,
    after: Option<Duration>,
    /// When the keys that were used end, if their file says so.
    pub(super) expiration: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Words {
    code: Option<String>,
    message: Option<String>,
    request_id: Option<String>,
}

impl Refusal {
    /// Reads an answer; one that is not PAI's own has no code.
    pub(super) fn read(status: u16, body: &[u8], after: Option<Duration>) -> Self {
        let words: Words = serde_json::from_slice(body).unwrap_or_default();
        let text = words.message.unwrap_or_else(|| String::from_utf8_lossy(body).into_owned());
        let mut message: String = text.trim().chars().take(SHOWN).collect();
        if let Some(id) = words.request_id.filter(|id| !id.is_empty()) {
            message = format!("{message} (request {id})");
        }
        Self { status, code: words.code.unwrap_or_default(), message, after, expiration: None }
    }

    fn words(&self) -> String {
        let Self { status, code, message, .. } = self;
        if code.is_empty() { format!("status {status}: {message}") } else { format!("{code}: {message}") }
    }

    /// Whether the service says that there is no such job. A wrong address is not that: it says so without a code, or
    /// with that of its gateway (`InvalidAction.NotFound`).
    fn is_not_found(&self) -> bool {
        matches!(self.code.as_str(), "NotFound" | "JobNotFound" | "InvalidJobId.NotFound")
    }

    /// What the caller does. `lost` is what it is told when the service itself does not know what it did.
    fn sorted(&self, action: &str, lost: impl Fn(String) -> TrainerTrouble) -> TrainerTrouble {
        let (code, words) = (self.code.as_str(), self.words());
        let denied = |what: &str| TrainerTrouble::Denied(format!("PAI denies {action}: {what} ({words})"));
        let is = |prefix: &str| code == prefix || code.starts_with(&format!("{prefix}."));
        if self.status == 429 || code.starts_with("Throttling") {
            return TrainerTrouble::Busy { after: self.after, why: words };
        }
        // Of a nonce that was used, the first request has arrived: something on the way sent it twice.
        if self.status >= 500 || self.status == 408 || is("ServiceUnavailable") || is("SignatureNonceUsed") {
            return lost(words);
        }
        if is("InvalidTimeStamp") {
            return denied("the clock of this machine is wrong; set it, best by NTP");
        }
        if is("InvalidSecurityToken") || is("SecurityTokenExpired") {
            let expiration = self.expiration.as_deref().map(|end| format!(" (it says: until {end})"));
            return denied(&format!(
                "the security token is not valid any more; renew MILLRACE_PAI_SECURITY_TOKEN with its key, or have \
                 MILLRACE_PAI_CREDENTIALS_FILE{} written anew: it is read for every request",
                expiration.unwrap_or_default()
            ));
        }
        if is("SignatureDoesNotMatch")
            || is("IncompleteSignature")
            || is("InvalidAccessKeyId")
            || is("InvalidAccessKeySecret")
        {
            return denied(
                "the key is not accepted; check MILLRACE_PAI_ACCESS_KEY_ID and MILLRACE_PAI_ACCESS_KEY_SECRET, or \
                 MILLRACE_PAI_CREDENTIALS_FILE",
            );
        }
        if is("Forbidden") || is("NoPermission") || self.status == 401 || self.status == 403 {
            return denied(&format!(
                "the key may not do it; allow it pai:{action} and paidlc:{action} by a RAM policy, and make it a member of the \
                 workspace MILLRACE_PAI_WORKSPACE"
            ));
        }
        if self.status == 404 || is("InvalidAction") || is("InvalidApi") {
            return denied(
                "nothing is there; check MILLRACE_PAI_REGION, MILLRACE_PAI_ENDPOINT and MILLRACE_PAI_WORKSPACE",
            );
        }
        TrainerTrouble::Refused(words)
    }
}

impl PaiFailure {
    pub(super) fn is_not_found(&self) -> bool {
        matches!(self, Self::Said(refusal) if refusal.is_not_found())
    }

    pub(super) fn is_bad_request(&self) -> bool {
        matches!(self, Self::Said(refusal) if refusal.status == 400)
    }

    /// What the caller does when asking again is harmless.
    pub(super) fn of_reading(self, action: &str) -> TrainerTrouble {
        let busy = |why: String| TrainerTrouble::busy(format!("{action}: {why}"));
        match self {
            Self::Unreached(why) | Self::Lost(why) | Self::Odd(why) => busy(why),
            Self::Keys(why) => TrainerTrouble::Denied(why),
            Self::Said(refusal) => {
                let after = refusal.after;
                refusal.sorted(action, |why| TrainerTrouble::Busy { after, why: format!("{action}: {why}") })
            }
        }
    }

    /// What the caller does when a second job may be created by asking again.
    pub(super) fn of_creating(self, action: &str) -> TrainerTrouble {
        let unclear = |why: String| TrainerTrouble::Unclear(format!("{action}: {why}"));
        match self {
            Self::Unreached(why) => TrainerTrouble::busy(format!("{action}: {why}")),
            Self::Lost(why) | Self::Odd(why) => unclear(why),
            Self::Keys(why) => TrainerTrouble::Denied(why),
            Self::Said(refusal) => refusal.sorted(action, unclear),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(status: u16, code: &str) -> PaiFailure {
        let body = format!(r#"{{"Code":"{code}","Message":"words","RequestId":"1-2","HostId":"h"}}"#);
        PaiFailure::Said(Refusal::read(status, body.as_bytes(), Some(Duration::from_secs(3))))
    }

    #[test]
    fn a_refusal_is_sorted_by_what_can_be_done() {
        for (status, code) in
            [(400, "Throttling"), (400, "Throttling.User"), (429, ""), (503, "Throttling.Api")]
        {
            let busy = said(status, code).of_creating("CreateJob");
            assert!(matches!(&busy, TrainerTrouble::Busy { after: Some(_), .. }), "{code}: {busy:?}");
        }
        for (status, code) in
            [(503, "ServiceUnavailable"), (500, "InternalError"), (502, ""), (400, "SignatureNonceUsed")]
        {
            assert!(
                matches!(said(status, code).of_creating("CreateJob"), TrainerTrouble::Unclear(_)),
                "{code}"
            );
            let reading = said(status, code).of_reading("GetJob");
            assert!(matches!(&reading, TrainerTrouble::Busy { after: Some(_), .. }), "{code}: {reading:?}");
        }
        for (status, code, words) in [
            (400, "SignatureDoesNotMatch", "MILLRACE_PAI_ACCESS_KEY_SECRET"),
            (404, "InvalidAccessKeyId.NotFound", "MILLRACE_PAI_ACCESS_KEY_ID"),
            (400, "InvalidTimeStamp.Expired", "clock"),
            (403, "Forbidden.RAM", "pai:CreateJob and paidlc:CreateJob"),
            (400, "InvalidSecurityToken.Expired", "MILLRACE_PAI_SECURITY_TOKEN"),
            (404, "InvalidAction.NotFound", "MILLRACE_PAI_REGION"),
        ] {
            let denied = said(status, code).of_creating("CreateJob");
            assert!(
                matches!(&denied, TrainerTrouble::Denied(what) if what.contains(words)),
                "{code}: {denied:?}"
            );
            assert!(denied.to_string().contains("words (request 1-2)"), "{denied}");
        }
        let refused = said(400, "InvalidParameter").of_creating("CreateJob");
        assert_eq!(refused, TrainerTrouble::Refused("InvalidParameter: words (request 1-2)".to_owned()));
    }

    #[test]
    fn only_pais_own_word_means_that_a_job_is_gone() {
        assert!(said(404, "NotFound").is_not_found() && said(400, "JobNotFound").is_not_found());
        assert!(!said(404, "InvalidAction.NotFound").is_not_found() && !said(404, "").is_not_found());
        let nginx = PaiFailure::Said(Refusal::read(404, b"<html>nginx", None));
        assert!(!nginx.is_not_found() && matches!(nginx.of_reading("GetJob"), TrainerTrouble::Denied(_)));
    }

    #[test]
    fn what_was_not_sent_was_not_done() {
        let lost = || PaiFailure::Lost("cut".to_owned());
        assert!(matches!(lost().of_creating("CreateJob"), TrainerTrouble::Unclear(_)));
        assert!(matches!(lost().of_reading("GetJob"), TrainerTrouble::Busy { .. }));
        let unreached = PaiFailure::Unreached("refused".to_owned());
        assert!(matches!(unreached.of_creating("CreateJob"), TrainerTrouble::Busy { .. }));
    }
}
