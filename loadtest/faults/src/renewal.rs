//! A new generation of indexes: it is begun, built, promoted, and perhaps taken back or its predecessor retired, while
//! the bucket changes, faults strike and questions are asked.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use generation::Generation;
use process::Failure;
use tokio::time::sleep;

use crate::field::Field;
use crate::operator::{NowServed, Operator, patiently};
use crate::questions::Questions;
use crate::remains;
use crate::results::GenerationCounts;
use crate::turnover::{Aftermath, Turnover};

/// How long is waited for what takes no time of its own: a word of the registry, the start of a generation, an answer.
/// Kafka and the engines are away for half a minute at most.
const ANSWERS: Duration = Duration::from_mins(2);
/// How long a promotion or a rollback may take, with faults and servers that are killed meanwhile.
const CHANGE: Duration = Duration::from_mins(4);
/// How long is waited for a generation to be built while faults strike; it is waited for again when they are over.
const AMID_FAULTS: Duration = Duration::from_mins(1);
/// How long a generation may take to be built or retired when nothing strikes: after a long run the log is minutes behind, and the
/// proof wants it near. A minute passes between a promotion and
/// a retirement.
const CALM: Duration = Duration::from_mins(7);
/// The longest that one command may wait for what it asks for, in seconds, before it is asked again.
const PATIENCE: &str = "60";
/// How long the writers may take to move the outside aliases: they look each minute.
const ALIASES: Duration = Duration::from_secs(75);
/// Between a promotion and its rollback.
const BETWEEN: Duration = Duration::from_secs(4);
/// What `millrace generation start` says of a generation that is there already.
const IS_THERE: &str = "it is the same index, space, mapping and instance";

/// The new generation of a seed.
pub struct Renewal<'a> {
    field: &'a Field,
    operator: Operator,
    plan: Turnover,
    next: Generation,
    /// What was served when the seed began.
    before: String,
    /// What is asked meanwhile.
    pub questions: Questions<'a>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    counts: GenerationCounts,
    is_over: bool,
    /// The generations that are to be retired.
    leaving: Vec<String>,
}

impl<'a> Renewal<'a> {
    /// Starts the servers that are asked. Of the generations that earlier seeds left, only the served one stays.
    ///
    /// # Errors
    /// When a server does not answer, or the registry cannot be read.
    pub async fn begin(field: &'a Field, operator: Operator, plan: Turnover) -> Result<Self, Failure> {
        let first = &field.world.generation;
        let before = operator.served().await?.map_or_else(|| first.short(), |served| served.id);
        let next = plan.generation(first);
        let mut leaving: Vec<String> = field.world.live().iter().map(|pair| pair.id().to_owned()).collect();
        leaving.retain(|id| *id != before);
        for id in &leaving {
            field.world.leave(id);
        }
        let state = Mutex::new(State { leaving, ..State::default() });
        let questions = Questions::new(&field.fleet);
        questions.settle(&before);
        questions.start().await?;
        let silent = questions.until_answered(&before, ANSWERS).await;
        match silent.into_iter().next() {
            Some(silent) => Err(silent.into()),
            None => Ok(Self { field, operator, plan, next, before, questions, state }),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What became of generations, and of the questions.
    #[must_use]
    pub fn counts(&self) -> GenerationCounts {
        let [questions, unanswered, wrong_answers] = self.questions.counts();
        GenerationCounts { questions, unanswered, wrong_answers, ..self.state().counts.clone() }
    }

    /// Begins the generation while faults strike, and promotes it if `can_be_built` and it is built in time.
    ///
    /// # Errors
    /// When a command does not succeed in time, or a process cannot be started.
    pub async fn amid_faults(&self, can_be_built: bool) -> Result<(), Failure> {
        // What does not succeed now is asked again when faults are over.
        let retiring = async { drop(self.retire(AMID_FAULTS).await) };
        let renewing = async {
            sleep(self.plan.begins).await;
            self.start().await?;
            let promoting = async {
                if can_be_built && self.build(AMID_FAULTS).await.is_ok() {
                    self.change_over().await?;
                    self.state().counts.promoted_amid_faults += 1;
                }
                Ok::<_, Failure>(())
            };
            let (struck, promoted) = tokio::join!(self.field.strike(self.plan.strike), promoting);
            struck.and(promoted)
        };
        let ((), renewed) = tokio::join!(retiring, renewing);
        renewed
    }

    /// Promotes the generation when faults are over, unless that was done before.
    ///
    /// # Errors
    /// As [`Renewal::amid_faults`].
    pub async fn rest(&self) -> Result<(), Failure> {
        if self.state().is_over {
            return Ok(());
        }
        match self.build(CALM).await {
            Ok(()) => self.change_over().await,
            Err(error) => Err(format!("generation {} is not built: {error}", self.next.short()).into()),
        }
    }

    /// Retires what is to go, has every server answer by what is served, looks where the outside aliases point, and stops
    /// the servers.
    ///
    /// # Errors
    /// When the registry cannot be read, or a server cannot be stopped.
    pub async fn end(&self) -> Result<(), Failure> {
        if let Err(error) = self.retire(CALM).await {
            self.field.accuse(format!("a generation cannot be retired: {error}")).await;
        }
        let served = self.served().await?.id;
        let mut wrong = self.questions.until_answered(&served, ANSWERS).await;
        let placed = patiently(ALIASES, || async {
            match remains::misplaced(&self.field.world, &served).await?.into_iter().next() {
                Some(misplaced) => Err(Failure::from(misplaced)),
                None => Ok(()),
            }
        });
        wrong.extend(placed.await.err().map(|error| error.to_string()));
        wrong.extend(self.questions.wrong());
        for what in wrong {
            self.field.accuse(what).await;
        }
        self.questions.stop().await
    }

    /// Has the generation begun. A command that was killed, or that Kafka did not answer, may have done so.
    async fn start(&self) -> Result<(), Failure> {
        let id = self.next.short();
        let arguments = self.plan.arguments();
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        self.kill(&arguments, self.plan.start_killed).await?;
        let begun = patiently(ANSWERS, || async {
            match self.operator.generation(&arguments).await {
                Err(error) if error.to_string().contains(IS_THERE) => Ok(None),
                begun => begun.map(Some),
            }
        });
        let named = begun.await?.and_then(|begun| Some(begun.get("generation")?.as_str()?.to_owned()));
        if let Some(other) = named.filter(|named| *named != id) {
            self.field.accuse(format!("{other} was begun, and {id} was asked for")).await;
        }
        self.state().counts.begun += 1;
        self.field.world.enter(&self.next)
    }

    /// Waits until the generation is built.
    async fn build(&self, most: Duration) -> Result<(), Failure> {
        let id = self.next.short();
        let arguments = ["status", id.as_str(), "--until-built", "--patience", PATIENCE];
        patiently(most, || self.operator.generation(&arguments)).await.map(|_| ())
    }

    /// Promotes the generation, and does what follows.
    async fn change_over(&self) -> Result<(), Failure> {
        self.serve("promote", &self.next.short()).await?;
        self.state().counts.promoted += 1;
        match self.plan.after {
            Aftermath::Stay => {}
            Aftermath::Rollback => {
                sleep(BETWEEN).await;
                self.serve("rollback", &self.before).await?;
                self.state().counts.rolled_back += 1;
            }
            Aftermath::Retire => {
                self.field.world.leave(&self.before);
                self.state().leaving.push(self.before.clone());
            }
        }
        self.state().is_over = true;
        Ok(())
    }

    /// Has a generation served, whatever is killed meanwhile, and by exactly one change.
    async fn serve(&self, verb: &str, id: &str) -> Result<(), Failure> {
        let sequence = self.served().await?.sequence + 1;
        let arguments = [verb, id, "--patience", PATIENCE];
        self.questions.allow(id);
        self.kill(&arguments, self.plan.switch_killed).await?;
        let serving = async {
            patiently(CHANGE, || self.operator.generation(&arguments)).await?;
            self.questions.settle(id);
            Ok::<_, Failure>(())
        };
        let rival = async {
            if self.plan.rival {
                // It may be told that somebody else makes the change.
                drop(self.operator.generation(&arguments).await);
                self.field.count("rival promotions", 1).await;
            }
        };
        let (served, (), killed) = tokio::join!(serving, rival, self.kill_others());
        served.and(killed)?;
        let (now, due) = (self.served().await?, NowServed { id: id.to_owned(), sequence });
        if now != due {
            self.field.accuse(format!("{verb}: {now:?} is served, and it should be {due:?}")).await;
        }
        Ok(())
    }

    /// Kills a worker, and perhaps a server, while what is served changes.
    async fn kill_others(&self) -> Result<(), Failure> {
        sleep(Duration::from_millis(300)).await;
        if let Some(number) = self.plan.serve_killed {
            self.field.fleet.tell_serve("kill", number).await?;
            self.field.fleet.start_serve(number).await?;
            self.field.count("serve killed while what is served changes", 1).await;
        }
        if let Some(worker) = self.field.kill_free(&self.plan.victims()).await? {
            self.field.count(&format!("{} killed while what is served changes", worker.name()), 1).await;
        }
        Ok(())
    }

    /// Retires what is to go; what succeeded is not asked again.
    async fn retire(&self, most: Duration) -> Result<(), Failure> {
        let leaving = self.state().leaving.clone();
        for id in leaving {
            let arguments = ["retire", id.as_str(), "--patience", PATIENCE];
            self.kill(&arguments, self.plan.switch_killed).await?;
            patiently(most, || self.operator.generation(&arguments)).await?;
            let mut state = self.state();
            state.leaving.retain(|left| *left != id);
            state.counts.retired += 1;
        }
        Ok(())
    }

    /// Starts a command and kills it after this time, if there is one.
    async fn kill(&self, arguments: &[&str], after: Option<Duration>) -> Result<(), Failure> {
        if let Some(after) = after {
            let was_killed = self.operator.kill(arguments, after).await?;
            self.state().counts.commands_killed += u64::from(was_killed);
        }
        Ok(())
    }

    /// What is served. Until a generation is begun the registry does not say it, and nothing has changed.
    async fn served(&self) -> Result<NowServed, Failure> {
        let served = patiently(ANSWERS, || self.operator.served()).await?;
        Ok(served.unwrap_or_else(|| NowServed { id: self.before.clone(), sequence: 0 }))
    }
}
