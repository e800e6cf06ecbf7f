//! The sentences of an explanation, in English and in Chinese.

use super::read::Row;
use crate::lang::Lang;
use crate::model::codes::{Care, Channel, Identity, Insutype, Layer, ScopeReason};
use crate::model::fen::to_grouped;

/// A step of the audit, as far as its sentence needs it.
pub enum Step<'a> {
    /// Within a bracket that pays nothing: under the deductible.
    UnderDeductible,
    /// Within a bracket that pays nothing: above the last one.
    AboveLast,
    /// Within a bracket.
    Bracket(&'a str),
    /// A top-up towards a ratio.
    TopUp(&'a str),
    /// A fixed share.
    Share(&'a str),
    /// Carried as recorded.
    Carried,
}

impl Lang {
    /// An identity by its code.
    pub fn identity(self, code: &str) -> String {
        Identity::parse(code).map_or_else(|| code.to_owned(), |i| self.term(i.label(), code))
    }

    /// A care kind by its code.
    pub fn care(self, code: &str) -> String {
        Care::parse(code).map_or_else(|| code.to_owned(), |c| self.term(c.label(), code))
    }

    /// An insurance type by its code.
    pub fn insutype(self, code: &str) -> String {
        Insutype::parse(code).map_or_else(|| code.to_owned(), |i| i.label().to_owned())
    }

    /// A layer by its code.
    pub fn layer(self, code: &str) -> String {
        Layer::parse(code).map_or_else(|| code.to_owned(), |l| self.term(l.label(), code))
    }

    /// The heading of a claim.
    pub fn claim(self, number: usize, row: &Row<'_>) -> String {
        let (care, insutype) = (self.care(&row.text("care")), self.insutype(&row.text("insutype")));
        let (time, id) = (row.time("setl_time"), row.text("setl_id"));
        match self {
            Lang::En => format!("\n{number}. {time}  claim {id}  {care}, {insutype}\n"),
            Lang::Zh => format!("\n{number}. {time}  结算号 {id}  {care}，{insutype}\n"),
        }
    }

    /// First and last day of a policy.
    pub fn dates(self, from: &str, until: Option<&str>) -> String {
        match (self, until) {
            (Lang::En, Some(until)) => format!(", {from} to {until}"),
            (Lang::En, None) => format!(", from {from}"),
            (Lang::Zh, Some(until)) => format!("，{from} 至 {until}"),
            (Lang::Zh, None) => format!("，{from} 起"),
        }
    }

    /// What came in and what basic insurance paid.
    pub fn fee(self, row: &Row<'_>) -> String {
        let [fee, scope, basic, left] =
            ["medfee_sumamt", "inscp_scp_amt", "basic_pay", "burden_after_basic"].map(|c| row.money(c));
        match self {
            Lang::En => {
                format!("   total fee {fee}, within scope {scope}; basic insurance paid {basic}, which leaves {left}\n")
            }
            Lang::Zh => format!(
                "   医疗费总额 {fee} 元，其中政策范围内 {scope} 元；基本医保已付 {basic} 元，政策范围内还剩 {left} 元\n"
            ),
        }
    }

    /// What assistance starts from.
    pub fn assistance_base(self, row: &Row<'_>) -> String {
        let [left, ext, base] = ["burden_after_cii", "ext_comp_counted", "ma_base"].map(|c| row.money(c));
        let compensated = row.fen("ext_comp_counted") != Some(0);
        match (self, compensated) {
            (Lang::En, true) => format!(
                ": after insurance {left} is left; outside compensation {ext} comes off, so assistance pays on {base}"
            ),
            (Lang::En, false) => format!(": after insurance {base} is left"),
            (Lang::Zh, true) => format!("：保险报销后剩 {left} 元，扣除外部补偿 {ext} 元，救助基数 {base} 元"),
            (Lang::Zh, false) => format!("：保险报销后剩 {base} 元"),
        }
    }

    /// A step of the audit.
    pub fn step(self, step: &Step<'_>, row: &Row<'_>) -> String {
        let [from, to, lo, gross] = ["from", "to", "lo", "gross"].map(|c| row.money(c));
        match (self, step) {
            (Lang::En, Step::UnderDeductible) => {
                format!("the year's burden goes from {from} to {to}, still under the deductible: nothing is paid")
            }
            (Lang::Zh, Step::UnderDeductible) => format!("年度累计由 {from} 到 {to} 元，未超过起付线，不予支付"),
            (Lang::En, Step::AboveLast) => {
                format!("the year's burden goes from {from} to {to}, above the last bracket: nothing is paid")
            }
            (Lang::Zh, Step::AboveLast) => format!("年度累计由 {from} 到 {to} 元，超出最高一段，不予支付"),
            (Lang::En, Step::Bracket(ratio)) => format!(
                "the year's burden goes from {from} to {to}, in the bracket from {lo}: {ratio} comes to {gross}"
            ),
            (Lang::Zh, Step::Bracket(ratio)) => {
                format!("年度累计由 {from} 到 {to} 元，属 {lo} 元以上一段，按 {ratio} 计 {gross} 元")
            }
            (Lang::En, Step::TopUp(ratio)) => {
                format!("topped up towards {ratio} of what is in scope: {gross} is short")
            }
            (Lang::Zh, Step::TopUp(ratio)) => format!("综合支付比例补足到 {ratio}，差 {gross} 元"),
            (Lang::En, Step::Share(ratio)) => {
                format!("a fixed share of {ratio} of {} comes to {gross}", row.money("base"))
            }
            (Lang::Zh, Step::Share(ratio)) => format!("{} 元的 {ratio} 为 {gross} 元", row.money("base")),
            (Lang::En, Step::Carried) => format!("carried as recorded: {gross}"),
            (Lang::Zh, Step::Carried) => format!("按已记录金额 {gross} 元"),
        }
    }

    /// The annual limit and the room under it.
    pub fn room(self, cap: i64, used: i64, cut: bool) -> String {
        let (limit, room) = (to_grouped(i128::from(cap)), to_grouped(i128::from((cap - used).max(0))));
        match (self, cut) {
            (Lang::En, false) => format!("; of the limit {limit} a room of {room} is left"),
            (Lang::En, true) => format!("; of the limit {limit} a room of {room} is left; the limit cuts it"),
            (Lang::Zh, false) => format!("；年度限额 {limit} 元，尚余 {room} 元"),
            (Lang::Zh, true) => format!("；年度限额 {limit} 元，只余 {room} 元，以此为限"),
        }
    }

    /// Why a claim is outside assistance.
    pub fn out_of_scope(self, reason: ScopeReason) -> String {
        match self {
            Lang::En => format!("   outside assistance 不属救助范围: {} {reason}\n", reason.label()),
            Lang::Zh => format!("   不属救助范围：{}\n", reason.label()),
        }
    }

    /// As whom, and how it is paid.
    pub fn channel(self, row: &Row<'_>, channel: Channel) -> String {
        let identity = self.identity(&row.text("identity"));
        match self {
            Lang::En => format!("   assisted as {identity}, {} {channel}\n", channel.label()),
            Lang::Zh => format!("   按{identity}救助，{}\n", channel.label()),
        }
    }

    /// What is left, and what is still owed.
    pub fn left(self, row: &Row<'_>) -> String {
        let [left, paid, owed] = ["psn_burden", "recorded_maf", "payable_ma"].map(|c| row.money(c));
        let mut text = format!("   {}{left}\n", self.pick("left to the person 个人负担: ", "个人负担："));
        if row.fen("recorded_maf") != Some(0) || row.fen("payable_ma") != Some(0) {
            text.push_str(&match self {
                Lang::En => format!("   assistance already paid {paid}, still owed {owed}\n"),
                Lang::Zh => format!("   救助已付 {paid} 元，本次应付 {owed} 元\n"),
            });
        }
        text
    }

    /// An alert.
    pub fn alert(self, row: &Row<'_>) -> String {
        let [alert, id, clause] = ["alert", "setl_id", "clause"].map(|c| row.text(c));
        let (time, sum, threshold) = (row.time("setl_time"), row.money("accumulated"), row.money("threshold"));
        match self {
            Lang::En => format!(
                "\nAlert 预警 {alert}: after claim {id} of {time} the accumulated burden is {sum}, above {threshold} （{clause}）\n"
            ),
            Lang::Zh => {
                format!("\n预警 {alert}：{time} 结算号 {id} 之后，累计负担 {sum} 元，超过 {threshold} 元（{clause}）\n")
            }
        }
    }
}
