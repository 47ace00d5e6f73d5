//! The admin port, queried as Prometheus and a scheduler would.

#![expect(clippy::unwrap_used, clippy::disallowed_types, reason = "edge: asks over the network; a test")]

use std::net::SocketAddr;

use process::{Host, admin};
use telemetry::{Counter, Histogram, Label, MetricsPage, count, count_of, observe};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Status and body.
async fn get(address: SocketAddr, path: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

/// The value of a series, if the page has it.
fn value(page: &str, series: &str) -> Option<f64> {
    let line = page.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '))?;
    line.parse().ok()
}

/// A single test, because a process has one metrics page and one set of signal handlers.
#[tokio::test]
async fn the_port_tells_numbers_and_whether_the_worker_is_ready() {
    let host = Host::catch().unwrap();
    let page = MetricsPage::collect().unwrap();
    let address = admin::open("127.0.0.1:0".parse().unwrap(), page.clone(), &host).await.unwrap();
    assert_eq!(get(address, "/healthz").await, (200, "alive\n".to_owned()));
    assert_eq!(get(address, "/nowhere").await.0, 404);

    // Not ready until it says so; later changes count too.
    assert_eq!(get(address, "/readyz").await, (503, "starting\n".to_owned()));
    host.readiness().ready();
    assert_eq!(get(address, "/readyz").await, (200, "ready\n".to_owned()));
    assert_eq!(value(&get(address, "/metrics").await.1, "millrace_ready"), Some(1.0));
    host.readiness().waits("the index is gone");
    assert_eq!(get(address, "/readyz").await, (503, "the index is gone\n".to_owned()));
    assert_eq!(value(&get(address, "/metrics").await.1, "millrace_ready"), Some(0.0));

    count(Counter::RecordsDone, 3);
    count_of(Counter::EncodeFailures, &[(Label::Remedy, "split")], 2);
    count_of(Counter::EncodeFailures, &[(Label::Remedy, "retry")], 1);
    for seconds in [0.02, 0.2, 0.3, 1000.0] {
        observe(Histogram::EmbedSeconds, seconds);
    }
    page.settle();
    let (status, metrics) = get(address, "/metrics").await;
    assert_eq!(status, 200);
    for (series, expected) in [
        ("millrace_records_done_total", 3.0),
        (r#"millrace_encode_failures_total{remedy="split"}"#, 2.0),
        (r#"millrace_encode_failures_total{remedy="retry"}"#, 1.0),
        // Cumulative buckets, from which quantiles over several processes can be computed.
        (r#"millrace_embed_seconds_bucket{le="0.01"}"#, 0.0),
        (r#"millrace_embed_seconds_bucket{le="0.025"}"#, 1.0),
        (r#"millrace_embed_seconds_bucket{le="0.5"}"#, 3.0),
        (r#"millrace_embed_seconds_bucket{le="+Inf"}"#, 4.0),
        ("millrace_embed_seconds_count", 4.0),
    ] {
        assert_eq!(value(&metrics, series), Some(expected), "{series} in\n{metrics}");
    }
    assert!(metrics.contains("# TYPE millrace_embed_seconds histogram"), "{metrics}");
    assert!(metrics.contains("# TYPE millrace_ready gauge"), "{metrics}");

    // Once asked to stop, it is not ready, whatever the worker says.
    host.readiness().ready();
    let stopping = host.clone();
    let process = std::process::id().to_string();
    let killed = std::process::Command::new("kill").args(["-TERM", &process]).status().unwrap();
    assert!(killed.success());
    stopping.stopping().await;
    let (status, body) = get(address, "/readyz").await;
    assert!(status == 503 && body.contains("draining"), "{status} {body}");
    assert_eq!(get(address, "/healthz").await.0, 200);

    // An address in use is reported together with its setting.
    let error = admin::open(address, page, &host).await.unwrap_err().to_string();
    assert!(error.contains(&address.to_string()) && error.contains("MILLRACE_METRICS_LISTEN"), "{error}");
}
