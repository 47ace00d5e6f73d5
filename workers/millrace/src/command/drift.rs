//! `drift measure` and `drift show`.

mod shown;

use std::collections::VecDeque;
use std::process::ExitCode;

use ::drift::{DAY, DriftGround, DriftLimits, DriftLook, DriftManner, DriftRules, DriftSubject};
use futures::stream::TryStreamExt as _;
use generation::Generation;
use message::{ChangeAuthor, DriftReport, FillSource};
use model::{Backend, EncoderSettings};
use process::Failure;
use serde_json::json;
use sink::{Engine, EngineKind};
use stream::kafka::Kafka;
use stream::{Broker, wall_seconds};

use crate::cli::{DriftCommand, MeasureDrift, ShowDrift};
use crate::world::World;
use crate::{log, show};

pub(super) async fn run(ask: DriftCommand) -> Result<ExitCode, Failure> {
    match ask {
        DriftCommand::Measure(ask) => measure(&ask).await,
        DriftCommand::Show(ask) => show_last(&ask).await,
    }
}

async fn measure(ask: &MeasureDrift) -> Result<ExitCode, Failure> {
    match look(ask).await? {
        DriftLook::Taken(taken) => {
            let window = ::drift::window(&taken.sample, taken.taken, taken.taken);
            if ask.json {
                show::json(
                    &json!({ "generation": taken.generation, "space": taken.space, "reference": window }),
                )?;
            } else {
                for line in shown::taken(&window) {
                    show::line(&line);
                }
            }
            Ok(ExitCode::SUCCESS)
        }
        DriftLook::Compared(report) => {
            tell(&report, ask.json)?;
            Ok(if ask.fail_on_signal && report.signal { ExitCode::FAILURE } else { ExitCode::SUCCESS })
        }
    }
}

/// One look at what is new. Prints nothing.
///
/// # Errors
/// When a server does not answer, or the model of the generation is not on this machine; see also [`::drift::DriftTrouble`].
pub(super) async fn look(ask: &MeasureDrift) -> Result<DriftLook, Failure> {
    let world = World::open(&ask.world).await?;
    let (reader, encoder) = (engine(ask, &world)?, encoder(ask, &world.generation)?);
    let subject = DriftSubject {
        index: ask.world.generation.index.index.clone(),
        generation: world.generation.short(),
        space: world.generation.space.clone(),
        bucket: world.bucket.clone(),
    };
    let ground = DriftGround { broker: &world.kafka, store: &world.store, reader, encoder: &encoder };
    Ok(ground.look(&subject, &manner(ask), wall_seconds()).await?)
}

fn manner(ask: &MeasureDrift) -> DriftManner {
    let choices = &ask.choices;
    let rules = DriftRules {
        cool_down: u64::from(choices.cool_down_days) * DAY,
        budget: choices.budget,
        ..DriftRules::default()
    };
    let limits = DriftLimits {
        reference_passages: choices.reference_passages,
        passages: choices.passages,
        questions: choices.questions,
        ..DriftLimits::default()
    };
    DriftManner { rules, limits, take_reference: ask.reference }
}

/// The engine that `serve` asks.
fn engine<'a>(ask: &MeasureDrift, world: &'a World) -> Result<&'a Engine, Failure> {
    let of = |kind| world.engines.iter().find(|one| one.kind == kind);
    let found = match ask.choices.serve_engine {
        Some(kind) => of(kind),
        None => of(EngineKind::Elasticsearch).or(world.engines.first()),
    };
    found.map(|one| &one.engine).ok_or_else(|| {
        "documents are not written to this engine: name another one with --serve-engine (MILLRACE_SERVE_ENGINE)".into()
    })
}

/// The model of the generation that is asked: openings are embedded here, so that they do not stand among people's questions.
fn encoder(ask: &MeasureDrift, generation: &Generation) -> Result<Backend, Failure> {
    let settings = &ask.world.generation;
    let own = settings.model.open()?;
    let nobody = ChangeAuthor { by: String::new(), at: 0 };
    let entry = generation.entry(&settings.index.index, FillSource::Vectors, &nobody);
    let found = ask.further.bundle_of(&own, &settings.backend, &entry)?.ok_or_else(|| {
        format!(
            "the model of the generation, {} ({}), is not on this machine: name its bundle in MILLRACE_MODEL, or put it into a folder \
             below MILLRACE_MODELS",
            generation.name,
            generation.model.short()
        )
    })?;
    let encoder = EncoderSettings { backend: settings.backend.clone(), onnx: ask.onnx.clone() };
    Ok(Backend::open(&found.verified()?, &encoder)?)
}

fn tell(report: &DriftReport, is_json: bool) -> Result<(), Failure> {
    if is_json {
        show::json(report)?;
    } else {
        for line in shown::report(report) {
            show::line(&line);
        }
    }
    Ok(())
}

async fn show_last(ask: &ShowDrift) -> Result<ExitCode, Failure> {
    let kafka = Kafka::new(&ask.kafka);
    let reports = last(&kafka, ask.last).await?;
    for (place, report) in reports.iter().enumerate() {
        if place > 0 && !ask.json {
            show::line("");
        }
        tell(report, ask.json)?;
    }
    if reports.is_empty() {
        show::note("nobody has looked within the last 90 days: `millrace drift measure`");
    }
    Ok(ExitCode::SUCCESS)
}

/// The last reports, oldest first.
async fn last<K: Broker>(broker: &K, most: usize) -> Result<VecDeque<DriftReport>, Failure> {
    let mut reports = VecDeque::new();
    let take = |report| {
        reports.push_back(report);
        if reports.len() > most {
            reports.pop_front();
        }
    };
    each_report(broker, take).await?;
    Ok(reports)
}

/// Every report that is kept, oldest first. What another release wrote and this one cannot read is left out.
///
/// # Errors
/// When the broker does not answer, or has no such topic.
pub(super) async fn each_report<K: Broker>(
    broker: &K,
    mut take: impl FnMut(DriftReport),
) -> Result<(), Failure> {
    if broker.existing(topics::DRIFT).await?.is_none() {
        return Err(::drift::DriftTrouble::NoTopic.into());
    }
    let mut records = log::all(broker, topics::DRIFT).await?;
    while let Some(record) = records.try_next().await? {
        if let Ok(report) = serde_json::from_slice(record.value.as_deref().unwrap_or_default()) {
            take(report);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use stream::Outgoing;
    use stream::memory::Memory;

    use super::*;

    #[tokio::test]
    async fn the_last_reports_come_oldest_first() {
        let broker = Memory::default();
        let trouble = last(&broker, 2).await.unwrap_err();
        assert!(trouble.to_string().contains("topics apply"), "{trouble}");
        broker.create(topics::DRIFT, 1);
        assert!(last(&broker, 2).await.unwrap().is_empty());
        let say = |value: Vec<u8>| {
            let (topic, value) = (topics::DRIFT.to_owned(), Some(value));
            broker.append(&Outgoing { topic, key: None, value, headers: None });
        };
        for until in 1..=3 {
            let mut report = shown::tests::report();
            report.current.until = until;
            say(serde_json::to_vec(&report).unwrap());
        }
        say(b"{}".to_vec());
        let found = last(&broker, 2).await.unwrap();
        assert!(found.iter().map(|report| report.current.until).eq([2, 3]));
    }
}
