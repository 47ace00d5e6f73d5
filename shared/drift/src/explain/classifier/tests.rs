use super::*;
use crate::figures::Moved;

#[test]
fn the_area_is_that_of_scikit_learn_over_the_same_parts() {
    let all = Moved::all();
    assert!(all.len() >= 2);
    for one in all {
        let names = one.names();
        let found = auc_over(&one.placed(&names), &one.folds).unwrap();
        assert!((found - one.auc).abs() < 1e-6, "{found} where {} is right", one.auc);
    }
}

#[test]
fn no_document_is_judged_by_what_was_fitted_to_it() {
    let one = Moved::all().remove(0);
    let names = one.names();
    let placed = one.placed(&names);
    let folds = folds(&placed, 3);
    for (here, fold) in placed.iter().zip(&folds) {
        let others = placed.iter().zip(&folds).filter(|(other, _)| other.document == here.document);
        assert!(others.map(|(_, other)| other).all(|other| other == fold));
    }
    assert!((0..FOLDS).all(|fold| folds.contains(&fold)));
}

#[test]
fn what_cannot_be_compared_has_no_area() {
    let vectors = [[0.0_f32, 1.0], [1.0, 0.0]];
    let side =
        |is_current| vectors.iter().map(move |vector| PlacedPassage { vector, document: "a", is_current });
    assert_eq!(cross_fitted_auc(&side(true).collect::<Vec<_>>(), 1), None);
    assert_eq!(cross_fitted_auc(&[], 1), None);
    // All of one document are in one part, so that nothing is left to fit.
    assert_eq!(cross_fitted_auc(&side(true).chain(side(false)).collect::<Vec<_>>(), 1), None);
    // Every passage lies on one point.
    let names = ["a", "b", "c", "d", "e", "f"];
    let same = names.iter().enumerate().map(|(place, document)| PlacedPassage {
        vector: &vectors[0],
        document,
        is_current: place % 2 == 0,
    });
    assert_eq!(cross_fitted_auc(&same.collect::<Vec<_>>(), 1), None);
}

#[test]
fn equal_scores_count_half() {
    assert!((ranked_above(&[1.0, 2.0], &[1.0, 0.0]) - 3.5).abs() < 1e-12);
}
