//! Where the text of a group goes.

/// What becomes of the text in a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Destination {
    /// It is shown.
    Body,
    /// It is shown below the paragraph.
    Note,
    /// It is the marker of a list item.
    Marker,
    /// It is the title of the document.
    Title,
    /// It stands at the head or foot of each page: it is shown when nothing else is.
    PageEdge,
    Fonts,
    Styles,
    /// It is not shown, but something in it may be.
    Skipped,
    /// It says again what was shown elsewhere; nothing in it is shown.
    Never,
}

/// Where a control word at the head of a group sends the text, given where the text around goes.
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
        // what is shown of an object, a shape, a formula or a text that is given twice
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

/// The text that a control word stands for.
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
