//! Where money goes: funds and their layers, by identity applied and care kind, and the sums over them.
//!
//! A base cell is one line (a fund's layer), one identity and one care kind. Sums over cells are cells as
//! well: of all layers of a fund, of all identities, of all care kinds.

use crate::model::codes::{Care, Identity, Insutype};
use crate::settle::outcome::{FUNDS, Money, PARTS};

/// A fund's layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    /// Number of the fund.
    pub fund: usize,
    /// The settlement's column; none: all of the fund.
    pub layer: Option<Money>,
}

/// Lines of one layer.
pub const LAYER_LINES: usize = 12;
/// With those of whole funds that have several layers.
pub const LINES: usize = 15;
/// Identities, and nobody behind them.
pub const NOBODY: usize = Identity::COUNT;
/// Stands for all identities and nobody.
pub const ALL_IDENTITIES: usize = NOBODY + 1;
const IDENTITIES: usize = ALL_IDENTITIES + 1;
/// Stands for all care kinds.
pub const ALL_CARE: usize = 6;
const CARES: usize = ALL_CARE + 1;
/// Number of cells.
pub const CELLS: usize = LINES * IDENTITIES * CARES;

/// The lines: fund by fund each layer, then whole funds.
pub const LINE: [Line; LINES] = lines();
/// The line of a part of the fee, by insurance type.
const OF_PART: [[u8; 2]; PARTS.len()] = of_part();
/// The line of the whole fund that a layer's line belongs to, where it has several layers.
const WHOLE: [Option<u8>; LAYER_LINES] = whole();

const fn lines() -> [Line; LINES] {
    let mut lines = [Line { fund: 0, layer: None }; LINES];
    let (mut at, mut wide, mut fund) = (0, LAYER_LINES, 0);
    while fund < FUNDS.len() {
        let columns = FUNDS[fund].columns;
        let mut n = 0;
        while n < columns.len() {
            lines[at] = Line { fund, layer: Some(columns[n]) };
            at += 1;
            n += 1;
        }
        if columns.len() > 1 {
            lines[wide] = Line { fund, layer: None };
            wide += 1;
        }
        fund += 1;
    }
    lines
}

const fn of_part() -> [[u8; 2]; PARTS.len()] {
    let mut of = [[0; 2]; PARTS.len()];
    let mut line = 0;
    while line < LAYER_LINES {
        let mut part = 0;
        while part < PARTS.len() {
            if let Some(layer) = LINE[line].layer
                && layer as usize == PARTS[part] as usize
            {
                match FUNDS[LINE[line].fund].insutype {
                    None => of[part] = [line as u8; 2],
                    Some(Insutype::Employee) => of[part][Insutype::Employee as usize] = line as u8,
                    Some(Insutype::Resident) => of[part][Insutype::Resident as usize] = line as u8,
                }
            }
            part += 1;
        }
        line += 1;
    }
    of
}

const fn whole() -> [Option<u8>; LAYER_LINES] {
    let mut whole = [None; LAYER_LINES];
    let mut line = 0;
    while line < LAYER_LINES {
        let mut wide = LAYER_LINES;
        while wide < LINES {
            if LINE[wide].fund == LINE[line].fund {
                whole[line] = Some(wide as u8);
            }
            wide += 1;
        }
        line += 1;
    }
    whole
}

/// The number of a cell.
#[inline]
pub fn cell(line: usize, identity: usize, care: usize) -> u16 {
    ((line * IDENTITIES + identity) * CARES + care) as u16
}

/// Line, identity and care of a cell.
pub fn parts_of(cell: u16) -> (usize, usize, usize) {
    let cell = usize::from(cell);
    (cell / (IDENTITIES * CARES), cell / CARES % IDENTITIES, cell % CARES)
}

/// The line that a part of the fee (number in [`PARTS`]) falls under.
#[inline]
pub fn line_of_part(part: usize, insutype: Insutype) -> usize {
    usize::from(OF_PART[part][insutype.index()])
}

/// The line of a whole fund, whether it has one layer or several.
pub fn line_of_fund(fund: usize) -> usize {
    let whole = (LAYER_LINES..LINES).find(|line| LINE[*line].fund == fund);
    whole.or_else(|| (0..LAYER_LINES).find(|line| LINE[*line].fund == fund)).unwrap_or(0)
}

/// The line of the whole fund, where a layer's line is not all of it.
#[inline]
pub fn whole_of(line: usize) -> Option<usize> {
    WHOLE[line].map(usize::from)
}

/// Whether it is a base cell.
#[inline]
pub fn is_base(cell: u16) -> bool {
    usize::from(cell) < LAYER_LINES * IDENTITIES * CARES && is_by_identity_and_care(cell)
}

/// Whether it is of one identity and one care kind.
#[inline]
pub fn is_by_identity_and_care(cell: u16) -> bool {
    let (_, identity, care) = parts_of(cell);
    identity != ALL_IDENTITIES && care != ALL_CARE
}

/// The cells that a cell of one identity and care kind is part of, itself first.
pub fn within(base: u16) -> impl Iterator<Item = u16> {
    let (line, identity, care) = parts_of(base);
    let lines = [Some(line), if line < LAYER_LINES { whole_of(line) } else { None }];
    lines.into_iter().flatten().flat_map(move |line| {
        [(identity, care), (ALL_IDENTITIES, care), (identity, ALL_CARE), (ALL_IDENTITIES, ALL_CARE)]
            .map(|(identity, care)| cell(line, identity, care))
    })
}

/// The name of an identity's number; none: all.
pub fn identity_name(identity: usize) -> Option<&'static str> {
    match identity {
        ALL_IDENTITIES => None,
        NOBODY => Some("none"),
        n => Identity::ALL.get(n).map(|i| i.as_str()),
    }
}

/// The name of a care kind's number; none: all.
pub fn care_name(care: usize) -> Option<&'static str> {
    Care::ALL.get(care).map(|c| c.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settle::outcome::MONEY_NAMES;

    #[test]
    fn every_part_of_a_fee_falls_under_one_line_of_one_fund() {
        for (part, column) in PARTS.iter().enumerate() {
            for insutype in Insutype::ALL {
                let line = LINE[line_of_part(part, *insutype)];
                assert_eq!(line.layer, Some(*column));
                let fund = FUNDS[line.fund];
                assert!(fund.columns.contains(column) && fund.insutype.is_none_or(|t| t == *insutype), "{}", fund.name);
            }
        }
        let names: Vec<&str> = LINE.iter().filter_map(|l| l.layer).map(|l| MONEY_NAMES[l as usize]).collect();
        assert_eq!(names.len(), LAYER_LINES);
        assert_eq!(LINE.iter().filter(|l| l.layer.is_none()).count(), LINES - LAYER_LINES);
    }

    #[test]
    fn cells_are_numbered_once_and_lead_back() {
        let mut seen = vec![false; CELLS];
        for line in 0..LINES {
            for identity in 0..IDENTITIES {
                for care in 0..CARES {
                    let cell = cell(line, identity, care);
                    assert_eq!(parts_of(cell), (line, identity, care));
                    assert!(!std::mem::replace(&mut seen[usize::from(cell)], true));
                }
            }
        }
        assert!(seen.iter().all(|s| *s));
    }

    #[test]
    fn a_base_cell_is_part_of_four_cells_or_of_eight() {
        for line in 0..LAYER_LINES {
            let base = cell(line, 2, 1);
            let cells: Vec<u16> = within(base).collect();
            assert_eq!((cells.len(), cells[0]), (if whole_of(line).is_some() { 8 } else { 4 }, base));
            assert!(is_base(base) && cells[1..].iter().all(|c| !is_base(*c)));
        }
    }
}
