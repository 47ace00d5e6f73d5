//! The flow of an office document: paragraphs, and tables that contain paragraphs and tables.
//!
//! Paragraphs go to the [`Composer`] immediately; a table is kept until its end, because only then it is known
//! whether it holds data or just lays out a page.

use crate::BlockKind;
use crate::composer::Composer;

/// Tables nested deeper than this are read as part of the enclosing cell.
const DEEPEST_TABLE: usize = 12;
/// Maximum number of columns that one cell may span.
const WIDEST_CELL: usize = 64;

/// The role of a paragraph.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    /// The title of the document, shown in it.
    Title,
    /// A heading of a level from 1.
    Heading(u8),
    /// An item of a list, with its marker, at a depth from 0.
    Item(usize),
    /// One or more lines of code; consecutive ones form one block.
    Code,
}

/// Collects the flow of one document.
pub(super) struct Flow {
    composer: Composer,
    code: Option<String>,
    tables: Vec<Table>,
    /// Number of open tables beyond the deepest.
    ignored: usize,
    asides: Vec<String>,
}

#[derive(Default)]
struct Table {
    rows: Vec<Row>,
}

#[derive(Default)]
struct Row {
    header: bool,
    cells: Vec<Cell>,
}

#[derive(Default)]
struct Cell {
    pieces: Vec<Piece>,
    /// Number of columns it spans beyond its first.
    further: usize,
    /// Whether it continues the cell above, and has no content of its own.
    continued: bool,
}

enum Piece {
    Paragraph(Kind, String),
    Table(Table),
}

impl Flow {
    pub(super) fn new(composer: Composer) -> Self {
        Self { composer, code: None, tables: Vec::new(), ignored: 0, asides: Vec::new() }
    }

    /// Adds a paragraph. White space collapses, except for line breaks and in code.
    pub(super) fn paragraph(&mut self, kind: Kind, text: &str) {
        if !self.tables.is_empty() {
            if let Some(cell) = self.cell()
                && (kind == Kind::Code || !text.trim().is_empty())
            {
                cell.pieces.push(Piece::Paragraph(kind, text.to_owned()));
            }
            return;
        }
        self.emit(kind, text);
        self.end_block();
    }

    /// Adds text that is beside the flow, such as a note: it follows the open block, or the outermost open table.
    pub(super) fn aside(&mut self, text: String) {
        self.asides.push(text);
    }

    pub(super) fn open_table(&mut self) {
        // a table outside of any cell of the enclosing table cannot be shown
        if self.tables.len() >= DEEPEST_TABLE {
            self.ignored += 1;
        } else {
            self.tables.push(Table::default());
        }
    }

    pub(super) fn open_row(&mut self) {
        if self.ignored == 0
            && let Some(table) = self.tables.last_mut()
        {
            table.rows.push(Row::default());
        }
    }

    /// Marks the open row as a header.
    pub(super) fn mark_header(&mut self) {
        if let Some(row) = self.row() {
            row.header = true;
        }
    }

    pub(super) fn open_cell(&mut self) {
        if let Some(row) = self.row() {
            row.cells.push(Cell::default());
        }
    }

    /// Sets the number of columns that the open cell spans.
    pub(super) fn widen_cell(&mut self, columns: usize) {
        if self.ignored == 0
            && let Some(cell) = self.cell()
        {
            cell.further = columns.clamp(1, WIDEST_CELL) - 1;
        }
    }

    /// Marks the open cell as a continuation of the one above.
    pub(super) fn continue_cell(&mut self) {
        if self.ignored == 0
            && let Some(cell) = self.cell()
        {
            cell.continued = true;
        }
    }

    pub(super) fn close_table(&mut self) {
        if self.ignored > 0 {
            self.ignored -= 1;
            return;
        }
        let Some(table) = self.tables.pop() else { return };
        if self.tables.is_empty() {
            self.end_code();
            self.show(table);
            self.end_block();
        } else if let Some(cell) = self.cell() {
            cell.pieces.push(Piece::Table(table));
        }
    }

    /// The composer, with everything before it completed.
    pub(super) fn composer(&mut self) -> &mut Composer {
        while !self.tables.is_empty() {
            self.ignored = 0;
            self.close_table();
        }
        self.end_code();
        self.end_block();
        &mut self.composer
    }

    /// Ends the flow.
    pub(super) fn finish(mut self) -> Composer {
        self.composer();
        self.composer
    }

    fn row(&mut self) -> Option<&mut Row> {
        if self.ignored > 0 {
            return None;
        }
        self.tables.last_mut()?.rows.last_mut()
    }

    fn cell(&mut self) -> Option<&mut Cell> {
        let table = self.tables.last_mut()?;
        if table.rows.is_empty() {
            table.rows.push(Row::default());
        }
        let row = table.rows.last_mut()?;
        if row.cells.is_empty() {
            row.cells.push(Cell::default());
        }
        row.cells.last_mut()
    }

    fn emit(&mut self, kind: Kind, text: &str) {
        if kind == Kind::Code {
            let code = self.code.get_or_insert_default();
            if !code.is_empty() {
                code.push('\n');
            }
            code.push_str(text);
            return;
        }
        self.end_code();
        let text = collapse(text);
        match kind {
            Kind::Text | Kind::Code => self.composer.block(BlockKind::Paragraph, &text),
            Kind::Title => {
                self.composer.declare_title(&text);
                self.composer.heading(0, &text);
            }
            Kind::Heading(level) => self.composer.heading(level, &text),
            Kind::Item(depth) => self.composer.item(depth, &text),
        }
    }

    fn end_code(&mut self) {
        if let Some(code) = self.code.take() {
            self.composer.block(BlockKind::Code, &code);
        }
    }

    fn end_block(&mut self) {
        if self.asides.is_empty() {
            return;
        }
        self.end_code();
        for aside in std::mem::take(&mut self.asides) {
            self.composer.block(BlockKind::Paragraph, &collapse(&aside));
        }
    }

    /// Shows a table. Recurses no deeper than [`DEEPEST_TABLE`].
    fn show(&mut self, table: Table) {
        if table.lays_out() {
            for cell in table.rows.into_iter().flat_map(|row| row.cells) {
                for piece in cell.shown() {
                    match piece {
                        Piece::Paragraph(kind, text) => self.emit(kind, &text),
                        Piece::Table(inner) => self.show(inner),
                    }
                }
                self.end_code();
            }
            return;
        }
        let marked = table.rows.iter().take_while(|row| row.header).count();
        let headers = if marked == 0 && table.opens_with_names() { 1 } else { marked };
        let rows: Vec<Vec<String>> = table.rows.into_iter().map(Row::texts).collect();
        self.composer.table(&rows, headers);
    }
}

impl Table {
    /// Whether it lays out a page instead of holding data: it contains tables, headings or code, or has a single
    /// column.
    fn lays_out(&self) -> bool {
        let mut cells = self.rows.iter().flat_map(|row| &row.cells);
        let widest =
            self.rows.iter().map(|row| row.cells.iter().filter(|cell| !cell.is_empty()).count()).max();
        widest.unwrap_or_default() < 2
            || cells.any(|cell| {
                cell.pieces.iter().any(|piece| match piece {
                    Piece::Table(_) => true,
                    Piece::Paragraph(kind, _) => matches!(kind, Kind::Title | Kind::Heading(_) | Kind::Code),
                })
            })
    }

    /// Whether the first row may name the columns: more than one of its cells has text.
    fn opens_with_names(&self) -> bool {
        self.rows.first().is_some_and(|row| row.cells.iter().filter(|cell| !cell.is_empty()).count() > 1)
    }
}

impl Row {
    fn texts(self) -> Vec<String> {
        let mut texts = Vec::new();
        for cell in self.cells {
            let (further, alone) = (cell.further, cell.pieces.len() == 1);
            let paragraphs = cell.shown().filter_map(|piece| match piece {
                // a single bullet only decorates the cell
                Piece::Paragraph(Kind::Item(_), text) if alone => {
                    Some(text.strip_prefix("- ").map(str::to_owned).unwrap_or(text))
                }
                Piece::Paragraph(_, text) => Some(text),
                Piece::Table(_) => None,
            });
            texts.push(paragraphs.collect::<Vec<_>>().join("\n"));
            texts.extend(std::iter::repeat_n(String::new(), further));
        }
        texts
    }
}

impl Cell {
    fn is_empty(&self) -> bool {
        self.continued || self.pieces.is_empty()
    }

    fn shown(self) -> impl Iterator<Item = Piece> {
        let shown = if self.continued { Vec::new() } else { self.pieces };
        shown.into_iter()
    }
}

/// Whether a picture's description is meaningful and not just a file name.
pub(super) fn describes(words: &str) -> bool {
    words.trim().contains(|character: char| {
        character.is_whitespace() || (character.is_alphabetic() && !character.is_ascii())
    })
}

/// Collapses runs of spaces and tabs; keeps line breaks, drops empty lines.
pub(super) fn collapse(text: &str) -> String {
    let lines = text
        .split(['\n', '\r'])
        .map(|line| line.split([' ', '\t']).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" "));
    lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}
