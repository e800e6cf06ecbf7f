//! The file of what could not be read, for whoever mends it: CSV that a spreadsheet opens as it is.

use super::convert::Reject;
use crate::lang::Lang;
use crate::output::access::private;
use crate::output::error::OutputError;
use crate::output::single::Single;
use std::fs::File;
use std::io::Write as _;

/// The file, made when there is something to write.
pub(super) struct Rejects {
    place: Single,
    writer: Option<csv::Writer<File>>,
    lang: Lang,
    rows: u64,
}

impl Rejects {
    pub(super) fn new(place: Single, lang: Lang) -> Self {
        Self { place, writer: None, lang, rows: 0 }
    }

    /// Writes cells of a file.
    pub(super) fn write(&mut self, file: &str, rejects: &[Reject]) -> Result<(), OutputError> {
        for reject in rejects {
            let cells = [file, &reject.row.to_string(), &reject.head, &reject.cell, reject.wrong.words(self.lang)];
            self.record(cells)?;
            self.rows += 1;
        }
        Ok(())
    }

    fn record(&mut self, cells: [&str; 5]) -> Result<(), OutputError> {
        let path = self.place.path().to_owned();
        let io = |source| OutputError::Io { path: path.clone(), source };
        let put = |writer: &mut csv::Writer<File>, cells: [&str; 5]| {
            writer.write_record(cells.map(inert)).map_err(|e| io(std::io::Error::other(e)))
        };
        let writer = match &mut self.writer {
            Some(writer) => writer,
            None => {
                let mut file = private().create_new(true).open(&path).map_err(io)?;
                // Spreadsheets know UTF-8 by this.
                file.write_all("\u{feff}".as_bytes()).map_err(io)?;
                let writer = self.writer.insert(csv::Writer::from_writer(file));
                let heads = match self.lang {
                    Lang::En => ["file", "row", "column", "cell", "why"],
                    Lang::Zh => ["文件", "行", "列", "单元格", "原因"],
                };
                put(writer, heads)?;
                writer
            }
        };
        put(writer, cells)
    }

    /// Puts the file in its place if there is anything in it; the cells in it.
    pub(super) fn publish(self) -> Result<u64, OutputError> {
        let Some(writer) = self.writer else { return Ok(0) };
        let path = self.place.path().to_owned();
        let io = |source| OutputError::Io { path: path.clone(), source };
        let file = writer.into_inner().map_err(|e| io(e.into_error()))?;
        file.sync_all().map_err(io)?;
        self.place.publish()?;
        Ok(self.rows)
    }
}

/// A cell that no spreadsheet takes for a formula.
fn inert(cell: &str) -> String {
    let starts = cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
    if starts { format!("'{cell}") } else { cell.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_a_formula() {
        assert_eq!(inert("=1+1"), "'=1+1");
        assert_eq!(inert("1+1"), "1+1");
    }
}
