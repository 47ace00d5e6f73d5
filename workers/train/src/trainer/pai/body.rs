//! The body of `CreateJob`. Pure.

use objects::OWN_PREFIX;
use serde_json::{Map, Value, json};

use super::answer::{TAG, VARIABLE};
use super::settings::PaiSettings;
use crate::trainer::{ObjectPlace, TrainingJob};

/// Maximum size of all parameters together, in bytes.
const LARGEST: usize = 65_536;
/// Where a bucket is mounted.
const MOUNT: &str = "/mnt/millrace";

/// The name of a run's job; its run is found again by it.
pub(super) fn display_name(settings: &PaiSettings, run: &str) -> String {
    format!("{}-{run}", settings.name_prefix)
}

/// The body that creates the job.
///
/// # Errors
/// When PAI could not do it: a place is not below `.millrace/`, or all of it is too long.
pub(super) fn create(settings: &PaiSettings, job: &TrainingJob) -> Result<Value, String> {
    let mounts = Mounts::of([&job.output, &job.data, &job.base]);
    let (data, base, output) = (mounts.path(&job.data)?, mounts.path(&job.base)?, mounts.path(&job.output)?);
    let arguments = job.arguments(&data, &base, &output);
    let arguments: Vec<String> = arguments.iter().map(|argument| quoted(argument)).collect();
    let mut body = json!({
        "WorkspaceId": settings.workspace,
        "DisplayName": display_name(settings, &job.run),
        "JobType": "PyTorchJob",
        "JobSpecs": [spec(settings)],
        "UserCommand": format!("{} {}", settings.command, arguments.join(" ")),
        "Envs": {VARIABLE: job.run},
        "DataSources": mounts.sources(settings),
        "JobMaxRunningTimeMinutes": settings.max_minutes,
        "Settings": {"Tags": {"app": "millrace", TAG: job.run}},
    });
    if let Some(body) = body.as_object_mut() {
        if let Some(quota) = settings.quota() {
            body.insert("ResourceId".to_owned(), json!(quota));
        }
        if let Some(priority) = settings.priority {
            body.insert("Priority".to_owned(), json!(priority));
        }
        if let Some(network) = network(settings) {
            body.insert("UserVpc".to_owned(), network);
        }
    }
    let size = body.to_string().len();
    if size > LARGEST {
        return Err(format!("the job has {size} bytes of parameters, and PAI takes {LARGEST}"));
    }
    Ok(body)
}

/// One worker, on an instance type or with resources of a quota: never both.
fn spec(settings: &PaiSettings) -> Value {
    let mut spec = json!({"Type": "Worker", "Image": settings.image, "PodCount": 1});
    let (name, value) = match settings.instance_type() {
        Some(instance) => ("EcsSpec", json!(instance)),
        None => ("ResourceConfig", Value::Object(resources(settings))),
    };
    if let Some(spec) = spec.as_object_mut() {
        spec.insert(name.to_owned(), value);
    }
    spec
}

fn resources(settings: &PaiSettings) -> Map<String, Value> {
    let given = [
        ("CPU", &settings.cpu),
        ("GPU", &settings.gpu),
        ("GPUType", &settings.gpu_type),
        ("Memory", &settings.memory),
        ("SharedMemory", &settings.shared_memory),
    ];
    let given = given.into_iter().filter_map(|(name, value)| Some((name, value.as_deref()?)));
    given
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| (name.to_owned(), json!(value)))
        .collect()
}

fn network(settings: &PaiSettings) -> Option<Value> {
    let given = |value: &Option<String>| value.clone().filter(|text| !text.is_empty());
    let vpc = given(&settings.vpc)?;
    Some(json!({
        "VpcId": vpc, "SwitchId": given(&settings.vswitch), "SecurityGroupId": given(&settings.security_group),
    }))
}

/// The buckets that the job needs, in the order of their mount points.
struct Mounts<'a>(Vec<&'a str>);

impl<'a> Mounts<'a> {
    fn of(places: [&'a ObjectPlace; 3]) -> Self {
        let mut buckets: Vec<&str> = Vec::new();
        for place in places {
            if !buckets.contains(&place.bucket.as_str()) {
                buckets.push(&place.bucket);
            }
        }
        Self(buckets)
    }

    fn point(number: usize) -> String {
        if number == 0 { MOUNT.to_owned() } else { format!("{MOUNT}-{number}") }
    }

    /// Where the place is in the job. Only what Millrace wrote itself is mounted: the job sees no document.
    fn path(&self, place: &ObjectPlace) -> Result<String, String> {
        let number = self.0.iter().position(|bucket| *bucket == place.bucket).unwrap_or_default();
        match place.prefix.strip_prefix(OWN_PREFIX) {
            Some(rest) => Ok(format!("{}/{rest}", Self::point(number))),
            None => Err(format!("{place} is not below {OWN_PREFIX}, and only that is shown to a job")),
        }
    }

    fn sources(&self, settings: &PaiSettings) -> Vec<Value> {
        let host = settings.oss_host();
        let sources = self.0.iter().enumerate().map(|(number, bucket)| {
            json!({"Uri": format!("oss://{bucket}.{host}/{OWN_PREFIX}"), "MountPath": Self::point(number)})
        });
        sources.collect()
    }
}

/// A word of a shell's command.
fn quoted(word: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_./:@%+=,-".contains(&byte);
    if !word.is_empty() && word.bytes().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trainer::TrainerOptions;

    fn job() -> TrainingJob {
        let place = |text: &str| text.parse().unwrap();
        TrainingJob {
            run: "0123456789ab".to_owned(),
            data: place("docs/.millrace/training/a1b2/"),
            base: place("models/.millrace/models/f00/"),
            output: place("docs/.millrace/runs/0123456789ab/"),
            name: "domain's emb".to_owned(),
            version: "2".to_owned(),
            options: TrainerOptions {
                seeds: Some(3),
                learning_rate: Some(2e-5),
                ..TrainerOptions::default()
            },
        }
    }

    #[test]
    fn a_job_says_everything_that_pai_needs() {
        let settings = PaiSettings::example();
        let body = create(&settings, &job()).unwrap();
        assert_eq!(
            body,
            json!({
                "WorkspaceId": "12345",
                "DisplayName": "millrace-0123456789ab",
                "JobType": "PyTorchJob",
                "JobSpecs": [{"Type": "Worker", "Image": "registry-vpc.cn-hangzhou.aliyuncs.com/ns/train:1.0", "PodCount": 1, "EcsSpec": "ecs.gn7i-c8g1.2xlarge"}],
                "UserCommand": "python /workspace/train.py --oss_input /mnt/millrace/training/a1b2/ --base /mnt/millrace-1/models/f00/ --oss_output /mnt/millrace/runs/0123456789ab/ --name 'domain'\\''s emb' --version 2 --token 0123456789ab --seeds 3 --learning_rate 0.00002",
                "Envs": {"MILLRACE_RUN": "0123456789ab"},
                "DataSources": [
                    {"Uri": "oss://docs.oss-cn-hangzhou-internal.aliyuncs.com/.millrace/", "MountPath": "/mnt/millrace"},
                    {"Uri": "oss://models.oss-cn-hangzhou-internal.aliyuncs.com/.millrace/", "MountPath": "/mnt/millrace-1"},
                ],
                "JobMaxRunningTimeMinutes": 240,
                "Settings": {"Tags": {"app": "millrace", "millrace-run": "0123456789ab"}},
            })
        );
    }

    #[test]
    fn a_quota_takes_the_place_of_an_instance_type() {
        let words = |text: &str| Some(text.to_owned());
        let settings = PaiSettings {
            ecs_spec: None,
            resource_id: words("quota1"),
            cpu: words("8"),
            gpu: words("1"),
            memory: words("32Gi"),
            vpc: words("vpc-1"),
            vswitch: words("vsw-1"),
            security_group: words("sg-1"),
            ..PaiSettings::example()
        };
        let body = create(&settings, &job()).unwrap();
        assert_eq!(body["JobSpecs"][0]["ResourceConfig"], json!({"CPU": "8", "GPU": "1", "Memory": "32Gi"}));
        assert!(body["JobSpecs"][0].get("EcsSpec").is_none() && body["ResourceId"] == "quota1");
        assert_eq!(
            body["UserVpc"],
            json!({"VpcId": "vpc-1", "SwitchId": "vsw-1", "SecurityGroupId": "sg-1"})
        );
    }

    #[test]
    fn what_pai_cannot_do_is_refused_here() {
        let settings = PaiSettings::example();
        let documents = TrainingJob { data: "docs/manuals/".parse().unwrap(), ..job() };
        assert!(create(&settings, &documents).unwrap_err().contains(".millrace/"));
        let long = TrainingJob { name: "x".repeat(LARGEST), ..job() };
        assert!(create(&settings, &long).unwrap_err().contains("65536"));
    }
}
