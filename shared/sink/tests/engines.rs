//! One suite for every sink: always in memory, and OpenSearch and Elasticsearch where they run.
//!
//! The real engines are ignored by default: `compose/up --instance test opensearch elasticsearch`, then `eval
//! "$(compose/instance.sh test)"` and `cargo test -p sink -- --include-ignored`.

#[cfg(test)]
mod suite {
    mod aliased;
    pub(crate) mod bench;
    pub(crate) mod catalog;
    mod copied;
    pub(crate) mod data;
    mod faults;
    mod hosted;
    mod hosted_for_real;
    mod licence;
    pub(crate) mod limited;
    mod outside;
    pub(crate) mod read;
    mod restored;
    mod script;
    mod semantic;
    mod snapshots;
    pub(crate) mod vectors;
    pub(crate) mod write;
}

macro_rules! fact {
    ([$($ignore:meta)?], $bench:ident, $file:ident, $fact:ident) => {
        #[tokio::test]
        $(#[$ignore])?
        async fn $fact() {
            use super::suite::bench::{self, Bench};
            let bench = bench::$bench::open(stringify!($fact));
            super::suite::$file::$fact(&bench).await;
            bench.close().await;
        }
    };
}

macro_rules! facts {
    ($engine:ident, $bench:ident, $ignore:tt, $($file:ident :: $fact:ident,)*) => {
        mod $engine {
            $(fact!($ignore, $bench, $file, $fact);)*
        }
    };
}

macro_rules! engines {
    ($($file:ident :: $fact:ident,)*) => {
        facts!(memory, Memory, [], $($file::$fact,)*);
        facts!(opensearch, OpenSearch, [ignore = "real: opensearch"], $($file::$fact,)*);
        facts!(elasticsearch, Elasticsearch, [ignore = "real: elasticsearch"], $($file::$fact,)*);
    };
}

engines! {
    write::what_is_written_is_counted_and_read_back,
    write::the_highest_version_wins,
    write::a_stale_put_after_a_delete_does_not_bring_it_back,
    write::a_repetition_is_done,
    write::two_versions_in_one_batch_leave_the_later,
    write::a_wrong_item_is_refused_alone,
    write::a_version_of_another_log_stops,
    write::a_deleted_index_stops_and_is_not_created_by_a_write,
    write::ensure_tells_a_new_index_from_an_old_one,
    write::every_generation_is_in_one_cluster,
    write::another_space_or_dimension_is_refused,
    write::nothing_is_written_long_after_the_proof,
    write::the_highest_version_of_chosen_records_is_told,
    read::words_find_the_right_passage,
    read::vectors_find_the_right_passage,
    read::what_is_gone_is_found_no_more,
    read::what_is_of_another_space_is_refused_and_only_the_audit_sees_it,
    read::both_ways_in_one_question,
    read::the_longest_question_is_taken,
    read::ranks_are_fused_as_their_formula_says,
    read::words_are_compared_in_the_language_of_the_passage,
    read::terms_are_counted_and_passages_drawn,
    read::a_filter_lets_no_other_passage_take_a_place,
    limited::terms_are_counted_among_the_passages_that_count,
    limited::a_place_has_no_neighbours,
    read::records_and_passages_are_looked_up_by_name,
    catalog::values_are_kept_by_name,
    read::a_missing_index_is_named,
    read::a_scan_brings_everything_in_order,
    read::records_are_scanned_in_the_order_of_their_documents,
    read::the_chunks_of_one_document_come_alone_and_all,
    vectors::vectors_are_found_and_read_back_however_they_are_kept,
}
