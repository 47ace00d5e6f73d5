//! A process on this machine: a shell script in the place of Python, with an object store in memory.
#![expect(clippy::disallowed_methods, reason = "edge: files of a test")]

use std::path::{Path, PathBuf};

use bytes::Bytes;
use objects::{MemoryStore, Store as _};
use sha2::{Digest as _, Sha256};
use tokio::time::{Duration, Instant, sleep};
use train::trainer::{LocalSettings, LocalTrainer};

use super::bench::{Bench, Ending, job};

/// Does what `end` in its folder says as soon as it is there: an exit code, 0 with an output.
const SCRIPT: &str = r#"
while [ $# -gt 0 ]; do
  case "$1" in
    --oss_input) data=$2 ;;
    --base) base=$2 ;;
    --oss_output) out=$2 ;;
    --token) token=$2 ;;
    --name) name=$2 ;;
  esac
  shift 2
done
echo begun >>"$out/../starts"
echo '{"stage": "mine"}'
[ -f "$data/judged/qrels/dev.tsv" ] && [ -f "$base/model.onnx" ] || { echo "there is no data" >&2; exit 2; }
if [ "$name" = stubborn ]; then trap '' TERM; fi
echo '{"step": 1, "of": 2, "loss": 0.5, "seed": 1}'
n=0
until [ -f "$out/../end" ]; do
  sleep 0.03
  n=$((n + 1))
  [ "$n" -lt 2000 ] || exit 9
done
code=$(cat "$out/../end")
if [ "$code" != 0 ]; then
  n=0
  while [ "$n" -lt 400 ]; do echo "a line"; n=$((n + 1)); done
  echo "it went wrong" >&2
  exit "$code"
fi
mkdir -p "$out/bundle" "$out/checkpoints"
printf weights >"$out/bundle/model.onnx"
echo kept >"$out/checkpoints/1"
echo '<html>' >"$out/report.html"
sum=$(sha256sum "$out/bundle/model.onnx" | cut -d' ' -f1)
if [ "$name" = liar ]; then sum=$(echo other | sha256sum | cut -d' ' -f1); fi
if [ "$name" = stranger ]; then token=ffffffffffff; fi
printf '{"format": 1, "token": "%s", "files": {"bundle/model.onnx": "%s"}}' "$token" "$sum" >"$out/done.json"
"#;

pub(crate) struct LocalBench {
    pub(crate) settings: LocalSettings,
    pub(crate) store: MemoryStore,
    trainer: LocalTrainer<MemoryStore>,
    _folder: tempfile::TempDir,
}

pub(crate) async fn open() -> LocalBench {
    let folder = tempfile::tempdir().unwrap();
    // As in the repository: what it needs is beside it, and beside its folder.
    let script = folder.path().join("trainer/train.sh");
    for (name, text) in [("trainer/train.sh", SCRIPT), ("trainer/beside.py", ""), ("model/export.py", "")] {
        let file = folder.path().join(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    }
    let settings = LocalSettings {
        program: "/bin/sh".into(),
        script,
        work: folder.path().join("work"),
        nice: 1,
        memory_gib: 0,
        disk_gib: 1,
        hours: 1,
        stop_seconds: 1,
    };
    let store = MemoryStore::default();
    store.ensure_bucket("docs", None).await.unwrap();
    let order = job("0123456789ab");
    let data = [("train.jsonl", "{}\n"), ("judged/qrels/dev.tsv", "q\tp\t1\n")];
    put(&store, &order.data, "manifest.json", &data).await;
    put(&store, &order.base, "bundle.json", &[("model.onnx", "old weights"), ("tokenizer.json", "{}")]).await;
    let trainer = LocalTrainer::open(&settings, store.clone()).unwrap();
    LocalBench { settings, store, trainer, _folder: folder }
}

/// Puts these files, and a manifest with their digests.
pub(crate) async fn put(
    store: &MemoryStore,
    place: &train::trainer::ObjectPlace,
    manifest: &str,
    files: &[(&str, &str)],
) {
    let digest = |text: &str| hex::encode(Sha256::digest(text.as_bytes()));
    let digests: serde_json::Map<String, serde_json::Value> =
        files.iter().map(|(name, text)| ((*name).to_owned(), digest(text).into())).collect();
    let listed = serde_json::json!({"format": 1, "files": digests}).to_string();
    let files = files.iter().map(|(name, text)| (*name, (*text).to_owned()));
    for (name, text) in files.chain([(manifest, listed)]) {
        store.put(&place.object(name).unwrap(), Bytes::from(text), "text/plain").await.unwrap();
    }
}

impl LocalBench {
    pub(crate) fn folder(&self, run: &str) -> PathBuf {
        self.settings.work.join(run)
    }

    /// How often the script was started for a run.
    pub(crate) fn starts(&self, run: &str) -> usize {
        std::fs::read_to_string(self.folder(run).join("starts")).unwrap_or_default().lines().count()
    }

    /// Another trainer over the same folder, as in a process that was started anew.
    pub(crate) fn another(&self) -> LocalTrainer<MemoryStore> {
        LocalTrainer::open(&self.settings, self.store.clone()).unwrap()
    }

    pub(crate) fn say_end(&self, run: &str, code: &str) {
        let folder = self.folder(run);
        std::fs::write(folder.join("end.new"), code).unwrap();
        std::fs::rename(folder.join("end.new"), folder.join("end")).unwrap();
    }

    /// Kills the whole group of a run's process, as a power cut would.
    pub(crate) fn kill(&self, run: &str) {
        let pid = pid(&self.folder(run));
        let killed =
            std::process::Command::new("/bin/sh").args(["-c", &format!("kill -KILL -{pid}")]).status();
        assert!(killed.unwrap().success());
        let state = format!("/proc/{pid}/stat");
        let is_alive = |stat: String| stat.rsplit_once(')').is_some_and(|(_, rest)| !rest.starts_with(" Z"));
        while std::fs::read_to_string(&state).is_ok_and(is_alive) {
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Nothing of a run is left. One whose process alone is gone is started again.
    async fn vanish(&self, run: &str) {
        self.kill(run);
        let end = Instant::now() + Duration::from_secs(10);
        // What was killed may be writing its last line.
        while self.folder(run).exists() {
            let _removed = std::fs::remove_dir_all(self.folder(run)).is_ok();
            assert!(Instant::now() < end, "its folder cannot be removed");
            sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Drop for LocalBench {
    fn drop(&mut self) {
        // A test that failed leaves nothing running: each script ends as soon as it may.
        for entry in std::fs::read_dir(&self.settings.work).into_iter().flatten().flatten() {
            let _said = std::fs::write(entry.path().join("end"), "1").is_ok();
        }
    }
}

/// The process that leads the group of a run.
pub(crate) fn pid(folder: &Path) -> String {
    let process = std::fs::read_to_string(folder.join("process")).unwrap();
    process.lines().nth(1).unwrap().split(' ').next().unwrap().to_owned()
}

impl Bench for LocalBench {
    type Trainer = LocalTrainer<MemoryStore>;

    fn trainer(&self) -> &LocalTrainer<MemoryStore> {
        &self.trainer
    }

    async fn begin(&self, _: &str) {}

    async fn end(&self, job: &str, ending: Ending) {
        match ending {
            Ending::Succeeds => self.say_end(job, "0"),
            Ending::Fails => self.say_end(job, "1"),
            Ending::Vanishes => self.vanish(job).await,
        }
    }
}
