//! Identifies the cluster that an engine belongs to.

use generation::Cluster;
use serde_json::Value;
use tracing::warn;

use super::Engine;
use crate::error::SinkError;
use crate::wire::{Body, Method};

/// An endpoint at which a cluster identifies itself.
struct IdentityPlace {
    path: &'static str,
    field: &'static str,
    /// What the field holds, for people.
    what: &'static str,
}

/// The endpoints, tried in order until one answers: `GET /` needs the fewest rights, but not every build has it.
const PLACES: [IdentityPlace; 3] = [
    IdentityPlace { path: "", field: "cluster_uuid", what: "uuid" },
    IdentityPlace {
        path: "_cluster/state/version?filter_path=cluster_uuid",
        field: "cluster_uuid",
        what: "uuid",
    },
    IdentityPlace { path: "_cluster/health?filter_path=cluster_name", field: "cluster_name", what: "name" },
];
/// The uuid of a cluster that is still forming.
const NOT_YET: &str = "_na_";

impl Engine {
    /// Identifies the cluster by its uuid; where no endpoint tells it, by its name or address. Those may change, and
    /// the cluster then counts as another one.
    pub(super) async fn known_cluster(&self) -> Result<Cluster, SinkError> {
        for IdentityPlace { path, field, what } in PLACES {
            let response = self.send(Method::Get, path.to_owned(), Body::Empty).await?;
            match response.status {
                200 => {}
                // This build lacks the endpoint, or these credentials may not use it.
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
