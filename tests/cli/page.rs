//! `report.html` of settlements, projections and reconciliations: every figure held against the files beside it, and
//! the page opened in a browser.

use crate::desk::{Desk, generated, succeeds};
use crate::support::table::{Row, Table, fen};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

/// What the figures of a page are, and what they say: `data-of` to fen or to a count.
fn figures(html: &str) -> BTreeMap<String, i128> {
    let mut found = BTreeMap::new();
    for cell in html.split("<td class=\"n\" data-of=\"").skip(1) {
        let (of, rest) = cell.split_once("\" data-").expect("a name");
        let (kind, rest) = rest.split_once("=\"").expect("a kind");
        let number: i128 = rest.split_once('"').expect("a value").0.parse().expect("a number");
        let shown = rest.split_once('>').and_then(|(_, r)| r.split_once('<')).expect("what is shown").0;
        let plain = shown.replace(',', "");
        match kind {
            "fen" => assert_eq!(fen(&plain), Some(number), "{of} is shown as {shown}"),
            _ => assert_eq!(plain, number.to_string(), "{of} is shown as {shown}"),
        }
        let before = found.insert(of.to_owned(), number);
        assert!(before.is_none_or(|before| before == number), "{of} is told in two ways");
    }
    found
}

fn page(desk: &Desk) -> String {
    std::fs::read_to_string(desk.path("out/report.html")).expect("a page")
}

/// The sum of columns, joined with `+`, over rows.
fn sum<'a>(rows: impl Iterator<Item = &'a Row>, columns: &str) -> i128 {
    let money = |row: &Row| columns.split('+').map(|c| fen(&row[c]).expect("an amount")).sum::<i128>();
    rows.map(money).sum()
}

/// What a figure of this name should be, by the run's tables alone.
fn due(of: &str, desk: &Tables) -> i128 {
    let rows = || desk.settlement.rows.iter();
    let of_ledger = || desk.rejects.rows.iter().filter(|r| r["source"] == "ledger").count();
    let parts: Vec<&str> = of.split('.').collect();
    let count = |n: usize| n as i128;
    match parts[..] {
        ["counts", "ledger_rows"] => count(desk.settlement.rows.len() + of_ledger()),
        ["counts", "ledger_rejects"] => count(of_ledger()),
        ["counts", "persons"] => {
            let mut persons: Vec<&String> = rows().map(|r| &r["psn_no"]).collect();
            persons.dedup();
            count(persons.len())
        }
        ["counts", status] => count(rows().filter(|r| r["status"] == status).count()),
        ["fund", fund] => {
            let (columns, insutype) = match fund {
                "basic_insurance_310" => ("basic_pay", Some("310")),
                "basic_insurance_390" => ("basic_pay", Some("390")),
                "catastrophic_insurance_310" => ("cii_pay+special_drug_pay", Some("310")),
                "catastrophic_insurance_390" => ("cii_pay+special_drug_pay", Some("390")),
                "medical_assistance" => ("ma_pay+ra_pay+oocat_pay", None),
                "institutions" => ("hosp_borne", None),
                "outside_compensation" => ("ext_comp_counted", None),
                "persons" => ("psn_burden", None),
                other => panic!("{other}"),
            };
            sum(rows().filter(|r| insutype.is_none_or(|of| r["insutype"] == of)), columns)
        }
        ["all", columns] => sum(rows(), columns),
        ["subsidies"] => sum(desk.subsidies.rows.iter(), "subsidy"),
        ["identity", identity, column] => {
            let of = |r: &&Row| r.get("identity").map_or("none", String::as_str) == identity;
            sum(rows().filter(of), column)
        }
        ["month", month, column] => sum(rows().filter(|r| r["setl_time"].starts_with(month)), column),
        ["clause", number, column] => {
            let row = &desk.clauses.rows[number.parse::<usize>().expect("a row")];
            match column {
                "paid" | "cut_off" => fen(&row[column]).expect("an amount"),
                _ => row[column].parse().expect("a count"),
            }
        }
        ["person", psn_no, year, columns] => {
            sum(desk.persons.rows.iter().filter(|r| r["psn_no"] == psn_no && r["charge_year"] == year), columns)
        }
        ["reason", reason] => count(rows().filter(|r| r.get("reason").is_some_and(|r| r == reason)).count()),
        ["reject", reason] => count(desk.rejects.rows.iter().filter(|r| r["reason"] == reason).count()),
        _ => panic!("an unknown figure: {of}"),
    }
}

struct Tables {
    settlement: Table,
    persons: Table,
    clauses: Table,
    subsidies: Table,
    rejects: Table,
}

/// Holds every figure of the page against the tables; how many there are.
fn holds(desk: &Desk) -> usize {
    let [settlement, persons, clauses, subsidies, rejects] =
        ["settlement", "persons", "clauses", "subsidies", "rejects"].map(|name| desk.read(name));
    let tables = Tables { settlement, persons, clauses, subsidies, rejects };
    let figures = figures(&page(desk));
    for (of, said) in &figures {
        assert_eq!(*said, due(of, &tables), "{of}");
    }
    // Those who are named are those furthest from what was recorded.
    let mut apart: Vec<i128> = tables.persons.rows.iter().map(|r| fen(&r["payable_ma"]).unwrap().abs()).collect();
    apart.sort_unstable_by_key(|fen| -fen);
    apart.retain(|fen| *fen != 0);
    apart.truncate(20);
    let named = figures.iter().filter(|(of, _)| of.starts_with("person.") && of.ends_with(".payable_ma"));
    let mut named: Vec<i128> = named.map(|(_, fen)| fen.abs()).collect();
    named.sort_unstable_by_key(|fen| -fen);
    assert_eq!(named, apart);
    figures.len()
}

#[test]
fn every_figure_is_one_of_the_tables_under_every_policy() {
    for (policy, year) in
        [("weihai-2023", 2023), ("weihai-etdz-2017", 2018), ("erenhot-2023", 2023), ("jincheng-2023", 2024)]
    {
        let desk = generated(policy, 1_500, year, 3);
        desk.settle_made(policy, "out", "");
        let checked = holds(&desk);
        assert!(checked > 200, "{policy}: only {checked} figures");
    }
}

/// Adds what a row of a table says under names that begin with `of`.
fn expect(all: &mut BTreeMap<String, i128>, of: &str, row: &Row, columns: &[(&str, &str)]) {
    for (name, column) in columns {
        if let Some(value) = row.get(*column) {
            let number =
                if value.contains('.') { fen(value).expect("an amount") } else { value.parse().expect("a count") };
            all.insert(format!("{of}.{name}"), number);
        }
    }
}

#[test]
fn every_figure_of_a_projection_is_one_of_its_files() {
    let desk = Desk::new();
    succeeds(&format!("project --sample --bootstrap 20 --quiet --out {}", desk.typed("out")));
    let mut due = BTreeMap::new();
    let whole = |row: &&Row| ["identity", "care"].iter().all(|column| !row.contains_key(*column));
    // A fund of a single layer has no row of all its layers.
    let projection = desk.read("projection");
    let [layers, funds]: [Vec<&Row>; 2] = [true, false]
        .map(|of_layer| projection.rows.iter().filter(whole).filter(|r| r.contains_key("layer") == of_layer).collect());
    for row in layers.into_iter().chain(funds) {
        let names = ["persons", "paid", "change_low", "change_high"].map(|name| (name, name));
        let columns: Vec<(&str, &str)> = names.into_iter().chain([("change", "paid_change")]).collect();
        expect(&mut due, &format!("{}.{}", row["scenario"], row["fund"]), row, &columns);
    }
    for row in desk.read("people").rows.iter().filter(|row| !row.contains_key("identity")) {
        let of = row["scenario"].as_str();
        expect(&mut due, of, row, &[("at_cap", "at_cap"), ("cut_off", "cut_off")]);
        for (side, columns) in
            [("winners", ["winners", "winners_p50", "winners_p90"]), ("losers", ["losers", "losers_p50", "losers_p90"])]
        {
            let columns: Vec<(&str, &str)> = ["persons", "p50", "p90"].into_iter().zip(columns).collect();
            expect(&mut due, &format!("{of}.{side}"), row, &columns);
        }
        let columns = [("mean", "burden_mean"), ("p50", "burden_p50"), ("p90", "burden_p90"), ("p99", "burden_p99")];
        expect(&mut due, &format!("{of}.burden"), row, &columns);
        let above = ["above_10_percent", "above_25_percent"].map(|name| (name, name));
        expect(&mut due, &format!("{of}.burden"), row, &above);
    }
    // Sums of the winners and what rules pay stand in the short form alone.
    let text = std::fs::read_to_string(desk.path("out/projection.json")).unwrap();
    let short: serde_json::Value = serde_json::from_str(&text).unwrap();
    let yuan = |value: &serde_json::Value| fen(value.as_str().expect("an amount")).expect("an amount");
    let scenarios = short["scenarios"].as_array().unwrap();
    for scenario in scenarios {
        let id = scenario["id"].as_str().unwrap();
        // A fund that bears nothing has no row.
        for fund in scenario["funds"].as_object().unwrap().keys() {
            for name in ["persons", "paid", "change"] {
                due.entry(format!("{id}.{fund}.{name}")).or_insert(0);
            }
        }
        for side in ["winners", "losers"] {
            due.insert(format!("{id}.{side}.sum"), yuan(&scenario["people"][side]["sum"]));
        }
        for (at, rule) in scenario["rules"].as_array().unwrap().iter().enumerate() {
            due.insert(format!("{id}.rule.{at}.persons"), rule["persons"].as_i64().unwrap().into());
            due.insert(format!("{id}.rule.{at}.paid"), yuan(&rule["paid"]));
            due.insert(format!("{id}.rule.{at}.change"), yuan(&rule["change"]));
        }
    }
    let said = figures(&page(&desk));
    for (of, figure) in &said {
        assert_eq!(Some(figure), due.get(of), "{of}");
    }
    assert!(said.len() > 20 * scenarios.len(), "{} figures", said.len());
    for fund in ["medical_assistance.change_low", "persons.change"] {
        assert!(
            scenarios.iter().all(|s| said.contains_key(&format!("{}.{fund}", s["id"].as_str().unwrap()))),
            "{fund}"
        );
    }
}

#[test]
fn every_figure_of_a_reconciliation_is_one_of_its_files() {
    let desk = Desk::new();
    let made = desk.typed("made");
    succeeds(&format!(
        "generate --policy weihai-2023 --persons 3000 --year 2024 --errors all:0.05 --out {made} --quiet"
    ));
    desk.settle_made("weihai-2023", "run", "");
    succeeds(&format!("reconcile {} --out {} --quiet", desk.typed("run"), desk.typed("out")));
    let mut due = BTreeMap::new();
    let manifest = desk.manifest();
    for (name, n) in manifest["counts"].as_object().unwrap() {
        due.insert(format!("counts.{name}"), n.as_i64().unwrap().into());
    }
    let mut line = |of: String, value: &serde_json::Value| {
        due.insert(format!("{of}.person_years"), value["person_years"].as_i64().unwrap().into());
        for name in ["paid_too_much", "paid_too_little"] {
            due.insert(format!("{of}.{name}"), fen(value[name].as_str().unwrap()).unwrap());
        }
    };
    line("all".to_owned(), &manifest["totals"]["all"]);
    for (of, map) in [("cause", "by_cause"), ("area", "by_area"), ("identity", "by_identity")] {
        manifest["totals"][map]
            .as_object()
            .unwrap()
            .iter()
            .for_each(|(name, value)| line(format!("{of}.{name}"), value));
    }
    let findings = desk.read("findings");
    let mut largest = Vec::new();
    for (at, row) in findings.rows.iter().enumerate() {
        if let Some(amount) = row.get("amount").map(|a| fen(a).unwrap()) {
            due.insert(format!("finding.{}.amount", at + 1), amount);
            largest.push(amount.abs());
        }
    }
    let said = figures(&page(&desk));
    for (of, figure) in &said {
        assert_eq!(Some(figure), due.get(of), "{of}");
    }
    largest.sort_unstable_by_key(|fen| -fen);
    let mut named: Vec<i128> =
        said.iter().filter(|(of, _)| of.starts_with("finding.")).map(|(_, fen)| fen.abs()).collect();
    named.sort_unstable_by_key(|fen| -fen);
    assert_eq!(named, largest[..20]);
    // What the manifest sums up is what the findings say, cause by cause.
    for (cause, sums) in manifest["totals"]["by_cause"].as_object().unwrap() {
        let of = findings.rows.iter().filter(|row| row["cause"] == *cause).filter_map(|row| fen(row.get("amount")?));
        let (much, little) = of.fold((0, 0), |(a, b), fen| if fen > 0 { (a + fen, b) } else { (a, b - fen) });
        let stated = ["paid_too_much", "paid_too_little"].map(|name| fen(sums[name].as_str().unwrap()).unwrap());
        assert_eq!(stated, [much, little], "{cause}");
        assert!(said.contains_key(&format!("cause.{cause}.paid_too_much")), "{cause}");
    }
}

#[test]
fn an_empty_ledger_has_a_page_and_a_run_may_go_without_one() {
    let desk = generated("weihai-2023", 1, 2023, 1);
    let heads = "psn_no,setl_id,setl_time,insutype,med_type,medfee_sumamt,inscp_scp_amt,hifp_pay\n";
    let export = desk.text("a.csv", heads);
    succeeds(&format!("import {} --out {} --quiet", export.display(), desk.typed("ledger.parquet")));
    let line = format!(
        "settle {} --roster {}/roster.parquet --policy weihai-2023 --quiet --out",
        desk.typed("ledger.parquet"),
        desk.typed("made")
    );
    succeeds(&format!("{line} {}", desk.typed("out")));
    holds(&desk);
    succeeds(&format!("{line} {} --no-report", desk.typed("without")));
    assert!(!desk.path("without/report.html").exists());
    succeeds(&format!(
        "verify {} --ledger {} --roster {}/roster.parquet",
        desk.typed("without"),
        desk.typed("ledger.parquet"),
        desk.typed("made")
    ));
}

#[test]
fn the_page_asks_for_nothing_from_outside_and_nothing_shown_is_a_part_of_it() {
    let desk = Desk::new();
    let rows = "<script>alert(1)</script>;1;2023-05-06;390;21;90000;80000;7\n";
    let heads = "psn_no;setl_id;setl_time;insutype;med_type;medfee_sumamt;inscp_scp_amt;hifp_pay\n";
    let export = desk.text("a.csv", &format!("{heads}{rows}"));
    let people = desk.text("b.csv", "psn_no;identity;begndate\n<script>alert(1)</script>;特困人员;2020-01-01\n");
    let [ledger, roster] = ["ledger.parquet", "roster.parquet"].map(|name| desk.typed(name));
    succeeds(&format!("import {} --out {ledger} --quiet", export.display()));
    succeeds(&format!("import {} --roster --out {roster} --quiet", people.display()));
    succeeds(&format!("settle {ledger} --roster {roster} --policy weihai-2023 --quiet --out {}", desk.typed("out")));
    let page = page(&desk);
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
    for forbidden in ["<script", "<link", "<img", "<iframe", " src=", "href=", "url(", "@import"] {
        assert!(!page.contains(forbidden), "{forbidden}");
    }
    let addresses = page.match_indices("http").filter(|(at, _)| !page[*at..].starts_with("http://www.w3.org/"));
    assert_eq!(addresses.filter(|(at, _)| !page[*at..].starts_with("http-equiv")).count(), 0);
}

/// The browser, where there is one.
fn browser() -> Option<&'static str> {
    let there = |name: &&str| Command::new(name).arg("--version").output().is_ok_and(|done| done.status.success());
    let found = ["chromium", "chromium-browser", "google-chrome"].into_iter().find(there);
    if found.is_none() {
        eprintln!("skipped: no chromium is installed");
    }
    found
}

/// Opens a page; the document as the browser made it, and what the browser's console said.
fn opened(browser: &str, profile: &Path, page: &Path) -> (String, Vec<String>) {
    let mut command = Command::new(browser);
    command.args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--enable-logging=stderr"]);
    command.arg(format!("--user-data-dir={}", profile.display()));
    let done = command.arg("--dump-dom").arg(format!("file://{}", page.display())).output().expect("a browser");
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    let console = said.lines().filter(|line| line.contains("CONSOLE")).map(str::to_owned).collect();
    (String::from_utf8_lossy(&done.stdout).into_owned(), console)
}

#[test]
fn a_browser_opens_it_without_complaint_with_its_charts_and_the_same_figures() {
    let Some(browser) = browser() else { return };
    let desk = generated("weihai-2023", 800, 2023, 3);
    desk.settle_made("weihai-2023", "out", "");
    let profile = desk.make_folder("profile");
    let (document, console) = opened(browser, &profile, &desk.path("out/report.html"));
    assert_eq!(console, [""; 0]);
    assert_eq!(figures(&document), figures(&page(&desk)));
    // Two charts in each language, and that of the months.
    assert_eq!(document.matches("<svg").count(), 5);
    assert!(document.matches("<rect").count() + document.matches("<path").count() > 30, "bars are drawn");
    for (made_by, charts) in [
        (format!("project --sample --quiet --out {}", desk.typed("projected")), 1),
        (format!("reconcile {} --quiet --out {}", desk.typed("out"), desk.typed("projected")), 2),
    ] {
        succeeds(&format!("{made_by} --force"));
        let (document, console) = opened(browser, &profile, &desk.path("projected/report.html"));
        assert_eq!((console.len(), document.matches("<svg").count()), (0, charts), "{made_by}: {console:?}");
        std::fs::remove_dir_all(desk.path("projected")).unwrap();
    }
    // And the console is heard: a page with a mistake in it is told.
    let broken = desk.text("broken.html", "<script>console.error('a mistake')</script>");
    let (_, console) = opened(browser, &profile, &broken);
    assert_eq!(console.len(), 1, "{console:?}");
}
