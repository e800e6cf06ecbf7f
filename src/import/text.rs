//! Text files: which letters, which mark between cells, row by row.

use super::error::ImportError;
use super::grid::Grid;
use encoding_rs::{CoderResult, Decoder, Encoding, GB18030, UTF_8, UTF_16BE, UTF_16LE};
use std::cell::Cell;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::rc::Rc;

/// Marks that may stand between cells.
const DELIMITERS: [u8; 4] = [b',', b'\t', b';', b'|'];
/// Bytes of a row at most: more is a quote that is never closed.
const ROW_BYTES: usize = 4 << 20;
/// Bytes that are read at a time.
const BLOCK: usize = 1 << 16;

/// How a text file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Form {
    /// Its letters.
    pub encoding: &'static Encoding,
    /// What stands between its cells.
    pub delimiter: u8,
    /// Whether its lines end as those of old Macintoshes, with a carriage return alone.
    pub returns: bool,
}

impl Form {
    /// Looks at the whole of a file.
    pub(super) fn of(path: &Path) -> io::Result<Self> {
        let encoding = encoding_of(&mut File::open(path)?)?;
        let mut reader = Decoding::new(File::open(path)?, encoding, false, Rc::default());
        let mut bytes = vec![0; BLOCK];
        let read = reader.read(&mut bytes)?;
        let start = String::from_utf8_lossy(&bytes[..read]);
        let lines = start.trim_end_matches('\n');
        let returns = lines.contains('\r') && !lines.contains('\n');
        let delimiter = if returns { delimiter_of(&start.replace('\r', "\n")) } else { delimiter_of(&start) };
        Ok(Self { encoding, delimiter, returns })
    }
}

/// A mark at the start tells; else what is UTF-8 throughout is UTF-8, and all else GB18030.
fn encoding_of(file: &mut File) -> io::Result<&'static Encoding> {
    let mut block = vec![0; BLOCK];
    let mut kept = 0;
    let mut first = true;
    loop {
        let read = file.read(&mut block[kept..])?;
        let there = &block[..kept + read];
        if first {
            if let Some((encoding, _)) = Encoding::for_bom(there) {
                return Ok(if [UTF_16BE, UTF_16LE].contains(&encoding) { encoding } else { UTF_8 });
            }
            first = false;
        }
        if read == 0 {
            return Ok(if kept == 0 { UTF_8 } else { GB18030 });
        }
        let valid = match std::str::from_utf8(there) {
            Ok(_) => there.len(),
            // A letter that goes on in the next block.
            Err(error) if error.error_len().is_none() => error.valid_up_to(),
            Err(_) => return Ok(GB18030),
        };
        let all = there.len();
        block.copy_within(valid..all, 0);
        kept = all - valid;
    }
}

/// The mark that splits the first lines most often, and most alike.
fn delimiter_of(start: &str) -> u8 {
    let outside = |line: &str, mark: u8| {
        let mut quoted = false;
        let count = line.bytes().filter(|b| {
            quoted ^= *b == b'"';
            *b == mark && !quoted
        });
        count.count()
    };
    let lines: Vec<&str> = start.lines().take(super::heads::HEAD_WITHIN).collect();
    // The count that most lines share; titles above the heads have none.
    let shared = |mark: u8| {
        let counts: Vec<usize> = lines.iter().map(|line| outside(line, mark)).filter(|n| *n > 0).collect();
        counts.iter().map(|n| (counts.iter().filter(|m| *m == n).count(), *n)).max().unwrap_or_default()
    };
    let best = DELIMITERS.into_iter().rev().max_by_key(|mark| {
        let (alike, count) = shared(*mark);
        alike * count
    });
    best.unwrap_or(b',')
}

/// A file as UTF-8, whatever its letters, with a line feed after every line; letters that are none become U+FFFD.
struct Decoding<R> {
    inner: R,
    decoder: Decoder,
    block: Vec<u8>,
    at: usize,
    end: usize,
    over: bool,
    done: bool,
    /// The byte given out last.
    last: u8,
    returns: bool,
    /// Bytes given out since the row at hand began.
    since: Rc<Cell<usize>>,
}

impl<R: Read> Decoding<R> {
    fn new(inner: R, encoding: &'static Encoding, returns: bool, since: Rc<Cell<usize>>) -> Self {
        let decoder = encoding.new_decoder_with_bom_removal();
        Self {
            inner,
            decoder,
            block: vec![0; BLOCK],
            at: 0,
            end: 0,
            over: false,
            done: false,
            last: b'\n',
            returns,
            since,
        }
    }
}

impl<R: Read> Read for Decoding<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.since.get() > ROW_BYTES {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        if out.is_empty() {
            return Ok(0);
        }
        while !self.done {
            if self.at == self.end && !self.over {
                (self.at, self.end) = (0, self.inner.read(&mut self.block)?);
                self.over = self.end == 0;
            }
            let (result, read, written, _) =
                self.decoder.decode_to_utf8(&self.block[self.at..self.end], out, self.over);
            self.at += read;
            self.done = self.over && result == CoderResult::InputEmpty;
            if written > 0 {
                if self.returns {
                    out[..written].iter_mut().filter(|b| **b == b'\r').for_each(|b| *b = b'\n');
                }
                self.last = out[written - 1];
                self.since.set(self.since.get() + written);
                return Ok(written);
            }
        }
        if self.last == b'\n' {
            return Ok(0);
        }
        (self.last, out[0]) = (b'\n', b'\n');
        Ok(1)
    }
}

/// Gives the rows of a text file, so many at a time, until nobody wants more.
pub(super) fn read(
    path: &Path,
    form: Form,
    rows_at_a_time: &mut dyn FnMut() -> usize,
    give: &mut dyn FnMut(Grid) -> bool,
) -> Result<(), ImportError> {
    let io = |source| ImportError::Io { path: path.to_owned(), source };
    let unclosed = |line: u64| ImportError::Unclosed { path: path.to_owned(), line };
    let since = Rc::new(Cell::new(0));
    let decoding = Decoding::new(File::open(path).map_err(io)?, form.encoding, form.returns, since.clone());
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(form.delimiter)
        // A return before it is blank, and trimmed; the reader's own CRLF would put its count of lines out by one.
        .terminator(csv::Terminator::Any(b'\n'))
        .buffer_capacity(BLOCK)
        .from_reader(decoding);
    let (mut grid, mut wanted) = (Grid::default(), rows_at_a_time());
    let mut record = csv::StringRecord::new();
    let mut lines = 1;
    loop {
        since.set(0);
        let more = reader.read_record(&mut record).map_err(|error| match error.into_kind() {
            csv::ErrorKind::Io(source) if source.kind() == io::ErrorKind::FileTooLarge => unclosed(lines),
            csv::ErrorKind::Io(source) => io(source),
            other => io(io::Error::other(format!("{other:?}"))),
        })?;
        if !more {
            break;
        }
        // Blank lines before the row are passed over, and lines within its cells belong to it.
        let within: usize = record.iter().map(|cell| cell.bytes().filter(|b| *b == b'\n').count()).sum();
        let before = std::mem::replace(&mut lines, reader.position().line());
        let line = lines.saturating_sub(1 + within as u64).max(before);
        if swallows(&record, form.delimiter) {
            return Err(unclosed(line));
        }
        record.iter().for_each(|cell| grid.push_text(cell));
        grid.end_row(line);
        if grid.rows() >= wanted {
            if !give(std::mem::take(&mut grid)) {
                return Ok(());
            }
            wanted = rows_at_a_time();
        }
    }
    give(grid);
    Ok(())
}

/// Whether a cell holds further rows: a quote that is not closed before the next one.
fn swallows(record: &csv::StringRecord, delimiter: u8) -> bool {
    let marks = |line: &str| line.bytes().filter(|b| *b == delimiter).count();
    record.iter().filter(|cell| cell.contains('\n')).any(|cell| cell.lines().skip(1).any(|line| marks(line) >= 3))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form_of(bytes: &[u8]) -> Form {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        std::fs::write(&path, bytes).unwrap();
        Form::of(&path).unwrap()
    }

    #[test]
    fn letters_and_marks_are_found_by_looking() {
        let text = "标题\n人员编号,结算时间,金额\n1,\"2024；01\",\"1,000\"\n";
        let (gb, ..) = GB18030.encode(text);
        let of = |bytes: &[u8]| (form_of(bytes).encoding.name(), form_of(bytes).delimiter);
        assert_eq!(of(text.as_bytes()), ("UTF-8", b','));
        assert_eq!(of(&gb), ("gb18030", b','));
        assert_eq!(of("\u{feff}a\tb\n1\t2\n".as_bytes()), ("UTF-8", b'\t'));
        assert_eq!(of("a;b;c\n1,5;2,5;3\n".as_bytes()), ("UTF-8", b';'));
        let utf16: Vec<u8> =
            [0xff, 0xfe].into_iter().chain("a\tb\n".encode_utf16().flat_map(u16::to_le_bytes)).collect();
        assert_eq!(of(&utf16), ("UTF-16LE", b'\t'));
        // A letter that lies across two blocks.
        let long = format!("{}医", "a".repeat(BLOCK - 1));
        assert_eq!(of(long.as_bytes()).0, "UTF-8");
        assert_eq!(of(b""), ("UTF-8", b','));
    }

    #[test]
    fn rows_bear_the_numbers_that_an_editor_shows_however_lines_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        let rows = |bytes: &[u8]| {
            std::fs::write(&path, bytes).unwrap();
            let mut seen = Vec::new();
            read(&path, Form::of(&path).unwrap(), &mut || 2, &mut |grid| {
                for row in 0..grid.rows() {
                    let text: String =
                        grid.row(row).iter().map(|c| grid.text(*c).unwrap_or("~").trim()).collect::<Vec<_>>().join("/");
                    seen.push((grid.number(row), text));
                }
                true
            })
            .unwrap();
            seen.into_iter().map(|(n, t)| format!("{n}:{t}")).collect::<Vec<_>>().join(" ")
        };
        let whole = "1:a/b 2:c/d\ne 4:f/~ 6:g/h";
        for text in ["a,b\nc,\"d\ne\"\nf,\n\ng,h\n", "a,b\nc,\"d\ne\"\nf,\n\ng,h"] {
            assert_eq!(rows(text.as_bytes()), whole);
            assert_eq!(rows(text.replace('\n', "\r").as_bytes()), whole);
        }
        let windows = "a,b\r\nc,\"d\r\ne\"\r\nf,\r\n\r\ng,h\r\n";
        assert_eq!(rows(windows.as_bytes()).replace('\r', ""), "1:a/b 2:c/d\ne 4:f/ 5: 6:g/h");
    }
}
