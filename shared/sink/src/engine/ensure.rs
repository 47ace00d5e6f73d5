//! Creates the indexes that are missing and checks those that exist.

use generation::Target;
use message::Fingerprint;
use serde_json::{Value, json};
use tracing::info;

use super::{Engine, kept, mapping};
use crate::action::EMBEDDING;
use crate::ensured::{Ensured, IndexState};
use crate::error::SinkError;
use crate::wire::{Body, Method, Response};

/// How often aliases are moved again when an index went meanwhile; each time takes some milliseconds.
const ALIAS_TRIES: u32 = 5;

impl Engine {
    pub(super) async fn ensure_both(&self) -> Result<Ensured, SinkError> {
        let chunks = self.ensure_one(Target::Chunks).await?;
        let documents = self.ensure_one(Target::Documents).await?;
        Ok(Ensured { chunks, documents })
    }

    /// Compares `_meta` of both indexes with the expected space and dimension.
    pub(super) async fn check_both(
        &self,
        space: &Fingerprint,
        dimension: Option<usize>,
    ) -> Result<(), SinkError> {
        self.check_space(space)?;
        for target in [Target::Chunks, Target::Documents] {
            let index = self.names.physical(target);
            let answer = self.ask(Method::Get, format!("{index}/_mapping"), Body::Empty).await?;
            check_meta(&index, &answer, space, dimension)?;
        }
        Ok(())
    }

    async fn ensure_one(&self, target: Target) -> Result<IndexState, SinkError> {
        let index = self.names.physical(target);
        let created = !self.exists(&index).await? && self.create(target).await?;
        let answer = self.ask(Method::Get, format!("{index}/_mapping"), Body::Empty).await?;
        let generation = self.names.generation();
        check_meta(&index, &answer, &generation.space, Some(generation.dimension))?;
        if target == Target::Chunks {
            let field =
                answer.get(&index).and_then(|one| one.pointer("/mappings/properties")?.get(EMBEDDING));
            kept::check_vectors(&*self.server, (&index, created), field.unwrap_or(&Value::Null), generation)?;
        }
        if !created {
            let alias = self.names.write_alias(target);
            if !self.exists(&alias).await? {
                self.add_alias(target, &alias, true).await?;
            }
        }
        self.state(&index, created).await
    }

    /// Takes the outside aliases that nobody holds.
    pub(super) async fn claim_outside(&self) -> Result<(), SinkError> {
        for target in [Target::Chunks, Target::Documents] {
            self.existing(target).await?;
            let alias = self.names.outside_alias(target);
            if !self.exists(&alias).await? {
                self.add_alias(target, &alias, false).await?;
            }
        }
        Ok(())
    }

    /// Moves the outside aliases to this generation, in one atomic request.
    pub(super) async fn point_outside(&self) -> Result<(), SinkError> {
        let mut actions = Vec::new();
        for target in [Target::Chunks, Target::Documents] {
            let index = self.existing(target).await?;
            let alias = self.names.outside_alias(target);
            actions.push(json!({"remove": {"index": "*", "alias": alias, "must_exist": false}}));
            actions.push(json!({"add": {"index": index, "alias": alias}}));
        }
        let body = json!({ "actions": actions }).to_string();
        let mut tries = 0;
        loop {
            let asked = self.ask(Method::Post, "_aliases".to_owned(), Body::Json(body.clone().into())).await;
            match asked {
                // `*` names every index, and somebody has just deleted one of them.
                Err(SinkError::Missing { .. }) if tries < ALIAS_TRIES => tries += 1,
                asked => return asked.map(|_| ()),
            }
        }
    }

    /// Bytes that both indexes take on the engine's disks, with their copies.
    ///
    /// # Errors
    /// As [`Sink::ensure`](crate::Sink).
    pub async fn bytes_on_disk(&self) -> Result<u64, SinkError> {
        let indexes = [Target::Chunks, Target::Documents].map(|target| self.names.physical(target)).join(",");
        let answer = self.ask(Method::Get, format!("{indexes}/_stats/store"), Body::Empty).await?;
        Ok(answer.pointer("/_all/total/store/size_in_bytes").and_then(Value::as_u64).unwrap_or_default())
    }

    /// Deletes an index of this generation with all its content; succeeds when it does not exist.
    ///
    /// # Errors
    /// When the engine is unavailable or forbids it.
    pub async fn delete_index(&self, target: Target) -> Result<(), SinkError> {
        let index = self.names.physical(target);
        let response = self.send(Method::Delete, index.clone(), Body::Empty).await?;
        match response.status {
            200 | 404 => Ok(()),
            _ => Err(self.failed(&response, &index)),
        }
    }

    /// The name of an index, which must exist.
    async fn existing(&self, target: Target) -> Result<String, SinkError> {
        let index = self.names.physical(target);
        if self.exists(&index).await? {
            return Ok(index);
        }
        Err(SinkError::Missing { url: self.server.url().to_owned(), index })
    }

    /// Whether an index or alias has this name.
    async fn exists(&self, name: &str) -> Result<bool, SinkError> {
        let response = self.send(Method::Head, name.to_owned(), Body::Empty).await?;
        match response.status {
            200 => Ok(true),
            404 => Ok(false),
            _ => Err(self.failed(&response, name)),
        }
    }

    /// Creates the index; false when another process just created it.
    async fn create(&self, target: Target) -> Result<bool, SinkError> {
        let index = self.names.physical(target);
        let mut bodies = mapping::bodies(&*self.server, &self.settings, &self.names, target)?.into_iter();
        loop {
            let body = bodies.next().unwrap_or_default().to_string();
            let response = self.send(Method::Put, index.clone(), Body::Json(body.into())).await?;
            match response.status {
                200 => {
                    info!(url = self.server.url(), index, "index created");
                    return Ok(true);
                }
                400 if super::reason(&response.body).contains("resource_already_exists") => return Ok(false),
                // An older version does not know the best kind of vectors, and some need more dimensions.
                400 if bodies.len() > 0 => {
                    let cause = super::reason(&response.body);
                    info!(
                        url = self.server.url(),
                        index, cause, "the engine does not take its best kind of vectors"
                    );
                }
                _ => return Err(self.not_created(target, &response)),
            }
        }
    }

    /// Why an index was not created. A kind of vectors that the engine's version does not know is a likely cause, and the
    /// engine's words do not tell it.
    fn not_created(&self, target: Target, response: &Response) -> SinkError {
        let mut error = self.failed(response, &self.names.physical(target));
        let engine = self.server.kind();
        if target == Target::Chunks
            && self.names.generation().mapping.vectors.contains_key(engine)
            && let (SinkError::Rejected { cause, .. }, Ok(kind)) = (&mut error, self.vector_kind())
        {
            let (name, since) = (kind.name, kind.since);
            *cause = format!("{cause}; vectors are to be kept as {name}, which {engine} knows since {since}");
        }
        error
    }

    async fn add_alias(&self, target: Target, alias: &str, write: bool) -> Result<(), SinkError> {
        let index = self.names.physical(target);
        let mut add = json!({"index": index, "alias": alias});
        if write && let Some(add) = add.as_object_mut() {
            add.insert("is_write_index".to_owned(), true.into());
        }
        let body = Body::Json(json!({"actions": [{"add": add}]}).to_string().into());
        self.ask(Method::Post, "_aliases".to_owned(), body).await?;
        info!(url = self.server.url(), index, alias, "alias created");
        Ok(())
    }
}

/// Reads the answer of `_mapping` and rejects an index that was made for something else. If the physical name answers
/// as several indexes, or as an index of another name, somebody put an alias in its place: that is rejected too.
fn check_meta(
    index: &str,
    answer: &Value,
    space: &Fingerprint,
    dimension: Option<usize>,
) -> Result<(), SinkError> {
    let meta = answer.get(index).and_then(|one| one.pointer("/mappings/_meta"));
    let read = |name: &str| match meta.and_then(|meta| meta.get(name)) {
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => "nothing (this is no index of Millrace)".to_owned(),
    };
    let mismatch = |what, name: &str, expected: String| {
        let found = read(name);
        if found == expected {
            return Ok(());
        }
        Err(SinkError::Mismatch { index: index.to_owned(), what, found, expected })
    };
    mismatch("the space", "space", space.to_string())?;
    dimension.map_or(Ok(()), |dimension| mismatch("the dimension", "dimension", dimension.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_space_another_dimension_and_no_meta_are_refused() {
        let space = Fingerprint::of(&[("model", "a")]);
        let answer = |meta: Value| json!({"i": {"mappings": {"_meta": meta}}});
        let mine = answer(json!({"space": space, "dimension": 384}));
        assert!(check_meta("i", &mine, &space, Some(384)).is_ok());
        assert!(check_meta("i", &mine, &space, None).is_ok());
        let error = check_meta("i", &mine, &space, Some(768)).unwrap_err().to_string();
        assert!(error.contains("the dimension 384, and 768"), "{error}");
        let other = Fingerprint::of(&[("model", "b")]);
        let error = check_meta("i", &mine, &other, None).unwrap_err().to_string();
        assert!(error.contains(space.as_str()) && error.contains(other.as_str()), "{error}");
        assert!(check_meta("i", &answer(Value::Null), &space, None).is_err());
        assert!(check_meta("i", &json!({"j": mine["i"]}), &space, None).is_err());
    }
}
