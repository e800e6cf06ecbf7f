//! `onestop explain`: a person's year in words, on figures that were computed by hand.

use crate::desk::{Desk, Edit, Sheet, holds, stay, typed_line};
use crate::support::program::Outcome;
use arrow::datatypes::DataType;

/// A person with two identities, 低保 and 低保边缘, and three stays of 120 000 within scope after basic
/// insurance. 低保 pays most: catastrophic insurance 73 150, 86 000 and 93 000 (as of class A, whichever
/// identity goes first); of the 46 850, 34 000 and 27 000 left, assistance pays 70 %: 32 795, 23 800, and
/// 13 405 of 18 900, where its limit of 70 000 cuts; of what is left then, re-assistance pays 70 % above
/// 5 000: 6 338.50, 7 140, and 6 521.50 of 9 516.50, cut by its 20 000. With 低保边缘 first it would be
/// 252 150 + 10 000 + 10 000.
fn desk() -> Desk {
    let large = |id: &str, day: &str| {
        let claim = stay("P1", id).with("setl_time", &format!("{day}T09:30:00"));
        claim.with("medfee_sumamt", "200000").with("inscp_scp_amt", "150000").with("hifp_pay", "30000")
    };
    let ledger = [
        large("S1", "2023-02-01").with("maf_pay", "1000"),
        large("S2", "2023-06-01"),
        large("S3", "2023-09-01"),
        stay("P1", "S4").with("setl_time", "2023-10-01T00:00:00").with("care", "outpatient"),
        stay("P1", "S5")
            .with("setl_time", "2023-11-01T00:00:00")
            .with("medfee_sumamt", "777")
            .with("inscp_scp_amt", "0")
            .with("hifp_pay", "0"),
        stay("P1", "S6")
            .with("setl_time", "2023-11-02T00:00:00")
            .with("medfee_sumamt", "-777")
            .with("inscp_scp_amt", "0")
            .with("hifp_pay", "0")
            .with("refd_setl_flag", "1"),
        stay("P2", "S1"),
    ];
    let desk = Desk::with(&ledger, &[holds("P1", "dibao_margin"), holds("P1", "dibao")]);
    desk.done(desk.settle());
    desk
}

fn explain(desk: &Desk, rest: &str) -> Outcome {
    typed_line(&format!("explain {} {rest}", desk.typed("out")))
}

fn told(desk: &Desk, rest: &str) -> String {
    let Outcome { code, stdout, stderr } = explain(desk, rest);
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    stdout
}

/// The text says these things in this order.
fn in_order(text: &str, said: &[&str]) {
    let mut rest = text;
    for words in said {
        let Some((_, after)) = rest.split_once(words) else { panic!("`{words}` does not follow in\n{text}") };
        rest = after;
    }
}

#[test]
fn a_year_is_told_from_the_identities_to_what_is_left() {
    let text = told(&desk(), "P1");
    in_order(
        &text,
        &[
            "Person 人员 P1\n",
            "威政办发〔2022〕15号 威海市人民政府办公室关于完善重特大疾病医疗保险和救助制度的意见 (weihai-2023)\n",
            "Year 年度 2023\n",
            "identities held 持有身份: 低保对象 dibao, 低保边缘家庭成员 dibao_margin\n",
            "applied first 优先适用: 低保对象 dibao, with 342,150.00 in all",
            "not taken 未采用: with 低保边缘家庭成员 dibao_margin first the year would have paid 272,150.00\n",
            "医疗救助",
            "70,000.00\n",
            "再救助",
            "20,000.00\n",
            "1. 2023-02-01 09:30:00  claim S1",
            "2. 2023-06-01 09:30:00  claim S2",
            "3. 2023-09-01 09:30:00  claim S3",
            "4. 2023-10-01 00:00:00  claim S4",
            "5. 2023-11-01 00:00:00  claim S5",
            "6. 2023-11-02 00:00:00  claim S6",
            "Alert 预警",
            "Paid by rule and clause 按规则与条款\n",
        ],
    );
    assert!(!text.contains("P2"), "{text}");
}

#[test]
fn a_claim_is_told_layer_by_layer_with_clauses() {
    in_order(
        &told(&desk(), "P1 --claim S1"),
        &[
            "1. 2023-02-01 09:30:00  claim S1  住院 inpatient, 居民医保\n",
            "total fee 200,000.00, within scope 150,000.00; basic insurance paid 30,000.00, which leaves 120,000.00\n",
            "大病保险 cii",
            "from 0.00 to 9,000.00, still under the deductible: nothing is paid  [cii.A.resident（二（二））]\n",
            "from 9,000.00 to 100,000.00, in the bracket from 9,000.00: 65 % comes to 59,150.00 → paid 59,150.00",
            "from 100,000.00 to 120,000.00, in the bracket from 100,000.00: 70 % comes to 14,000.00 → paid 14,000.00",
            "医疗救助 ma: after insurance 46,850.00 is left\n",
            "from 0.00 to 46,850.00, in the bracket from 0.00: 70 % comes to 32,795.00",
            "of the limit 70,000.00 a room of 70,000.00 is left → paid 32,795.00  [ma.A（二（三）3）]\n",
            "再救助（倾斜救助） ra",
            "from 0.00 to 5,000.00, still under the deductible: nothing is paid  [ra.A（二（三）3）]\n",
            "from 5,000.00 to 14,055.00, in the bracket from 5,000.00: 70 % comes to 6,338.50",
            "of the limit 20,000.00 a room of 20,000.00 is left → paid 6,338.50",
            "assisted as 低保对象 dibao, 即时结算 instant\n",
            "left to the person 个人负担: 57,716.50\n",
            "assistance already paid 1,000.00, still owed 38,133.50\n",
        ],
    );
}

#[test]
fn a_limit_that_cuts_is_said() {
    in_order(
        &told(&desk(), "P1 --claim S3"),
        &[
            "3. 2023-09-01 09:30:00  claim S3",
            "医疗救助 ma: after insurance 27,000.00 is left\n",
            "from 80,850.00 to 107,850.00",
            "70 % comes to 18,900.00; of the limit 70,000.00 a room of 13,405.00 is left; the limit cuts it → paid 13,405.00",
            "70 % comes to 9,516.50; of the limit 20,000.00 a room of 6,521.50 is left; the limit cuts it → paid 6,521.50",
            "left to the person 个人负担: 57,073.50\n",
        ],
    );
}

#[test]
fn claims_outside_assistance_and_reversed_ones_say_so() {
    let desk = desk();
    let outside = told(&desk, "P1 --claim S4");
    assert!(outside.contains("outside assistance 不属救助范围: 该类费用不在救助范围 care_not_covered\n"), "{outside}");
    for claim in ["S5", "S6"] {
        let reversed = told(&desk, &format!("P1 --claim {claim}"));
        assert!(reversed.contains("reversed 已冲销"), "{reversed}");
    }
    let nobody = told(&desk, "P2");
    assert!(nobody.contains("no identity in force on any claim 无救助身份\n"), "{nobody}");
    assert!(nobody.contains("当日无救助身份 no_identity\n"), "{nobody}");
    assert!(nobody.contains("left to the person 个人负担: 5,000.00\n"), "{nobody}");
}

#[test]
fn one_claim_leaves_out_the_year_and_the_other_claims() {
    let text = told(&desk(), "P1 --claim S2");
    assert!(text.contains("claim S2") && !text.contains("claim S1") && !text.contains("Year 年度"), "{text}");
}

#[test]
fn what_the_rules_paid_adds_up_to_the_year() {
    let text = told(&desk(), "P1");
    let (_, sums) = text.split_once("Paid by rule and clause 按规则与条款\n").unwrap();
    let words: Vec<Vec<&str>> = sums.lines().map(|l| l.split_whitespace().collect()).collect();
    assert_eq!(
        words,
        [
            ["大病保险", "cii", "cii.A.resident", "（二（二））", "252,150.00"],
            ["医疗救助", "ma", "ma.A", "（二（三）3）", "70,000.00"],
            ["再救助（倾斜救助）", "ra", "ra.A", "（二（三）3）", "20,000.00"],
        ]
    );
}

#[test]
fn outside_compensation_that_comes_off_is_said() {
    let claim = stay("P1", "S1").with("ext_comp_amt", "1000");
    let desk = Desk::with(&[claim], &[holds("P1", "tekun")]);
    desk.done(desk.settle());
    let text = told(&desk, "P1");
    let said =
        "after insurance 3,000.00 is left; outside compensation 1,000.00 comes off, so assistance pays on 2,000.00\n";
    assert!(text.contains(said), "{text}");
    assert!(text.contains("left to the person 个人负担: 2,600.00\n"), "{text}");
}

#[test]
fn persons_and_claims_with_integer_ids_are_found() {
    let desk = Desk::new();
    let rows = [stay("7", "10").with("identity", "tekun"), stay("70", "11").with("identity", "tekun")];
    Sheet::of(&rows).cast("psn_no", &DataType::Int64).cast("setl_id", &DataType::Int64).lay(&desk, "ledger.parquet");
    desk.done(desk.settle());
    let text = told(&desk, "7 --claim 10");
    assert!(text.contains("claim 10") && !text.contains("claim 11"), "{text}");
    assert_eq!(explain(&desk, "P7").code, Some(1));
}

fn failed(outcome: &Outcome, what: &str, remedy: &str) {
    assert_eq!(outcome.stderr, format!("error: {what}\n  {remedy}\n"));
    assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(1), ""));
}

#[test]
fn an_unknown_person_or_claim_is_named() {
    let desk = desk();
    let out = desk.typed("out");
    failed(
        &explain(&desk, "P9"),
        &format!("the person asked for has no claim in {out}"),
        "check the number; a rejected row stands in rejects.parquet",
    );
    failed(
        &explain(&desk, "P1 --claim S9"),
        &format!("the person asked for has no claim S9 in {out}"),
        "leave out --claim to see all of them",
    );
}

#[test]
fn a_folder_that_is_no_run_is_named() {
    let desk = Desk::new();
    desk.make_folder("out");
    failed(
        &explain(&desk, "P1"),
        &format!("{}/manifest.json: No such file or directory (os error 2)", desk.typed("out")),
        "give the output folder of a settle run",
    );
}

#[test]
fn a_run_without_audit_cannot_be_explained() {
    let desk = Desk::with(&[stay("P1", "S1")], &[holds("P1", "tekun")]);
    desk.done(desk.settle().option("--audit", "none"));
    failed(
        &explain(&desk, "P1"),
        &format!("{} holds no audit.parquet", desk.typed("out")),
        "settle again without `--audit none`",
    );
}
