use crate::{BlockKind, Extracted, extract};

fn read(key: &str, source: &str) -> Extracted {
    extract(key, source.as_bytes()).unwrap()
}

fn header(extracted: &Extracted) -> &str {
    let table = extracted.blocks.iter().find(|block| block.kind == BlockKind::Table).unwrap();
    &extracted.text[table.range.start..table.range.start + table.header]
}

#[test]
fn the_delimiter_is_the_one_by_which_rows_are_alike() {
    for source in [
        "name,town\nAnn,Paris\nBo,Rome",
        "name;town\nAnn;Paris\nBo;Rome\n",
        "name\ttown\r\nAnn\tParis\r\nBo\tRome",
        "name|town\nAnn|Paris\nBo|Rome",
        "\u{feff}sep=^\nname^town\nAnn^Paris\nBo^Rome",
        "name,town\n\n\"Ann\",\"Paris\"\n,,\nBo,\"Rome\"",
    ] {
        let extracted = read("a.csv", source);
        assert_eq!(extracted.text, "name | town\nAnn | Paris\nBo | Rome", "{source}");
        assert_eq!(header(&extracted), "name | town");
    }
    let prose = read("a.csv", "one, two; a\nthree; four, b\n5, 6; 7");
    assert_eq!(prose.text.lines().next(), Some("one | two; a"));
    assert_eq!(read("a.TSV", "a, b\tc\nd\te, f").text, "a, b | c\nd | e, f");
}

#[test]
fn quotes_hold_delimiters_and_line_breaks_and_an_odd_one_is_a_character() {
    let extracted = read("a.csv", "k,v\n\"a,b\",\"line 1\nline 2\"\n\"say \"\"x\"\"\",2");
    assert_eq!(extracted.text, "k | v\na,b | line 1 line 2\nsay \"x\" | 2");
    let odd = read("a.csv", "size,use\n\"3 inch,pipe\n4,tube");
    assert_eq!(odd.text, "size | use\n\"3 inch | pipe\n4 | tube");
}

#[test]
fn ragged_rows_stay() {
    let extracted = read("a.csv", "a,b,c\n1,2,3,4\n5\n6,7,8");
    assert_eq!(extracted.text, "a | b | c\n1 | 2 | 3 | 4\n5\n6 | 7 | 8");
}

#[test]
fn a_header_looks_like_names() {
    for (source, expected) in [
        ("1,2,3\na,b,c", ""),
        ("2024-01-01,x\na,b", ""),
        ("a,b", ""),
        (",age\nAnn,3", "| age"),
        ("kind,results,\n,count,time\nx,1,2", "kind | results\n| count | time"),
        ("Q1,Q2\n1,2", "Q1 | Q2"),
    ] {
        assert_eq!(header(&read("a.csv", source)), expected, "{source}");
    }
}

#[test]
fn lines_above_a_table_are_its_title() {
    let extracted = read("a.csv", "Stanley Cups,,\nTeam,Location,Cups\nBlues,STL,1");
    assert_eq!(extracted.text, "Stanley Cups\n\nTeam | Location | Cups\nBlues | STL | 1");
    assert_eq!(header(&extracted), "Team | Location | Cups");
}

#[test]
fn one_column_is_a_table_without_a_header() {
    let extracted = read("a.csv", "Lorem, ipsum\ndolor sit\namet\n\"adipiscing, elit\"\nsed");
    assert_eq!(extracted.text, "Lorem, ipsum\ndolor sit\namet\nadipiscing, elit\nsed");
    assert_eq!((extracted.blocks.len(), header(&extracted)), (1, ""));
}

#[test]
fn a_large_table_is_read_in_one_pass() {
    let rows = "name,town\n".to_owned() + &"Ann,\"Paris, France\"\n".repeat(100_000);
    assert_eq!(read("a.csv", &rows).text.lines().count(), 100_001);
}
