//! PAI-DLC, with a server that is written from its documentation.

use clap::Parser;
use serde_json::json;
use train::trainer::{PaiSettings, PaiTrainer};

use super::bench::{Bench, Ending};
use super::pai_server::{AccountKey, PaiServer};

pub(crate) const KEY: &str = "LTAI-the-id";
pub(crate) const SECRET: &str = "a-very-secret-key";

#[derive(Parser)]
struct Flags {
    #[command(flatten)]
    pai: PaiSettings,
}

pub(crate) struct PaiBench {
    pub(crate) server: PaiServer,
    pub(crate) settings: PaiSettings,
    trainer: PaiTrainer,
}

pub(crate) async fn open() -> PaiBench {
    let server = PaiServer::start().await;
    let key = AccountKey { secret: SECRET.to_owned(), token: None, is_expired: false };
    server.state().keys.insert(KEY.to_owned(), key);
    let settings = Flags::parse_from([
        "test",
        "--pai-endpoint",
        &server.url,
        "--pai-workspace",
        "12345",
        "--pai-image",
        "registry-vpc.cn-hangzhou.aliyuncs.com/ns/train:1.0",
        "--pai-ecs-spec",
        "ecs.gn7i-c8g1.2xlarge",
        "--pai-access-key-id",
        KEY,
        "--pai-access-key-secret",
        SECRET,
        "--pai-timeout-seconds",
        "2",
    ])
    .pai;
    let trainer = PaiTrainer::open(&settings).unwrap();
    PaiBench { server, settings, trainer }
}

impl Bench for PaiBench {
    type Trainer = PaiTrainer;

    fn trainer(&self) -> &PaiTrainer {
        &self.trainer
    }

    async fn begin(&self, job: &str) {
        let pods = json!([{"PodId": format!("{job}-master-0"), "Status": "Running", "Type": "master"}]);
        self.server.set(job, &json!({"Status": "Running", "Pods": pods, "Duration": 61}));
    }

    async fn end(&self, job: &str, ending: Ending) {
        match ending {
            Ending::Succeeds => {
                self.server.set(job, &json!({"Status": "Succeeded", "ReasonCode": "JobSucceeded"}));
            }
            Ending::Fails => {
                let why =
                    json!({"Status": "Failed", "ReasonCode": "PodFailed", "ReasonMessage": "it went wrong"});
                self.server.set(job, &why);
            }
            Ending::Vanishes => self.server.state().jobs.all.retain(|other| other["JobId"] != job),
        }
    }
}
