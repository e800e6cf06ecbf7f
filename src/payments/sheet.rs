//! The sheets of the channels, and that of persons without a payee.

use super::payees::Payee;
use super::people::PersonYear;
use super::{About, Cannot};
use crate::model::codes::Channel;
use crate::settle::outcome::Money;
use rust_xlsxwriter::{Format, FormatAlign, FormatBorder, Workbook, Worksheet, XlsxError};
use std::collections::BTreeSet;

/// Rows above the first person: title, policy, heads.
const HEAD_ROWS: u32 = 3;
/// Rows below the last person: three sums, a blank one, who signs.
const TAIL_ROWS: u32 = 5;
/// Amounts beyond this many fen are written as text: Excel keeps fifteen digits.
const EXACT: i64 = 1_000_000_000_000_000;

/// Formats that all sheets share.
pub(super) struct Looks {
    pub(super) title: Format,
    pub(super) head: Format,
    pub(super) text: Format,
    pub(super) count: Format,
    pub(super) money: Format,
    pub(super) bold: Format,
    pub(super) sum: Format,
}

impl Looks {
    pub(super) fn new() -> Self {
        let framed = || Format::new().set_border(FormatBorder::Thin);
        Self {
            title: Format::new().set_bold().set_font_size(16),
            head: framed()
                .set_bold()
                .set_text_wrap()
                .set_align(FormatAlign::Center)
                .set_align(FormatAlign::VerticalCenter),
            text: framed().set_num_format("@"),
            count: framed().set_num_format("#,##0"),
            money: framed().set_num_format("#,##0.00"),
            bold: framed().set_bold(),
            sum: framed().set_bold().set_num_format("#,##0.00"),
        }
    }
}

/// Writes an amount: a number with two decimals, exact to the fen.
pub(super) fn money(sheet: &mut Worksheet, row: u32, column: u16, fen: i128, look: &Format) -> Result<(), XlsxError> {
    match i64::try_from(fen).ok().filter(|fen| fen.abs() < EXACT) {
        // Both are whole below 2^53, so that the quotient is the double nearest to the amount.
        Some(fen) => sheet.write_number_with_format(row, column, fen as f64 / 100.0, look)?,
        None => sheet.write_string_with_format(row, column, crate::model::fen::to_yuan(fen), look)?,
    };
    Ok(())
}

/// A column of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Column {
    Number,
    Person,
    Name,
    Certificate,
    Bank,
    Account,
    Year,
    Identity,
    Insutype,
    /// An amount of the person's year.
    Money(Money),
    /// Catastrophic insurance, with special drugs.
    Catastrophic,
    Payable,
}

/// The columns of a run's lists.
#[derive(Clone, Debug)]
pub(super) struct Columns(Vec<(Column, &'static str, f64)>);

impl Columns {
    /// Payees where they are given, out-of-catalogue payments where there are any.
    pub(super) fn of(about: About<'_>) -> Self {
        let mut columns = vec![(Column::Number, "序号", 7.0), (Column::Person, "人员编号", 21.0)];
        if about.payees.is_some() {
            columns.extend([
                (Column::Name, "姓名", 12.0),
                (Column::Certificate, "证件号码", 21.0),
                (Column::Bank, "开户银行", 24.0),
                (Column::Account, "银行账号", 24.0),
            ]);
        }
        columns.extend([
            (Column::Year, "年度", 7.0),
            (Column::Identity, "身份", 24.0),
            (Column::Insutype, "参保类型", 12.0),
            (Column::Money(Money::MedfeeSumamt), "费用总额", 15.0),
            (Column::Money(Money::InscpScpAmt), "政策范围内费用", 15.0),
            (Column::Money(Money::BasicPay), "基本医保", 15.0),
            (Column::Catastrophic, "大病保险", 14.0),
            (Column::Money(Money::MaPay), "医疗救助", 14.0),
            (Column::Money(Money::RaPay), "再救助", 13.0),
        ]);
        let oocat = about.manifest.control_totals.all.get("oocat_pay");
        if oocat.is_some_and(|total| total != "0.00") {
            columns.push((Column::Money(Money::OocatPay), "目录外救助", 13.0));
        }
        columns.extend([
            (Column::Money(Money::RecordedMaf), "已支付", 14.0),
            (Column::Payable, "本次应付", 14.0),
            (Column::Money(Money::PsnBurden), "个人负担", 15.0),
        ]);
        Self(columns)
    }

    fn last(&self) -> u16 {
        self.0.len() as u16 - 1
    }

    fn at(&self, column: Column) -> u16 {
        self.0.iter().position(|(c, ..)| *c == column).unwrap_or_default() as u16
    }
}

/// What a channel pays and claims back, in fen.
#[derive(Clone, Copy, Debug, Default)]
struct Owed {
    pay: i128,
    back: i128,
}

/// The sheets of one channel being filled.
struct Filling {
    done: Vec<Worksheet>,
    sheet: Worksheet,
    row: u32,
    rows: u64,
    owed: Owed,
}

/// All channels being filled; a channel without a row has no sheet.
pub(super) struct Channels<'a> {
    about: About<'a>,
    columns: Columns,
    looks: Looks,
    sheet_rows: u32,
    filling: [Option<Filling>; Channel::ALL.len()],
    without_payee: Vec<Missing>,
}

/// The sheets of all channels.
pub(super) struct Filled {
    pub(super) sheets: Vec<Worksheet>,
    rows: u64,
    /// Persons to pay whom nobody told where.
    pub(super) without_payee: Vec<Missing>,
}

impl Filled {
    /// Rows of all lists.
    pub(super) fn rows(&self) -> u64 {
        self.rows
    }
}

/// A person to pay without a payee.
pub(super) struct Missing {
    psn_no: String,
    year: i32,
    channel: Channel,
    payable: i64,
}

impl<'a> Channels<'a> {
    /// Nothing is filled yet.
    pub(super) fn new(about: About<'a>, columns: Columns, sheet_rows: u32) -> Self {
        let filling = std::array::from_fn(|_| None);
        Self { about, columns, looks: Looks::new(), sheet_rows, filling, without_payee: Vec::new() }
    }

    /// Lists a person's year in every channel that owes something, or was paid too much in.
    pub(super) fn take(&mut self, book: &mut Workbook, person: &PersonYear) -> Result<(), XlsxError> {
        for channel in Channel::ALL {
            if person.payable(*channel) != 0 {
                self.list(book, *channel, person)?;
            }
        }
        Ok(())
    }

    fn list(&mut self, book: &mut Workbook, channel: Channel, person: &PersonYear) -> Result<(), XlsxError> {
        let Self { about, columns, looks, sheet_rows, filling, without_payee } = self;
        let slot = &mut filling[channel.index()];
        let filling = match slot {
            Some(filling) => filling,
            None => {
                let sheet = begin(book, *about, channel, columns, looks, 0)?;
                slot.insert(Filling { done: Vec::new(), sheet, row: HEAD_ROWS, rows: 0, owed: Owed::default() })
            }
        };
        if filling.row + TAIL_ROWS >= *sheet_rows {
            filling.sheet.write_string(filling.row, 0, "（续见下一工作表）")?;
            let next = begin(book, *about, channel, columns, looks, filling.done.len() + 1)?;
            filling.done.push(std::mem::replace(&mut filling.sheet, next));
            filling.row = HEAD_ROWS;
        }
        filling.rows += 1;
        let payable = person.payable(channel);
        if payable > 0 {
            filling.owed.pay += i128::from(payable);
        } else {
            filling.owed.back += i128::from(payable);
        }
        let payee = about.payees.and_then(|payees| payees.of(&person.psn_no));
        if about.payees.is_some() && payee.is_none() && payable > 0 {
            let psn_no = person.psn_no.clone();
            without_payee.push(Missing { psn_no, year: person.year, channel, payable });
        }
        let (sheet, row, number) = (&mut filling.sheet, filling.row, filling.rows);
        for (at, (column, ..)) in columns.0.iter().enumerate() {
            let at = at as u16;
            let told = |of: fn(&Payee) -> &str| payee.map_or("", of);
            let text = match column {
                Column::Number => {
                    sheet.write_number_with_format(row, at, number as f64, &looks.count)?;
                    continue;
                }
                Column::Money(of) => {
                    money(sheet, row, at, person.money(*of).into(), &looks.money)?;
                    continue;
                }
                Column::Catastrophic => {
                    let fen = person.money(Money::CiiPay) + person.money(Money::SpecialDrugPay);
                    money(sheet, row, at, fen.into(), &looks.money)?;
                    continue;
                }
                Column::Payable => {
                    money(sheet, row, at, payable.into(), &looks.sum)?;
                    continue;
                }
                Column::Year => &person.year.to_string(),
                Column::Person => person.psn_no.as_str(),
                Column::Identity => &person.identities,
                Column::Insutype => &person.insutypes,
                Column::Name => told(|p| &p.name),
                Column::Certificate => told(|p| &p.certificate),
                Column::Bank => told(|p| &p.bank),
                Column::Account => told(|p| &p.account),
            };
            sheet.write_string_with_format(row, at, text, &looks.text)?;
        }
        filling.row += 1;
        Ok(())
    }

    /// Ends every sheet with its sums and a line to sign on.
    pub(super) fn finish(self) -> Result<Filled, Cannot> {
        let Self { columns, looks, filling, without_payee, .. } = self;
        let (mut sheets, mut rows) = (Vec::new(), 0);
        for Filling { done, mut sheet, row, rows: listed, owed } in filling.into_iter().flatten() {
            let at = columns.at(Column::Payable);
            for (below, (label, fen)) in
                [("应付合计", owed.pay), ("应追回合计", owed.back), ("净额", owed.pay + owed.back)]
                    .into_iter()
                    .enumerate()
            {
                let row = row + below as u32;
                for column in 0..=columns.last() {
                    sheet.write_blank(row, column, &looks.bold)?;
                }
                sheet.write_string_with_format(row, 1, label, &looks.bold)?;
                money(&mut sheet, row, at, fen, &looks.sum)?;
            }
            sign(&mut sheet, row + TAIL_ROWS - 1)?;
            rows += listed;
            sheets.extend(done);
            sheets.push(sheet);
        }
        Ok(Filled { sheets, rows, without_payee })
    }
}

/// A line to sign on.
pub(super) fn sign(sheet: &mut Worksheet, row: u32) -> Result<(), XlsxError> {
    sheet.write_string(
        row,
        0,
        "制表：　　　　　　　　复核：　　　　　　　　负责人：　　　　　　　　日期：　　　　年　　月　　日",
    )?;
    Ok(())
}

/// Paper and margins that all sheets share.
pub(super) fn paper(sheet: &mut Worksheet) {
    // A4.
    sheet.set_paper_size(9).set_landscape().set_print_fit_to_pages(1, 0);
    sheet.set_footer("&C第 &P 页，共 &N 页");
}

/// What the policies of a run are called.
pub(super) fn policies(about: About<'_>) -> String {
    let manifest = about.manifest;
    let name = |p: &crate::output::manifest::PolicyPart| format!("{}（{}）", p.title, p.document);
    match manifest.policies[..] {
        [] => name(&manifest.policy),
        _ => manifest.policies.iter().map(name).collect::<Vec<_>>().join("；"),
    }
}

/// Begins the sheet of a channel, or its continuation.
fn begin(
    book: &mut Workbook,
    about: About<'_>,
    channel: Channel,
    columns: &Columns,
    looks: &Looks,
    before: usize,
) -> Result<Worksheet, XlsxError> {
    let mut sheet = book.new_worksheet_with_constant_memory()?;
    let name = match before {
        0 => channel.label().to_owned(),
        _ => format!("{}({})", channel.label(), before + 1),
    };
    paper(&mut sheet);
    for (at, (_, _, width)) in columns.0.iter().enumerate() {
        sheet.set_column_width(at as u16, *width)?;
    }
    sheet.set_freeze_panes(HEAD_ROWS, 2)?;
    sheet.set_repeat_rows(0, HEAD_ROWS - 1)?;
    sheet.write_string_with_format(0, 0, format!("医疗救助支付清单（{}）", channel.label()), &looks.title)?;
    sheet.write_string(1, 0, format!("依据：{}　　单位：元", policies(about)))?;
    for (at, (_, head, _)) in columns.0.iter().enumerate() {
        sheet.write_string_with_format(HEAD_ROWS - 1, at as u16, *head, &looks.head)?;
    }
    sheet.set_name(name)?;
    Ok(sheet)
}

/// The sheet of persons to pay whom nobody told where.
pub(super) fn unpaid(missing: &[Missing]) -> Result<Worksheet, XlsxError> {
    let (mut sheet, looks) = (Worksheet::new(), Looks::new());
    sheet.set_name("缺收款人")?;
    paper(&mut sheet);
    sheet.set_freeze_panes(2, 0)?;
    let persons: BTreeSet<&str> = missing.iter().map(|m| m.psn_no.as_str()).collect();
    let title = format!("应付而缺收款人信息：{} 人", persons.len());
    sheet.write_string_with_format(0, 0, title, &looks.title)?;
    for (at, (head, width)) in
        [("序号", 7.0), ("人员编号", 22.0), ("年度", 8.0), ("渠道", 18.0), ("本次应付", 16.0)].into_iter().enumerate()
    {
        sheet.set_column_width(at as u16, width)?;
        sheet.write_string_with_format(1, at as u16, head, &looks.head)?;
    }
    for (number, person) in missing.iter().enumerate() {
        // Nobody types so many in by hand; the count above tells of all.
        let row = number as u32 + 2;
        if row >= super::SHEET_ROWS {
            break;
        }
        sheet.write_number_with_format(row, 0, number as f64 + 1.0, &looks.count)?;
        sheet.write_string_with_format(row, 1, &person.psn_no, &looks.text)?;
        sheet.write_string_with_format(row, 2, person.year.to_string(), &looks.text)?;
        sheet.write_string_with_format(row, 3, person.channel.label(), &looks.text)?;
        money(&mut sheet, row, 4, person.payable.into(), &looks.money)?;
    }
    Ok(sheet)
}
