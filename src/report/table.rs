//! Tables in text: columns padded to the width that a terminal shows, Chinese characters two wide.

use unicode_width::UnicodeWidthStr;

/// How a column is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// Text.
    Left,
    /// Figures.
    Right,
}

/// A table of text cells.
#[derive(Clone, Debug)]
pub struct Table {
    align: Vec<Align>,
    rows: Vec<Vec<String>>,
    indent: usize,
}

impl Table {
    /// A table with columns set so.
    pub fn new(align: &[Align]) -> Self {
        Self { align: align.to_vec(), rows: Vec::new(), indent: 0 }
    }

    /// Sets every line in by so many blanks.
    pub fn indented(mut self, indent: usize) -> Self {
        self.indent = indent;
        self
    }

    /// Adds a row; missing cells are empty.
    pub fn row<S: Into<String>>(&mut self, cells: impl IntoIterator<Item = S>) {
        self.rows.push(cells.into_iter().map(Into::into).collect());
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

impl std::fmt::Display for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let width = |cell: &String| UnicodeWidthStr::width(cell.as_str());
        let columns = self.align.len();
        let widths: Vec<usize> =
            (0..columns).map(|c| self.rows.iter().filter_map(|r| r.get(c)).map(width).max().unwrap_or(0)).collect();
        for row in &self.rows {
            let mut line = " ".repeat(self.indent);
            for (c, cell) in row.iter().enumerate().take(columns) {
                let fill = " ".repeat(widths[c] - width(cell));
                match self.align[c] {
                    Align::Left => line.extend([cell.as_str(), fill.as_str()]),
                    Align::Right => line.extend([fill.as_str(), cell.as_str()]),
                }
                line.push_str("  ");
            }
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chinese_labels_line_up_with_figures() {
        let mut table = Table::new(&[Align::Left, Align::Right]);
        table.row(["医疗救助", "1.00"]);
        table.row(["ra", "12,345.00"]);
        assert_eq!(table.to_string(), "医疗救助       1.00\nra        12,345.00\n");
    }
}
