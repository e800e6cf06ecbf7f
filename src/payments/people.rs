//! Persons and charge years of a run with their insurance types, from its own files side by side.

use crate::model::codes::{Channel, Identity, Insutype};
use crate::output::stream::{Id, Kind, Stream};
use crate::settle::outcome::Money;
use std::path::Path;

/// The money of a person's year that the list shows, in the order in which it is read.
const MONEY: [(Money, &str); 11] = [
    (Money::MedfeeSumamt, "medfee_sumamt"),
    (Money::InscpScpAmt, "inscp_scp_amt"),
    (Money::BasicPay, "basic_pay"),
    (Money::CiiPay, "cii_pay"),
    (Money::SpecialDrugPay, "special_drug_pay"),
    (Money::MaPay, "ma_pay"),
    (Money::RaPay, "ra_pay"),
    (Money::OocatPay, "oocat_pay"),
    (Money::RecordedMaf, "recorded_maf"),
    (Money::PsnBurden, "psn_burden"),
    (Money::PayableMa, "payable_ma"),
];

/// What each channel still owes, in the order of [`Channel`].
const PAYABLE: [&str; 3] = ["payable_instant", "payable_year_end", "payable_application"];

/// Columns of `persons.parquet` before the money.
const HEAD: usize = 4;

/// A person and charge year.
#[derive(Debug)]
pub(super) struct PersonYear {
    /// The person's number, as text.
    pub(super) psn_no: String,
    /// The charge year.
    pub(super) year: i32,
    /// The identity that goes first.
    pub(super) preferred: Option<Identity>,
    /// Identities held, the one that goes first before the others, by their labels.
    pub(super) identities: String,
    /// Insurance types of the year's claims, by their labels.
    pub(super) insutypes: String,
    money: [i64; MONEY.len()],
    payable: [i64; PAYABLE.len()],
    /// Whether the person before was the same.
    pub(super) again: bool,
}

impl PersonYear {
    /// An amount of the year, in fen.
    pub(super) fn money(&self, money: Money) -> i64 {
        MONEY.iter().position(|(m, _)| *m == money).map_or(0, |at| self.money[at])
    }

    /// What a channel still owes, in fen; negative: paid too much.
    pub(super) fn payable(&self, channel: Channel) -> i64 {
        self.payable[channel.index()]
    }
}

/// Both files, standing at a person.
pub(super) struct People {
    persons: Stream,
    settlement: Stream,
    /// Whether the settlement stands at a row.
    ahead: bool,
    /// The person at hand, and the insurance types of each charge year.
    id: Option<Id>,
    years: Vec<(i32, [bool; Insutype::ALL.len()])>,
    person: Option<PersonYear>,
}

impl People {
    /// Opens the files of a folder; why they cannot be read, in words.
    pub(super) fn open(folder: &Path) -> Result<Self, String> {
        let head = [
            ("psn_no", Kind::Id),
            ("charge_year", Kind::Int),
            ("identities", Kind::OptionalText),
            ("identity_preferred", Kind::OptionalText),
        ];
        let money = MONEY.iter().map(|(_, name)| *name).chain(PAYABLE).map(|name| (name, Kind::Money));
        let persons = Stream::open(folder, "persons.parquet", head.into_iter().chain(money).collect())?;
        let claims =
            [("psn_no", Kind::Id), ("charge_year", Kind::Int), ("insutype", Kind::Text), ("status", Kind::Text)];
        let mut settlement = Stream::open(folder, "settlement.parquet", claims.to_vec())?;
        let ahead = settlement.advance()?;
        Ok(Self { persons, settlement, ahead, id: None, years: Vec::new(), person: None })
    }

    /// The next person and year; why there is none, in words.
    pub(super) fn next(&mut self) -> Result<Option<&PersonYear>, String> {
        if !self.persons.advance()? {
            return Ok(None);
        }
        let again = self.id.as_ref().is_some_and(|id| self.persons.is_id(0, id));
        if !again {
            let id = self.persons.id(0);
            self.look_for(&id)?;
            self.id = Some(id);
        }
        let year = self.persons.int(1);
        let held = self.years.iter().find(|(of, _)| *of == year).map(|(_, held)| held);
        let insutypes = Insutype::ALL.iter().filter(|t| held.is_some_and(|held| held[t.index()]));
        let preferred = self.persons.optional_text(3).and_then(Identity::parse);
        let others = self.persons.optional_text(2).unwrap_or_default().split(',').filter_map(Identity::parse);
        let identities = preferred.into_iter().chain(others.filter(|i| Some(*i) != preferred));
        self.person = Some(PersonYear {
            psn_no: self.id.as_ref().map_or_else(String::new, Id::to_string),
            year,
            preferred,
            identities: identities.map(Identity::label).collect::<Vec<_>>().join("、"),
            insutypes: insutypes.map(|t| t.label()).collect::<Vec<_>>().join("、"),
            money: std::array::from_fn(|at| self.persons.figure(HEAD + at)),
            payable: std::array::from_fn(|at| self.persons.figure(HEAD + MONEY.len() + at)),
            again,
        });
        Ok(self.person.as_ref())
    }

    /// Finds the insurance types of a person's years; the claims stand in the order of persons, too.
    fn look_for(&mut self, id: &Id) -> Result<(), String> {
        self.years.clear();
        while self.ahead {
            if self.settlement.is_id(0, id) {
                self.note();
            } else if self.settlement.id(0) > *id {
                break;
            }
            self.ahead = self.settlement.advance()?;
        }
        Ok(())
    }

    fn note(&mut self) {
        // Reversed records count nowhere.
        let (year, insutype) = (self.settlement.int(1), Insutype::parse(self.settlement.text(2)));
        let Some(insutype) = insutype.filter(|_| self.settlement.text(3) != "reversed") else { return };
        let at = self.years.iter().position(|(of, _)| *of == year).unwrap_or_else(|| {
            self.years.push((year, Default::default()));
            self.years.len() - 1
        });
        self.years[at].1[insutype.index()] = true;
    }
}
