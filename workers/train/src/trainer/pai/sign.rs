//! The signature ACS3-HMAC-SHA256 of Alibaba Cloud's requests. Pure.
//!
//! Source: "V3 request structure and signature"
//! (alibabacloud.com/help/en/sdk/product-overview/v3-request-structure-and-signature). The key signs as it is: there is no
//! derived key and no scope of a date.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use hmac::{Hmac, KeyInit as _, Mac as _};
use message::content_digest;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::Sha256;

/// The name of the algorithm.
const ALGORITHM: &str = "ACS3-HMAC-SHA256";
/// RFC 3986's unreserved characters stay as they are.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// A request as it is signed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AcsRequest {
    /// The method, in upper case.
    pub method: String,
    /// The path as it is sent; each of its segments [`encoded`].
    pub path: String,
    /// The query as it is sent: see [`canonical_query`].
    pub query: String,
    /// Names and values of its headers. Signed are `host`, `content-type` and those that begin with `x-acs-`.
    pub headers: Vec<(String, String)>,
    /// [`content_digest`] of the bytes of its body.
    pub payload: String,
}

impl AcsRequest {
    /// The text that is signed for the request, and the names of the signed headers, joined by semicolons.
    fn canonical(&self) -> (String, String) {
        let mut signed: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for (name, value) in &self.headers {
            let name = name.to_ascii_lowercase();
            if name == "host" || name == "content-type" || name.starts_with("x-acs-") {
                signed.entry(name).or_default().push(value.trim());
            }
        }
        let mut lines = String::new();
        for (name, values) in &mut signed {
            values.sort_unstable();
            // Writing to a string cannot fail.
            let _written = writeln!(lines, "{name}:{}", values.join(",")).is_ok();
        }
        let names = signed.into_keys().collect::<Vec<_>>().join(";");
        let Self { method, path, query, payload, .. } = self;
        let path = if path.is_empty() { "/" } else { path };
        (format!("{method}\n{path}\n{query}\n{lines}\n{names}\n{payload}"), names)
    }

    /// The digest of the canonical request, in lower-case hex.
    #[must_use]
    pub fn digest(&self) -> String {
        content_digest(self.canonical().0.as_bytes())
    }

    /// The signature, in lower-case hex.
    #[must_use]
    pub fn signature(&self, secret: &str) -> String {
        // A key of any length is taken; were it not, the server would refuse the empty signature.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else { return String::new() };
        mac.update(format!("{ALGORITHM}\n{}", self.digest()).as_bytes());
        hex::encode(mac.finalize().into_bytes())
    }

    /// The header `Authorization`.
    #[must_use]
    pub fn authorization(&self, key_id: &str, secret: &str) -> String {
        let (_, names) = self.canonical();
        let signature = self.signature(secret);
        format!("{ALGORITHM} Credential={key_id},SignedHeaders={names},Signature={signature}")
    }
}

/// A segment of a path, or a name or value of a query, as it is sent and signed.
#[must_use]
pub fn encoded(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

/// The query of these names and values, sorted, as it is sent and signed.
#[must_use]
pub fn canonical_query(pairs: &[(String, String)]) -> String {
    let mut pairs: Vec<_> = pairs.iter().map(|(name, value)| (encoded(name), encoded(value))).collect();
    pairs.sort_unstable();
    pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}
