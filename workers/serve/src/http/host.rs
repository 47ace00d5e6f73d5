//! Which hosts are answered for where no keys are configured. Pure.
//!
//! Without keys whoever reaches this server may do everything, and only this machine reaches it. A browser on this machine is a
//! way around that: a page of another site lets its own name resolve to 127.0.0.1 (DNS rebinding), and the browser takes this
//! server for that site. But it says in `Host` which name it asked for, and in `Origin` whose page is asking.

use std::net::IpAddr;
use std::str::FromStr;

use axum::http::{HeaderValue, Request, StatusCode, Version, header};

use super::refusal::HttpRefusal;

/// Maximum number of characters of a refused host that the answer repeats.
const SHOWN: usize = 100;

/// The hosts that are answered for without keys: this machine under its own names, and those of a setting.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AllowedHosts(Vec<HostName>);

/// A host without its port.
#[derive(Clone, Debug, PartialEq, Eq)]
enum HostName {
    /// A name, in lower case.
    Named(String),
    /// An address.
    Address(IpAddr),
}

impl HostName {
    fn of(text: &str) -> Option<Self> {
        let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
        if let Ok(address) = bare.parse::<IpAddr>() {
            return Some(Self::Address(address.to_canonical()));
        }
        let name = text.strip_suffix('.').unwrap_or(text);
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        (!name.is_empty() && name.bytes().all(is_plain)).then(|| Self::Named(name.to_ascii_lowercase()))
    }

    /// The host of `host`, `host:port`, `[address]` or `[address]:port`.
    fn of_authority(authority: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(authority).ok()?;
        let parts = text.rsplit_once(':').filter(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()));
        Self::of(parts.map_or(text, |(host, _)| host))
    }

    fn is_this_machine(&self) -> bool {
        match self {
            Self::Named(name) => name == "localhost",
            Self::Address(address) => address.is_loopback(),
        }
    }
}

impl FromStr for AllowedHosts {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // Deployment files often leave a variable empty.
        let hosts = text.split(',').map(str::trim).filter(|host| !host.is_empty());
        let hosts = hosts.map(|host| {
            let wrong = || format!("{host:?} is no host: give names or addresses, without ports");
            HostName::of(host).ok_or_else(wrong)
        });
        Ok(Self(hosts.collect::<Result<_, _>>()?))
    }
}

impl AllowedHosts {
    fn allows(&self, authority: &[u8]) -> bool {
        let host = HostName::of_authority(authority);
        host.is_some_and(|host| host.is_this_machine() || self.0.contains(&host))
    }

    /// Refuses a request for another host, and one that changes something for the page of another host.
    pub(super) fn check<B>(&self, request: &Request<B>) -> Result<(), HttpRefusal> {
        let headers = request.headers();
        // The target of a request can name a host, too, and would then be the one that counts.
        let target = request.uri().authority().map(|authority| authority.as_str().as_bytes());
        let named = headers.get_all(header::HOST).iter().map(HeaderValue::as_bytes);
        let asked: Vec<&[u8]> = target.into_iter().chain(named).collect();
        // HTTP/1.0 needs no Host, and some health checks speak it; a browser always sends one.
        if asked.is_empty() && request.version() > Version::HTTP_10 {
            return Err(stranger("Host", b""));
        }
        if let Some(other) = asked.into_iter().find(|host| !self.allows(host)) {
            return Err(stranger("Host", other));
        }
        if request.method().is_safe() {
            return Ok(());
        }
        let mut origins = headers.get_all(header::ORIGIN).iter().map(HeaderValue::as_bytes);
        match origins.find(|origin| !self.allows_origin(origin)) {
            None => Ok(()),
            Some(other) => Err(stranger("Origin", other)),
        }
    }

    /// `scheme://host[:port]`; what is `null`, as for a page that was opened from a file, comes from nowhere known.
    fn allows_origin(&self, origin: &[u8]) -> bool {
        let text = std::str::from_utf8(origin).ok();
        let authority = text.and_then(|text| text.split_once("://"));
        authority.is_some_and(|(_, authority)| self.allows(authority.as_bytes()))
    }
}

fn stranger(header: &str, named: &[u8]) -> HttpRefusal {
    let shown: String = String::from_utf8_lossy(named).chars().take(SHOWN).collect();
    let message = format!(
        "{header} is {shown:?}, and without keys only this machine is answered: make keys with `millrace key` and name their \
         file in MILLRACE_SERVE_KEYS, or name the host in MILLRACE_SERVE_HOSTS"
    );
    HttpRefusal::new(StatusCode::FORBIDDEN, "forbidden", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(text: &str) -> AllowedHosts {
        text.parse().unwrap()
    }

    fn passes(hosts: &AllowedHosts, request: axum::http::request::Builder) -> bool {
        match hosts.check(&request.body(()).unwrap()) {
            Ok(()) => true,
            Err(refusal) => {
                assert_eq!(refusal.status, StatusCode::FORBIDDEN);
                false
            }
        }
    }

    #[test]
    fn this_machine_has_several_names_and_others_are_strangers() {
        let none = hosts(" , ");
        assert_eq!(none, AllowedHosts::default());
        let own = "localhost LOCALHOST:8080 localhost. 127.0.0.1 127.8.9.10:1 [::1] [::1]:8080 [::FFFF:127.0.0.1]:80 localhost:";
        for host in own.split(' ') {
            assert!(none.allows(host.as_bytes()), "{host}");
        }
        let others = "evil.example evil.example:8080 localhost.evil.example 127.0.0.1.evil.example 0.0.0.0 [::] [::2]:1 10.0.0.1 \
                      a@localhost localhost:80@evil.example localhost/ [localhost] 127.1 :8080 null";
        for host in others.split_whitespace().chain(["", "localhost evil.example"]) {
            assert!(!none.allows(host.as_bytes()), "{host}");
        }
        assert!(!none.allows(b"localhost\xff"));
    }

    #[test]
    fn a_setting_adds_hosts_and_takes_none_with_a_port() {
        let more = hosts("serve, Millrace.Example.,10.0.0.7,[fd00::7]");
        for host in ["serve:8080", "SERVE", "millrace.example", "10.0.0.7:80", "[fd00::7]:80", "localhost"] {
            assert!(more.allows(host.as_bytes()), "{host}");
        }
        assert!(!more.allows(b"evil.example") && !more.allows(b"sub.millrace.example"));
        for wrong in ["serve:8080", "http://serve", "*", "a b"] {
            assert!(wrong.parse::<AllowedHosts>().is_err_and(|error| error.contains(wrong)), "{wrong}");
        }
    }

    #[test]
    fn every_host_that_a_request_names_must_be_allowed() {
        let none = AllowedHosts::default();
        let get = || Request::builder().uri("/v1/me");
        assert!(passes(&none, get().header("host", "localhost:8080")));
        assert!(!passes(&none, get().header("host", "localhost").header("host", "evil.example")));
        let absolute = |uri: &str| Request::builder().uri(uri).header("host", "localhost");
        assert!(passes(&none, absolute("http://127.0.0.1:80/v1/me")));
        assert!(!passes(&none, absolute("http://evil.example/v1/me")));
        assert!(!passes(&none, get()) && passes(&none, get().version(Version::HTTP_10)));
        assert!(!passes(&none, get().version(Version::HTTP_10).header("host", "evil.example")));
    }

    #[test]
    fn what_changes_something_is_not_taken_from_another_sites_page() {
        let more = hosts("millrace.example");
        for (origin, is_known) in [
            ("http://localhost:5173", true),
            ("https://millrace.example", true),
            ("http://[::1]:8080", true),
            ("https://evil.example", false),
            ("http://localhost.evil.example", false),
            ("null", false),
            ("", false),
        ] {
            for method in ["GET", "HEAD", "POST", "PUT", "DELETE"] {
                let request = Request::builder().method(method).header("host", "localhost");
                let is_safe = ["GET", "HEAD"].contains(&method);
                let passed = passes(&more, request.header("origin", origin));
                assert_eq!(passed, is_safe || is_known, "{method} {origin:?}");
            }
        }
        let no_page = Request::builder().method("POST").header("host", "localhost");
        assert!(passes(&more, no_page));
    }
}
