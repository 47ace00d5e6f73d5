//! Sheets as people and programs fill them.

use super::*;

fn shown(cells: &[(u32, u32, &str, bool)]) -> String {
    let mut grid = Grid::new(1_000);
    for (row, column, text, value) in cells {
        grid.add(*row, *column, text, *value).unwrap();
    }
    let mut composer = Composer::new();
    grid.show(&mut composer);
    composer.finish("test").text
}

#[test]
fn empty_rows_part_tables_and_empty_columns_are_not_shown() {
    let cells = [
        (0, 0, "Report", false),
        (1, 1, "Name", false),
        (1, 4, "Sum", false),
        (2, 1, "Ann", false),
        (2, 4, "1", true),
        (3, 4, "2", true),
        (9, 0, "A note\nof two lines", false),
    ];
    assert_eq!(
        shown(&cells),
        "Report\n\n | Name | Sum\n | Ann | 1\n |  | 2\n\nA note of two lines"
            .replace("\n |", "\n|")
            .replace("\n| ", "\n")
            .replace("\n |", "\n|")
    );
}

#[test]
fn cells_far_apart_cost_nothing() {
    let far = [(0, 0, "a", false), (0, 16_383, "b", false), (1_048_575, 16_383, "c", false)];
    assert_eq!(shown(&far), "a | b\n\nc");
    let mut grid = Grid::new(10_000_000);
    for at in 0..20_000 {
        grid.add(at, at % 16_384, "x", false).unwrap();
    }
    let mut composer = Composer::new();
    grid.show(&mut composer);
    assert_eq!(composer.finish("test").text.len(), 2 * 20_000 - 1);
}

#[test]
fn one_text_in_many_cells_is_bounded() {
    let mut grid = Grid::new(100);
    let text = "x".repeat(60);
    grid.add(0, 0, &text, false).unwrap();
    assert_eq!(grid.add(0, 1, &text, false), Err(Refusal::TooMuchText { limit: 100 }));
}
