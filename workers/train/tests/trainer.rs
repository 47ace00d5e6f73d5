//! One suite for every trainer: in memory, a process on this machine (a shell script in the place of Python), and PAI-DLC
//! against a server that is written from its documentation.

#[cfg(test)]
mod suite {
    pub(crate) mod bench;
    pub(crate) mod facts;
    mod local;
    pub(crate) mod local_bench;
    pub(crate) mod memory_bench;
    mod pai;
    pub(crate) mod pai_bench;
    mod pai_routes;
    mod pai_server;
    mod pai_verify;
}

macro_rules! facts {
    ($bench:ident, $($fact:ident),+ $(,)?) => {
        mod $bench {
            $(
                #[tokio::test]
                async fn $fact() {
                    let bench = super::suite::$bench::open().await;
                    super::suite::facts::$fact(&bench).await;
                }
            )+
        }
    };
}

macro_rules! all_facts {
    ($($bench:ident),+) => {
        $(
            facts!(
                $bench,
                a_job_is_found_by_its_run,
                a_job_runs_and_succeeds,
                a_job_that_fails_says_why,
                a_job_is_stopped_and_may_be_stopped_again,
                what_vanished_is_gone_and_is_not_found,
                its_log_is_bounded,
            );
        )+
    };
}

all_facts!(memory_bench, local_bench, pai_bench);
