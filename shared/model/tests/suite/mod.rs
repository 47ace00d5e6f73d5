//! What every encoder must do; run for each kind.

mod bundle;

use model::{EncodeError, EncodeRemedy, Encoder, Role, TextFault};

pub(crate) use self::bundle::{Tried, tiny_bundle};

/// Texts of very different lengths, so that batches consist of texts that are not neighbours.
const TEXTS: [&str; 7] = [
    "Kafka keeps a log of records.",
    "log",
    "",
    "An index is a copy of the bucket, and the copy follows the bucket in seconds.",
    "of",
    "你好, records",
    "A long passage: of a log of records of a log of records of a log of records of a log of records of a log.",
];

fn texts() -> Vec<String> {
    TEXTS.iter().map(|&text| text.to_owned()).collect()
}

/// The whole suite for `encoder`, which takes texts of at most `limit` tokens (`log` being one token).
pub(crate) async fn all(encoder: &impl Encoder, limit: usize) -> Tried {
    order_is_kept(encoder).await?;
    vectors_are_sound(encoder).await?;
    nothing_gives_nothing(encoder).await?;
    too_long_is_refused(encoder, limit).await?;
    dropping_a_call_leaves_the_next_whole(encoder).await
}

async fn order_is_kept(encoder: &impl Encoder) -> Tried {
    let together = encoder.embed(texts(), Role::Passage).await?;
    for (text, vector) in texts().into_iter().zip(&together) {
        let alone = encoder.embed(vec![text.clone()], Role::Passage).await?;
        let cosine = alone.iter().flatten().zip(vector).map(|(a, b)| a * b).sum::<f32>();
        assert!(cosine > 1.0 - 1e-5, "{text:?}: alone and together differ: {cosine}");
    }
    Ok(())
}

async fn vectors_are_sound(encoder: &impl Encoder) -> Tried {
    let vectors = encoder.embed(texts(), Role::Query).await?;
    assert_eq!(vectors.len(), TEXTS.len());
    for vector in vectors {
        assert_eq!(vector.len(), encoder.dimension());
        let length = vector.iter().map(|number| number * number).sum::<f32>().sqrt();
        assert!((length - 1.0).abs() < 1e-3, "{length}");
    }
    Ok(())
}

async fn nothing_gives_nothing(encoder: &impl Encoder) -> Tried {
    assert!(encoder.embed(Vec::new(), Role::Passage).await?.is_empty());
    Ok(())
}

async fn too_long_is_refused(encoder: &impl Encoder, limit: usize) -> Tried {
    // [CLS] and [SEP] are two of the tokens.
    let whole = vec!["log".to_owned(), ["log"].repeat(limit - 2).join(" ")];
    assert_eq!(encoder.embed(whole, Role::Passage).await?.len(), 2);
    // All faulty texts are reported in one call, and the others keep their vectors.
    let over = ["log"].repeat(limit - 1).join(" ");
    let texts = vec![over.clone(), "log".to_owned(), over, "of".to_owned()];
    let each = encoder.embed_each(texts.clone(), Role::Passage).await?;
    let alone = encoder.embed(vec!["log".to_owned(), "of".to_owned()], Role::Passage).await?;
    let [Err(first), Ok(second), Err(third), Ok(fourth)] = each.as_slice() else {
        return Err(format!("texts over the limit gave {each:?}").into());
    };
    for fault in [first, third] {
        assert!(
            matches!(fault, TextFault::TooLong { tokens, limit: told } if (*tokens, *told) == (limit + 1, limit)),
            "{fault:?}"
        );
    }
    for (found, alone) in [(second, &alone[0]), (fourth, &alone[1])] {
        let cosine: f32 = found.iter().zip(alone).map(|(a, b)| a * b).sum();
        assert!(cosine > 1.0 - 1e-5, "a neighbour of a text at fault has another vector: {cosine}");
    }
    // A caller that wants all or nothing learns of the first.
    let error = encoder.embed(texts, Role::Passage).await.err();
    assert!(matches!(error, Some(EncodeError::Text { position: 0, .. })), "{error:?}");
    assert_eq!(error.map(|error| error.remedy()), Some(EncodeRemedy::Refuse));
    Ok(())
}

async fn dropping_a_call_leaves_the_next_whole(encoder: &impl Encoder) -> Tried {
    let expected = encoder.embed(texts(), Role::Passage).await?;
    for _ in 0..20 {
        let call = encoder.embed(texts(), Role::Passage);
        // Polled once or for a moment, then dropped.
        let dropped = tokio::time::timeout(std::time::Duration::from_micros(300), call).await;
        drop(dropped);
    }
    let found = encoder.embed(texts(), Role::Passage).await?;
    for (expected, found) in expected.iter().flatten().zip(found.iter().flatten()) {
        assert!((expected - found).abs() < 1e-5);
    }
    Ok(())
}
