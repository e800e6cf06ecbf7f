//! Workbooks: the cells of a sheet, row by row.

use super::error::ImportError;
use super::grid::{Grid, Raw};
use crate::model::date;
use calamine::{DataRef, ExcelDateTime, Reader, Xlsx, XlsxError};
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

type Book = Xlsx<BufReader<File>>;

fn open(path: &Path) -> Result<Book, ImportError> {
    let file = File::open(path).map_err(|source| ImportError::Io { path: path.to_owned(), source })?;
    Xlsx::new(BufReader::new(file)).map_err(|error| failed(path, &error))
}

fn failed(path: &Path, error: &XlsxError) -> ImportError {
    ImportError::Workbook { path: path.to_owned(), message: error.to_string() }
}

/// The sheet that is read, the named one or else the first, and how many there are.
///
/// # Errors
/// [`ImportError`]: no such sheet, or none at all.
pub(super) fn sheet_of(path: &Path, named: Option<&str>) -> Result<(String, usize), ImportError> {
    let names = open(path)?.sheet_names();
    let found = match named {
        Some(named) => names.iter().find(|name| *name == named),
        None => names.first(),
    };
    match found {
        Some(name) => Ok((name.clone(), names.len())),
        None => {
            let name = named.unwrap_or_default().to_owned();
            Err(ImportError::NoSheet { path: path.to_owned(), name, found: names.join(", ") })
        }
    }
}

/// Gives the rows of a sheet, so many at a time, until nobody wants more.
pub(super) fn read(
    path: &Path,
    sheet: &str,
    rows_at_a_time: &mut dyn FnMut() -> usize,
    give: &mut dyn FnMut(Grid) -> bool,
) -> Result<(), ImportError> {
    let mut book = open(path)?;
    let failed = |error: XlsxError| failed(path, &error);
    let mut cells = book.worksheet_cells_reader(sheet).map_err(failed)?;
    let (mut grid, mut wanted) = (Grid::default(), rows_at_a_time());
    let mut at = None;
    while let Some(cell) = cells.next_cell().map_err(failed)? {
        let (row, column) = cell.get_position();
        if let Some(before) = at.filter(|before| *before != row) {
            grid.end_row(u64::from(before) + 1);
            if grid.rows() >= wanted {
                if !give(std::mem::take(&mut grid)) {
                    return Ok(());
                }
                wanted = rows_at_a_time();
            }
        }
        at = Some(row);
        while grid.open_cells() < column as usize {
            grid.push(Raw::Blank);
        }
        match cell.get_value() {
            DataRef::Empty => grid.push(Raw::Blank),
            DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => grid.push_text(text),
            DataRef::SharedString(text) => grid.push_text(text),
            DataRef::Int(number) => grid.push(Raw::Number(*number as f64)),
            DataRef::Float(number) => grid.push(Raw::Number(*number)),
            DataRef::Bool(yes) => grid.push(Raw::Bool(*yes)),
            DataRef::DateTime(moment) => grid.push(micros(*moment)),
            DataRef::Error(_) => grid.push(Raw::Broken),
        }
    }
    if let Some(last) = at {
        grid.end_row(u64::from(last) + 1);
    }
    give(grid);
    Ok(())
}

/// A date of a spreadsheet, to the millisecond as spreadsheets have it.
fn micros(moment: ExcelDateTime) -> Raw {
    let (year, month, of_month, hour, minute, second, milli) = moment.to_ymd_hms_milli();
    let day = date::day(i32::from(year), u32::from(month), u32::from(of_month));
    match day.filter(|_| moment.is_datetime()) {
        None => Raw::Broken,
        Some(day) => {
            let seconds = i64::from(hour) * 3_600 + i64::from(minute) * 60 + i64::from(second);
            Raw::Moment(((i64::from(day) * 86_400 + seconds) * 1_000 + i64::from(milli)) * 1_000)
        }
    }
}
