//! The first sheet: what is paid and claimed back, by channel and identity, and that it is what the run says.

use super::people::PersonYear;
use super::sheet::{Filled, Looks, money, paper, policies, sign};
use super::{About, Cannot};
use crate::model::codes::{Channel, Identity};
use crate::settle::outcome::Money;
use rust_xlsxwriter::{Worksheet, XlsxError};
use std::collections::BTreeMap;

/// The amounts of persons' years, summed.
const SHOWN: [(&str, &[Money]); 9] = [
    ("费用总额", &[Money::MedfeeSumamt]),
    ("政策范围内费用", &[Money::InscpScpAmt]),
    ("基本医保", &[Money::BasicPay]),
    ("大病保险", &[Money::CiiPay, Money::SpecialDrugPay]),
    ("医疗救助", &[Money::MaPay]),
    ("再救助", &[Money::RaPay]),
    ("目录外救助", &[Money::OocatPay]),
    ("已支付", &[Money::RecordedMaf]),
    ("个人负担", &[Money::PsnBurden]),
];

/// A line: persons, and money in fen.
#[derive(Clone, Debug, Default)]
struct Line {
    persons: u64,
    /// Number of the person counted last.
    last: u64,
    shown: [i128; SHOWN.len()],
    pay: i128,
    back: i128,
}

impl Line {
    fn take(&mut self, number: u64, person: &PersonYear, owed: impl Iterator<Item = i64>) {
        self.persons += u64::from(self.last != number);
        self.last = number;
        for (sum, (_, parts)) in self.shown.iter_mut().zip(SHOWN) {
            *sum += parts.iter().map(|m| i128::from(person.money(*m))).sum::<i128>();
        }
        for payable in owed {
            if payable > 0 {
                self.pay += i128::from(payable);
            } else {
                self.back += i128::from(payable);
            }
        }
    }
}

/// Sums of the persons' years that are listed.
#[derive(Debug, Default)]
pub(super) struct Sums {
    /// Persons read so far, listed or not.
    number: u64,
    by: BTreeMap<(Channel, Option<Identity>), Line>,
    channels: [Line; Channel::ALL.len()],
    /// Every person's year once, on however many sheets it stands.
    all: Line,
    /// What assistance still owes by all of `persons.parquet`.
    payable_ma: i128,
}

impl Sums {
    /// Adds a person's year.
    pub(super) fn take(&mut self, person: &PersonYear) {
        self.number += u64::from(!person.again);
        self.payable_ma += i128::from(person.money(Money::PayableMa));
        let owed = || Channel::ALL.iter().map(|c| (*c, person.payable(*c))).filter(|(_, fen)| *fen != 0);
        for (channel, fen) in owed() {
            let by = self.by.entry((channel, person.preferred)).or_default();
            by.take(self.number, person, std::iter::once(fen));
            self.channels[channel.index()].take(self.number, person, std::iter::once(fen));
        }
        if owed().next().is_some() {
            self.all.take(self.number, person, owed().map(|(_, fen)| fen));
        }
    }
}

/// The sheet.
pub(super) fn sheet(about: About<'_>, sums: &Sums, filled: &Filled) -> Result<Worksheet, Cannot> {
    let (mut sheet, looks) = (Worksheet::new(), Looks::new());
    sheet.set_name("汇总")?;
    paper(&mut sheet);
    sheet.write_string_with_format(0, 0, "医疗救助支付汇总", &looks.title)?;
    sheet.write_string(1, 0, format!("依据：{}　　单位：元", policies(about)))?;
    sheet.set_freeze_panes(3, 2)?;
    sheet.set_repeat_rows(0, 2)?;
    let heads = ["渠道", "身份", "人数"].into_iter().chain(SHOWN.iter().map(|(head, _)| *head));
    let heads = heads.chain(["应付", "应追回", "净额"]);
    for (at, head) in heads.enumerate() {
        let width = [20.0, 26.0, 9.0].get(at).copied().unwrap_or(16.0);
        sheet.set_column_width(at as u16, width)?;
        sheet.write_string_with_format(2, at as u16, head, &looks.head)?;
    }
    let mut row = 3;
    for channel in Channel::ALL {
        for ((_, identity), line) in sums.by.iter().filter(|((of, _), _)| of == channel) {
            let identity = identity.map_or("（未定）", Identity::label);
            put(&mut sheet, &looks, row, [channel.label(), identity], line, false)?;
            row += 1;
        }
        if sums.channels[channel.index()].persons > 0 {
            put(&mut sheet, &looks, row, [channel.label(), "小计"], &sums.channels[channel.index()], true)?;
            row += 1;
        }
    }
    put(&mut sheet, &looks, row, ["合计", "（一人计一次）"], &sums.all, true)?;
    row += 2;
    if sums.all.persons == 0 {
        sheet.write_string(row, 0, "本次没有应付或应追回的人员。")?;
        row += 1;
    }
    row = control(&mut sheet, &looks, row, about, sums, filled)?;
    sign(&mut sheet, row + 1)?;
    Ok(sheet)
}

/// That the lists come to what the run says.
fn control(
    sheet: &mut Worksheet,
    looks: &Looks,
    mut row: u32,
    about: About<'_>,
    sums: &Sums,
    filled: &Filled,
) -> Result<u32, XlsxError> {
    let listed = sums.all.pay + sums.all.back;
    sheet.write_string_with_format(row, 0, "核对", &looks.bold)?;
    for (label, fen) in [
        ("救助本次应付合计（persons.parquet，payable_ma）", sums.payable_ma),
        ("其中：各渠道清单净额", listed),
        ("其中：不属任何渠道（费用未适用救助身份，已付救助待核）", sums.payable_ma - listed),
    ] {
        row += 1;
        sheet.write_string(row, 0, label)?;
        money(sheet, row, 3, fen, &looks.sum)?;
    }
    if about.payees.is_some() {
        row += 1;
        let missing = filled.without_payee.len();
        sheet.write_string(row, 0, "应付而缺收款人信息的清单行数（见“缺收款人”）")?;
        sheet.write_number_with_format(row, 3, missing as f64, &looks.count)?;
    }
    Ok(row + 1)
}

fn put(
    sheet: &mut Worksheet,
    looks: &Looks,
    row: u32,
    names: [&str; 2],
    line: &Line,
    bold: bool,
) -> Result<(), XlsxError> {
    let (text, amount) = if bold { (&looks.bold, &looks.sum) } else { (&looks.text, &looks.money) };
    for (at, name) in names.into_iter().enumerate() {
        sheet.write_string_with_format(row, at as u16, name, text)?;
    }
    sheet.write_number_with_format(row, 2, line.persons as f64, &looks.count)?;
    let amounts = line.shown.into_iter().chain([line.pay, line.back, line.pay + line.back]);
    for (at, fen) in amounts.enumerate() {
        money(sheet, row, at as u16 + 3, fen, amount)?;
    }
    Ok(())
}
