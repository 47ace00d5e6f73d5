//! Which cluster an engine is.

use generation::Cluster;
use serde_json::Value;
use tracing::warn;

use super::Engine;
use crate::error::SinkError;
use crate::wire::{Body, Method};

/// Where a cluster says who it is, the first that answers: `GET /` needs the fewest rights, and is not in every build.
const PLACES: [(&str, &str, &str); 3] = [
    ("", "cluster_uuid", "uuid"),
    ("_cluster/state/version?filter_path=cluster_uuid", "cluster_uuid", "uuid"),
    ("_cluster/health?filter_path=cluster_name", "cluster_name", "name"),
];
/// What a cluster that is still forming says.
const NOT_YET: &str = "_na_";

impl Engine {
    /// The cluster by its uuid, or by its name or address where it does not tell: those may change, and another cluster
    /// is then believed.
    pub(super) async fn known_cluster(&self) -> Result<Cluster, SinkError> {
        for (path, field, what) in PLACES {
            let response = self.send(Method::Get, path.to_owned(), Body::Empty).await?;
            match response.status {
                200 => {}
                // What this build does not have or these credentials may not ask.
                400 | 403..=405 | 410 => continue,
                _ => return Err(self.failed(&response, "asking which cluster this is")),
            }
            let answer: Value = self.json(&response.body)?;
            match answer.get(field).and_then(Value::as_str) {
                Some(NOT_YET) => return Err(self.unavailable("the cluster is still forming")),
                Some(is) => return Ok(self.known(what, is)),
                None => {}
            }
        }
        Ok(self.known("address", self.server.url()))
    }

    fn known(&self, what: &str, is: &str) -> Cluster {
        if what != "uuid" && self.told.is_news(format!("known by its {what}")) {
            warn!(
                url = self.server.url(),
                "the engine does not tell the uuid of its cluster, so it is known by its {what} {is}: where that changes, \
                 the consumer group does too. Allow cluster:monitor/main (`GET /`) to these credentials"
            );
        }
        Cluster::known_by(what, is)
    }
}
