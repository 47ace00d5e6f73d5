//! Checks signatures as the documentation tells a server's author to, and not as the client computes them: from the bytes
//! of the request, with HMAC by RFC 2104.

use std::time::{Duration, SystemTime};

use sha2::{Digest as _, Sha256};

/// A request as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Arrived {
    pub(crate) method: String,
    /// Path and query, as they were sent.
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Arrived {
    /// The value of a header; its name in lower case.
    pub(crate) fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(other, _)| other.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.trim()).unwrap_or_default()
    }

    /// The decoded parameters of the query.
    pub(crate) fn parameters(&self) -> Vec<(String, String)> {
        let query = self.target.split_once('?').map(|(_, query)| query).unwrap_or_default();
        let pairs = query.split('&').filter(|pair| !pair.is_empty());
        pairs
            .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
            .map(|(n, v)| (decoded(n), decoded(v)))
            .collect()
    }

    pub(crate) fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }
}

/// What a server says of a request that it does not accept: a code and a message.
pub(crate) type Complaint = (&'static str, String);

/// Checks everything but the key's own validity.
pub(crate) fn check(request: &Arrived, secret: &str, now: SystemTime) -> Result<(), Complaint> {
    let incomplete = |what: &str| ("IncompleteSignature", what.to_owned());
    let date = request.header("x-acs-date");
    let time = humantime::parse_rfc3339(date).map_err(|_| incomplete("x-acs-date"))?;
    let apart = now.duration_since(time).or_else(|_| time.duration_since(now)).unwrap();
    if date.len() != 20 || apart > Duration::from_mins(15) {
        return Err((
            "InvalidTimeStamp.Expired",
            format!("Specified time stamp or date value is expired: {date}"),
        ));
    }
    if request.header("x-acs-version") != "2020-12-03" || request.header("x-acs-action").is_empty() {
        return Err(incomplete("x-acs-version or x-acs-action"));
    }
    if request.header("x-acs-content-sha256") != hex::encode(Sha256::digest(&request.body)) {
        return Err(incomplete("x-acs-content-sha256 is not that of the body"));
    }
    let mut wanted: Vec<String> = request.headers.iter().map(|(name, _)| name.to_lowercase()).collect();
    wanted.retain(|name| name == "host" || name == "content-type" || name.starts_with("x-acs-"));
    wanted.sort();
    wanted.dedup();
    let expected = signature(request, &wanted, secret);
    let authorization = format!(
        "ACS3-HMAC-SHA256 Credential={},SignedHeaders={},Signature={expected}",
        key_id(request),
        wanted.join(";")
    );
    if request.header("authorization") == authorization {
        Ok(())
    } else {
        Err(("SignatureDoesNotMatch", "Specified signature does not match our calculation.".to_owned()))
    }
}

/// The id of the key, as the request says it.
pub(crate) fn key_id(request: &Arrived) -> &str {
    let authorization = request.header("authorization");
    let after = authorization.split_once("Credential=").map(|(_, rest)| rest).unwrap_or_default();
    after.split(',').next().unwrap_or_default()
}

/// Steps 1 to 4 of the document, for these signed headers.
fn signature(request: &Arrived, signed: &[String], secret: &str) -> String {
    let mut canonical = vec![request.method.clone()];
    canonical.push(if request.path().is_empty() { "/".to_owned() } else { request.path().to_owned() });
    let mut query: Vec<String> = request
        .parameters()
        .iter()
        .map(|(name, value)| format!("{}={}", escaped(name), escaped(value)))
        .collect();
    query.sort();
    canonical.push(query.join("&"));
    for name in signed {
        canonical.push(format!("{name}:{}", request.header(name)));
    }
    canonical.push(String::new());
    canonical.push(signed.join(";"));
    canonical.push(request.header("x-acs-content-sha256").to_owned());
    let canonical = hex::encode(Sha256::digest(canonical.join("\n").as_bytes()));
    hex::encode(hmac(secret.as_bytes(), format!("ACS3-HMAC-SHA256\n{canonical}").as_bytes()))
}

/// HMAC-SHA256 by RFC 2104: H(K xor opad, H(K xor ipad, text)), with blocks of 64 bytes.
fn hmac(key: &[u8], text: &[u8]) -> Vec<u8> {
    let mut block = [0_u8; 64];
    if key.len() > 64 {
        block[..32].copy_from_slice(&Sha256::digest(key));
    } else {
        block[..key.len()].copy_from_slice(key);
    }
    let pad = |with: u8| block.map(|byte| byte ^ with);
    let inner = Sha256::digest([&pad(0x36)[..], text].concat());
    Sha256::digest([&pad(0x5c)[..], &inner[..]].concat()).to_vec()
}

fn escaped(text: &str) -> String {
    let one = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(one).collect()
}

fn decoded(text: &str) -> String {
    let (mut bytes, mut rest) = (Vec::new(), text.as_bytes());
    while let Some((&byte, after)) = rest.split_first() {
        let hex = after.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        if let Some(byte) = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()).filter(|_| byte == b'%') {
            bytes.push(byte);
            rest = &after[2..];
        } else {
            bytes.push(byte);
            rest = after;
        }
    }
    String::from_utf8(bytes).unwrap()
}

/// The server's own check, by RFC 4231's test case 2 and by published signatures of PAI requests.
#[test]
fn the_check_itself_is_right() {
    let case = hmac(b"Jefe", b"what do ya want for nothing?");
    assert_eq!(hex::encode(case), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    let body = concat!(
        r#"{"DisplayName":"rag-embed-ft","JobType":"PyTorchJob","UserCommand":"python train.py","WorkspaceId":"1234","#,
        r#""JobSpecs":[{"Type":"Worker","Image":"img:1","PodCount":1,"EcsSpec":"ecs.gn7i-c8g1.2xlarge"}]}"#
    );
    let list = "/api/v1/jobs?DisplayName=a%20b%2A~%2F%E4%B8%AD&Tags=&WorkspaceId=1234";
    for (method, target, action, body, signature) in [
        (
            "POST",
            "/api/v1/jobs",
            "CreateJob",
            body,
            "69fac2141c40f3a1a30d8b129b294d7eea75322beb920a61d6a396f4f32fdb3f",
        ),
        ("GET", list, "ListJobs", "", "771ba94e44e75c8d83792d985baa6f2ddad3ac2a019bd9bad0ca9d4878c1ee84"),
    ] {
        let digest = hex::encode(Sha256::digest(body));
        let mut headers = vec![
            ("host", "pai-dlc.cn-hangzhou.aliyuncs.com"),
            ("x-acs-accesskey-id", "testAK"),
            ("x-acs-action", action),
            ("x-acs-content-sha256", digest.as_str()),
            ("x-acs-date", "2026-01-02T03:04:05Z"),
            ("x-acs-security-token", "testToken"),
            ("x-acs-signature-nonce", "00000000000000000000000000000001"),
            ("x-acs-version", "2020-12-03"),
        ];
        let mut names = "host;x-acs-accesskey-id;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-security-token;x-acs-signature-nonce;x-acs-version".to_owned();
        if !body.is_empty() {
            headers.push(("content-type", "application/json; charset=utf-8"));
            names = format!("content-type;{names}");
        }
        let authorization =
            format!("ACS3-HMAC-SHA256 Credential=testAK,SignedHeaders={names},Signature={signature}");
        headers.push(("authorization", authorization.as_str()));
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let request =
            Arrived { method: method.to_owned(), target: target.to_owned(), headers, body: body.into() };
        let now = humantime::parse_rfc3339("2026-01-02T03:10:00Z").unwrap();
        assert_eq!(check(&request, "testSecret", now), Ok(()));
        assert_eq!(check(&request, "otherSecret", now).unwrap_err().0, "SignatureDoesNotMatch");
        let late = now + Duration::from_hours(1);
        assert_eq!(check(&request, "testSecret", late).unwrap_err().0, "InvalidTimeStamp.Expired");
        let altered = Arrived { body: b"{}".to_vec(), ..request.clone() };
        assert_eq!(check(&altered, "testSecret", now).unwrap_err().0, "IncompleteSignature");
        let moved = Arrived { target: format!("{target}/stop"), ..request };
        assert_eq!(check(&moved, "testSecret", now).unwrap_err().0, "SignatureDoesNotMatch");
    }
}
