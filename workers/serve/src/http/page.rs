//! The web page built in `web/`: three files compiled into the program.

use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};

/// The page can load nothing but this server's own files, whatever a document contains.
const POLICY: &str = "default-src 'self'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:; \
                      base-uri 'none'; frame-ancestors 'none'; form-action 'none'";

pub(super) async fn index() -> Response {
    file("text/html; charset=utf-8", include_bytes!("../../web/dist/index.html"))
}

pub(super) async fn script() -> Response {
    file("text/javascript; charset=utf-8", include_bytes!("../../web/dist/assets/app.js"))
}

pub(super) async fn style() -> Response {
    file("text/css; charset=utf-8", include_bytes!("../../web/dist/assets/app.css"))
}

fn file(kind: &'static str, bytes: &'static [u8]) -> Response {
    let value = HeaderValue::from_static;
    let headers: [(HeaderName, HeaderValue); 3] = [
        (header::CONTENT_TYPE, value(kind)),
        (header::CONTENT_SECURITY_POLICY, value(POLICY)),
        // A new version of the program has new files under the same names.
        (header::CACHE_CONTROL, value("no-cache")),
    ];
    (headers, bytes).into_response()
}
