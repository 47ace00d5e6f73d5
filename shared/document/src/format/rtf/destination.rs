//! Where the text of a group goes.

/// The treatment of a group's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Destination {
    /// Shown.
    Body,
    /// Shown below the paragraph.
    Note,
    /// The marker of a list item.
    Marker,
    /// The title of the document.
    Title,
    /// The header or footer of pages: shown only if the document has no other text.
    PageEdge,
    Fonts,
    Styles,
    /// Not shown, though nested groups may be.
    Skipped,
    /// Never shown, including nested groups, because it repeats other text.
    Never,
}

/// The destination that a control word at the start of a group selects, given the surrounding one.
pub(super) fn of_word(word: &str, around: Destination) -> Option<Destination> {
    use Destination::{Body, Fonts, Marker, Never, Note, PageEdge, Skipped, Styles, Title};
    if around == Never {
        return None;
    }
    Some(match word {
        "fonttbl" => Fonts,
        "stylesheet" => Styles,
        "title" if around == Skipped => Title,
        "footnote" if around == Body => Note,
        "listtext" | "pntext" if matches!(around, Body | Note) => Marker,
        // the shown text of an object, shape, formula, or of text given in two forms
        "result" | "shptxt" | "dptxbxtext" | "mr" | "ud" => Body,
        "shprslt" | "nonshppict" | "nonesttables" | "nesttableprops" => Never,
        "header" | "headerl" | "headerr" | "headerf" | "footer" | "footerl" | "footerr" | "footerf" => {
            PageEdge
        }
        "info" | "pict" | "object" | "colortbl" | "ftnsep" | "ftnsepc" | "ftncn" | "aftnsep" | "aftnsepc"
        | "aftncn" | "fldinst" | "xe" | "tc" | "rxe" | "txe" | "upr" | "private" | "template" | "revtbl"
        | "filetbl" | "bkmkstart" | "bkmkend" | "panose" | "falt" | "author" | "operator" | "comment"
        | "subject" | "keywords" | "doccomm" | "manager" | "company" | "category" | "hlinkbase"
        | "listtable" | "listoverridetable" | "rsidtbl" | "themedata" | "colorschememapping"
        | "datastore" | "latentstyles" | "mmathPr" | "shpinst" | "do" | "objdata" | "objclass" => Skipped,
        _ => return None,
    })
}

/// The character that a control word stands for.
pub(super) fn character(word: &str) -> Option<&'static str> {
    Some(match word {
        "tab" | "emspace" | "enspace" | "qmspace" | "nestcell" => "\t",
        "line" | "lbr" | "nestrow" => "\n",
        "emdash" => "\u{2014}",
        "endash" => "\u{2013}",
        "bullet" => "\u{2022}",
        "lquote" => "\u{2018}",
        "rquote" => "\u{2019}",
        "ldblquote" => "\u{201c}",
        "rdblquote" => "\u{201d}",
        _ => return None,
    })
}
