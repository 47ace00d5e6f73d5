//! Determinism, length and similarity of hashed vectors.

use proptest::prelude::*;

use super::*;

fn hashing(dimension: usize) -> Hashing {
    Hashing::new(NonZeroUsize::new(dimension).unwrap())
}

fn cosine(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[test]
fn a_text_has_the_same_vector_for_ever() {
    // Must not change without a new REVISION: stored vectors would no longer be comparable.
    assert_eq!(hash(b"log"), 9_697_667_476_519_580_517);
}

#[test]
fn texts_with_words_in_common_are_alike() {
    let encoder = hashing(384);
    let log = encoder.vector("A log is a sequence of records, and records have offsets.");
    let near = encoder.vector("A log is a sequence of records; each of the records has an offset");
    let far = encoder.vector("Bake the bread for forty minutes in a hot oven");
    assert!(cosine(&log, &near) > 0.6, "{}", cosine(&log, &near));
    assert!(cosine(&log, &far) < 0.3, "{}", cosine(&log, &far));
}

#[test]
fn words_are_runs_of_letters_and_single_cjk_characters() {
    assert_eq!(
        words("Kafka's log, v2 你好 k8s很好").collect::<Vec<_>>(),
        ["Kafka", "s", "log", "v2", "你", "好", "k8s", "很", "好"]
    );
    assert_eq!(words(" -- ").count(), 0);
}

#[test]
fn the_order_of_words_matters_a_little() {
    let encoder = hashing(64);
    assert_ne!(encoder.vector("dog bites man"), encoder.vector("man bites dog"));
}

#[test]
fn its_fingerprint_knows_its_dimension() {
    assert_ne!(hashing(64).model_fingerprint(), hashing(65).model_fingerprint());
}

proptest! {
    #[test]
    fn every_text_has_a_unit_vector(text in any::<String>(), dimension in 1_usize..64) {
        let encoder = hashing(dimension);
        let vector = encoder.vector(&text);
        prop_assert_eq!(vector.len(), dimension);
        prop_assert!((length_of(&vector) - 1.0).abs() < 1e-5);
        prop_assert_eq!(vector, encoder.vector(&text));
    }
}
