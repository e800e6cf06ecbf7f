//! Parquet files made by hand, so that they can claim what no writer would write.

/// A page.
#[derive(Clone, Debug)]
pub struct Page {
    /// 0: data, 2: dictionary.
    pub kind: i64,
    /// Values that it claims.
    pub values: i64,
    /// Number of its encoding; 0: plain, 8: by dictionary, 6 and 7: with lengths before.
    pub encoding: i64,
    /// Bytes unpacked; none: those of the body.
    pub unpacked: Option<i64>,
    /// Bytes packed; none: those of the body.
    pub packed: Option<i64>,
    /// What follows the header.
    pub body: Vec<u8>,
}

/// A column of one chunk a row group.
#[derive(Clone, Debug)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Number of its physical type; 1: 32 bits, 2: 64 bits, 6: bytes, 7: bytes of one length.
    pub physical: i64,
    /// Number of its converted type; 0: text, 5: decimal with two decimals, 6: date.
    pub converted: Option<i64>,
    /// Whether it may be null.
    pub optional: bool,
    /// Length of its values, where they have one.
    pub width: Option<i64>,
    /// Number of its codec; 0: none, 1: snappy, 6: zstd, 7: lz4.
    pub codec: i64,
    /// Values that the footer claims; none: the rows of the group.
    pub values: Option<i64>,
    /// Where the footer says that it begins; none: where it does.
    pub at: Option<i64>,
    /// Bytes that the footer says it takes; none: those that it does.
    pub bytes: Option<i64>,
    /// Its pages.
    pub pages: Vec<Page>,
}

/// A file.
#[derive(Clone, Debug)]
pub struct Forged {
    /// Its columns.
    pub columns: Vec<Column>,
    /// Rows that the footer claims of the file.
    pub rows: i64,
    /// And of each row group.
    pub group_rows: i64,
    /// How often the row group is told of.
    pub groups: usize,
    /// Children that the root of the schema claims; none: the columns.
    pub children: Option<i64>,
    /// Groups of one child each that stand before the columns.
    pub nested: usize,
}

/// Thrift's compact protocol, written.
#[derive(Clone, Debug, Default)]
pub struct Out(pub Vec<u8>);

impl Out {
    fn varint(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.0.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.0.push(number as u8);
    }

    fn int(&mut self, number: i64) {
        self.varint(((number << 1) ^ (number >> 63)) as u64);
    }

    fn text(&mut self, text: &str) {
        self.varint(text.len() as u64);
        self.0.extend(text.as_bytes());
    }

    fn list(&mut self, kind: u8, count: usize) {
        self.0.push(0xf0 | kind);
        self.varint(count as u64);
    }

    fn end(&mut self) {
        self.0.push(0);
    }

    fn field(&mut self, step: u8, kind: u8) {
        self.0.push(step << 4 | kind);
    }

    fn field_int(&mut self, step: u8, number: i64) {
        self.field(step, 5);
        self.int(number);
    }

    fn field_long(&mut self, step: u8, number: i64) {
        self.field(step, 6);
        self.int(number);
    }
}

impl Page {
    /// A data page of so many values, unpacked.
    pub fn plain(values: i64, body: Vec<u8>) -> Self {
        Self { kind: 0, values, encoding: 0, unpacked: None, packed: None, body }
    }

    fn write(&self, out: &mut Out) {
        let length = self.body.len() as i64;
        out.field_int(1, self.kind);
        out.field_int(1, self.unpacked.unwrap_or(length));
        out.field_int(1, self.packed.unwrap_or(length));
        out.field(if self.kind == 2 { 4 } else { 2 }, 12);
        out.field_int(1, self.values);
        out.field_int(1, self.encoding);
        if self.kind == 0 {
            out.field_int(1, 3);
            out.field_int(1, 3);
        }
        out.end();
        out.end();
        out.0.extend(&self.body);
    }
}

impl Column {
    fn of(name: &str, physical: i64, converted: i64, values: i64, body: Vec<u8>) -> Self {
        Self {
            name: name.to_owned(),
            physical,
            converted: Some(converted),
            optional: false,
            width: None,
            codec: 0,
            values: None,
            at: None,
            bytes: None,
            pages: vec![Page::plain(values, body)],
        }
    }

    /// A column of texts.
    pub fn texts(name: &str, texts: &[&str]) -> Self {
        Self::of(name, 6, 0, texts.len() as i64, texts.iter().flat_map(|t| counted(t.as_bytes())).collect())
    }

    /// A column of days.
    pub fn days(name: &str, days: &[i32]) -> Self {
        Self::of(name, 1, 6, days.len() as i64, days.iter().flat_map(|d| d.to_le_bytes()).collect())
    }

    /// A column of amounts, in fen.
    pub fn money(name: &str, fen: &[i64]) -> Self {
        Self::of(name, 2, 5, fen.len() as i64, fen.iter().flat_map(|f| f.to_le_bytes()).collect())
    }

    fn write_schema(&self, out: &mut Out) {
        out.field_int(1, self.physical);
        let mut step = 2;
        if let Some(width) = self.width {
            out.field_int(1, width);
            step = 1;
        }
        out.field_int(step, i64::from(self.optional));
        out.field(1, 8);
        out.text(&self.name);
        if let Some(converted) = self.converted {
            out.field_int(2, converted);
            if converted == 5 {
                out.field_int(1, 2);
                out.field_int(1, 18);
            }
        }
        out.end();
    }
}

/// Bytes after their length.
pub fn counted(bytes: &[u8]) -> Vec<u8> {
    [&(bytes.len() as u32).to_le_bytes(), bytes].concat()
}

/// A ledger of three persons with a claim each.
pub fn ledger() -> Forged {
    Forged::of(vec![
        Column::texts("psn_no", &["P1", "P2", "P3"]),
        Column::texts("setl_id", &["S1", "S2", "S3"]),
        Column::days("setl_time", &[19_500, 19_510, 19_520]),
        Column::texts("insutype", &["390"; 3]),
        Column::texts("care", &["inpatient"; 3]),
        Column::money("medfee_sumamt", &[1_000_000; 3]),
        Column::money("inscp_scp_amt", &[800_000; 3]),
        Column::money("hifp_pay", &[500_000; 3]),
    ])
}

/// The roster that goes with it.
pub fn roster() -> Forged {
    Forged::of(vec![
        Column::texts("psn_no", &["P1", "P2", "P3"]),
        Column::texts("identity", &["tekun", "dibao", "fanpin"]),
        Column::days("begndate", &[19_358; 3]),
    ])
}

impl Forged {
    fn of(columns: Vec<Column>) -> Self {
        Self { columns, rows: 3, group_rows: 3, groups: 1, children: None, nested: 0 }
    }

    /// The same with a column changed.
    pub fn with(mut self, column: &str, change: impl FnOnce(&mut Column)) -> Self {
        change(self.columns.iter_mut().find(|c| c.name == column).expect("such a column"));
        self
    }

    /// The same with another thing changed.
    pub fn but(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    /// The file.
    pub fn bytes(&self) -> Vec<u8> {
        let mut file = Out(b"PAR1".to_vec());
        let mut places = Vec::new();
        for column in &self.columns {
            let start = file.0.len() as i64;
            column.pages.iter().for_each(|page| page.write(&mut file));
            places.push((start, file.0.len() as i64 - start));
        }
        let footer = self.footer(&places);
        let length = footer.len() as u32;
        [&file.0[..], &footer, &length.to_le_bytes(), b"PAR1"].concat()
    }

    fn footer(&self, places: &[(i64, i64)]) -> Vec<u8> {
        let mut out = Out::default();
        out.field_int(1, 1);
        out.field(1, 9);
        out.list(12, 1 + self.nested + self.columns.len());
        let group = |out: &mut Out, name: &str, children: i64| {
            out.field_int(3, 0);
            out.field(1, 8);
            out.text(name);
            out.field_int(1, children);
            out.end();
        };
        group(&mut out, "ledger", self.children.unwrap_or(if self.nested > 0 { 1 } else { self.columns.len() as i64 }));
        for level in 1..=self.nested {
            group(&mut out, "in", if level == self.nested { self.columns.len() as i64 } else { 1 });
        }
        self.columns.iter().for_each(|column| column.write_schema(&mut out));
        out.field_long(1, self.rows);
        out.field(1, 9);
        out.list(12, self.groups);
        for _ in 0..self.groups {
            out.field(1, 9);
            out.list(12, self.columns.len());
            for (column, place) in self.columns.iter().zip(places) {
                self.write_chunk(column, *place, &mut out);
            }
            out.field_long(1, places.iter().map(|(_, bytes)| bytes).sum());
            out.field_long(1, self.group_rows);
            out.end();
        }
        out.end();
        out.0
    }

    fn write_chunk(&self, column: &Column, (start, bytes): (i64, i64), out: &mut Out) {
        let start = column.at.unwrap_or(start);
        out.field_long(2, start);
        out.field(1, 12);
        out.field_int(1, column.physical);
        out.field(1, 9);
        out.list(5, column.pages.len());
        column.pages.iter().for_each(|page| out.int(page.encoding));
        out.field(1, 9);
        out.list(8, 1 + self.nested);
        (0..self.nested).for_each(|_| out.text("in"));
        out.text(&column.name);
        out.field_int(1, column.codec);
        out.field_long(1, column.values.unwrap_or(self.group_rows));
        out.field_long(1, bytes);
        out.field_long(1, column.bytes.unwrap_or(bytes));
        out.field_long(2, start);
        out.end();
        out.end();
    }
}

/// A frame of zstd that unpacks to so many zeros, a block of four bytes for every 128 KiB.
pub fn zstd_of_zeros(bytes: usize) -> Vec<u8> {
    const BLOCK: usize = 128 << 10;
    // The magic, no checksum and no size, a window of 128 KiB.
    let mut frame = vec![0x28, 0xb5, 0x2f, 0xfd, 0x00, 7 << 3];
    let blocks = bytes.div_ceil(BLOCK);
    for block in 0..blocks {
        let size = if block + 1 == blocks { bytes - block * BLOCK } else { BLOCK };
        let head = size << 3 | 1 << 1 | usize::from(block + 1 == blocks);
        frame.extend(&(head as u32).to_le_bytes()[..3]);
        frame.push(0);
    }
    frame
}

/// A block of snappy that unpacks to so many zeros: one, and copies of 64.
pub fn snappy_of_zeros(bytes: usize) -> Vec<u8> {
    let mut out = Out::default();
    out.varint(bytes as u64);
    out.0.extend([0, 0]);
    let mut left = bytes - 1;
    while left > 0 {
        let copy = left.min(64);
        out.0.extend([(copy as u8 - 1) << 2 | 2, 1, 0]);
        left -= copy;
    }
    out.0
}
