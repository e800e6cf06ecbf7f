//! A Parquet file that is watched while it is read: what a page claims to be is looked at before the Parquet
//! reader takes room for it.
//!
//! A file of a few kilobytes can claim pages of two gigabytes each, and may even hold them, packed a
//! thousandfold. The reader would ask for the memory first, and a program that does not get it is ended by the
//! system without a word.

use super::compact::Compact;
use super::footer::{self, Chunk, MOST_FOOTER, TAIL, damaged};
use super::open::Source;
use bytes::buf::Reader;
use bytes::{Buf as _, Bytes};
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use parquet::basic::{Encoding, Type as PhysicalType};
use parquet::column::page::{Page, PageReader as _};
use parquet::errors::ParquetError;
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData};
use parquet::file::reader::{ChunkReader, Length};
use parquet::file::serialized_reader::SerializedPageReader;
use std::fs::File;
use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, Mutex};

/// Bytes that the unpacked pages of a row group may take at a time, one page and one dictionary a column.
pub const MOST_PAGES: u64 = 1 << 30;
/// Bytes read of a page's header at first; most have less than fifty.
const HEADER: usize = 4 << 10;
/// Stands for the place of a body that is empty.
const NO_BODY: u64 = u64::MAX;
/// Bytes of the longest header of a page that is read: its statistics may hold two values.
const MOST_HEADER: usize = 64 << 20;

#[derive(Debug)]
enum Input {
    File(File),
    Bytes(Bytes),
}

impl Input {
    fn open(source: &Source) -> Result<Self, ParquetError> {
        Ok(match source {
            Source::Path(path) => Self::File(File::open(path)?),
            Source::Embedded(_, bytes) => Self::Bytes(Bytes::from_static(bytes)),
            Source::Given(_, bytes) => Self::Bytes(bytes.clone()),
        })
    }

    fn len(&self) -> u64 {
        match self {
            Self::File(file) => Length::len(file),
            Self::Bytes(bytes) => bytes.len() as u64,
        }
    }

    fn bytes(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        match self {
            Self::File(file) => file.get_bytes(start, length),
            Self::Bytes(bytes) => bytes.get_bytes(start, length),
        }
    }

    /// Bytes from a place on, as many as there are up to a number.
    fn up_to(&self, start: u64, most: usize) -> Result<Bytes, ParquetError> {
        let left = self.len().saturating_sub(start);
        self.bytes(start, usize::try_from(left).unwrap_or(most).min(most))
    }
}

/// A file being read.
pub struct Watched {
    input: Input,
    /// The chunks that are read, by place.
    chunks: Vec<Chunk>,
    /// By leaf: a column is read chunk by chunk.
    state: Mutex<Vec<State>>,
}

/// What is known of a column being read.
#[derive(Clone, Debug, Default)]
struct State {
    /// The chunk at hand.
    chunk: usize,
    /// Bytes of its dictionary, unpacked.
    dictionary: u64,
    /// Bytes of the page at hand, unpacked.
    page: u64,
    /// Where the body of that page begins.
    body: u64,
    /// The page's header and how many values it claims, where the body must be looked at, too.
    deltas: Option<(Bytes, u64)>,
}

impl Watched {
    /// Opens a file and reads its footer.
    ///
    /// # Errors
    /// [`ParquetError`]: unreadable, no Parquet, or a footer that cannot be true.
    pub fn open(source: &Source, options: ArrowReaderOptions) -> Result<(Self, ArrowReaderMetadata), ParquetError> {
        let input = Input::open(source)?;
        let pages = end_of_pages(&input)?;
        if let Some(start) = pages {
            let length = input.len() - TAIL - start;
            if length > MOST_FOOTER {
                return Err(damaged(format!(
                    "its footer takes {length} bytes, more than {MOST_FOOTER}: write fewer row groups, larger ones"
                )));
            }
            footer::check_schema(&input.bytes(start, length as usize)?)?;
        }
        let watched = Self { input, chunks: Vec::new(), state: Mutex::default() };
        let metadata = ArrowReaderMetadata::load(&watched, options)?;
        footer::check_rows(metadata.metadata())?;
        Ok((watched, metadata))
    }

    /// A reader to be built of a file of a folder, of which any part may be read.
    ///
    /// # Errors
    /// [`ParquetError`]: unreadable, no Parquet, or a footer that cannot be true.
    pub fn whole(
        path: &Path,
        options: ArrowReaderOptions,
    ) -> Result<ParquetRecordBatchReaderBuilder<Self>, ParquetError> {
        let (mut watched, metadata) = Self::open(&Source::Path(path.to_owned()), options)?;
        watched.watch(metadata.metadata(), 0..metadata.metadata().num_row_groups(), |_| true)?;
        Ok(ParquetRecordBatchReaderBuilder::new_with_metadata(watched, metadata))
    }

    /// A file whose footer was read, opened for some columns of a row group, by leaf.
    ///
    /// # Errors
    /// [`ParquetError`]: unreadable, or columns that are not where the footer says.
    pub fn group(
        source: &Source,
        metadata: &ParquetMetaData,
        row_group: usize,
        wanted: impl Fn(usize) -> bool,
    ) -> Result<Self, ParquetError> {
        let mut watched = Self { input: Input::open(source)?, chunks: Vec::new(), state: Mutex::default() };
        watched.watch(metadata, row_group..row_group + 1, wanted)?;
        Ok(watched)
    }

    fn watch(
        &mut self,
        metadata: &ParquetMetaData,
        row_groups: Range<usize>,
        wanted: impl Fn(usize) -> bool,
    ) -> Result<(), ParquetError> {
        let end = end_of_pages(&self.input)?.unwrap_or(0);
        for row_group in row_groups {
            self.chunks.extend(footer::chunks(metadata, row_group, &wanted, end)?);
        }
        self.chunks.sort_by_key(|chunk| chunk.start);
        let leaves = self.chunks.iter().map(|chunk| chunk.leaf + 1).max().unwrap_or(0);
        self.state = Mutex::new(vec![State::default(); leaves]);
        Ok(())
    }

    /// Bytes that a row takes unpacked, about, by what the file says: a text that is told once in a dictionary may
    /// stand in every row.
    pub fn row_bytes(&self) -> u64 {
        let of = |chunk: &Chunk| {
            let first = Header::at(&self.input, chunk.start).ok().filter(Header::is_dictionary);
            let (bytes, values) = match first {
                Some(dictionary) => (dictionary.unpacked, dictionary.values),
                None => (chunk.metadata.uncompressed_size().unsigned_abs(), chunk.metadata.num_values().unsigned_abs()),
            };
            bytes / values.max(1)
        };
        let texts = |chunk: &&Chunk| chunk.metadata.column_type() == PhysicalType::BYTE_ARRAY;
        self.chunks.iter().filter(texts).map(of).fold(0, u64::saturating_add)
    }

    /// The number of the chunk that a place lies in.
    fn chunk_at(&self, place: u64) -> Option<usize> {
        let number = self.chunks.partition_point(|chunk| chunk.start <= place).checked_sub(1)?;
        (place < self.chunks[number].end).then_some(number)
    }

    /// Looks at the header of the page at a place; its bytes. The reader asks for the place of a body, too, and
    /// does not read there. Outside the pages it reads the end of the file.
    fn header(&self, place: u64) -> Result<Bytes, ParquetError> {
        let Some(number) = self.chunk_at(place) else { return self.input.up_to(place, HEADER) };
        let mut state = self.state.lock().unwrap_or_else(|e| e.into_inner());
        let chunk = &self.chunks[number];
        let this = &mut state[chunk.leaf];
        if this.body == place {
            return Ok(Bytes::new());
        }
        let header = Header::at(&self.input, place)?;
        if this.chunk != number {
            *this = State { chunk: number, ..State::default() };
        }
        if header.is_dictionary() {
            // The reader takes room for as many values as are claimed.
            if header.values.saturating_mul(least_bytes(&chunk.metadata)) > header.unpacked {
                let (column, values, bytes) = (&chunk.column, header.values, header.unpacked);
                let claim = format!("the dictionary of column `{column}` claims {values} values in {bytes} bytes");
                return Err(damaged(claim));
            }
            this.dictionary = header.unpacked;
        } else {
            this.page = header.unpacked;
        }
        // Where a body is empty, as that of a dictionary of a column without values, the next header follows.
        this.body = if header.packed == 0 { NO_BODY } else { place + header.bytes.len() as u64 };
        let deltas = header.encodings.iter().any(|e| [DELTA_LENGTH_BYTE_ARRAY, DELTA_BYTE_ARRAY].contains(e));
        this.deltas = deltas.then_some((header.bytes.clone(), header.values));
        let unpacked: u64 = state.iter().map(|s| s.dictionary + s.page).sum();
        if unpacked > MOST_PAGES {
            return Err(damaged(format!(
                "unpacked, a page of each column up to `{}` takes {unpacked} bytes, more than {MOST_PAGES}: \
                 write smaller pages",
                chunk.column
            )));
        }
        Ok(header.bytes)
    }

    /// Looks at the body of a page whose values come with their lengths first: the reader takes room for as many
    /// as the body itself claims.
    fn look_into(&self, place: u64, body: &Bytes) -> Result<(), ParquetError> {
        let Some(number) = self.chunk_at(place) else { return Ok(()) };
        let deltas = {
            let mut state = self.state.lock().unwrap_or_else(|e| e.into_inner());
            let this = &mut state[self.chunks[number].leaf];
            if this.body == place { this.deltas.take() } else { None }
        };
        let Some((header, most)) = deltas else { return Ok(()) };
        let chunk = &self.chunks[number];
        let page = unpacked(&chunk.metadata, &header, body)?;
        let wrong = || damaged(format!("a page of column `{}` claims more values than it has", chunk.column));
        let mut values = Compact(values_of(&page, &chunk.metadata).ok_or_else(wrong)?);
        let lengths = if page.encoding() == Encoding::DELTA_BYTE_ARRAY { 2 } else { 1 };
        for _ in 0..lengths {
            if values.deltas().is_none_or(|claimed| claimed > most) {
                return Err(wrong());
            }
        }
        Ok(())
    }
}

impl Length for Watched {
    fn len(&self) -> u64 {
        self.input.len()
    }
}

impl ChunkReader for Watched {
    type T = Reader<Bytes>;

    /// Read from are headers, and the length of the footer.
    fn get_read(&self, start: u64) -> Result<Self::T, ParquetError> {
        Ok(self.header(start)?.reader())
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        // Room is taken for the length asked for, whatever there is.
        if start.checked_add(length as u64).is_none_or(|end| end > self.input.len()) {
            return Err(ParquetError::EOF("the file ends before its pages do".to_owned()));
        }
        let bytes = self.input.bytes(start, length)?;
        self.look_into(start, &bytes)?;
        Ok(bytes)
    }
}

/// Where the pages end and the footer begins; nothing where the last bytes are not those of a plain footer.
fn end_of_pages(input: &Input) -> Result<Option<u64>, ParquetError> {
    let Some(end) = input.len().checked_sub(TAIL) else { return Ok(None) };
    let tail = input.bytes(end, TAIL as usize)?;
    let (length, magic) = tail.split_at(4);
    let length = length.try_into().map_or(0, u32::from_le_bytes);
    Ok(end.checked_sub(u64::from(length)).filter(|_| magic == b"PAR1"))
}

// --- Pages -----------------------------------------------------------------------------------------------

/// Numbers of encodings in a header.
const DELTA_LENGTH_BYTE_ARRAY: i64 = 6;
const DELTA_BYTE_ARRAY: i64 = 7;

/// The header of a page, as far as its size goes.
#[derive(Debug)]
struct Header {
    bytes: Bytes,
    /// 2: a dictionary.
    kind: i64,
    packed: u64,
    unpacked: u64,
    values: u64,
    /// What its parts name; a sound page has one.
    encodings: Vec<i64>,
}

impl Header {
    fn is_dictionary(&self) -> bool {
        self.kind == 2
    }

    fn at(input: &Input, place: u64) -> Result<Self, ParquetError> {
        let mut most = HEADER;
        loop {
            let bytes = input.up_to(place, most)?;
            if let Some(header) = Self::read(&bytes) {
                return Ok(header);
            }
            if bytes.len() < most || most >= MOST_HEADER {
                return Err(damaged("the header of a page cannot be read"));
            }
            most *= 16;
        }
    }

    fn read(bytes: &Bytes) -> Option<Self> {
        let mut compact = Compact(bytes);
        let mut header =
            Self { bytes: Bytes::new(), kind: -1, packed: 0, unpacked: 0, values: 0, encodings: Vec::new() };
        let Self { kind, packed, unpacked, values, encodings, .. } = &mut header;
        compact.fields(&mut |c, number, _| {
            match number {
                1 => *kind = c.int()?,
                // Of a size told twice the larger one counts; a negative one is refused by the reader.
                2 => *unpacked = (*unpacked).max(u64::try_from(c.int()?).unwrap_or(0)),
                3 => *packed = (*packed).max(u64::try_from(c.int()?).unwrap_or(0)),
                // Data, dictionary, data of the second version.
                5 | 7 | 8 => {
                    let encoding = if number == 8 { 4 } else { 2 };
                    c.fields(&mut |c, number, _| {
                        if number == 1 {
                            *values = (*values).max(u64::try_from(c.int()?).unwrap_or(0));
                        } else if number == encoding {
                            encodings.push(c.int()?);
                        }
                        Some(number == 1 || number == encoding)
                    })?;
                }
                _ => return Some(false),
            }
            Some(true)
        })?;
        let length = bytes.len() - compact.0.len();
        header.bytes = bytes.slice(..length);
        Some(header)
    }
}

/// Bytes that a value of a column takes at least, plain.
fn least_bytes(chunk: &ColumnChunkMetaData) -> u64 {
    match chunk.column_type() {
        PhysicalType::BOOLEAN => 0,
        PhysicalType::INT32 | PhysicalType::FLOAT | PhysicalType::BYTE_ARRAY => 4,
        PhysicalType::INT64 | PhysicalType::DOUBLE => 8,
        PhysicalType::INT96 => 12,
        PhysicalType::FIXED_LEN_BYTE_ARRAY => u64::try_from(chunk.column_descr().type_length()).unwrap_or(0).max(1),
    }
}

/// A page unpacked by the Parquet reader itself.
fn unpacked(chunk: &ColumnChunkMetaData, header: &Bytes, body: &Bytes) -> Result<Page, ParquetError> {
    let page = Bytes::from([&header[..], body].concat());
    let alone = ColumnChunkMetaData::builder(chunk.column_descr_ptr())
        .set_compression(chunk.compression())
        .set_total_compressed_size(page.len() as i64)
        .build()?;
    let mut reader = SerializedPageReader::new(Arc::new(page), &alone, 0, None)?;
    reader.get_next_page()?.ok_or_else(|| damaged("a page without data"))
}

/// The values of a page, after its levels.
fn values_of<'a>(page: &'a Page, chunk: &ColumnChunkMetaData) -> Option<&'a [u8]> {
    match page {
        Page::DataPage { buf, .. } => {
            let mut rest = &buf[..];
            let descriptor = chunk.column_descr();
            for level in [descriptor.max_rep_level(), descriptor.max_def_level()] {
                if level > 0 {
                    let (length, after) = rest.split_at_checked(4)?;
                    rest = after.get(u32::from_le_bytes(length.try_into().ok()?) as usize..)?;
                }
            }
            Some(rest)
        }
        Page::DataPageV2 { buf, def_levels_byte_len, rep_levels_byte_len, .. } => {
            buf.get((*def_levels_byte_len as usize).checked_add(*rep_levels_byte_len as usize)?..)
        }
        Page::DictionaryPage { buf, .. } => Some(buf),
    }
}
