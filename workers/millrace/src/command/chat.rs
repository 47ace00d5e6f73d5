//! `chat`.

use std::io::BufRead as _;
use std::process::ExitCode;

use process::Failure;

use super::ask::{note, sources};
use crate::ask::Asking;
use crate::cli::ChatArguments;
use crate::conversation::Conversation;
use crate::show;

/// Begins the conversation anew.
const ANEW: &str = "/new";
/// Ends it, as the end of standard input does.
const ENDS: [&str; 2] = ["/quit", "/exit"];

pub(super) async fn run(chat: ChatArguments) -> Result<ExitCode, Failure> {
    let asking = Asking::new(&chat.serve)?;
    let mut conversation = Conversation::default();
    show::prompt("Ask; /new begins anew, /quit or Ctrl-D ends.\n");
    let mut code = ExitCode::SUCCESS;
    while let Some(line) = next_line().await? {
        let question = line.trim();
        match question {
            "" => continue,
            ANEW => {
                conversation.begin_anew();
                continue;
            }
            end if ENDS.contains(&end) => break,
            _ => {}
        }
        let answered = asking.stream(question, &conversation.history(), &chat.application, show::piece).await;
        show::line("");
        match answered {
            Ok(answer) => {
                for line in sources(&answer) {
                    show::line(&line);
                }
                show::note(&note(&answer));
                conversation.add(question, answer["answer"].as_str().unwrap_or_default());
            }
            // The next question may be answered.
            Err(failure) => code = show::failure(failure.as_ref()),
        }
    }
    Ok(code)
}

/// The next line of standard input; none at its end.
async fn next_line() -> Result<Option<String>, Failure> {
    show::prompt("> ");
    let read = tokio::task::spawn_blocking(|| std::io::stdin().lock().lines().next().transpose());
    Ok(read.await??)
}
