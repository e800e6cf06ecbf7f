//! Rows of cells as they are read, in one piece of memory, and where they come from.

use super::value::Cell;

/// A cell of a grid.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Raw {
    Blank,
    /// From and to, in the grid's text.
    Text(usize, usize),
    Number(f64),
    Moment(i64),
    Bool(bool),
    Broken,
}

/// Some rows.
#[derive(Debug, Default)]
pub(super) struct Grid {
    text: String,
    cells: Vec<Raw>,
    /// Number in the file, and where the cells end.
    rows: Vec<(u64, usize)>,
}

impl Grid {
    pub(super) fn rows(&self) -> usize {
        self.rows.len()
    }

    /// The cells of a row.
    pub(super) fn row(&self, row: usize) -> &[Raw] {
        let from = if row == 0 { 0 } else { self.rows[row - 1].1 };
        &self.cells[from..self.rows[row].1]
    }

    /// The number of a row in its file, from 1, as an editor or a spreadsheet tells it.
    pub(super) fn number(&self, row: usize) -> u64 {
        self.rows[row].0
    }

    /// The text of a cell, if it has one.
    pub(super) fn text(&self, cell: Raw) -> Option<&str> {
        match cell {
            Raw::Text(from, to) => Some(&self.text[from..to]),
            _ => None,
        }
    }

    /// A cell as it is read.
    pub(super) fn cell(&self, cell: Raw) -> Cell<'_> {
        match cell {
            Raw::Blank => Cell::Blank,
            Raw::Text(from, to) => Cell::Text(&self.text[from..to]),
            Raw::Number(number) => Cell::Number(number),
            Raw::Moment(micros) => Cell::Moment(micros),
            Raw::Bool(yes) => Cell::Bool(yes),
            Raw::Broken => Cell::Broken,
        }
    }

    /// Adds a text cell to the row at hand.
    pub(super) fn push_text(&mut self, text: &str) {
        if text.is_empty() {
            self.cells.push(Raw::Blank);
            return;
        }
        let from = self.text.len();
        self.text.push_str(text);
        self.cells.push(Raw::Text(from, self.text.len()));
    }

    /// Adds a cell to the row at hand.
    pub(super) fn push(&mut self, cell: Raw) {
        self.cells.push(cell);
    }

    /// Cells of the row at hand.
    pub(super) fn open_cells(&self) -> usize {
        self.cells.len() - self.rows.last().map_or(0, |(_, end)| *end)
    }

    /// Ends the row at hand.
    pub(super) fn end_row(&mut self, number: u64) {
        self.rows.push((number, self.cells.len()));
    }
}
