//! `millrace try` from outside: runs the program over a folder, and checks what its server answers.

#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::panic,
    reason = "edge: starts the program and edits the files it follows; a test"
)]

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// Time limit for each wait; longer than any should take, even on a busy machine.
const PATIENCE: Duration = Duration::from_mins(2);

fn program(folder: &Path, more: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_millrace"));
    command.arg("try").arg(folder).args(more).stdin(Stdio::null());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    // No model can be found, and the settings of whoever runs the tests do not count.
    for name in ["MODEL", "ONNXRUNTIME", "ENCODER", "BAILIAN_API_KEY", "OPENAI_URL", "HASHING_DIMENSION"] {
        command.env_remove(format!("MILLRACE_{name}"));
    }
    command.env("MILLRACE_HOME", "/nonexistent");
    command
}

/// Two files that can be read, one that is refused, and two that are left out.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::Builder::new().prefix("hand book+").tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).unwrap();
    fs::create_dir_all(folder.path().join("at sea")).unwrap();
    write(
        "leave.md",
        b"# Leave\n\nEvery employee has thirty days of paid leave a year, and may take them at any time.\n",
    );
    write(
        "at sea/boats & wind.md",
        b"# Boats\n\nA sailing boat turns its bow through the wind to tack, which takes some practice.\n",
    );
    write("poison.txt", b"\x7fELF\0\0\0\0 this is a program that pretends to be a text");
    write(".hidden.md", b"Nobody may ever find the xylophone in here.");
    std::os::unix::fs::symlink("/etc/hostname", folder.path().join("link.txt")).unwrap();
    folder
}

/// The running program; it is killed when this is dropped.
struct Running {
    child: Child,
    url: String,
    /// What it printed before the address of the page.
    said: String,
    client: reqwest::Client,
}

impl Running {
    fn start(folder: &Path) -> Self {
        let mut child = program(folder, &["--encoder", "hashing", "--port", "0"]).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut said = String::new();
        let url = loop {
            let Some(line) = lines.next() else {
                panic!("it ended: {said}\n{}", all(child.stderr.take().unwrap()))
            };
            let line = line.unwrap();
            match line.strip_prefix("The page: ") {
                Some(url) => break url.to_owned(),
                None => said = said + &line + "\n",
            }
        };
        let client = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build().unwrap();
        Self { child, url, said, client }
    }

    async fn get(&self, path: &str) -> (u16, Value) {
        let answer = self.client.get(format!("{}{path}", self.url)).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    /// `bucket/key` and text of the passages that keyword search finds.
    async fn found(&self, word: &str) -> Vec<(String, String)> {
        let (status, answer) = self.get(&format!("/v1/search?mode=keyword&size=9&q={word}")).await;
        assert_eq!(status, 200, "{answer}");
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let hits = answer["hits"].as_array().unwrap();
        hits.iter().map(|hit| (text(&hit["document"]), text(&hit["text"]))).collect()
    }

    /// Waits until a word is found in `count` passages; returns how long that took.
    async fn until(&self, word: &str, count: usize) -> Duration {
        let begun = Instant::now();
        loop {
            let found = self.found(word).await;
            if found.len() == count {
                return begun.elapsed();
            }
            assert!(begun.elapsed() < PATIENCE, "{word} is found in {found:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Asks it to stop, as Ctrl-C does; returns its exit status and what it wrote to standard error.
    fn end(mut self) -> (ExitStatus, String) {
        let sent = Command::new("kill").arg("-INT").arg(self.child.id().to_string()).status().unwrap();
        assert!(sent.success());
        let noted = all(self.child.stderr.take().unwrap());
        (self.child.wait().unwrap(), noted)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _is_over = self.child.kill().and_then(|()| self.child.wait()).is_ok();
    }
}

fn all(mut stderr: ChildStderr) -> String {
    let mut text = String::new();
    stderr.read_to_string(&mut text).unwrap();
    text
}

#[tokio::test]
async fn a_folder_is_searchable_and_followed_until_it_is_ended() {
    let files = folder();
    let at = |name: &str| files.path().join(name);
    let bucket = files.path().file_name().unwrap().to_str().unwrap();
    let trial = Running::start(files.path());
    assert!(trial.said.contains(": 2 passages of 2 files; 0 without text, 1 refused"), "{}", trial.said);

    let found = trial.found("leave").await;
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].0, format!("{bucket}/leave.md"));
    assert!(found[0].1.contains("thirty days of paid leave"));
    assert_eq!(trial.found("xylophone").await, []);
    let body = serde_json::json!({"question": "How many days of paid leave does an employee have?"});
    let asked = trial.client.post(format!("{}/v1/ask", trial.url)).json(&body).send().await.unwrap();
    let answer: Value = asked.json().await.unwrap();
    assert!(answer["answer"].as_str().unwrap().contains("thirty days"), "{answer}");
    assert_eq!(answer["citations"][0]["document"], format!("{bucket}/leave.md"));
    let page = trial.client.get(&trial.url).send().await.unwrap();
    assert!(page.text().await.unwrap().contains("<script"));

    // A click on the page of a trial cannot delete a file.
    let one = format!("{}/v1/documents?key=leave.md", trial.url);
    let answer = trial.client.delete(&one).send().await.unwrap();
    assert!(!answer.status().is_success());
    assert!(answer.text().await.unwrap().contains("read-only"));
    assert!(at("leave.md").exists());

    // A changed file, a new file in a new folder, and a deleted file.
    fs::write(at("leave.md"), "# Leave\n\nEvery employee has forty days of paid vacation a year.\n").unwrap();
    trial.until("forty", 1).await;
    assert_eq!((trial.found("thirty").await, trial.found("leave").await.len()), (Vec::new(), 1));
    fs::create_dir_all(at("new/deep")).unwrap();
    fs::write(at("new/deep/tea.md"), "Green tea is steeped well below the boiling point of water.").unwrap();
    trial.until("tea", 1).await;
    fs::remove_file(at("at sea/boats & wind.md")).unwrap();
    trial.until("boat", 0).await;
    let (status, _) =
        trial.get(&format!("/v1/document?document={bucket}/leave.md").replace('+', "%2B")).await;
    assert_eq!(status, 200);

    // A refused file is reported with its cause, and read as soon as it can be.
    let (_, pipeline) = trial.get("/v1/pipeline").await;
    assert_eq!(pipeline["dead_letters"]["count"], 1, "{pipeline}");
    assert_eq!(pipeline["dead_letters"]["latest"][0]["document"], format!("{bucket}/poison.txt"));
    assert_eq!((&pipeline["kafka"], &pipeline["engine"]["chunks"]), (&Value::Null, &2.into()));
    assert!(pipeline["topics"].as_array().unwrap().iter().all(|topic| topic["lag"] == 0), "{pipeline}");
    fs::write(at("poison.txt"), "A harmless text after all, with a marzipan in it, whatever it is called.")
        .unwrap();
    trial.until("marzipan", 1).await;

    let (ended, noted) = trial.end();
    assert!(ended.success(), "{noted}");
    for words in [
        "WITHOUT A MODEL",
        "left out: link.txt: a link",
        "refused: poison.txt: this is an ELF program",
        "leave.md: 1 passage",
        "at sea/boats & wind.md: gone",
    ] {
        assert!(noted.contains(words), "{words:?} is not in:\n{noted}");
    }
}

/// Deleting all files of the folder removes their documents; moving the folder away does not.
#[tokio::test]
async fn an_emptied_folder_is_forgotten_and_one_that_is_away_is_not() {
    let above = tempfile::tempdir().unwrap();
    let files = above.path().join("docs");
    fs::create_dir(&files).unwrap();
    for number in 0..60 {
        fs::write(files.join(format!("{number}.md")), format!("The boat number {number} sails on the lake."))
            .unwrap();
    }
    let trial = Running::start(&files);
    trial.until("boat", 9).await;
    fs::rename(&files, above.path().join("away")).unwrap();
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(trial.found("boat").await.len(), 9);
    fs::rename(above.path().join("away"), &files).unwrap();
    for number in 0..60 {
        fs::remove_file(files.join(format!("{number}.md"))).unwrap();
    }
    trial.until("boat", 0).await;
    let (ended, noted) = trial.end();
    assert!(ended.success() && noted.contains("what was read stays"), "{noted}");
}

fn output(mut command: Command, input: Option<&str>) -> Output {
    if input.is_some() {
        command.stdin(Stdio::piped());
    }
    let mut child = command.spawn().unwrap();
    if let (Some(mut stdin), Some(input)) = (child.stdin.take(), input) {
        stdin.write_all(input.as_bytes()).unwrap();
    }
    child.wait_with_output().unwrap()
}

#[test]
fn a_question_is_answered_with_its_source_and_it_ends() {
    let files = folder();
    let hashing = ["--encoder", "hashing", "--ask"];
    let one = program(files.path(), &[&hashing[..], &["how many days of leave"]].concat());
    let two = program(files.path(), &[&hashing[..], &["-"]].concat());
    for (command, input, count) in
        [(one, None, 1), (two, Some("how many days of leave\n\nhow to tack a boat\n"), 2)]
    {
        let output = output(command, input);
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(said.matches("\n> ").count(), count, "{said}");
        assert!(
            said.contains("thirty days") && said.contains("[1]") && said.contains("/leave.md, Leave"),
            "{said}"
        );
        assert_eq!(said.contains("/at sea/boats & wind.md"), count == 2, "{said}");
    }
}

#[test]
fn a_conversation_goes_on_from_question_to_question() {
    let folder = folder();
    let running = Running::start(folder.path());
    let talk = |url: &str, said: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_millrace"));
        command.arg("chat").env("MILLRACE_SERVE_URL", url).env_remove("MILLRACE_SERVE_KEY");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        output(command, Some(said))
    };
    let done = talk(
        &running.url,
        "how many days of paid leave a year?\n\nand may they be taken at any time?\n/quit\nwho?\n",
    );
    let (out, notes) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert!(done.status.success(), "{out}{notes}");
    assert_eq!(out.matches("thirty days of paid leave a year").count(), 2, "{out}{notes}");
    assert_eq!(out.matches("leave.md").count(), 2, "{out}{notes}");
    assert!(
        notes.contains("searched: may they be taken at any time? how many days of paid leave a year"),
        "{notes}"
    );
    // After `/new` a follow-up follows nothing up.
    let done = talk(&running.url, "how many days of paid leave a year?\n/new\nand at sea?\n");
    assert!(!String::from_utf8_lossy(&done.stderr).contains("searched:"), "{done:?}");
    let done = talk("http://127.0.0.1:9", "who?\nwho?\n");
    assert_eq!(
        (done.status.code(), String::from_utf8_lossy(&done.stderr).matches("does not answer").count()),
        (Some(1), 2)
    );
}

#[test]
fn what_cannot_be_tried_is_said_with_its_remedy() {
    let files = folder();
    let absent = files.path().join("absent");
    for (folder, flags, words) in [
        (files.path(), ["--port", "0"], "compose/install onnxruntime model"),
        (files.path(), ["--most-files", "2"], "raise --most-files"),
        (files.path(), ["--most-bytes", "100"], "raise --most-bytes"),
        (absent.as_path(), ["--port", "0"], "absent: No such file"),
        (&files.path().join("leave.md"), ["--port", "0"], "leave.md: "),
    ] {
        let output = output(program(folder, &flags), None);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(1) && said.contains(words), "{words:?} is not in {said}");
    }
}
