//! What is said in Chinese: errors, usage, help, summaries. No English sentence of the program is left in it.

use crate::desk::{Desk, holds, stay, typed_amid};
use crate::support::program::Outcome;
use std::path::{Path, PathBuf};

/// A Chinese locale.
const CHINESE: &[(&str, Option<&str>)] = &[("LC_ALL", None), ("LC_MESSAGES", None), ("LANG", Some("zh_CN.UTF-8"))];
/// A locale of no language.
const PLAIN: &[(&str, Option<&str>)] = &[("LC_ALL", Some("C"))];

/// Three lower-case English words in a row, which only a sentence has. What stands in quotes of any kind is left out,
/// and names of the README's headings.
fn english(text: &str) -> Option<String> {
    let bare = without_quoted(text);
    for line in bare.lines().filter(|line| !is_excerpt(line)) {
        let mut run: Vec<&str> = Vec::new();
        for word in line.split(' ') {
            let is_word = word.len() > 1 && word.bytes().all(|b| b.is_ascii_lowercase());
            if is_word {
                run.push(word);
            } else {
                run.clear();
            }
            if run.len() == 3 {
                return Some(format!("`{}` in {line}", run.join(" ")));
            }
        }
    }
    None
}

fn without_quoted(text: &str) -> String {
    let (mut bare, mut until) = (String::new(), None);
    for letter in text.chars() {
        match until {
            Some(end) if letter == end => until = None,
            Some(_) => {}
            None => {
                until = match letter {
                    '`' => Some('`'),
                    '“' => Some('”'),
                    '[' => Some(']'),
                    _ => None,
                };
                bare.push(letter);
            }
        }
    }
    bare
}

/// A line of a file as the reader of TOML shows it.
fn is_excerpt(line: &str) -> bool {
    line.split_once('|').is_some_and(|(number, _)| number.trim().bytes().all(|b| b.is_ascii_digit()))
}

/// Speaks Chinese: both where it is asked to and where the locale is Chinese, and says the same.
fn speaks(desk: &Desk, line: &str) -> Outcome {
    let asked = typed_amid(desk.folder(), PLAIN, &format!("{line} --lang zh"));
    let by_locale = typed_amid(desk.folder(), CHINESE, line);
    assert_eq!((asked.code, &asked.stderr), (by_locale.code, &by_locale.stderr), "{line}");
    assert_eq!(english(&asked.stderr), None, "{line}\n{}", asked.stderr);
    asked
}

/// An error: Chinese from the first word on, what to do in the last line.
fn refused(desk: &Desk, line: &str, code: i32, says: &[&str]) {
    let outcome = speaks(desk, line);
    assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(code), ""), "{line}\n{}", outcome.stderr);
    let lines: Vec<&str> = outcome.stderr.lines().collect();
    assert!(lines.len() >= 2 && lines[0].starts_with("错误："), "{line}\n{}", outcome.stderr);
    assert!(lines.last().is_some_and(|last| last.starts_with("  ")), "{line}\n{}", outcome.stderr);
    for fact in says {
        assert!(outcome.stderr.contains(fact), "{line}\nwants: {fact}\n{}", outcome.stderr);
    }
    // Whoever asks for English is told in English.
    let plain = typed_amid(desk.folder(), CHINESE, &format!("{line} --lang en"));
    assert_eq!(plain.code, Some(code), "{line}");
    assert!(plain.stderr.starts_with("error: ") && plain.stderr != outcome.stderr, "{line}\n{}", plain.stderr);
}

fn sample(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data/sample").join(name).display().to_string()
}

#[test]
fn runs_that_end_early_say_why_in_chinese() {
    let desk = Desk::with(&[stay("P1", "S1")], &[holds("P1", "tekun")]);
    let settle = |rest: &str| format!("settle ledger.parquet --policy weihai-2023 --quiet --out o {rest}");
    refused(&desk, &settle("--roster nowhere.parquet"), 1, &["nowhere.parquet：文件不存在", "请核对路径"]);
    refused(&desk, &settle(""), 1, &["没有给出名册", "--roster FILE"]);
    refused(&desk, "settle roster.parquet --policy weihai-2023 --out o", 1, &["缺少必需的列 `setl_id`"]);
    refused(&desk, "settle ledger.parquet --policy atlantis --out o", 1, &["政策 `atlantis`", "weihai-2023"]);
    refused(&desk, &settle("--roster roster.parquet --params ledger.parquet"), 1, &["ledger.parquet", "UTF-8"]);
    refused(&desk, &settle("--roster roster.parquet --year 2099"), 1, &["--year 2099", "2023-01-01 至 2027-12-31"]);
    refused(&desk, &settle("--roster roster.parquet --column setl_id=THEIRS"), 1, &["`theirs`"]);
    refused(&desk, &settle("--roster roster.parquet --recorded-maf colour"), 1, &["`colour`"]);
    refused(&desk, &settle("--roster roster.parquet --mask roster.parquet --codes nowhere"), 1, &["nowhere"]);
    desk.make_folder("full");
    desk.text("full/mine.txt", "mine");
    let into = |out: &str| format!("settle ledger.parquet --roster roster.parquet --policy weihai-2023 --out {out}");
    refused(&desk, &into("full"), 1, &["full：已存在", "--force"]);
    refused(&desk, &format!("{} --force", into("full")), 1, &["full", "另有其他文件"]);
    refused(&desk, &into("ledger.parquet/out"), 1, &["不是文件夹", "没有发布任何结果"]);
    refused(&desk, "explain full P1", 1, &["full", "请给出 settle 的输出目录"]);
    refused(&desk, "verify nowhere", 1, &["nowhere", "文件不存在"]);
    refused(&desk, "reconcile nowhere --out r", 1, &["nowhere", "文件不存在"]);
    refused(&desk, "settle full --policy weihai-2023 --out o", 1, &["没有 Parquet 文件"]);
    let whole = std::fs::read(sample("ledger.parquet")).unwrap();
    std::fs::write(desk.path("cut.parquet"), &whole[..5_000]).unwrap();
    refused(&desk, "settle cut.parquet --policy weihai-2023 --out o", 1, &["文件尾已损坏", "请重新导出"]);
}

#[test]
fn command_lines_that_make_no_sense_are_told_in_chinese() {
    let desk = Desk::new();
    for (line, says) in [
        ("settel", "是否要写 `settle`？"),
        ("settle --polcy", "没有选项或参数 `--polcy`"),
        ("settle", "缺少 --policy <ID|FILE>"),
        ("settle --sample --roster r", "`--roster <FILE>`"),
        ("settle --sample --audit some", "可取 full、none"),
        ("settle --sample --memory 4X", "`X` 不是容量单位"),
        ("settle --sample --max-rejects some", "`some` 既不是行数"),
        ("settle --sample --threads 0", "`0` 不在 1..=1024 之内"),
        ("settle --sample --as-of soon", "`soon` 不是日期"),
        ("settle --sample --column psn_no", "`psn_no` 不是“标准列名=原列名”的形式"),
        ("settle l --policy a,,b --out o", "逗号旁缺少政策"),
        ("explain out P1 --clam S1", "--clam"),
        ("generate --policy weihai-2023 --persons 5 --year 2023 --out o --errors x", "`x` 不是 KIND=COUNT"),
        ("project --sample --bootstrap 7", "`7` 既不是 0"),
        ("project --sample --solve ma.A.cap --budget 1", "不是比例"),
        ("project --sample --solve ma.A.ratio --budget 1 --fund x", "没有该基金"),
    ] {
        refused(&desk, line, 2, &[says]);
    }
}

#[test]
fn help_is_chinese() {
    let desk = Desk::new();
    for line in ["--help", "settle --help", "project --help", "reconcile -h", "policy --help", "policy show --help"] {
        let outcome = speaks(&desk, line);
        assert_eq!((outcome.code, outcome.stderr.as_str()), (Some(0), ""), "{line}");
        assert!(outcome.stdout.contains("用法：onestop"), "{line}\n{}", outcome.stdout);
        assert_eq!(english(&outcome.stdout), None, "{line}\n{}", outcome.stdout);
        for word in ["Usage", "Options", "Print", "Commands", "Arguments", "default"] {
            assert!(!outcome.stdout.contains(word), "{line}: {word}\n{}", outcome.stdout);
        }
    }
    assert_eq!(speaks(&desk, "--version").stdout, format!("onestop {}\n", env!("CARGO_PKG_VERSION")));
}

/// Every broken policy of the gallery.
fn gallery() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/errors");
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

#[test]
fn every_broken_policy_is_found_out_in_chinese() {
    let desk = Desk::with(&[stay("P1", "S1")], &[holds("P1", "tekun")]);
    for path in gallery() {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        std::fs::copy(&path, desk.path(&name)).unwrap();
        let checked = speaks(&desk, &format!("policy check {name}"));
        let english_one = typed_amid(desk.folder(), PLAIN, &format!("policy check {name}"));
        assert_eq!(checked.code, english_one.code, "{name}");
        assert_eq!(english(&checked.stdout), None, "{name}\n{}", checked.stdout);
        let lines = |o: &Outcome| o.stdout.lines().count();
        assert_eq!(lines(&checked), lines(&english_one), "{name}\n{}", checked.stdout);
        for line in checked.stdout.lines() {
            assert!(line.contains("错误：") || line.contains("警告"), "{name}\n{line}");
        }
        if checked.code == Some(1) {
            let settle = format!("settle ledger.parquet --roster roster.parquet --policy {name} --out o");
            refused(&desk, &settle, 1, &[]);
        }
    }
}

#[test]
fn scenarios_that_cannot_be_meant_are_told_in_chinese() {
    let desk = Desk::with(&[stay("P1", "S1")], &[holds("P1", "tekun")]);
    for (body, says) in [
        ("[scenario.set]\n\"ma.A.ratio\" = \"75%\"", "请写 \"0.75\"；"),
        ("[scenario.set]\n\"ma.A.rato\" = \"0.75\"", "未知的键 `rato`"),
        ("[scenario.set]\n\"nobody\" = \"off\"", "没有该名称的规则或表"),
        ("[scenario.set]\n\"ma.A.cap\" = \"1..0 step 1\"", "终点小于起点"),
        ("[scenario.set]\n\"ma.A.cap\" ＝ \"1\"", "请将 `＝` 改为 `=`"),
        ("[scenario.set]\n\"ma.A.cap\" = 0.5", "`0.5` 是浮点数"),
        ("[[scenario.fees]]\ngrowth = \"much\"", "`much` 不是增长比例"),
        ("[[scenario.parameters]]\nparameter = \"x\"\ngrowth = \"0.1\"", "参数 `x` 没有值"),
        ("title = \"x\"", "没有任何变化"),
        ("policy = \"atlantis\"", "政策 `atlantis`"),
        ("colour = \"red\"", "未知的键 `colour`"),
    ] {
        desk.text("plan.toml", &format!("[[scenario]]\nid = \"a\"\n{body}\n"));
        let inputs = "ledger.parquet --roster roster.parquet --policy weihai-2023";
        refused(&desk, &format!("project {inputs} --scenarios plan.toml --out o"), 1, &["plan.toml", says]);
    }
}

/// Labels of the English texts, which no Chinese one has.
const LABELS: &[&str] = &[
    "local",
    "unattributed",
    "Rows",
    "Money",
    "台账 ledger",
    "rejected",
    "persons ",
    "claims",
    "paid",
    "Clauses",
    "Limits",
    "Outputs",
    "rows",
    "bytes",
    "By ",
    "Out of",
    "settled",
    "Baseline",
    "Scenarios",
    "Funds",
    "need",
    "winners",
    "open",
    " to ",
];

#[test]
fn summaries_have_chinese_labels_alone_and_tell_totals_in_ten_thousands() {
    let desk = Desk::new();
    let made = "generate --policy weihai-2023 --persons 600 --year 2023 --seed 3 --errors all:0.2 --out made";
    let made = typed_amid(desk.folder(), CHINESE, made);
    assert!(made.code == Some(0) && made.stdout.starts_with("made/ledger.parquet：6,"), "{}", made.stdout);
    assert!(made.stdout.contains(" 笔结算\nmade/roster.parquet："), "{}", made.stdout);
    let inputs = "made/ledger.parquet --roster made/roster.parquet --policy weihai-2023";
    let plan = "[[scenario]]\nid = \"a\"\n[scenario.set]\n\"ma.A.ratio\" = \"0.75\"\n";
    desk.text("plan.toml", plan);
    for (line, says) in [
        (format!("settle {inputs} --orders --out s --force"), ["金额（元）", "万元", "输出：s"]),
        (format!("project {inputs} --scenarios plan.toml --out p --force"), ["现行政策", "受益人年", "输出：p"]),
        (
            "reconcile s --ledger made/ledger.parquet --out r --force".to_owned(),
            ["实付与应付核对", "按原因", "输出：r"],
        ),
        (
            "verify s --ledger made/ledger.parquet".to_owned(),
            ["文件摘要 persons.parquet", "项成立", "重新结算结果逐字节一致"],
        ),
        ("verify s".to_owned(), ["输入摘要 made/roster.parquet", "未核对", "没有给出台账"]),
        ("policy list".to_owned(), ["2023-01-01 至 长期", "威海", "晋城"]),
        ("policy diff weihai-2023 jincheng-2023".to_owned(), ["医疗救助", "起付线", "封顶线"]),
        ("policy show weihai-2023".to_owned(), ["医疗救助", "起付线", "每年 70,000.00"]),
    ] {
        let outcome = speaks(&desk, &line);
        assert_eq!(outcome.code, Some(0), "{line}\n{}", outcome.stderr);
        for said in says {
            assert!(outcome.stdout.contains(said), "{line}\nwants: {said}\n{}", outcome.stdout);
        }
        // Names of parameters are data, and stand in brackets.
        let bare = without_quoted(&outcome.stdout);
        for label in LABELS {
            assert!(!bare.contains(label), "{line}: {label}\n{bare}");
        }
    }
}
