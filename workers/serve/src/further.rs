//! The encoders of further models, from the bundles on this machine.

use std::sync::Arc;

use message::GenerationEntry;
use model::{Backend, Bundle, EncoderSettings, FurtherModels};

use crate::encoders::OpenEncoder;
use crate::served::LoadFault;

/// Makes encoders from the bundles of `further`; `own` is the bundle that the settings name.
#[must_use]
pub fn further(own: Bundle, further: FurtherModels, encoder: EncoderSettings) -> OpenEncoder<Backend> {
    Arc::new(move |entry: &GenerationEntry| {
        let found = further.bundle_of(&own, &encoder.backend, &entry.model);
        let found = found.map_err(|error| LoadFault::Model(process::chain(&error)))?;
        let none = || LoadFault::NoModel { name: entry.name.clone(), model: entry.model.short().to_owned() };
        let bundle = found.ok_or_else(none)?;
        Backend::open(&bundle, &encoder).map_err(|error| LoadFault::Model(process::chain(&error)))
    })
}
