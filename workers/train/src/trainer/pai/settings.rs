//! The settings of PAI-DLC. Pure.

use std::path::PathBuf;

use clap::Args;
use secret::Secret;

/// Jobs of Alibaba Cloud's PAI-DLC.
#[derive(Args, Clone, Debug)]
pub struct PaiSettings {
    /// Region of the jobs, e.g. `cn-hangzhou`.
    #[arg(
        id = "pai-region",
        long = "pai-region",
        env = "MILLRACE_PAI_REGION",
        default_value = "cn-hangzhou"
    )]
    pub region: String,
    /// Address of PAI-DLC; by default the region's, `https://pai-dlc.<region>.aliyuncs.com`.
    #[arg(id = "pai-endpoint", long = "pai-endpoint", env = "MILLRACE_PAI_ENDPOINT")]
    pub endpoint: Option<String>,
    /// Id of the workspace.
    #[arg(id = "pai-workspace", long = "pai-workspace", env = "MILLRACE_PAI_WORKSPACE")]
    pub workspace: Option<String>,
    /// Access key id.
    #[arg(
        id = "pai-access-key-id",
        long = "pai-access-key-id",
        env = "MILLRACE_PAI_ACCESS_KEY_ID",
        hide_env_values = true
    )]
    pub access_key_id: Option<Secret>,
    /// Secret of the access key.
    #[arg(
        id = "pai-access-key-secret",
        long = "pai-access-key-secret",
        env = "MILLRACE_PAI_ACCESS_KEY_SECRET",
        hide_env_values = true
    )]
    pub access_key_secret: Option<Secret>,
    /// Token of temporary keys (STS).
    #[arg(
        id = "pai-security-token",
        long = "pai-security-token",
        env = "MILLRACE_PAI_SECURITY_TOKEN",
        hide_env_values = true
    )]
    pub security_token: Option<Secret>,
    /// File of keys in the place of the three above, read for every request: JSON with
    /// `AccessKeyId`, `AccessKeySecret` and `SecurityToken`, as an ECS role's metadata or `AssumeRoleWithOIDC` (RRSA)
    /// give it.
    #[arg(
        id = "pai-credentials-file",
        long = "pai-credentials-file",
        env = "MILLRACE_PAI_CREDENTIALS_FILE",
        value_name = "FILE"
    )]
    pub credentials_file: Option<PathBuf>,
    /// Image of the job, with the training's script and what it needs.
    #[arg(id = "pai-image", long = "pai-image", env = "MILLRACE_PAI_IMAGE")]
    pub image: Option<String>,
    /// Command in the image to which the training's arguments are added.
    #[arg(
        id = "pai-command",
        long = "pai-command",
        env = "MILLRACE_PAI_COMMAND",
        default_value = "python /workspace/train.py"
    )]
    pub command: String,
    /// Instance type, e.g. `ecs.gn7i-c8g1.2xlarge` (one NVIDIA A10); either this or a quota (`MILLRACE_PAI_RESOURCE_ID`).
    #[arg(id = "pai-ecs-spec", long = "pai-ecs-spec", env = "MILLRACE_PAI_ECS_SPEC")]
    pub ecs_spec: Option<String>,
    /// Resource quota of which the job takes a part, in the place of an instance type.
    #[arg(id = "pai-resource-id", long = "pai-resource-id", env = "MILLRACE_PAI_RESOURCE_ID")]
    pub resource_id: Option<String>,
    /// Number of processors of the quota, e.g. `8`.
    #[arg(id = "pai-cpu", long = "pai-cpu", env = "MILLRACE_PAI_CPU")]
    pub cpu: Option<String>,
    /// Number of graphics processors of the quota, e.g. `1`.
    #[arg(id = "pai-gpu", long = "pai-gpu", env = "MILLRACE_PAI_GPU")]
    pub gpu: Option<String>,
    /// Their type, if the quota has several.
    #[arg(id = "pai-gpu-type", long = "pai-gpu-type", env = "MILLRACE_PAI_GPU_TYPE")]
    pub gpu_type: Option<String>,
    /// Memory of the quota, e.g. `32Gi`.
    #[arg(id = "pai-memory", long = "pai-memory", env = "MILLRACE_PAI_MEMORY")]
    pub memory: Option<String>,
    /// Shared memory of the quota, e.g. `16Gi`.
    #[arg(id = "pai-shared-memory", long = "pai-shared-memory", env = "MILLRACE_PAI_SHARED_MEMORY")]
    pub shared_memory: Option<String>,
    /// Private network (VPC) of the job; needs `MILLRACE_PAI_VSWITCH` and `MILLRACE_PAI_SECURITY_GROUP`.
    #[arg(id = "pai-vpc", long = "pai-vpc", env = "MILLRACE_PAI_VPC")]
    pub vpc: Option<String>,
    /// Its vSwitch.
    #[arg(id = "pai-vswitch", long = "pai-vswitch", env = "MILLRACE_PAI_VSWITCH")]
    pub vswitch: Option<String>,
    /// Its security group.
    #[arg(id = "pai-security-group", long = "pai-security-group", env = "MILLRACE_PAI_SECURITY_GROUP")]
    pub security_group: Option<String>,
    /// Priority of the job in its quota, 1 to 9.
    #[arg(id = "pai-priority", long = "pai-priority", env = "MILLRACE_PAI_PRIORITY", value_parser = clap::value_parser!(u8).range(1..=9))]
    pub priority: Option<u8>,
    /// Host by which a job reaches OSS; by default the region's internal one, `oss-<region>-internal.aliyuncs.com`.
    #[arg(id = "pai-oss-host", long = "pai-oss-host", env = "MILLRACE_PAI_OSS_HOST")]
    pub oss_host: Option<String>,
    /// Maximum time of a job in minutes; PAI stops it then. This is the cap of its cost.
    #[arg(id = "pai-max-minutes", long = "pai-max-minutes", env = "MILLRACE_PAI_MAX_MINUTES", default_value_t = 240, value_parser = clap::value_parser!(u32).range(1..=43_200))]
    pub max_minutes: u32,
    /// Price of an hour of the job, in your currency; only told to people before a run begins.
    #[arg(id = "pai-price-per-hour", long = "pai-price-per-hour", env = "MILLRACE_PAI_PRICE_PER_HOUR")]
    pub price_per_hour: Option<f64>,
    /// Beginning of the jobs' names; letters, digits, `_`, `.` and `-`. Several installations in one workspace need
    /// several.
    #[arg(
        id = "pai-name-prefix",
        long = "pai-name-prefix",
        env = "MILLRACE_PAI_NAME_PREFIX",
        default_value = "millrace"
    )]
    pub name_prefix: String,
    /// Timeout of a request to PAI in seconds.
    #[arg(id = "pai-timeout-seconds", long = "pai-timeout-seconds", env = "MILLRACE_PAI_TIMEOUT_SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=600))]
    pub timeout_seconds: u64,
}

/// A text that is given; deployment files often leave variables empty.
fn given(text: Option<&String>) -> Option<&str> {
    text.map(String::as_str).filter(|text| !text.is_empty())
}

impl PaiSettings {
    /// Checks settings that depend on each other.
    pub(super) fn check(&self) -> Result<(), String> {
        let needed = [
            (
                "MILLRACE_PAI_WORKSPACE",
                given(self.workspace.as_ref()),
                "PAI would take the account's default workspace without a word",
            ),
            ("MILLRACE_PAI_IMAGE", given(self.image.as_ref()), "it names the image in which the job trains"),
            ("MILLRACE_PAI_COMMAND", given(Some(&self.command)), "it begins the training"),
            ("MILLRACE_PAI_REGION", given(Some(&self.region)), "it names the region of the jobs"),
        ];
        if let Some((setting, _, why)) = needed.into_iter().find(|(_, text, _)| text.is_none()) {
            return Err(format!("MILLRACE_TRAINER=pai needs {setting}: {why}"));
        }
        match (self.instance_type(), self.quota()) {
            (Some(_), Some(_)) => {
                return Err(
                    "MILLRACE_PAI_ECS_SPEC and MILLRACE_PAI_RESOURCE_ID exclude each other: set one of them"
                        .to_owned(),
                );
            }
            (None, None) => {
                return Err("MILLRACE_TRAINER=pai needs MILLRACE_PAI_ECS_SPEC, an instance type, or MILLRACE_PAI_RESOURCE_ID, a quota".to_owned());
            }
            (None, Some(_))
                if given(self.cpu.as_ref()).is_none() || given(self.memory.as_ref()).is_none() =>
            {
                return Err(
                    "MILLRACE_PAI_RESOURCE_ID needs MILLRACE_PAI_CPU and MILLRACE_PAI_MEMORY beside it"
                        .to_owned(),
                );
            }
            (Some(_), None) | (None, Some(_)) => {}
        }
        let network = [&self.vpc, &self.vswitch, &self.security_group];
        let network = network.into_iter().filter(|text| given(text.as_ref()).is_some()).count();
        if network != 0 && network != 3 {
            return Err(
                "MILLRACE_PAI_VPC, MILLRACE_PAI_VSWITCH and MILLRACE_PAI_SECURITY_GROUP belong together"
                    .to_owned(),
            );
        }
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
        if !(1..=128).contains(&self.name_prefix.len()) || !self.name_prefix.bytes().all(is_plain) {
            return Err(format!(
                "MILLRACE_PAI_NAME_PREFIX is {:?}; it has 1 to 128 letters, digits, `_`, `.` and `-`",
                self.name_prefix
            ));
        }
        Ok(())
    }

    /// The instance type, if one is set.
    pub(super) fn instance_type(&self) -> Option<&str> {
        given(self.ecs_spec.as_ref())
    }

    /// The quota, if one is set.
    pub(super) fn quota(&self) -> Option<&str> {
        given(self.resource_id.as_ref())
    }

    /// The address of PAI-DLC.
    pub(super) fn address(&self) -> String {
        let usual = || format!("https://pai-dlc.{}.aliyuncs.com", self.region);
        given(self.endpoint.as_ref()).map_or_else(usual, str::to_owned)
    }

    /// The host by which a job reaches OSS.
    pub(super) fn oss_host(&self) -> String {
        let usual = || format!("oss-{}-internal.aliyuncs.com", self.region);
        given(self.oss_host.as_ref()).map_or_else(usual, str::to_owned)
    }

    /// What a job takes and costs at most, for people.
    pub(super) fn estimate(&self) -> String {
        let what = match (self.instance_type(), self.quota()) {
            (Some(instance), _) => format!("1 × {instance}"),
            (None, quota) => format!("a part of the quota {}", quota.unwrap_or_default()),
        };
        let cost = match self.price_per_hour {
            Some(price) => {
                let most = price * f64::from(self.max_minutes) / 60.0;
                format!("at most {most:.2}, at {price:.2} an hour")
            }
            None => "its price is not known (MILLRACE_PAI_PRICE_PER_HOUR)".to_owned(),
        };
        format!("{what} on PAI in {}, for at most {} minutes: {cost}", self.region, self.max_minutes)
    }

    /// Settings for tests, spelled out so that no variable of the machine interferes.
    #[cfg(test)]
    pub(super) fn example() -> Self {
        Self {
            region: "cn-hangzhou".to_owned(),
            endpoint: None,
            workspace: Some("12345".to_owned()),
            access_key_id: "someone".parse().ok(),
            access_key_secret: "hunter2".parse().ok(),
            security_token: None,
            credentials_file: None,
            image: Some("registry-vpc.cn-hangzhou.aliyuncs.com/ns/train:1.0".to_owned()),
            command: "python /workspace/train.py".to_owned(),
            ecs_spec: Some("ecs.gn7i-c8g1.2xlarge".to_owned()),
            resource_id: None,
            cpu: None,
            gpu: None,
            gpu_type: None,
            memory: None,
            shared_memory: None,
            vpc: None,
            vswitch: None,
            security_group: None,
            priority: None,
            oss_host: None,
            max_minutes: 240,
            price_per_hour: None,
            name_prefix: "millrace".to_owned(),
            timeout_seconds: 30,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contradictions_are_named() {
        let words = |text: &str| Some(text.to_owned());
        let example = PaiSettings::example;
        assert_eq!(example().check(), Ok(()));
        for (settings, said) in [
            (PaiSettings { workspace: words(""), ..example() }, "MILLRACE_PAI_WORKSPACE"),
            (PaiSettings { image: None, ..example() }, "MILLRACE_PAI_IMAGE"),
            (PaiSettings { resource_id: words("quota1"), ..example() }, "exclude each other"),
            (PaiSettings { ecs_spec: words(""), ..example() }, "MILLRACE_PAI_RESOURCE_ID"),
            (PaiSettings { ecs_spec: None, resource_id: words("quota1"), ..example() }, "MILLRACE_PAI_CPU"),
            (PaiSettings { vpc: words("vpc-1"), ..example() }, "belong together"),
            (PaiSettings { name_prefix: "a b".to_owned(), ..example() }, "MILLRACE_PAI_NAME_PREFIX"),
        ] {
            let what = settings.check().unwrap_err();
            assert!(what.contains(said), "{what:?} should say {said:?}");
        }
    }

    #[test]
    fn people_are_told_the_cost_where_it_is_known() {
        let free = PaiSettings::example().estimate();
        assert!(free.contains("1 × ecs.gn7i-c8g1.2xlarge") && free.contains("240 minutes"), "{free}");
        assert!(free.contains("MILLRACE_PAI_PRICE_PER_HOUR"), "{free}");
        let priced = PaiSettings { price_per_hour: Some(11.5), ..PaiSettings::example() }.estimate();
        assert!(priced.ends_with("at most 46.00, at 11.50 an hour"), "{priced}");
    }

    #[test]
    fn addresses_are_the_regions_unless_others_are_given() {
        let settings = PaiSettings {
            region: "eu-central-1".to_owned(),
            endpoint: Some(String::new()),
            ..PaiSettings::example()
        };
        assert_eq!(settings.address(), "https://pai-dlc.eu-central-1.aliyuncs.com");
        assert_eq!(settings.oss_host(), "oss-eu-central-1-internal.aliyuncs.com");
    }
}
