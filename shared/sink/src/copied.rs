//! Copies an index of OpenSearch to Elasticsearch, whatever is in it: for the indexes that others write (`DirectIndex`). The indexes
//! of generations are written to both by the workers, and need no copy.
//!
//! A copy reads a point in time of the source by slices, page by page, and writes each item under its own id with its version as
//! external version. So a copy that was interrupted, or is repeated, is right whatever it did before: it reads all again and
//! writes what the target lacks or has in an older version. What was deleted in the source since an earlier copy stays in the
//! target, and the verification says so.
//!
//! Pure: `shape` the mappings, `pages` what is asked and answered. Edge: `write`, `verify` and this file, by [`Patient`].

mod pages;
mod shape;
mod verify;
mod write;

use serde_json::Value;
use tracing::info;

pub use shape::CopyShape;
pub use verify::CopyVerdict;
pub use write::CopiedSlice;

use self::pages::{Page, Point};
use crate::elasticsearch::ElasticsearchSettings;
use crate::error::SinkError;
use crate::opensearch::OpenSearchSettings;
use crate::patient::{Patient, body_of};
use crate::settings::RequestSettings;
use crate::wire::{Body, Method, reason};

/// An index and its copy.
#[derive(Clone, Debug)]
pub struct IndexCopy {
    source: Patient,
    target: Patient,
    from: String,
    to: String,
    requests: RequestSettings,
}

/// A point in time of the source: what a copy and its verification are about, whatever is written meanwhile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopyMoment {
    /// What both are like.
    pub shape: CopyShape,
    /// Items of the source.
    pub items: u64,
    point: Point,
}

/// A part of a copy; several may run at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CopySlice {
    /// Which, from 0.
    pub number: usize,
    /// Of how many.
    pub of: usize,
}

/// Why an index cannot be copied.
#[derive(Debug, thiserror::Error)]
pub enum CopyTrouble {
    /// The source is no index that can be copied, or the target is another one.
    #[error("{index} {what}")]
    Unfit {
        /// The index.
        index: String,
        /// Why, and what to do.
        what: String,
    },
    /// The target refused an item.
    #[error("the target refused the item {id} ({cause}): correct it in the source, and copy again")]
    Item {
        /// Its id.
        id: String,
        /// The target's reason.
        cause: String,
    },
    /// An engine failed.
    #[error(transparent)]
    Engine(#[from] SinkError),
}

impl IndexCopy {
    /// Prepares connections for the copy of the index `from` of OpenSearch to `to` of Elasticsearch; sends nothing yet.
    ///
    /// # Errors
    /// When a setting is invalid.
    pub fn new(
        (opensearch, elasticsearch): (&OpenSearchSettings, &ElasticsearchSettings),
        requests: &RequestSettings,
        (from, to): (&str, &str),
    ) -> Result<Self, SinkError> {
        Ok(Self {
            source: opensearch.patient(requests)?,
            target: elasticsearch.patient(requests)?,
            from: from.to_owned(),
            to: to.to_owned(),
            requests: requests.clone(),
        })
    }

    /// Looks at both, creates the target where it is missing, and opens a point in time of the source. To be given back to
    /// [`IndexCopy::close`].
    ///
    /// # Errors
    /// [`CopyTrouble::Unfit`] when the source cannot be copied or the target is another index; before anything is written.
    pub async fn open(&self) -> Result<CopyMoment, CopyTrouble> {
        let mapping = self.mapping().await?;
        let path = format!("{}/_settings", self.from);
        let settings = self.source.ask(Method::Get, &path, &Body::Empty).await?;
        let shape = CopyShape::of(self.source.server(), (&self.from, &mapping), &settings)?;
        self.ensure(&shape).await?;
        let path = format!("{}/_search/point_in_time?keep_alive={}", self.from, pages::KEEP);
        let answer = self.source.ask(Method::Post, &path, &Body::Empty).await?;
        let mut point = Point { id: self.told(&answer, "pit_id")?, order: pages::AS_IT_LIES };
        let counted = match self.counted(&point).await {
            Err(SinkError::Rejected { cause, .. }) if cause.contains(pages::AS_IT_LIES) => {
                point.order = pages::BY_ID;
                self.counted(&point).await
            }
            counted => counted,
        };
        let items = pages::total(&counted?).map_err(|cause| self.partial(cause))?;
        Ok(CopyMoment { shape, items, point })
    }

    /// Lets the source forget the point in time, which it would do by itself in a few minutes.
    ///
    /// # Errors
    /// When the source is away.
    pub async fn close(&self, moment: &CopyMoment) -> Result<(), CopyTrouble> {
        let body = serde_json::json!({"pit_id": [moment.point.id]});
        self.source.ask(Method::Delete, "_search/point_in_time", &body_of(&body)).await?;
        Ok(())
    }

    async fn mapping(&self) -> Result<Value, CopyTrouble> {
        let path = format!("{}/_mapping", self.from);
        let response = self.source.send(Method::Get, &path, &Body::Empty).await?;
        match response.status {
            200 => Ok(self.source.json(&response)?),
            404 => {
                let what = format!("does not exist on {}", self.source.url());
                Err(CopyTrouble::Unfit { index: self.from.clone(), what })
            }
            _ => Err(self.source.refused(&response, &path).into()),
        }
    }

    async fn counted(&self, point: &Point) -> Result<Value, SinkError> {
        self.source.ask(Method::Post, "_search", &body_of(&pages::count(point))).await
    }

    /// Creates the target, or checks that it is the copy of this source.
    async fn ensure(&self, shape: &CopyShape) -> Result<(), CopyTrouble> {
        let path = format!("{}/_mapping", self.to);
        let response = self.target.send(Method::Get, &path, &Body::Empty).await?;
        match response.status {
            200 => {
                let mapping = self.target.json(&response)?;
                return shape.check(self.target.server(), (&self.to, &mapping));
            }
            404 => {}
            _ => return Err(self.target.refused(&response, &path).into()),
        }
        let bodies = shape.targets(self.target.server(), self.source.url(), &self.requests);
        let mut bodies = bodies.map_err(SinkError::from)?.into_iter();
        loop {
            let body = body_of(&bodies.next().unwrap_or_default());
            let response = self.target.send(Method::Put, &self.to, &body).await?;
            match response.status {
                200 => {
                    info!(url = self.target.url(), index = self.to, "index created");
                    return Ok(());
                }
                // Another copy was faster: it wrote what this one would have.
                400 if reason(&response.body).contains("resource_already_exists") => return Ok(()),
                // The engine's version does not know its best kind of vectors, or the dimension is too small for it.
                400 if bodies.len() > 0 => {}
                _ => return Err(self.target.refused(&response, &self.to).into()),
            }
        }
    }

    /// The next page of a slice of the source.
    async fn page(
        &self,
        moment: &CopyMoment,
        slice: CopySlice,
        after: Option<&Value>,
    ) -> Result<Page, CopyTrouble> {
        let body = pages::page(&moment.point, slice, (after, pages::size(moment.shape.dimension)));
        let answer = self.source.ask(Method::Post, "_search", &body_of(&body)).await?;
        Ok(pages::read(&answer).map_err(|cause| self.partial(cause))?)
    }

    fn told(&self, answer: &Value, field: &str) -> Result<String, SinkError> {
        let text = answer.get(field).and_then(Value::as_str).map(str::to_owned);
        text.ok_or_else(|| self.partial(format!("an answer without {field}")))
    }

    /// An answer of the source that holds only a part.
    fn partial(&self, cause: String) -> SinkError {
        SinkError::Unavailable { url: self.source.url().to_owned(), cause, retry_after: None }
    }
}
